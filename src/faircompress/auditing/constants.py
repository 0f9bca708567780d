"""A model that gives every row the same scores: nearly always a broken file or column."""

from collections.abc import Sequence

import numpy as np

from faircompress.auditing.rows import Pair
from faircompress.auditing.spelling import spelt
from faircompress.config import plugins
from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.verdict import Verdict
from faircompress.support.errors import InputError

NOISE = 1e-6  # of a class's largest score: what single precision makes of equal ones
CAUSE = "Are its weights, its input's scale or the column those that were meant?"


def refuse_constant_baseline(pair: Pair, gate: Gate) -> None:
    """Refuse a baseline that gives every row the same, if a rule compares with it.

    Raises:
        ValueError: Saying what it gives.
    """
    compared = any(plugins.find("rules", rule.rule).of_changes for rule in gate.harm_rules)
    if compared and (what := _the_same(pair.baseline)):
        raise InputError(
            f"{spelt('baseline')}: the baseline gives {what}, so it tells nothing apart, and no "
            f"change from it means anything. {CAUSE}"
        )


def next_of_constant(pair: Pair, verdict: Verdict) -> Sequence[str]:
    """Return what to do: of a constant candidate, to see why; else what the verdict says."""
    what = _the_same(pair.candidate)
    if not what:
        return [*verdict.next, *_of_baseline(pair)]
    return [
        f"The candidate gives {what}: it tells nothing apart. Do not release it, and test no "
        f"further rows before it is mended. {CAUSE}",
        *_of_baseline(pair),
    ]


def _of_baseline(pair: Pair) -> list[str]:
    """Say, in a sentence or none, that the baseline beside which everything stands is constant."""
    if not (what := _the_same(pair.baseline)):
        return []
    return [
        f"The baseline gives {what}. No rule here compares with it, so the verdict does not rest "
        "on it; but changes from it, which stand beside the rules, mean nothing."
    ]


def _the_same(rows: Predictions) -> str:
    """Say what a model gives alike for every row; empty: it does not."""
    scores = rows.probabilities
    if (np.ptp(scores, axis=0) > NOISE * scores.max(axis=0)).any():
        return ""
    named = zip(rows.classes, scores[0], strict=True)
    shown = ", ".join(f"{name} {score:.4g}" for name, score in list(named)[:5])
    return f"the same scores in all {len(scores):,} rows ({shown})"
