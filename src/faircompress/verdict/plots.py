"""The report's figures as plain values; marks stand in percent of the width, to fit any screen."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
ARROW, DOT = "\N{RIGHTWARDS ARROW}", "\N{MIDDLE DOT}"
SEVERITY = ("fail", "inconclusive", "pass")
NAMES = {"change": "change by group", "drift": "drift between groups", "floor": "floor by group"}
SIZES = ("Pictures", "Units")
COLUMNS = ("Group", "Found", "Lower", "Upper", "Limit", *SIZES, "Bound", "Verdict")
MOST_PAIRS = 12  # of a drift rule that are drawn; the table has them all
EDGE = 20.0  # percent of the width that the word for a line may need on a phone
LEAST_SPAN = 0.1  # of an axis for rates
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
ROOM = 0.06  # of the width, left free on either side


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


def decimals(number: float, *others: float, least: int = 3, most: int = 6) -> int:
    """Return how many decimals show on which side of some others a number lies."""
    for digits in range(least, most):
        if all(round(number, digits) != round(o, digits) for o in others if o != number):
            return digits
    return most


def signed(number: float, *others: float) -> str:
    """Write a change with its sign, finely enough to tell it from others."""
    return minus(f"{number:+.{decimals(number, *others)}f}")


def plain(number: float, *others: float) -> str:
    """Write a rate, finely enough to tell it from others."""
    return minus(f"{number:.{decimals(number, *others)}f}")


def minus(text: str) -> str:
    """Write a proper minus sign, and none before a zero."""
    bare = text.lstrip("+-")
    zero = float(bare) == 0
    return bare if zero else text.replace("-", "\N{MINUS SIGN}")


def forest(rule: Json) -> Json:
    """Return the figure of one rule: an interval for every group or pair, against the limit."""
    binds, limit, findings = rule["binds"], rule["limit"], rule["findings"]
    known = [f for f in findings if f["estimate"] is not None]
    lines = {"drift": [-limit, limit], "floor": [limit]}.get(binds, [0.0, _line(rule)])
    scale = fitted(
        [*lines, *(f["estimate"] for f in known)],
        [f[end] for f in known for end in ("lower", "upper")],
        most=2.5,
    )
    many = binds == "drift" and len(findings) > MOST_PAIRS
    shown = sorted(findings, key=urgency(rule))[:MOST_PAIRS] if many else findings
    show = plain if binds == "floor" else signed
    return {
        "heading": f"{capital(rule['title'])}: {NAMES[binds]}",
        "verdict": rule["verdict"],
        "reads": _caption(rule),
        "marks": _marks(rule, scale),
        "bands": _bands(rule, scale),
        "ticks": _ticks(scale, signs=binds != "floor"),
        "bars": [_bar(f, scale, show) for f in shown],
        "hidden": len(findings) - len(shown),
        "columns": COLUMNS,
        "table": [_row(f, show) for f in findings],
    }


def urgency(rule: Json) -> Callable[[Json], tuple[int, float]]:
    """Return a key that sorts findings: failed first, then the nearest to the limit."""

    def key(finding: Json) -> tuple[int, float]:
        return SEVERITY.index(finding["verdict"]), margin(rule, finding)

    return key


def margin(rule: Json, finding: Json) -> float:
    """Return how far the bound that must hold is inside the limit, in limits; below 0: outside."""
    limit, low, high = rule["limit"], finding["lower"], finding["upper"]
    if low is None:
        return -math.inf
    if rule["binds"] == "drift":
        return float(min(low + limit, limit - high) / limit)
    line = limit if rule["binds"] == "floor" else _line(rule)
    return float((low - line if rule["better"] == "higher" else line - high) / limit)


def rates(groups: Sequence[Json], metric: str) -> Json:
    """Return the figure of one metric: dense and pruned rate of every group."""
    told = [(group, group["metrics"][metric]) for group in groups]
    values = [m[side] for _, m in told for side in ("dense", "pruned") if m[side] is not None]
    scale = _rate_scale(values)
    better = "higher" if told[0][1]["better"] == "higher" else "lower"
    first = told[0][1]
    return {
        "heading": capital(first["title"]),
        "note": f"{capital(better)} is better. Bounds at {first['confidence']:.0%} on either side.",
        "ticks": _ticks(scale, signs=False),
        "bars": [_dumbbell(group, found, scale) for group, found in told],
        "columns": ["Group", "Dense", "Pruned", "Change", "Lower", "Upper", *SIZES, "Bound"],
        "table": [_rate_row(group, found) for group, found in told],
    }


def size(of: Json) -> str:
    """Say how much a number rests on: pictures, of which kind, and independent units."""
    return f"{of['rows']:,} {of['kind'] or 'pictures'} {DOT} {of['units']:,.0f} units"


def capital(text: str) -> str:
    """Return a text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def group_name(finding: Json) -> str:
    """Return a finding's group, or its two."""
    other = finding.get("other")
    return f"{finding['group']} against {other}" if other else str(finding["group"])


def _line(rule: Json) -> float:
    return float(-rule["limit"] if rule["better"] == "higher" else rule["limit"])


def _caption(rule: Json) -> str:
    ends = {
        "change": "below 0 is worse" if rule["better"] == "higher" else "above 0 is worse",
        "drift": "0 means that both groups changed alike",
        "floor": "the pruned model alone",
    }[rule["binds"]]
    return (
        f"{capital(rule['reads'])}. Mark: what was found; line: its bounds, one-sided at "
        f"{rule['confidence']:.0%} each; {ends}."
    )


