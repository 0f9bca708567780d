"""The audit: two models' word, judged."""

import re
from dataclasses import replace

import numpy as np

from faircompress.audit.rows import Pair
from faircompress.audit.rules import needs_scores
from faircompress.dataset import encode
from faircompress.params import Gate
from faircompress.predictions import Predictions
from faircompress.verdict.budgets import Costs
from faircompress.verdict.exemplars import unlearnt
from faircompress.verdict.judge import Verdict, judge, refuse_unfit
from faircompress.verdict.report import ReportContext

OF_SCORES = ("brier", "calibration_error")  # reported numbers that decided classes do not tell


def audit(
    pair: Pair,
    gate: Gate,
    validation: tuple[Predictions, Predictions] | None = None,
    look: int | None = None,
) -> tuple[Verdict, ReportContext]:
    """Judge two models, and say what a report can show of them.

    Args:
        pair: Both models' word on the test set.
        gate: Rules and how to judge by them.
        validation: Both models' word on the validation set, if a threshold is chosen there.
        look: Which look at this test set this is, from 1; None: looks are not counted.

    Raises:
        ValueError: If a rule needs what the predictions lack.
    """
    check(pair, gate, validation)
    said = (pair.dense, pair.candidate)
    costs = Costs(pair.context.sizes, pair.context.latency)
    verdict = judge(*said, gate, validation=validation or said, costs=costs, look=look)
    if pair.decided:
        verdict = _without_scores(verdict)
    verdict = replace(verdict, next=_next(pair, verdict), notes=list(pair.notes))
    return verdict, _context(pair, verdict)


def check_threshold(pair: Pair, option: str) -> None:
    """Refuse a threshold that would decide nothing.

    Args:
        pair: Both models' word.
        option: By which the threshold was asked for.

    Raises:
        ValueError: If there are more than two classes, or both models decided already.
    """
    count = len(pair.dense.classes)
    if count > 2:
        raise ValueError(
            f"{option}: a threshold decides between two classes, but there are {count}; of more, "
            f"the most probable is decided for. Leave {option} out."
        )
    if len(pair.decided) == 2:
        raise ValueError(
            f"{option}: a threshold decides by probabilities, but columns "
            f"{' and '.join(pair.decided)} hold decided classes. Leave {option} out."
        )


def check(pair: Pair, gate: Gate, validation: tuple[Predictions, Predictions] | None) -> None:
    """Refuse rules that need what the predictions lack.

    Raises:
        ValueError: Naming what is missing.
    """
    if not pair.dense.groups:
        raise ValueError("there is no --group; harm is judged by group. Name at least one column.")
    if gate.threshold == "validation" and validation is None:
        raise ValueError(
            "the threshold is to be chosen on validation; give --validation with both models' "
            "predictions there, or --threshold."
        )
    refused = [rule.metric for rule in gate.harms if pair.decided and needs_scores(rule.metric)]
    if refused:
        raise ValueError(
            f"a rule on {refused[0]} needs probabilities, but column {pair.decided[0]!r} holds "
            "decided classes. Give probabilities, or judge accuracy or true_positive_rate."
        )
    refuse_unfit(pair.dense, pair.candidate, gate, None)


def _next(pair: Pair, verdict: Verdict) -> list[str]:
    """Return what to do, without the params of a chain that did not make these models."""
    steps = [re.sub(r" \((prune|export)\.[^)]*\)", "", step) for step in verdict.next]
    equal = np.array_equal(pair.dense.probabilities, pair.candidate.probabilities)
    if equal and pair.dense.model != pair.candidate.model:
        everywhere = f"Both models give equal predictions in all {verdict.rows:,} rows"
        steps = [f"{everywhere}: see that one was not written under both names.", *steps]
    return steps


def _without_scores(verdict: Verdict) -> Verdict:
    """Leave out rates that decided classes do not tell."""
    told = [name for name in verdict.groups[0]["metrics"] if not needs_scores(name)]
    groups = [
        {
            **group,
            "metrics": {name: group["metrics"][name] for name in told},
            "reported": {k: v for k, v in group["reported"].items() if k not in OF_SCORES},
        }
        for group in verdict.groups
    ]
    return replace(verdict, groups=groups)


def _context(pair: Pair, verdict: Verdict) -> ReportContext:
    """Return the pair's context with the pictures that only the candidate gets wrong."""
    if pair.images is None:
        return pair.context
    lost = unlearnt(verdict, pair.dense, pair.candidate)
    place = {name: row for row, name in enumerate(pair.dense.ids)}
    shown = [one.id for group in lost for one in group.exemplars]
    pictures = {name: encode(pair.images[place[name]]) for name in shown}
    return replace(pair.context, unlearnt=lost, pictures=pictures)
