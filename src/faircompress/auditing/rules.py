"""Which harm is too much: rules as they are typed, or a file of rules."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from faircompress.auditing.spelling import spelt
from faircompress.config import plugins, yaml_text
from faircompress.config.bad_params import BadParams
from faircompress.config.rules import FLIPS, KINDS, Gate, Rule
from faircompress.config.written_numbers import meant_number
from faircompress.statistics.metrics import Answers, Metric
from faircompress.statistics.rates import is_share
from faircompress.support.errors import InputError, MissingFileError

BASICS = {"threshold": 0.5, "power": 0.8, "intersections": False}


def gate(
    rules: Sequence[Any],
    *,
    confidence: float | None = None,
    file: Path | None = None,
    **more: Any,
) -> Gate:
    """Return rules and how to test them.

    Args:
        rules: Each a text such as ``change auroc 0.03``, a mapping or a ``Rule``.
        confidence: Of the rules that state none; None: as rules have it by default.
        file: Rules in the form of ``gate.rules`` of params.yaml, or a whole section ``gate``.
        more: Keys of the section put over the file's: ``threshold``, ``intersections``, ``expect``.

    Raises:
        ValueError: If there is no rule, or naming every mistake in them.
    """
    if file is None:
        if not rules:
            raise InputError(
                "there is no rule, so nothing could fail. Give one, such as 'change auroc 0.03' "
                f"({spelt('rule')}), or a file of them ({spelt('rules')})."
            )
        values = [_with(confidence, _values(rule)) for rule in rules]
        return _checked({**BASICS, "rules": values, **more}, "the options")
    if rules or confidence is not None:
        raise InputError(
            f"a file of rules and {spelt('rule')}, {spelt('metric')}, {spelt('limit')} or "
            f"{spelt('confidence')} are given; rules stand in one place. Write them all into "
            f"{file}."
        )
    return _checked({**BASICS, **_section(file), **more}, str(file))


def of_limits(metrics: Sequence[str], limits: Sequence[float]) -> list[dict[str, Any]]:
    """Return a rule on the change of each metric.

    Raises:
        ValueError: If there is not one limit for each metric.
    """
    if len(metrics) != len(limits):
        raise InputError(
            f"{len(metrics)} --metric and {len(limits)} --limit are given; give one --limit after "
            "each --metric, such as --metric auroc --limit 0.03."
        )
    pairs = zip(metrics, limits, strict=True)
    return [{"rule": "change", "metric": metric, "limit": limit} for metric, limit in pairs]


def needs_scores(rule: Rule) -> bool:
    """Tell whether a rule needs probabilities: decided classes do not tell its metric's value."""
    return rule.metric != FLIPS and metric_needs_scores(rule.metric)


def metric_needs_scores(metric: str) -> bool:
    """Tell whether a metric needs probabilities."""
    one = np.array([True, False])
    found: Metric = plugins.find("metrics", metric)
    return not is_share(found(Answers(one, np.array([0.9, 0.1]), one, one)))


def _values(rule: Any) -> Any:
    if isinstance(rule, Rule):
        return rule.model_dump(exclude_unset=True)  # what it does not state is told beside it
    if isinstance(rule, str):
        return _parsed(rule)
    return dict(rule) if isinstance(rule, Mapping) else rule


def _parsed(text: str) -> dict[str, Any]:
    """Read a rule such as ``change auroc 0.03``, ``flips 0.1``, ``change auroc 0.03 champion``."""
    parts = text.split()
    metric = [] if parts[:1] == ["flips"] else parts[1:2]
    limit, *against = parts[1 + len(metric) :] or [""]
    if against[:1] == ["%"]:
        limit, against = f"{limit} %", against[1:]
    try:
        number = float(limit)
    except ValueError:
        if cure := meant_number(limit):
            raise InputError(f"{spelt('rule')} {text!r}: the limit is {limit}. {cure}") from None
        raise InputError(
            f"{spelt('rule')} {text!r}: needed is a kind, a metric and a limit, such as 'change "
            f"auroc 0.03', or 'flips 0.1'. Kinds: {', '.join(KINDS)}."
        ) from None
    named = {"metric": metric[0]} if metric else {}
    more = {"against": against[0]} if against else {}
    return {"rule": parts[0], **named, "limit": number, **more}


def _with(confidence: float | None, rule: Any) -> Any:
    stated = confidence is None or not isinstance(rule, dict)
    return rule if stated else {"confidence": confidence, **rule}


def _section(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise MissingFileError(
            f"{spelt('rules')} {file} is missing; needed is a YAML file of rules."
        )
    raw = yaml_text.read(file)
    raw = raw.get("gate", raw) if isinstance(raw, dict) else raw
    raw = {"rules": raw} if isinstance(raw, list) else raw
    if not isinstance(raw, dict):
        holds = "is empty" if raw is None else f"holds {str(raw)[:40]!r} alone"
        raise InputError(
            f"{file} {holds}; needed is a list of rules, such as "
            "- {rule: change, metric: auroc, limit: 0.03}."
        )
    return raw


def _checked(raw: dict[str, Any], where: str) -> Gate:
    with suppress(ValidationError):
        return Gate.model_validate(raw)
    from faircompress.config.params import check_gate  # heavy; says what is wrong

    try:
        return check_gate(raw)
    except BadParams as error:
        raise InputError(f"the rules of {where} cannot be used:\n{error}") from None
