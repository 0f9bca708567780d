"""Changes of rates against the speed-up as plain values: a panel a part, a line a method."""

import math
from collections.abc import Mapping, Sequence

from faircompress.report.plots import Json, Scale, fitted
from faircompress.study.cells import RIGHT
from faircompress.study.comparison import Line
from faircompress.study.figures import cuts
from faircompress.study.harm_page import signed
from faircompress.support.number_text import MINUS, minus

WIDTH, HEIGHT = 300.0, 180.0  # of a panel
LEFT, RIGHT_EDGE, TOP, BOTTOM = 38.0, 292.0, 10.0, 158.0  # of what is drawn in it
APART = 0.02  # of the width, between methods, so that their intervals can be told apart
KINDS = 8  # of colours and marks


def by_speedup(lines: Sequence[Line]) -> Json:
    """Return a panel for each part and metric; {} if there is one speed-up only.

    Args:
        lines: What is drawn. Parts of one metric share their axis, so that they can be compared.
    """
    speedups = sorted({line.speedup for line in lines})
    if len(speedups) < 2:
        return {}
    methods = list(dict.fromkeys(line.method for line in lines))
    scales = {name: _scale([k for k in lines if k.metric == name]) for name in _metrics(lines)}
    parts = dict.fromkeys((line.part, line.metric) for line in lines)
    return {
        "size": (WIDTH, HEIGHT),
        "frame": {"left": LEFT, "right": RIGHT_EDGE, "top": TOP, "bottom": BOTTOM},
        "keys": [{"name": name, "kind": place % KINDS} for place, name in enumerate(methods)],
        "panels": [
            _panel([k for k in lines if (k.part, k.metric) == part], scales, methods, speedups)
            for part in parts
        ],
    }


def _metrics(lines: Sequence[Line]) -> list[str]:
    return list(dict.fromkeys(line.metric for line in lines))


def _scale(lines: Sequence[Line]) -> Scale:
    means = [line.change.mean for line in lines]
    ends = [end for line in lines for end in (line.change.low, line.change.high) if end is not None]
    return fitted([0.0, *means], ends, most=2.0)


def _panel(
    lines: Sequence[Line],
    scales: Mapping[str, Scale],
    methods: Sequence[str],
    speedups: Sequence[float],
) -> Json:
    first = lines[0]
    scale, what = scales[first.metric], "share right" if first.metric == RIGHT else "AUROC"
    by_method = [(place, [k for k in lines if k.method == m]) for place, m in enumerate(methods)]
    return {
        "name": first.part,
        "what": what,
        "zero": _y(0.0, scale),
        "x_ticks": [
            {"x": _x(speedup, speedups), "text": f"{speedup:g}\N{MULTIPLICATION SIGN}"}
            for speedup in speedups
        ],
        "y_ticks": [{"y": _y(at, scale), "text": minus(f"{at:+g}")} for at in scale.ticks(4)],
        "lines": [
            _line(mine, scale, speedups, place, len(methods)) for place, mine in by_method if mine
        ],
    }


def _line(
    lines: Sequence[Line], scale: Scale, speedups: Sequence[float], place: int, of: int
) -> Json:
    aside = APART * (RIGHT_EDGE - LEFT) * (place - (of - 1) / 2)
    points = [
        {
            "x": (x := round(_x(line.speedup, speedups) + aside, 1)),
            "y": _y(line.change.mean, scale),
            "low": None if line.change.low is None else _y(line.change.low, scale),
            "high": None if line.change.high is None else _y(line.change.high, scale),
            "cuts": cuts(line.change, scale, ("down", "up"), x, lambda at: _y(at, scale)),
            "title": f"{line.method} at {line.speedup:g}\N{MULTIPLICATION SIGN}: "
            f"{signed(line.change).replace('-', MINUS)}",
        }
        for line in sorted(lines, key=lambda line: line.speedup)
    ]
    path = " ".join(f"{point['x']},{point['y']}" for point in points)
    return {"kind": place % KINDS, "points": points, "path": path}


def _x(speedup: float, speedups: Sequence[float]) -> float:
    """Return a place across: equal factors are equally far apart."""
    share = math.log(speedup / speedups[0]) / math.log(speedups[-1] / speedups[0])
    inset = 0.12 * (RIGHT_EDGE - LEFT)
    return round(LEFT + inset + share * (RIGHT_EDGE - LEFT - 2 * inset), 1)


def _y(number: float, scale: Scale) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * scale(number) / 100, 1)
