"""A study's figures."""

import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from faircompress.study.comparison import Line
from faircompress.study.resampling import Estimate
from faircompress.support.files import write_bytes

COLOURS = ("#1d2430", "#1f6fb2", "#c4501b", "#2f8f4e", "#8a4fbf", "#b8860b", "#c2185b", "#00838f")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


def draw_changes(lines: Sequence[Line], path: Path) -> None:
    """Draw the change of rates against the speed-up: a panel a part, a line a method."""
    parts = list(dict.fromkeys((line.part, line.metric) for line in lines))
    methods = list(dict.fromkeys(line.method for line in lines))
    rows = -(-len(parts) // 3)
    figure = Figure(figsize=(11, 3 * rows))
    grid = figure.subplots(rows, min(len(parts), 3), squeeze=False)
    for panel, (part, metric) in zip(grid.flat, parts, strict=False):
        panel.axhline(0, color="#999", linewidth=0.8)
        for number, method in enumerate(methods):
            mine = [k for k in lines if (k.part, k.metric, k.method) == (part, metric, method)]
            _with_intervals(panel, sorted(mine, key=lambda k: k.speedup), number, len(methods))
        panel.set_title(f"{part}: {'share right' if metric == 'right' else 'AUROC'}", fontsize=9)
        panel.grid(alpha=0.25)
    for panel in grid[:, 0]:
        panel.set_ylabel("change, pruned - dense", fontsize=8)
    for panel in list(grid.flat)[len(parts) :]:
        panel.axis("off")
    for panel in grid[-1]:
        panel.set_xlabel("speed-up", fontsize=8)
    handles, names = grid[0, 0].get_legend_handles_labels()
    columns = min(len(methods), 6)
    figure.legend(handles, names, loc="lower center", ncols=columns, fontsize=8)
    below = 0.25 + 0.2 * -(-len(methods) // columns)  # inches
    figure.tight_layout(rect=(0, below / (3 * rows), 1, 1))
    _write(figure, path)


def draw_gains(gains: Sequence[tuple[str, str, Estimate]], path: Path) -> None:
    """Draw each method's gain on the baseline, with its interval, in a panel an endpoint.

    Args:
        gains: Endpoint, method and gain.
        path: Where to.
    """
    endpoints = list(dict.fromkeys(endpoint for endpoint, _, _ in gains))
    methods = list(dict.fromkeys(method for _, method, _ in gains))
    size = (5.5 * len(endpoints), 1.2 + 0.38 * len(methods))
    figure = Figure(figsize=size)
    grid = figure.subplots(1, len(endpoints), sharey=True, squeeze=False)
    for panel, endpoint in zip(grid[0], endpoints, strict=True):
        panel.axvline(0, color="#999", linewidth=0.8)
        for _, method, gain in (one for one in gains if one[0] == endpoint):
            place = methods.index(method)
            if gain.low is not None and gain.high is not None:
                panel.plot([gain.low, gain.high], [place, place], color=COLOURS[1], linewidth=2)
            panel.plot(gain.seeds, [place] * len(gain.seeds), "|", color="#888", markersize=9)
            panel.plot(gain.mean, place, "o", color=COLOURS[1])
        panel.set_title(endpoint, fontsize=10)
        panel.set_xlabel("gain on the baseline (right of 0: less harm)", fontsize=8)
        panel.set_yticks(range(len(methods)), methods, fontsize=9)
        panel.grid(alpha=0.25, axis="x")
    grid[0, 0].invert_yaxis()
    figure.tight_layout()
    _write(figure, path)


def _with_intervals(panel: Axes, lines: Sequence[Line], number: int, of: int) -> None:
    """Draw one method, a little aside, so that intervals of several can be told apart."""
    aside = 1.07 ** (number - (of - 1) / 2)
    places = [line.speedup * aside for line in lines]
    means = [line.change.mean for line in lines]
    colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
    method = lines[0].method if lines else None
    panel.plot(places, means, linewidth=1.2, markersize=4, label=method, color=colour, marker=mark)
    for place, line in zip(places, lines, strict=True):
        if line.change.low is not None and line.change.high is not None:
            ends = [line.change.low, line.change.high]
            panel.plot([place, place], ends, color=colour, linewidth=1, alpha=0.6)
    panel.set_xscale("log")
    speedups = sorted({line.speedup for line in lines})
    panel.set_xticks(speedups, [f"{speedup:g}x" for speedup in speedups], fontsize=8)
    panel.xaxis.set_minor_locator(NullLocator())


def _write(figure: Figure, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    write_bytes(path, buffer.getvalue())
