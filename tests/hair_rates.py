"""Small tables of two groups, and verdicts on them."""

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.results import CheckResult
from faircompress.evaluation.verdict import Verdict

TPR = {"rule": "change", "metric": "true_positive_rate", "limit": 0.05, "confidence": 0.95}


PICTURES = replace(CHAIN, baseline="baseline", candidate="candidate")


def gate(*rules: dict[str, Any], **more: Any) -> Gate:
    basics = {"power": 0.8, "intersections": False}
    return Gate.model_validate({**basics, **more, "rules": list(rules) or [TPR]})


def said(
    positives: dict[str, tuple[int, int]], *, model: str, negatives: int = 20, split: str = "test"
) -> Predictions:
    """Give each group some positives and how many of them are found; all negatives are right."""
    hair, labels, found = [], [], []
    for group, (count, hits) in positives.items():
        hair += [group] * (count + negatives)
        labels += [1] * count + [0] * negatives
        found += [0.9] * hits + [0.1] * (count - hits + negatives)
    rows, p = len(labels), np.array(found)
    return Predictions(
        ids=np.array([f"{split}-{i:05d}" for i in range(rows)]),
        labels=np.array(labels),
        probabilities=np.stack([1 - p, p], axis=1),
        groups={"hair": np.array(hair)},
        identities=None,
        weights=np.ones(rows),
        classes=("dark", "blond"),
        model=hashlib.sha256(model.encode()).hexdigest(),
        data="data",
    )


def put(
    dense: dict[str, tuple[int, int]], pruned: dict[str, tuple[int, int]], by: Gate | None = None
) -> Verdict:
    pair = said(dense, model="dense"), said(pruned, model="pruned")
    return evaluate(*pair, by or gate(), captions=PICTURES)


def in_validation(*pair: Predictions) -> tuple[Predictions, Predictions]:
    """Return the same answers as those of other rows, of other people."""
    rows = pair[0]
    names = np.char.add("validation-", rows.ids)
    people = None if rows.identities is None else np.char.add("validation-", rows.identities)
    return tuple(replace(p, ids=names, identities=people) for p in pair[:2])  # type: ignore[return-value]


def only(verdict: Verdict, group: str, rule: int = 0) -> CheckResult:
    (finding,) = (f for f in verdict.rules[rule].checks if f.group == group)
    return finding
