"""The test at a rule's limit, as a verdict makes it, of drawn rows: for bench/rule_uses.py."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from faircompress.config.rules import BASELINE, Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.evaluate import _compared
from faircompress.evaluation.groups import groups_of
from faircompress.evaluation.hypotheses import Hypothesis, places_of
from faircompress.evaluation.rules import Measured, Plan
from faircompress.evaluation.sparse import regrouped, sparse_groups

RATE = "true_positive_rate"
Pair = tuple[Predictions, Predictions]
Thresholds = Mapping[str, float | None]


def predictions(
    labels: np.ndarray, scores: np.ndarray, model: str, start: str = "r",
    groups: Mapping[str, np.ndarray] | None = None, weights: np.ndarray | None = None,
) -> Predictions:  # fmt: skip
    """Return two-class predictions of rows that are each a cluster of its own."""
    return Predictions(
        ids=np.char.add(start, np.char.zfill(np.arange(len(labels)).astype(str), 6)),
        labels=labels.astype(int),
        probabilities=np.stack([1 - scores, scores], axis=1),
        groups=dict(groups or {}),
        identities=None,
        weights=np.ones(len(labels)) if weights is None else weights,
        classes=("no", "yes"),
        model=model,
        data="drawn",
    )


def gate_of(alpha: float, limit: float, metric: str = RATE, **more: Any) -> Gate:
    """Return a gate of one rule of change."""
    named: dict[str, Any] = {
        key: more.pop(key) for key in ("rule", "groups", "against") if key in more
    }
    rule = {"rule": "change", "metric": metric, "limit": limit, "confidence": 1 - alpha,
            "because": "bench", "against": BASELINE, **named}  # fmt: skip
    usual: dict[str, Any] = {
        "threshold": 0.5,
        "power": 0.8,
        "intersections": False,
        "looks": "ignore",
    }
    floor = {**rule, "limit": 0.99, "against": BASELINE}
    rules = [rule] if rule["against"] == BASELINE else [rule, floor]
    return Gate.model_validate({**usual, **more, "rules": rules})


def measured(
    pair: Pair, gate: Gate, key: str, *, earned: bool = False, **more: Any
) -> tuple[Measured | None, Thresholds]:
    """Return the evidence of the first rule in a group, as `evaluate` finds it, and thresholds."""
    comparisons, cuts, files = _compared(
        *pair, gate, more.get("validation"), more.get("references", {}), {}, {}
    )
    rule = gate.harm_rules[0]
    comparison, alpha = comparisons[rule.against], 1 - rule.confidence
    every = groups_of(files[BASELINE], intersections=gate.intersections)
    sparse = sparse_groups(comparisons[BASELINE], every, gate, Captions())
    asked = Hypothesis(rule, alpha, 0.8, Captions(), by_e_value=earned)
    places = places_of(asked, comparison, regrouped(every, sparse))
    place = next(one for one in places if one.group.key == key)
    found = asked.kind.measure(comparison, asked.metric, place, Plan(alpha, 0.8, rule.limit))
    return (found if isinstance(found, Measured) else None), cuts


def passes(pair: Pair, gate: Gate, key: str = "all", **more: Any) -> float:
    """Tell whether the test at the limit passes a group."""
    found, rule = measured(pair, gate, key, **more)[0], gate.harm_rules[0]
    line = rule.limit if rule.rule == "minimum" else -rule.limit
    return float(found is not None and found.at_most(line, 1 - rule.confidence).rejects)
