"""A project's history as one page: limits, size and speed over time, then every judged file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from faircompress.report.history_rows import Judged

WIDTH, HEIGHT, LEFT, TOP = 880.0, 190.0, 64.0, 24.0
MARKS = {"pass": "\N{CHECK MARK}", "fail": "\N{MULTIPLICATION X}", "inconclusive": "?"}


def history_page(name: str, judged: "Sequence[Judged]") -> str:
    """Return the page as HTML, figures and style inside.

    Args:
        name: Of the project.
        judged: What was judged, the oldest first.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("faircompress"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    champion = next((one for one in judged if one.is_champion), None)
    return environment.get_template("history.html.j2").render(
        name=name,
        judged=list(reversed(judged)),
        champion=champion,
        marks=MARKS,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        figures=[figure for figure in _figures(judged) if figure["points"]],
    )


def _figures(judged: "Sequence[Judged]") -> list[dict[str, Any]]:
    return [
        _figure(
            "Share of a limit that the worst group uses",
            "Above 1 it is beyond the limit.",
            judged,
            [one.limit_used for one in judged],
            line=1.0,
        ),
        _figure(
            "Size of the file, share of the dense one's",
            "Less is better.",
            judged,
            [_share(one.bytes, one.dense_bytes) for one in judged],
        ),
        _figure(
            "Time of a batch, share of the dense file's",
            "Less is better; above 1 it is slower.",
            judged,
            [_share(one.milliseconds, one.dense_milliseconds) for one in judged],
            line=1.0,
        ),
    ]


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _figure(
    title: str,
    note: str,
    judged: "Sequence[Judged]",
    values: Sequence[float | None],
    line: float | None = None,
) -> dict[str, Any]:
    """Return one panel: a mark for each file in the order of time."""
    known = [value for value in values if value is not None]
    top = 1.15 * max([*known, line or 0.0, 0.1])
    step = (WIDTH - LEFT - 24) / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return TOP + (HEIGHT - 2 * TOP) * (1 - max(value, 0.0) / top)

    points = [
        {
            "x": LEFT + step * place + (0 if len(values) > 1 else 20),
            "y": y(value),
            "verdict": one.verdict,
            "mark": MARKS.get(one.verdict, "?"),
            "champion": one.is_champion,
            "title": f"{one.time[:10]}, {named(one)}: {value:.2f}, {one.verdict}",
        }
        for place, (one, value) in enumerate(zip(judged, values, strict=True))
        if value is not None
    ]
    return {
        "title": title,
        "note": note,
        "points": points,
        "line": None if line is None else y(line),
        "ticks": [{"y": y(tick), "text": f"{tick:g}"} for tick in _ticks(top)],
    }


def _ticks(top: float) -> list[float]:
    size = next(s for s in (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 50, 1e9) if top / s <= 5)
    return [size * number for number in range(int(top / size) + 1)]


def named(one: "Judged") -> str:
    """Return the name of a file: its version, or what judged it."""
    of = "" if one.workspace == "project" else f" ({one.workspace})"
    return (f"version {one.version}" if one.version else "not in MLflow") + f", {one.precision}{of}"
