"""A look at a test set, whoever takes it: how its rows, rules and level stand in the ledger.

What audits and the chain share. The ledger itself knows no rule and no metric; here predictions,
rules and verdicts are turned into what it holds.
"""

import getpass
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from faircompress.config.bounds import JOIN
from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.parts import Parts
from faircompress.evaluation.results import worst
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.identity import TestSet
from faircompress.ledger.levels import looks_left
from faircompress.ledger.limits import Review, Rules
from faircompress.ledger.looks import Look, complete
from faircompress.ledger.record import LEDGER as LEDGER
from faircompress.ledger.record import Ledger
from faircompress.ledger.sentences import describe
from faircompress.statistics import online_fdr
from faircompress.statistics.independent_units import seed_of

Held = tuple[Predictions, Predictions] | None  # both models' predictions of validation rows
LIMITING = ("change", "flips")  # kinds for which the law of docs/statistics.md, 12, holds
NO_RULES: Any = {"looks": True, "promote": True, "power": True, "topping_up": True,
            "rules": {"__all__": {"because"}}}  # fmt: skip


def look_settings(
    baseline: Predictions, gate: Gate, validation: Sequence[Predictions] | None = None,
    references: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return everything of a look but its rows and its candidate, as ``next_look`` takes it.

    Args:
        baseline: The baseline's predictions of the test rows.
        gate: Rules.
        validation: Predictions of validation rows, if there are.
        references: sha256 of each other model that rules compare with; None: it is not there.
    """
    return {
        "baseline": baseline.model,
        "rules": rules_of(baseline, gate, validation, references),
        "way": gate.looks,
        "alpha": alpha_of(gate),
        "seed": seed_of(baseline.labels),
        "levels": levels,
        "topping_up": gate.topping_up,
    }


def test_set_of(
    rows: Predictions, *, ids: np.ndarray | None, pictures: np.ndarray | None,
    book: str | None = None,
) -> TestSet:  # fmt: skip
    """Return what a test set is known by.

    Args:
        rows: The baseline's predictions.
        ids: The rows' own; None: they have none.
        pictures: sha256 of each row's; None: not known.
        book: Hash by which an earlier record knows these rows; None: that of their ids.
    """
    return TestSet(
        labels=np.asarray(rows.classes)[rows.labels],
        groups={name: column for name, column in rows.groups.items() if name != "label"},
        baseline=rows.probabilities,
        ids=ids,
        pictures=pictures,
        identities=rows.identities,
        weights=rows.weights,
        book=book,
    )


def rules_of(
    baseline: Predictions, gate: Gate, validation: Sequence[Predictions] | None = None,
    references: Mapping[str, str | None] | None = None,
) -> Rules:  # fmt: skip
    """Return what a candidate is held to: every number that the outcome hangs on, by its check.

    Other validation rows give other thresholds and caps, so they are part of the rules, as is the
    model of each rule that is not against the baseline. Why a limit was chosen is not.
    """
    columns = _columns(baseline, gate)
    limits = _declared(baseline, gate)
    for rule in gate.harm_rules:
        for column in ["all", *columns] if rule.groups is None else columns:
            if rule.groups is None or set(column.split(JOIN)) <= set(rule.groups):
                name = f"{rule.name} {rule.metric} {column}"
                limits |= {name: rule.limit, f"{name} confidence": rule.confidence}
    values = gate.model_dump(mode="json", exclude=NO_RULES)
    held = [] if validation is None else [_sha256(p.probabilities) + p.data for p in validation]
    known = [values, columns, baseline.classes, held, *([references] if references else [])]
    known += [{"fixed_counts": baseline.fixed_counts}] if baseline.fixed_counts else []
    text = json.dumps(known, sort_keys=True)
    return Rules(hashlib.sha256(text.encode()).hexdigest(), limits)


def alpha_of(gate: Gate) -> float:
    """Return the chance of error that all looks at a test set share: the largest of the rules."""
    return max(round(1 - rule.confidence, 12) for rule in gate.harm_rules)


def levels(number: int, released: int) -> float:
    """Return the share of alpha of a look that is earned."""
    return online_fdr.earn(number, released, 1.0)


def review_of(reviewer: str | None, reason: str) -> Review | None:
    """Return who agreed to changed limits, beside who is at work here; None: nobody did."""
    return Review(user(), reviewer, reason) if reviewer else None


def parts_of(
    look: Look, before: Mapping[str, float] | None = None, number: int = 1
) -> Parts | None:
    """Return which part of a look the rows are that are evaluated; None: it declared none.

    Args:
        look: That is booked.
        before: Product of the e-values of earlier parts, by check.
        number: Of this part, from 1.
    """
    return Parts(number, before or {}) if look.topping_up else None


def completed(ledger: Ledger, look: Look, verdict: Verdict) -> None:
    """Write what came of a look.

    Sizes and latencies are measured anew, so where alpha is spent they are left out: the first
    outcome of the rows stands. A file that is too large earns nothing for the next.
    """
    outcome = verdict.outcome
    if verdict.costs and look.way != "earn":
        outcome = worst([rule.outcome for rule in verdict.rules])
    complete(ledger, look, outcome=str(outcome), e_values=e_values_of(verdict))


def e_values_of(verdict: Verdict) -> dict[str, float]:
    """Return the e-values of a verdict's own rows, by check; {}: it is not judged by them."""
    return {
        rule.name_of(check): check.e_value
        for rule in verdict.rules
        for check in rule.checks
        if check.e_value is not None
    }


def described(verdict: Verdict, look: Look, gate: Gate) -> Verdict:
    """Return a verdict that says what its look means, and how many are left."""
    left = _looks_left(look, verdict, gate)
    return replace(verdict, looks=describe(look, alpha=alpha_of(gate), left=left))


def user() -> str:
    """Return the name of whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return f"user {os.getuid()}"


def _columns(baseline: Predictions, gate: Gate) -> list[str]:
    columns = list(baseline.groups)
    crossed = [name for name in columns if name != "label"] if gate.intersections else []
    return [*columns, *(JOIN.join(two) for two in combinations(crossed, 2))]


def _declared(baseline: Predictions, gate: Gate) -> dict[str, float]:
    """Return threshold, absent rows and caps as numbers; a word has a name of its own."""
    found = {f"absent {one}": 1.0 for one in gate.absent} | {"absent": float(len(gate.absent))}
    for cap in baseline.max_weight:
        place = JOIN.join(f"{column}={value}" for column, value in cap.where.items())
        found[f"max_weight {place}".strip()] = cap.most
    if isinstance(gate.threshold, float):
        return {**found, "threshold": gate.threshold}
    return {**found, f"threshold by {gate.threshold}": 1.0}


def _looks_left(look: Look, verdict: Verdict, gate: Gate) -> int | None:
    """Count looks until some check has fewer rows than any pass needs; None: no check has a law."""
    whole = alpha_of(gate)
    needs = [
        (check.effective_n, result.limit, 1 - rule.confidence)
        for rule, result in zip(gate.harm_rules, verdict.rules, strict=True)
        if rule.rule in LIMITING
        for check in result.checks
    ]
    if not needs:
        return None

    def can_pass(alpha: float) -> bool:
        return all(
            -n * math.log1p(-limit) >= -math.log(alpha / whole * own) for n, limit, own in needs
        )

    return looks_left(
        look.number, way=look.way, released=look.released, alpha=whole, can_pass=can_pass,
        levels=levels,
    )  # fmt: skip


def _sha256(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
