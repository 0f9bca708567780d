"""The report's figures as plain values; marks stand in percent of the width, to fit any screen."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faircompress.evaluation.results import CheckResult, MetricResult, RuleResult
from faircompress.support.number_text import DOT, minus, signed

Json = dict[str, Any]
SEVERITY = ("fail", "inconclusive", "pass")
CROSSCHECKS = {"bootstrap": "Bootstrap", "delong": "DeLong"}
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
ROOM = 0.06  # of the width, left free on either side
GOES_ON = "The arrow: the line goes on beyond the edge; its end stands in the numbers."


@dataclass(frozen=True)
class Scale:
    """A linear axis.

    Args:
        low: Number at the left edge.
        high: Number at the right edge.
    """

    low: float
    high: float

    def __call__(self, number: float) -> float:
        """Return a number's place, 0-100; beyond an edge, the edge."""
        share = (number - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def outside(self, number: float) -> bool:
        """Tell whether a number lies beyond an edge."""
        return not self.low <= number <= self.high

    def ticks(self, about: int = 6) -> list[float]:
        """Return round numbers, roughly as many as asked for, that lie well inside the edges."""
        rough = (self.high - self.low) / about
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(s * power for s in STEPS if s * power >= rough * 0.999)
        inset = 0.03 * (self.high - self.low)
        first = math.ceil((self.low + inset) / step)
        last = math.floor((self.high - inset) / step)
        return [round(k * step, 10) for k in range(first, last + 1)]


def fitted(keep: Sequence[float], reach: Sequence[float], *, most: float) -> Scale:
    """Return an axis that holds some numbers, and others as far as they do not stretch it.

    Args:
        keep: Numbers that must lie inside: estimates, limits, zero.
        reach: Numbers that may: the ends of intervals.
        most: How many times as wide as ``keep`` the axis may become for their sake.
    """
    low, high = min(keep), max(keep)
    slack = (most - 1) * max(high - low, 1e-9)
    low = max(min([low, *reach]), low - slack)
    high = min(max([high, *reach]), high + slack)
    room = ROOM * max(high - low, 1e-6)
    return Scale(low - room, high + room)


def urgency(rule: RuleResult) -> Callable[[CheckResult], tuple[int, float]]:
    """Return a key that sorts checks: failed first, then the nearest to the limit."""

    def key(check: CheckResult) -> tuple[int, float]:
        return SEVERITY.index(check.outcome), margin(rule, check)

    return key


def margin(rule: RuleResult, check: CheckResult) -> float:
    """Return how far the bound that must hold is inside the limit, in limits; below 0: outside."""
    low, high = check.lower, check.upper
    if check.estimate is None or low is None:
        return -math.inf
    room = []
    if check.limit_lower is not None:
        room.append(low - check.limit_lower)
    if check.limit_upper is not None:
        room.append((math.inf if high is None else high) * -1 + check.limit_upper)
    return float(min(room) / rule.limit)


def lines(check: CheckResult) -> list[float]:
    """Return where harm begins."""
    return [line for line in (check.limit_lower, check.limit_upper) if line is not None]


def limit_text(check: CheckResult, show: Callable[..., str]) -> str:
    """Write the limit: one number, or both sides."""
    found = lines(check)
    if len(found) == 2 and found[0] == -found[1]:
        return f"\N{PLUS-MINUS SIGN}{found[1]:g}"
    return " to ".join(show(line) for line in found)


def size(of: CheckResult | MetricResult, rows: str) -> str:
    """Say how much a number rests on: rows, of which kind, and units where they are others."""
    counted, units = f"{of.n:,} {of.kind or rows}", f"{of.effective_n:,.0f}"
    return counted if units == f"{of.n:,}" else f"{counted} {DOT} {units} units"


def units_text(of: CheckResult | MetricResult) -> str:
    """Write how many independent units a number rests on."""
    return f"{of.effective_n:,.1f}".removesuffix(".0")


def capital(text: str) -> str:
    """Return a text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def interval_texts(found: Mapping[str, Sequence[float]], names: Sequence[str]) -> list[str]:
    """Write cross-checks for a table."""
    pairs = [found.get(name) for name in names]
    return [f"{signed(p[0])} to {signed(p[1])}" if p else "none" for p in pairs]


def ticks(scale: Scale, *, signs: bool) -> list[Json]:
    """Return the marks of an axis with their words."""

    def text(x: float) -> str:
        return minus(f"{x:+g}" if signs else f"{x:g}")

    return [{"x": scale(x), "text": text(x)} for x in scale.ticks()]
