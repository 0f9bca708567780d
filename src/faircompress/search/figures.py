"""Harm against what a file costs, as plain values: one plane for size, time and multiply-adds."""

import math
from collections.abc import Callable, Mapping, Sequence

from faircompress.report.labels import apart
from faircompress.report.plots import Json
from faircompress.search.plan import By, Ranked
from faircompress.support.number_text import TIMES, file_size, milliseconds, quantity

TOP, BOTTOM = 24.0, 40.0  # of a plane, in pixels
LEFT, RIGHT = 16.0, 92.0  # percent of the width that hold the points
MOST = 3.0  # limits; harm beyond is drawn at the edge
Axis = tuple[str, Callable[[Ranked], float], Callable[[float], str]]
AXES: Mapping[str, Axis] = {
    "bytes": ("size of the file", lambda one: one.file.bytes, file_size),
    "ms": ("time of a batch", lambda one: one.file.ms, milliseconds),
    "macs": ("multiply-adds of a picture", lambda one: one.candidate.macs, quantity),
}


def named(one: Ranked) -> str:
    """Name a file: how much was pruned, how, and its precision."""
    line = f" ({one.candidate.line})" if one.candidate.line else ""
    return f"{one.candidate.speedup:g}{TIMES}{line} as {one.file.precision}"


def frontiers(found: Sequence[Ranked], by: By) -> list[Json]:
    """Return a plane for each cost, that which should be small first, with its files' names.

    Args:
        found: All files, the best first.
        by: What should be small.
    """
    order = [by, *(name for name in AXES if name != by)]
    return [_plane(found, AXES[name], 340.0 if name == by else 240.0) for name in order]


def _plane(found: Sequence[Ranked], axis: Axis, height: float) -> Json:
    title, value, write = axis
    logs = [math.log(max(value(one), 1e-9)) for one in found]
    low, high = min(logs), max(logs)
    top = min(MOST, max(1.25, *(one.file.used[2] for one in found)))
    wide = height > 300

    def x(log: float) -> float:
        share = (log - low) / (high - low) if high > low else 0.5
        return round(LEFT + (RIGHT - LEFT) * share, 2)

    def y(used: float) -> float:
        share = min(max(used, 0.0), top) / top
        return round(TOP + (height - TOP - BOTTOM) * (1 - share), 1)

    points = [
        _point(one, x(log), y, top, wide=wide, best=not at)
        for at, (one, log) in enumerate(zip(found, logs, strict=True))
    ]
    return {
        "title": f"Harm against {title}",
        "height": height,
        "bottom": height - BOTTOM,
        "wide": wide,
        "zero": None,
        "upward": "share of its limit that the worst check uses",
        "across": f"{title}, logarithmic: to the left, less",
        "lines": [y(1.0)],
        "y_ticks": [
            {"y": y(mark), "text": "limit" if mark == 1 else f"{100 * mark:.0f} %"}
            for mark in (0, 0.5, 1, 1.5, 2, 2.5, 3)
            if mark <= top
        ],
        "x_ticks": [
            {"x": x(log), "text": write(math.exp(log))}
            for log in sorted({low, (low + high) / 2, high})
        ],
        "points": apart(points[::-1]),
    }  # fmt: skip


def _point(
    one: Ranked, x: float, y: Callable[[float], float], top: float, *, wide: bool, best: bool
) -> Json:
    mean, low, high = one.file.used
    mark = "pass" if one.expected else "none"
    return {
        "x": x,
        "y": y(mean),
        "mark": mark,
        "css": mark,
        "ring": best,
        "label": named(one) if best or wide else "",
        "side": "end" if x > 60 else "start",
        "below": False,
        "whiskers": [{"x1": x, "x2": x, "y1": y(low), "y2": y(high)}],
        "cuts": [{"way": "up", "x": x, "y": y(top)}] if high > top else [],
        "title": f"{named(one)}: {100 * mean:.0f} % of its limit, {100 * low:.0f} to "
        f"{100 * high:.0f} %; {'expected to pass' if one.expected else 'not expected to pass'}",
    }
