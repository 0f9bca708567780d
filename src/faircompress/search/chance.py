"""The chance that a file passes the gate on the test split's counts, before a test row is read.

How far the gate's bounds lie from its estimates is learnt from one rehearsal: the gate itself, on
one drawn test set. Then many test sets are drawn, and one passes where every estimate lies within
its limit by as much. Rules against a champion, and on cost, are left to the gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faircompress.config.rules import Gate
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.comparison import PairedComparison, compare
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.groups import groups_of
from faircompress.evaluation.hypotheses import Check, Hypothesis, check_all, places_of
from faircompress.evaluation.levels import level
from faircompress.evaluation.results import place_name
from faircompress.evaluation.rules import Place
from faircompress.search.drawn_tests import Answers, counted, drawn

DRAWS = 60
HOPELESS = 0.3  # of draws within the limits without any bound; below, no rehearsal is worth it


@dataclass(frozen=True)
class Chance:
    """What is expected of a file on the test split's counts.

    Args:
        passes: Does it pass, by drawn test set?
        used: Share of its limit that the worst check uses: mean, 5 % and 95 % of the draws.
        worst: That check, by name.
        stops: The check that most drawn test sets do not pass, by name, since its bound counts and
            not its estimate; empty: all pass all.
        stopped: Share of the drawn test sets that do not pass it.
    """

    passes: tuple[bool, ...]
    used: tuple[float, float, float]
    worst: str
    stops: str = ""
    stopped: float = 0.0

    @property
    def share(self) -> float:
        """Return the share of drawn test sets on which it passes."""
        return float(np.mean(self.passes))


@dataclass(frozen=True)
class _Asked:
    """A check: its rule, its place and its name."""

    hypothesis: Hypothesis
    place: Place
    name: str


def chances(
    dense: Predictions, files: Sequence[Predictions], test: Predictions, gate: Gate, *, seed: int
) -> list[Chance]:
    """Return what is expected of each file.

    Args:
        dense: The dense file's predictions of validation rows.
        files: The pruned files', of the same rows.
        test: The test split's rows, of which only counts are used.
        gate: The rules.
        seed: Of the draws: equal seeds draw the same people.
    """
    ours = [rule for rule in gate.harm_rules if rule.against == "baseline"]
    hypotheses = [
        Hypothesis(rule, level(gate, rule.confidence, 1, 0), gate.power, Captions())
        for rule in ours
    ]
    counts = counted(test)
    sets = list(drawn(Answers([dense, *files]), counts, draws=DRAWS, seed=seed))
    return [_chance([(one[0], one[at + 1]) for one in sets], hypotheses, gate)
            for at in range(len(files))]  # fmt: skip


def _chance(
    sets: Sequence[tuple[Predictions, Predictions]], hypotheses: Sequence[Hypothesis], gate: Gate
) -> Chance:
    asked = _asked(sets[0], hypotheses, gate)
    values = np.array([_values(pair, asked, gate) for pair in sets])  # (draws, checks)
    used = _used(values, asked, np.zeros((len(asked), 2)))
    worst = used.max(1)
    name = asked[int(used.mean(0).argmax())].name
    ends = (worst.mean(), np.quantile(worst, 0.05), np.quantile(worst, 0.95))
    told = (float(ends[0]), float(ends[1]), float(ends[2]))
    if np.mean(worst < 1) < HOPELESS:
        return Chance((False,) * len(sets), told, name, *_stops(used, asked))
    middle = int(np.argsort(worst)[len(worst) // 2])
    reach = _reaches(sets[middle], hypotheses, gate)
    bounded = _used(values, asked, reach)
    passes = tuple(bool(one.all()) for one in bounded < 1)
    return Chance(passes, told, name, *_stops(bounded, asked))


def _stops(used: np.ndarray, asked: Sequence[_Asked]) -> tuple[str, float]:
    """Return the check that most draws do not pass, by the most where several are, and its share.

    Args:
        used: Share of its limit that each uses, ``(draws, checks)``; 1: all of it.
        asked: The checks.
    """
    shares, by = (used >= 1).mean(0), np.median(used, 0)
    at = int(np.lexsort((by, shares))[-1])
    return (asked[at].name, float(shares[at])) if shares[at] > 0 else ("", 0.0)


def _asked(
    pair: tuple[Predictions, Predictions], hypotheses: Sequence[Hypothesis], gate: Gate
) -> list[_Asked]:
    """Return every check that the gate will make."""
    comparison, groups = _compared(pair, gate), groups_of(pair[0], intersections=gate.intersections)
    return [
        _Asked(one, place, f"{one.start}: {_named(place, comparison.classes)}")
        for one in hypotheses
        for place in places_of(one, comparison, groups)
    ]


def _named(place: Place, classes: Sequence[str]) -> str:
    label = None if place.label is None else classes[place.label]
    return place_name(place.group.key, place.other.key if place.other else None, label)


def _compared(pair: tuple[Predictions, Predictions], gate: Gate) -> PairedComparison:
    cut = 0.5 if len(pair[0].classes) == 2 else None
    return compare(*pair, (cut, cut), is_absent=gate.is_absent)


def _values(
    pair: tuple[Predictions, Predictions], asked: Sequence[_Asked], gate: Gate
) -> list[float]:
    """Return every check's estimate; NaN where it is undefined."""
    comparison = _compared(pair, gate)
    found = [
        one.hypothesis.kind.preview(comparison, one.hypothesis.metric, one.place) for one in asked
    ]
    return [float("nan") if one is None else one[0] for one in found]


def _used(values: np.ndarray, asked: Sequence[_Asked], reach: np.ndarray) -> np.ndarray:
    """Return the share of its limit that each bound uses, ``(draws, checks)``; 1: all of it.

    Args:
        values: Estimates, ``(draws, checks)``.
        asked: The checks.
        reach: How far bounds lie from estimates, below and above, ``(checks, 2)``.
    """
    found = np.zeros_like(values)
    for at, one in enumerate(asked):
        limits, limit = one.hypothesis.limits, one.hypothesis.rule.limit
        ends = []
        if limits.lower is not None:
            ends.append(1 + (limits.lower - values[:, at] + reach[at, 0]) / limit)
        if limits.upper is not None:
            ends.append(1 + (values[:, at] + reach[at, 1] - limits.upper) / limit)
        found[:, at] = np.max(ends, 0)
    return np.nan_to_num(found, nan=np.inf)


def _reaches(
    pair: tuple[Predictions, Predictions], hypotheses: Sequence[Hypothesis], gate: Gate
) -> np.ndarray:
    """Return how far the gate's bounds lie from its estimates, ``(checks, 2)``; one rehearsal."""
    comparison, groups = _compared(pair, gate), groups_of(pair[0], intersections=gate.intersections)
    found = check_all(hypotheses, {"baseline": comparison}, groups)
    return np.array([_reach(check) for of_rule in found for check in of_rule])


def _reach(check: Check) -> tuple[float, float]:
    measured, bounds = check.measured, check.bounds
    if isinstance(measured, Undefined) or measured.estimate is None or bounds is None:
        return np.inf, np.inf
    if check.doubt:  # it would not pass whatever the estimate is
        return np.inf, np.inf
    return measured.estimate - bounds[0], bounds[1] - measured.estimate