def _marks(rule: Json, scale: Scale) -> list[Json]:
    """Return the lines across the figure, and words for them that stay on a narrow screen."""
    limit, higher = rule["limit"], rule["better"] == "higher"
    if rule["binds"] == "drift":
        ends = [_limit_mark("limit", x, scale, left=x < 0) for x in (-limit, limit)]
        return [*ends, _zero_mark(scale, left=False, text="")]
    line = limit if rule["binds"] == "floor" else _line(rule)
    word = "floor" if rule["binds"] == "floor" and higher else "limit"
    marks = [_limit_mark(word, line, scale, left=higher)]
    if rule["binds"] == "change":
        apart = abs(scale(0) - scale(line)) > EDGE or EDGE < scale(line) < 100 - EDGE
        roomy = apart and EDGE < scale(0) < 100 - EDGE
        marks.append(_zero_mark(scale, left=not higher, text="no change" if roomy else ""))
    return marks


def _limit_mark(word: str, line: float, scale: Scale, *, left: bool) -> Json:
    place = scale(line)
    left = place > 100 - EDGE or (left and place > EDGE)
    text = f"{word} {minus(f'{line:g}')}"
    return {"x": place, "text": text, "side": "end" if left else "start", "kind": "limit"}


def _zero_mark(scale: Scale, *, left: bool, text: str) -> Json:
    return {"x": scale(0), "text": text, "side": "end" if left else "start", "kind": "zero"}


def _bands(rule: Json, scale: Scale) -> list[Json]:
    """Shade where harm is beyond the limit."""
    limit, higher = rule["limit"], rule["better"] == "higher"
    line = limit if rule["binds"] == "floor" else _line(rule)
    left = {"x": 0, "width": scale(-limit if rule["binds"] == "drift" else line)}
    start = scale(limit if rule["binds"] == "drift" else line)
    right = {"x": start, "width": round(100 - start, 2)}
    if rule["binds"] == "drift":
        return [left, right]
    return [left] if higher else [right]


def _ticks(scale: Scale, *, signs: bool) -> list[Json]:
    def word(x: float) -> str:
        return minus(f"{x:+g}" if signs else f"{x:g}")

    return [{"x": scale(x), "text": word(x)} for x in scale.ticks()]


def _bar(finding: Json, scale: Scale, show: Callable[..., str]) -> Json:
    name, verdict = group_name(finding), finding["verdict"]
    bar = {"name": name, "size": size(finding), "verdict": verdict, "title": finding["reason"]}
    nothing = dict.fromkeys(("at", "low", "high"))
    if finding["estimate"] is None:
        return {**bar, **nothing, "low_cut": False, "high_cut": False, "found": "undefined"}
    low, high, line = finding["lower"], finding["upper"], finding["line"]
    return {
        **bar,
        "at": scale(finding["estimate"]),
        "low": scale(low),
        "high": scale(high),
        "low_cut": scale.outside(low),
        "high_cut": scale.outside(high),
        "found": f"{show(finding['estimate'])} [{show(low, line)}, {show(high, line)}]",
    }


def _row(finding: Json, show: Callable[..., str]) -> list[str]:
    numbers = [finding[k] for k in ("estimate", "lower", "upper", "line")]
    words = ["undefined" if x is None else show(x, finding["line"]) for x in numbers[:3]]
    counts = [f"{finding['rows']:,}", f"{finding['units']:,.1f}"]
    method = finding["method"] or "none"
    return [group_name(finding), *words, show(numbers[3]), *counts, method, finding["verdict"]]


def _rate_scale(values: Sequence[float]) -> Scale:
    """Return an axis for rates, never so narrow that it blows up a trifle."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    spare = max(LEAST_SPAN - (high - low), 0.0) / 2
    low, high = low - spare, high + spare
    shift = max(-low, 0.0) - max(high - 1, 0.0)
    return fitted([low + shift, high + shift], [], most=1.0)


def _dumbbell(group: Json, found: Json, scale: Scale) -> Json:
    bar = {"name": group["group"], "size": size(found)}
    if found["dense"] is None:
        why = found["undefined"]
        return {**bar, "title": why, "dense": None, "pruned": None, "found": "undefined"}
    dense, pruned = plain(found["dense"]), plain(found["pruned"])
    change = f"{signed(found['change'])} [{signed(found['lower'])}, {signed(found['upper'])}]"
    return {
        **bar,
        "title": f"{group['group']}: dense {dense}, pruned {pruned}, change {change}",
        "dense": scale(found["dense"]),
        "pruned": scale(found["pruned"]),
        "found": f"{dense} {ARROW} {pruned} {DOT} {change}",
    }


def _rate_row(group: Json, found: Json) -> list[str]:
    counts = [f"{found['rows']:,}", f"{found['units']:,.1f}"]
    if found["dense"] is None:
        return [group["group"], *["undefined"] * 5, *counts, found["undefined"]]
    numbers = [plain(found[k]) for k in ("dense", "pruned")]
    numbers += [signed(found[k]) for k in ("change", "lower", "upper")]
    left = f"; without {', '.join(found['left_out'])}" if found["left_out"] else ""
    return [group["group"], *numbers, *counts, f"{found['method']}{left}"]
