"""What a study found, in a sentence: which method helps whom and by how much, or "not shown".

What was named before the run is told: the plan's subgroup, else the rarest subgroup.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from faircompress.study.comparison import RAREST, Comparison, Test
from faircompress.study.harm import Gain
from faircompress.study.harm_page import AT
from faircompress.study.resampling import Estimate
from faircompress.support.number_text import minus, points

SIGNIFICANT = 0.05
HELPS, HARMS, OPEN, UNKNOWN = "helps", "harms", "not shown", "not known"
OUTCOMES = {HELPS: "pass", HARMS: "fail", OPEN: "inconclusive", UNKNOWN: "none"}  # their icons
BIG = {HELPS: "Helps", HARMS: "No help", OPEN: "Not shown", UNKNOWN: "Not known"}


@dataclass(frozen=True)
class Finding:
    """One method against one baseline, at the endpoint.

    Args:
        method: Of the plan.
        against: The baseline.
        gain: Above 0: less harm.
        accuracy: The method's less the baseline's; None: the plan does not ask for it.
        flips: Likewise.
        p: Of the gain, corrected; None with one seed.
        outcome: One of ``OUTCOMES``.
    """

    method: str
    against: str
    gain: Estimate
    accuracy: Estimate | None
    flips: Estimate | None
    p: float | None
    outcome: str


def findings(gains: Sequence[Gain], tests: Sequence[Test]) -> list[Finding]:
    """Return what is concluded of each method; the plan's subgroup goes before the rarest."""
    if gains:
        return [
            Finding(
                one.method, one.against, one.gain, one.accuracy, one.flips, one.p,
                _outcome(one.gain, one.p, helps=one.helps),
            )
            for one in gains
        ]  # fmt: skip
    return [
        Finding(
            one.method, one.against, one.gain, None, None, one.p,
            _outcome(one.gain, one.p, helps=None if one.p is None else (one.gain.low or 0) > 0),
        )
        for one in tests
        if one.endpoint == RAREST
    ]  # fmt: skip


def _outcome(gain: Estimate, p: float | None, *, helps: bool | None) -> str:
    if p is None or gain.low is None or gain.high is None or helps is None:
        return UNKNOWN
    sure = p < SIGNIFICANT
    if helps and sure:
        return HELPS
    return HARMS if gain.high < 0 and sure else OPEN


def best(found: Sequence[Finding]) -> Finding | None:
    """Return what the sentence is about: of those that help the largest gain, else of all."""
    helping = [one for one in found if one.outcome == HELPS]
    return max(helping or found, key=lambda one: one.gain.mean, default=None)


def conclusion(found: Sequence[Finding]) -> str:
    """Return the outcome of a comparison: what its best method came to."""
    first = best(found)
    return UNKNOWN if first is None else first.outcome


def sentence(comparison: Comparison, found: Sequence[Finding]) -> str:
    """Return the outcome first: who is helped by what, by how much, at which price, how sure."""
    end, first = comparison.plan.endpoint, best(found)
    whom = end.subgroup or comparison.rarest
    where = f"at {end.speedup:g}\N{MULTIPLICATION SIGN}"
    if first is None:
        return f"Not known: {where}, no method has all its seeds beside {end.baselines[0]}."
    at = AT[end.at] if end.subgroup else AT["half"]
    words = f"{_more(first, at)} ({interval(first.gain)}; {over(comparison)}){_price(first)}"
    if first.outcome == HELPS:
        return f"{first.method} helps {whom} {where}: {words}.{_others(found, first)}"
    if first.outcome == UNKNOWN:
        return f"Not known: one seed has no interval. For {whom} {where}, {first.method}: {words}."
    none = f"Not shown: {where} no method is shown to help {whom}"
    if first.gain.low is not None and first.gain.low > 0:
        left = "its price, or the correction for several methods, leaves that open"
        return f"{none}. {first.method}: {words}; {left}."
    return f"{none}. The best, {first.method}: {words}."


def _more(found: Finding, at: str) -> str:
    """Return a gain in words: points more or fewer of the subgroup decided rightly."""
    more = "more" if found.gain.mean >= 0 else "fewer"
    size = points(abs(found.gain.mean)).lstrip("+").replace(" points", f" points {more}")
    return f"{size} decided rightly than with {found.against}, {at}"


def over(comparison: Comparison) -> str:
    """Return what an interval is over, in words."""
    seeds = len(comparison.seeds)
    kind = "data seeds" if comparison.own_people else "seeds"
    return f"95 % interval over people and {seeds} {kind}" if seeds > 1 else "one seed"


def interval(found: Estimate) -> str:
    """Write an interval of a change of shares, in points."""
    if found.low is None or found.high is None:
        return "no interval"
    cut = ", cut at what is possible" if found.cut else ""
    return minus(f"{100 * found.low:+.1f}") + f" to {minus(f'{100 * found.high:+.1f}')}{cut}"


def _price(found: Finding) -> str:
    if found.accuracy is None:
        return ""
    return f"; accuracy {points(found.accuracy.mean)} ({interval(found.accuracy)})"


def _others(found: Sequence[Finding], first: Finding) -> str:
    names = list(
        dict.fromkeys(
            one.method for one in found if one.outcome == HELPS and one.method != first.method
        )
    )
    return f" Shown to help, too: {', '.join(names)}." if names else ""
