"""A project's history as one page: limits, size and speed over time, then every judged file."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from faircompress.report.downloads import cell
from faircompress.support.pages import download, page

if TYPE_CHECKING:
    from faircompress.report.history_rows import Judged

HEIGHT, TOP, BOTTOM = 190.0, 24.0, 26.0  # of a figure, in pixels
LEFT, RIGHT = 11.0, 91.0  # percent of the width that hold the points


def history_page(name: str, judged: "Sequence[Judged]") -> str:
    """Return the page as HTML, figures and style inside.

    Args:
        name: Of the project.
        judged: What was judged, the oldest first.
    """
    champion = next((one for one in judged if one.is_champion), None)
    figures = [figure for figure in _figures(judged) if figure["points"]]
    return page(
        "history.html.j2",
        contents=[
            ("summary", "Now"),
            *((figure["id"], figure["menu"]) for figure in figures),
            ("files", "Every file"),
            ("data", "Download"),
        ],
        name=name,
        about=_about(name, judged, champion),
        last=judged[-1],
        last_name=named(judged[-1]),
        champion=champion,
        figures=figures,
        judged=list(reversed(judged)),
        downloads=[
            ("history.json", download(_json(judged), "application/json")),
            ("history.csv", download(_csv(judged), "text/csv")),
        ],
    )


def _about(
    name: str, judged: "Sequence[Judged]", champion: "Judged | None"
) -> list[tuple[str, str]]:
    counts = {v: sum(one.verdict == v for one in judged) for v in ("pass", "inconclusive", "fail")}
    return [
        ("Project", name),
        ("Judged", ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)),
        ("From", judged[0].time[:10]),
        ("To", judged[-1].time[:10]),
        ("Champion", f"version {champion.version}" if champion else "none"),
    ]


def _json(judged: "Sequence[Judged]") -> str:
    return json.dumps([asdict(one) for one in judged], indent=1) + "\n"


def _csv(judged: "Sequence[Judged]") -> str:
    text = io.StringIO()
    rows = [asdict(one) | {"decisions": "; ".join(one.decisions)} for one in judged]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _figures(judged: "Sequence[Judged]") -> list[dict[str, Any]]:
    return [
        _figure(
            ("limits", "Limits", "Share of a limit that the worst group uses"),
            "Above 1 it is beyond the limit.",
            judged,
            [one.limit_used for one in judged],
            line=1.0,
        ),
        _figure(
            ("size", "Size", "Size of the file, share of the dense one's"),
            "Less is better.",
            judged,
            [_share(one.bytes, one.dense_bytes) for one in judged],
        ),
        _figure(
            ("time", "Time", "Time of a batch, share of the dense file's"),
            "Less is better; above 1 it is slower.",
            judged,
            [_share(one.milliseconds, one.dense_milliseconds) for one in judged],
            line=1.0,
        ),
    ]


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _figure(
    titles: tuple[str, str, str],
    note: str,
    judged: "Sequence[Judged]",
    values: Sequence[float | None],
    line: float | None = None,
) -> dict[str, Any]:
    """Return one panel: a mark for each file in the order of time.

    Args:
        titles: Its id, its word in the menu, its heading.
        note: What it shows.
        judged: The files.
        values: Of each file; nothing: not known.
        line: From where on it is bad.
    """
    known = [value for value in values if value is not None]
    top = 1.15 * max([*known, line or 0.0, 0.1])
    step = (RIGHT - LEFT) / max(len(values) - 1, 1)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - max(value, 0.0) / top), 1)

    places = [round(LEFT + step * place, 2) for place in range(len(values))]
    points = [
        _point(one, x, y(value), f"{value:.2f}")
        for x, one, value in zip(places, judged, values, strict=True)
        if value is not None
    ]
    return {
        "id": titles[0],
        "menu": titles[1],
        "title": titles[2],
        "note": note,
        "height": HEIGHT,
        "bottom": HEIGHT - BOTTOM,
        "points": points,
        "zero": None,
        "across": "",
        "upward": "",
        "lines": [] if line is None else [y(line)],
        "y_ticks": [{"y": y(tick), "text": f"{tick:g}"} for tick in _ticks(top)],
        "x_ticks": _dates(places, judged),
    }


def _point(one: "Judged", x: float, y: float, value: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "mark": one.verdict,
        "css": one.verdict,
        "ring": one.is_champion,
        "label": "",
        "whiskers": [],
        "cuts": [],
        "title": f"{one.time[:10]}, {named(one)}: {value}, {one.verdict}",
    }


def _dates(places: Sequence[float], judged: "Sequence[Judged]") -> list[dict[str, Any]]:
    """Return the day below the first file, the last, and some between."""
    every = max((len(places) - 1) // 3, 1)
    kept = [k for k in range(0, len(places), every) if len(places) - 1 - k >= every or not k]
    return [
        {"x": places[k], "text": judged[k].time[:10]}
        for k in dict.fromkeys([*kept, len(places) - 1])
    ]


def _ticks(top: float) -> list[float]:
    size = next(s for s in (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 50, 1e9) if top / s <= 5)
    return [size * number for number in range(int(top / size) + 1)]


def named(one: "Judged") -> str:
    """Return the name of a file: its version, or what judged it."""
    of = "" if one.workspace == "project" else f" ({one.workspace})"
    return (f"version {one.version}" if one.version else "not in MLflow") + f", {one.precision}{of}"
