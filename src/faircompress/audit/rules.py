"""Which harm is too much: from pairs of a metric and a limit, or from a file of rules."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faircompress import plugins, yaml_text
from faircompress.metrics import Answers, Metric
from faircompress.params import BadParams, Gate, check_gate
from faircompress.verdict.rates import is_share

BASICS = {"threshold": 0.5, "power": 0.8, "intersections": False}


def gate(
    metrics: Sequence[str] = (),
    limits: Sequence[float] = (),
    *,
    confidence: float | None = None,
    file: Path | None = None,
    **more: Any,
) -> Gate:
    """Return rules and how to judge by them.

    Args:
        metrics: Whose change each limit binds.
        limits: One for each metric.
        confidence: Of these rules; None: as the rules have it by default.
        file: Rules in the form of ``gate.rules`` of params.yaml, or a whole section ``gate``.
        more: Keys of the section put over the file's: ``threshold``, ``intersections``, ``expect``.

    Raises:
        ValueError: If there is no rule, or naming every mistake in them.
    """
    if file is None:
        rules = _changes(metrics, limits, confidence)
        return _checked({**BASICS, "rules": rules, **more}, "the options")
    if metrics or limits or confidence is not None:
        raise ValueError(
            "--rules and --metric, --limit or --confidence are given; rules stand in one place. "
            f"Write them all into {file}."
        )
    return _checked({**BASICS, **_section(file), **more}, str(file))


def needs_scores(metric: str) -> bool:
    """Tell whether a metric needs probabilities: decided classes do not tell its value."""
    one = np.array([True, False])
    found: Metric = plugins.find("metrics", metric)
    said = Answers(truth=one, score=np.array([0.9, 0.1]), decided=one, right=one)
    return not is_share(found(said))


def _changes(
    metrics: Sequence[str], limits: Sequence[float], confidence: float | None
) -> list[dict[str, Any]]:
    if len(metrics) != len(limits):
        raise ValueError(
            f"{len(metrics)} --metric and {len(limits)} --limit are given; give one --limit after "
            "each --metric, such as --metric auroc --limit 0.03."
        )
    if not metrics:
        raise ValueError(
            "there is no rule, so nothing could fail. Give --metric auroc --limit 0.03, or --rules "
            "with a file."
        )
    sure = {} if confidence is None else {"confidence": confidence}
    return [
        {"metric": metric, "binds": "change", "limit": limit, **sure}
        for metric, limit in zip(metrics, limits, strict=True)
    ]


def _section(file: Path) -> dict[str, Any]:
    raw = yaml_text.read(file)
    raw = raw.get("gate", raw) if isinstance(raw, dict) else raw
    raw = {"rules": raw} if isinstance(raw, list) else raw
    if not isinstance(raw, dict):
        raise ValueError(
            f"{file} holds {type(raw).__name__}; needed is a list of rules, such as "
            "- {metric: auroc, binds: change, limit: 0.03}."
        )
    return raw


def _checked(raw: dict[str, Any], where: str) -> Gate:
    try:
        return check_gate(raw)
    except BadParams as error:
        raise ValueError(f"the rules of {where} cannot be used:\n{error}") from None
