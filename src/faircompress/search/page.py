"""The frontier as a page: harm against size, time and multiply-adds; each point opens its row."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from faircompress.evaluation.groups import POOLED
from faircompress.report.remedies import Remedy
from faircompress.report.wording import about
from faircompress.search.plan import By, Ranked, overrides_of
from faircompress.support.files import write_text

TEMPLATES = Path(__file__).parent.parent / "templates"
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 330, 260, 44, 12, 40
MOST = 3.0  # limits; harm beyond is drawn at the edge
AXES: Mapping[str, Callable[[Ranked], float]] = {
    "size, kB": lambda one: one.file.bytes / 1000,
    "latency, ms": lambda one: one.file.ms,
    "multiply-adds, millions": lambda one: one.candidate.macs / 1e6,
}
TITLES = {"auroc": "AUROC", "cross_group_auroc": "cross-group AUROC"}
Json = dict[str, Any]


def write(
    folder: Path,
    found: Sequence[Ranked],
    asked: float,
    by: By,
    failed: Mapping[str, str],
    better: Sequence[Remedy] = (),
) -> Path:
    """Write the page; return where.

    Args:
        folder: Where to.
        found: All files, the best first.
        asked: Chance from which on a file is expected to pass.
        by: What should be small.
        failed: Why candidates came to nothing, by name.
        better: Remedies that were shown to help, and that no candidate used.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    shown = environment.get_template("search.html.j2").render(
        best=_row(0, found[0]),
        command="faircompress run " + " ".join(f"-S '{one}'" for one in overrides_of(found[0])),
        rows=[_row(at, one) for at, one in enumerate(found)],
        panels=[_panel(title, value, found) for title, value in AXES.items()],
        asked=asked, by=by, failed=failed, better=recommended(better), width=WIDTH, height=HEIGHT,
        draws=len(found[0].file.passes), lines=len({one.candidate.line for one in found}),
    )  # fmt: skip
    page = folder / "frontier.html"
    write_text(page, shown)
    return page


def recommended(better: Sequence[Remedy]) -> list[Json]:
    """Return what else to search with, by name and number."""
    return [
        {
            "name": one.name,
            "command": f"faircompress search --line '{one.settings}'",
            "evidence": one.evidence + ("; it reads group labels" if one.reads_groups else ""),
        }
        for one in better
    ]


def in_words(check: str) -> str:
    """Say the name of a check, "flips negative_flips against baseline: g=a", as people do."""
    head, _, place = check.partition(": ")
    kind, metric, _, against = head.split(" ", 3)
    title = TITLES.get(metric, metric.replace("_", " "))
    return f"{about(kind, title, against)}: {'everyone' if place == POOLED else place}"


def _row(at: int, one: Ranked) -> Json:
    mean, low, high = one.file.used
    return {
        "at": at,
        "name": f"{one.candidate.speedup:g}x {one.candidate.line}".strip(),
        "precision": one.file.precision,
        "bytes": f"{one.file.bytes:,}",
        "ms": f"{one.file.ms:.3f}",
        "macs": f"{one.candidate.macs / 1e6:.2f}",
        "used": f"{mean:.2f} ({low:.2f} to {high:.2f})",
        "worst": in_words(one.file.worst),
        "stops": in_words(one.file.stops) if one.file.stops else "",
        "stopped": f"{100 * one.file.stopped:.0f} %",
        "chance": f"{one.chance:.2f}",
        "shrunk": f"{one.shrunk:.2f}",
        "expected": one.expected,
        "dense_bytes": f"{one.candidate.dense_bytes:,}",
        "dense_ms": f"{one.candidate.dense_ms:.3f}",
        "slower": one.file.ms > one.candidate.dense_ms > 0 and "round_to" not in one.candidate.line,
    }


def _panel(title: str, value: Callable[[Ranked], float], found: Sequence[Ranked]) -> Json:
    """Return a figure: points with their intervals, and the limit as a line at 1."""
    logs = [math.log(max(value(one), 1e-9)) for one in found]
    low, high = min(logs), max(logs)
    room = 0.08 * (high - low) or 0.1

    def across(log: float) -> float:
        share = (log - low + room) / (high - low + 2 * room)
        return LEFT + share * (WIDTH - LEFT - 8)

    return {
        "title": title,
        "limit": _height(1.0),
        "left": LEFT,
        "bottom": HEIGHT - BOTTOM,
        "sides": [(_height(mark), f"{mark:g}") for mark in (0, 0.5, 1, 1.5, 2, 2.5, 3)],
        "ends": [(across(log), _number(math.exp(log))) for log in sorted({low, high})],
        "points": [
            {
                "at": at,
                "x": across(log),
                "y": _height(one.file.used[0]),
                "low": _height(one.file.used[1]),
                "high": _height(one.file.used[2]),
                "cut": one.file.used[2] > MOST,
                "expected": one.expected,
                "title": _title(one),
            }
            for at, (one, log) in enumerate(zip(found, logs, strict=True))
        ],
    }


def _title(one: Ranked) -> str:
    beyond = f"; the line goes on to {one.file.used[2]:.1f}" if one.file.used[2] > MOST else ""
    return f"{one.candidate.speedup:g}x {one.candidate.line} {one.file.precision}{beyond}"


def _height(used: float) -> float:
    share = min(max(used, 0.0), MOST) / MOST
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
