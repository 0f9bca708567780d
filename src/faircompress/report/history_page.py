"""A project's history as one page: limits, size and speed over time, then every evaluated file."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from faircompress.report.downloads import cell
from faircompress.support.number_text import file_size, milliseconds, percent, times
from faircompress.support.pages import download, page

if TYPE_CHECKING:
    from faircompress.report.history_rows import Evaluated

HEIGHT, TOP, BOTTOM = 190.0, 24.0, 26.0  # of a figure, in pixels
DASH = "\N{EN DASH}"
LEFT, RIGHT = 14.0, 91.0  # percent of the width that hold the points


def history_page(name: str, evaluated: "Sequence[Evaluated]") -> str:
    """Return the page as HTML, figures and style inside.

    Args:
        name: Of the project.
        evaluated: What was evaluated, the oldest first.
    """
    champion = next((one for one in evaluated if one.is_champion), None)
    figures = [figure for figure in _figures(evaluated) if figure["points"]]
    return page(
        "history.html.j2",
        contents=[
            ("summary", "Now"),
            *((figure["id"], figure["menu"]) for figure in figures),
            ("files", "Every file"),
            ("data", "Download"),
        ],
        name=name,
        about=_about(name, evaluated, champion),
        last=evaluated[-1],
        sentence=_sentence(evaluated[-1]),
        steps=_next(evaluated[-1], champion),
        champion=champion,
        figures=figures,
        rows=[_row(one) for one in reversed(evaluated)],
        downloads=[
            ("history.json", download(_json(evaluated), "application/json")),
            ("history.csv", download(_csv(evaluated), "text/csv")),
        ],
    )


def _row(one: "Evaluated") -> dict[str, Any]:
    """Return a file's line of the table, numbers as people say them; a dash: not known."""

    def written(value: float | None, write: Callable[[float], str]) -> str:
        return write(value) if value else ""

    return {
        **asdict(one),
        "used": percent(round(one.limit_used, 2)) if one.limit_used is not None else DASH,
        "size": written(one.bytes, file_size) or DASH,
        "of_size": written(one.dense_bytes, file_size),
        "took": written(one.milliseconds, milliseconds) or DASH,
        "of_took": written(one.dense_milliseconds, milliseconds),
        "fewer": f"{times(one.speedup)} fewer" if one.speedup else DASH,
    }


def _about(
    name: str, evaluated: "Sequence[Evaluated]", champion: "Evaluated | None"
) -> list[tuple[str, str]]:
    counts = {
        v: sum(one.verdict == v for one in evaluated) for v in ("pass", "inconclusive", "fail")
    }
    return [
        ("Project", name),
        (
            "Evaluated",
            ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count),
        ),
        ("From", evaluated[0].time[:10]),
        ("To", evaluated[-1].time[:10]),
        ("Champion", f"version {champion.version}" if champion else "none"),
    ]


def _sentence(last: "Evaluated") -> str:
    return f"The last file, {named(last)}, evaluated on {last.time[:10]}"


def _next(last: "Evaluated", champion: "Evaluated | None") -> list[str]:
    """Say what is in use, and what to do about the last file."""
    in_use = f"version {champion.version}, evaluated on {champion.time[:10]}" if champion else ""
    steps = [f"Champion: {in_use}." if in_use else "No champion."]
    if last.workspace != "project":
        return [*steps, "It is a variant: it moves no alias. Put its params into params.yaml."]
    if last.verdict == "fail":
        return [*steps, "It is blocked. How small may it be without harm? faircompress search"]
    if last.verdict == "inconclusive" and not last.decisions:
        return [*steps, "It waits for a review: faircompress promote, or more test rows."]
    return steps


def _json(evaluated: "Sequence[Evaluated]") -> str:
    return json.dumps([asdict(one) for one in evaluated], indent=1) + "\n"


def _csv(evaluated: "Sequence[Evaluated]") -> str:
    text = io.StringIO()
    rows = [asdict(one) | {"decisions": "; ".join(one.decisions)} for one in evaluated]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _figures(evaluated: "Sequence[Evaluated]") -> list[dict[str, Any]]:
    return [
        _figure(
            ("limits", "Limits", "Share of its limit that the worst check uses"),
            "Above 100 % it is beyond the limit.",
            evaluated,
            [one.limit_used for one in evaluated],
            line=1.0,
        ),
        _figure(
            ("size", "Size", "Size of the file, as a share of the dense one's"),
            "Less is better.",
            evaluated,
            [_share(one.bytes, one.dense_bytes) for one in evaluated],
        ),
        _figure(
            ("time", "Time", "Time of a batch, as a share of the dense file's"),
            "Less is better; above 100 % it is slower than the dense file.",
            evaluated,
            [_share(one.milliseconds, one.dense_milliseconds) for one in evaluated],
            line=1.0,
        ),
    ]


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _figure(
    titles: tuple[str, str, str],
    note: str,
    evaluated: "Sequence[Evaluated]",
    values: Sequence[float | None],
    line: float | None = None,
) -> dict[str, Any]:
    """Return one panel: a mark for each file in the order of time.

    Args:
        titles: Its id, its word in the menu, its heading.
        note: What it shows.
        evaluated: The files.
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
        _point(one, x, y(value), percent(value))
        for x, one, value in zip(places, evaluated, values, strict=True)
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
        "y_ticks": [{"y": y(tick), "text": percent(tick)} for tick in _ticks(top)],
        "x_ticks": _dates(places, evaluated),
    }


def _point(one: "Evaluated", x: float, y: float, value: str) -> dict[str, Any]:
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


def _dates(places: Sequence[float], evaluated: "Sequence[Evaluated]") -> list[dict[str, Any]]:
    """Return the day below the first file, the last, and some between."""
    every = max((len(places) - 1) // 3, 1)
    kept = [k for k in range(0, len(places), every) if len(places) - 1 - k >= every or not k]
    return [
        {"x": places[k], "text": evaluated[k].time[:10]}
        for k in dict.fromkeys([*kept, len(places) - 1])
    ]


def _ticks(top: float) -> list[float]:
    size = next(s for s in (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 50, 1e9) if top / s <= 5)
    return [size * number for number in range(int(top / size) + 1)]


def named(one: "Evaluated") -> str:
    """Return the name of a file: its version, or what evaluated it."""
    of = "" if one.workspace == "project" else f" ({one.workspace})"
    return (f"version {one.version}" if one.version else "not in MLflow") + f", {one.precision}{of}"
