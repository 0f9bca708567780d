"""A study's figures as plain values: intervals of methods side by side, and gain against price."""

from collections.abc import Callable, Sequence

from faircompress.report.labels import apart
from faircompress.report.plots import Json, Scale, fitted
from faircompress.study.harm import Harm
from faircompress.study.outcome import OUTCOMES, Finding, interval
from faircompress.study.resampling import Estimate
from faircompress.support.number_text import NOTHING, minus, points

Row = tuple[
    str, str, Estimate, str
]  # name, what stands below it, its value, its outcome or nothing
Place = Callable[[float], float]
HEIGHT, TOP, BOTTOM = 320.0, 24.0, 40.0  # of gain against price, in pixels
LEFT, RIGHT = 6.0, 94.0  # percent of the width that hold the points


def effects(
    rows: Sequence[Row], marks: Sequence[tuple[float, str]] = (), *, more_is_worse: bool = False
) -> Json:
    """Return an interval for each row, with each seed's value as a tick.

    Args:
        rows: What is drawn.
        marks: Further lines across: where, and a word.
        more_is_worse: Shade what lies above 0, as of flips; else what lies below.
    """
    known = [estimate for _, _, estimate, _ in rows]
    scale = fitted(
        [0.0, *(x for x, _ in marks), *(e.mean for e in known)],
        [x for e in known for x in (e.low, e.high, *e.seeds) if x is not None],
        most=4.0,
    )
    lines = [(0.0, "no change"), *marks]
    return {
        "marks": [
            {"x": scale(x), "text": text, "kind": "limit" if k else "zero",
             "side": "end" if scale(x) > 70 else "start"}
            for k, (x, text) in enumerate(lines)
        ],
        "bands": [
            {"x": scale(0.0), "width": 100 - scale(0.0)}
            if more_is_worse
            else {"x": 0, "width": scale(0.0)}
        ],
        "ticks": [{"x": scale(x), "text": _points(x)} for x in scale.ticks()],
        "bars": [_bar(row, scale) for row in rows],
    }  # fmt: skip


def _bar(row: Row, scale: Scale) -> Json:
    name, beside, found, outcome = row
    low, high = found.low, found.high
    bare = low is None or high is None
    return {
        "name": name,
        "size": beside,
        "outcome": OUTCOMES.get(outcome, ""),
        "word": outcome,
        "title": f"{name}: {change_in_words(found)}",
        "at": scale(found.mean),
        "low": None if low is None else scale(low),
        "high": None if high is None else scale(high),
        "low_cut": not bare and (scale.outside(low or 0) or (found.cut and low in (-1.0, 0.0))),
        "high_cut": not bare and (scale.outside(high or 0) or (found.cut and high == 1.0)),
        "seeds": [scale(value) for value in found.seeds],
        "found": change_in_words(found),
    }


def change_in_words(found: Estimate) -> str:
    """Write a change of a share with its interval, as people say it: in points, or unchanged."""
    ends = [found.mean, *(end for end in (found.low, found.high) if end is not None)]
    if len(ends) == 3 and all(abs(end) < NOTHING for end in ends):
        return "unchanged"
    return f"{points(found.mean)} ({interval(found)})"


def _points(change: float) -> str:
    return minus(f"{100 * change:+g}")


def layers(harms: Sequence[Harm]) -> list[tuple[str, Json]]:
    """Return the three layers of harm: at one half, at the dense selection rate, at own FPR."""
    found = []
    for name in ("half", "selection_rate", "false_positive_rate"):
        rows = [
            (one.method, "", value, "")
            for one in harms
            if (value := getattr(one, name)) is not None
        ]
        if rows:
            found.append((name, effects(rows)))
    return found


def frontier(found: Sequence[Finding], against: str) -> Json:
    """Return gain against price: upward less harm, to the right more accurate; {} of no prices."""
    shown = [one for one in found if one.against == against and one.accuracy is not None]
    pairs = [(one, one.accuracy) for one in shown if one.accuracy is not None]
    if not pairs:
        return {}
    across = fitted([0.0, *(a.mean for _, a in pairs)], _ends([a for _, a in pairs]), most=4.0)
    upward = fitted(
        [0.0, *(one.gain.mean for one, _ in pairs)], _ends([one.gain for one, _ in pairs]), most=4.0
    )

    def x(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * across(value) / 100, 2)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - upward(value) / 100), 1)

    base = {
        "x": x(0.0), "y": y(0.0), "mark": "baseline", "css": "none", "ring": False,
        "label": against, "side": "start", "below": True, "whiskers": [], "cuts": [],
        "title": f"{against}: the baseline",
    }  # fmt: skip
    return {
        "title": f"Gain against {against}, and its price",
        "height": HEIGHT,
        "bottom": HEIGHT - BOTTOM,
        "across": f"accuracy, less {against}'s, in points",
        "upward": f"gain on {against}, in points: above 0 less harm",
        "x_ticks": [{"x": x(t), "text": _points(t)} for t in across.ticks(4)],
        "y_ticks": [{"y": y(t), "text": _points(t)} for t in upward.ticks(5)],
        "zero": {"x": x(0.0), "y": y(0.0)},
        "lines": [],
        "points": apart(
            [
                base,
                *(
                    _point(one, price, x, y)
                    | {"cuts": cuts(one.gain, upward, ("down", "up"), x(price.mean), y)
                       + cuts(price, across, ("left", "right"), y(one.gain.mean), x)}
                    for one, price in pairs
                ),
            ]
        ),
    }  # fmt: skip


def cuts(
    found: Estimate, scale: Scale, ways: tuple[str, str], beside: float, at: Place
) -> list[Json]:
    """Return where an interval goes on beyond an edge of a figure, each with the way it goes.

    Args:
        found: Whose interval it is.
        scale: The axis along which it is drawn.
        ways: Where lower and higher numbers lie: ``("left", "right")`` or ``("down", "up")``.
        beside: The interval's place along the other axis.
        at: Gives the place of a number along this one.
    """
    first, second = ("x", "y") if ways[0] == "left" else ("y", "x")
    return [
        {"way": way, first: at(end), second: beside}
        for way, end in zip(ways, (found.low, found.high), strict=True)
        if end is not None and scale.outside(end)
    ]


def _ends(found: Sequence[Estimate]) -> list[float]:
    return [end for one in found for end in (one.low, one.high) if end is not None]


def _point(one: Finding, price: Estimate, x: Place, y: Place) -> Json:
    gain, whiskers = one.gain, []
    if gain.low is not None and gain.high is not None:
        at = x(price.mean)
        whiskers.append({"x1": at, "x2": at, "y1": y(gain.low), "y2": y(gain.high)})
    if price.low is not None and price.high is not None:
        at = y(gain.mean)
        whiskers.append({"x1": x(price.low), "x2": x(price.high), "y1": at, "y2": at})
    place = x(price.mean)
    return {
        "x": place, "y": y(gain.mean), "mark": OUTCOMES[one.outcome], "css": OUTCOMES[one.outcome],
        "label": one.method, "below": gain.mean < 0, "side": "end" if place > 70 else "start",
        "ring": False, "whiskers": whiskers,
        "title": f"{one.method}: gain {points(gain.mean)}, accuracy {points(price.mean)}; "
        f"{one.outcome}",
    }  # fmt: skip
