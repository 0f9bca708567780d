"""What is watched as one page that needs no network: who is served worse, wealth, rates, drift."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from faircompress.monitoring import result
from faircompress.monitoring.drift import Drift
from faircompress.monitoring.result import MOST, Watched, evidence, named
from faircompress.monitoring.watch import Process
from faircompress.support.number_text import points, unsigned
from faircompress.support.pages import page as html

LOWEST = 1e-4  # of the wealth that is shown
WIDTH, HEIGHT = 1000, 300
NAMED = 4  # lines with a colour and a name; the others are in the table
ROWS = {
    "read": "rows of the table",
    "counted": "counted, now or before",
    "unlabelled": "without label, day, group or score yet",
    "later": "labelled on a day yet to come",
    "repeated": "again the id of another row",
    "known_people": "of people whose pictures the data set holds",
    "known_pictures": "pictures that the data set holds",
    "unreadable": "pictures that cannot be read; tried again each time",
    "other_version": "with the score of another version",
    "corrected": "counted, and their label is another now: the first one stays counted",
}
ALWAYS = ("read", "counted")
DRIFT = ("Column", "Kind", "Value", "Before: mean or share", "Now", "Difference", "p", "Drifted")
Json = dict[str, Any]


def page(watched: Watched) -> str:
    """Return the page as HTML, figure and style inside."""
    by_wealth = sorted(watched.processes, key=lambda p: -_last(p))
    first = by_wealth[0] if by_wealth else None
    return html(
        "monitor.html.j2",
        contents=[
            ("summary", "Outcome"), ("wealth", "Evidence"), ("rates", "Rates"),
            ("drift", "Drift"), ("rows", "Rows"),
        ],
        watched=watched,
        about=_about(watched),
        alarm=bool(watched.alarms),
        sentence=_headline(watched),
        first=first and _first(first),
        threshold=f"{1 / watched.settings.alpha:g}",
        chance=_chance(watched.settings.alpha),
        chart=chart(by_wealth, watched),
        rates=[_rate(p) for p in by_wealth],
        drift=[_drift(one) for one in watched.drift],
        columns=DRIFT,
        drifted=[one.column for one in watched.drift if one.drifted],
        rows=[(ROWS[k], f"{v:,}") for k, v in watched.rows.items() if v or k in ALWAYS],
    )  # fmt: skip


def chart(processes: Sequence[Process], watched: Watched) -> Json:
    """Return the lines of the wealth over time, in places of a fixed drawing."""
    level = 1 / watched.settings.alpha
    top = max([level, *(p.wealth.max(initial=0) for p in processes)])
    highest = min(10 ** math.ceil(math.log10(top * 1.5)), max(MOST, 100 * level))
    decades = np.arange(math.log10(LOWEST), math.log10(highest) + 0.5, 2)
    moments = sorted(watched.labelled)
    lines = [
        {
            "name": f"{named(p.group)}, {result.words(p.metric)}: {evidence(_last(p))}"
            if at < NAMED
            else "",
            "kind": at + 1 if at < NAMED else 0,
            "points": _points(p, moments, highest),
            "alarm": p.alarm is not None,
        }
        for at, p in enumerate(processes)
        if len(p.moments)
    ]
    return {
        "lines": lines,
        "level": _place(level, highest),
        "ticks": [
            (_place(10.0**d, highest), f"{10.0**d:,.0f}" if d >= 0 else f"{10.0**d:g}")
            for d in decades
        ],
        "days": _days(moments, watched),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _about(watched: Watched) -> list[tuple[str, str]]:
    settings, days = watched.settings, list(dict.fromkeys(filter(None, watched.days)))
    return [
        ("Model", watched.model),
        ("Version", watched.version),
        ("New rows counted", f"{watched.rows['counted']:,}"),
        (
            "Labelled",
            " to ".join(days) or "none yet",
        ),
        ("Watched", f"{len(watched.processes)} groups \N{MULTIPLICATION SIGN} rules"),
        ("Chance of a false alarm", f"{_chance(settings.alpha)} in {settings.weeks} weeks"),
    ]


def _chance(alpha: float) -> str:
    """Write a chance as people say it: 0.01 as 1 in 100."""
    return f"1 in {1 / alpha:,.3g}"


def _headline(watched: Watched) -> str:
    """Return a sentence without the words that stand beside it in large letters."""
    if not watched.alarms:
        name = f"version {watched.version} of {watched.model}"
        if not watched.rows["counted"]:
            return f"No new row of {name} was counted yet"
        return f"No group is shown to be served worse by {name} than its verdict said"
    return watched.harm[:1].upper() + watched.harm[1:]


def _first(process: Process) -> Json:
    """Return in words who is served worst, by the evidence."""
    known = process.rate is not None
    return {
        "group": named(process.group),
        "metric": result.words(process.metric),
        "was": result.rate(process, process.reference),
        "now": result.rate(process, process.rate or 0.0) if known else "not known yet",
        "change": points((process.rate or 0.0) - process.reference)
        if known and process.metric != result.SCORE
        else "",
        "counted": result.counted(process, process.units),
        "limit": result.fall(process, process.limit),
        "evidence": evidence(_last(process)),
        "alarm": process.alarm is not None,
    }


def _last(process: Process) -> float:
    return float(process.wealth[-1]) if len(process.wealth) else 0.0


def _place(wealth: float, highest: float) -> float:
    low, high = math.log10(LOWEST), math.log10(highest)
    share = (math.log10(min(max(wealth, LOWEST), highest)) - low) / (high - low)
    return round(HEIGHT * (1 - share), 1)


def _across(moment: int, moments: Sequence[int]) -> float:
    return round(WIDTH * (moments.index(moment) + 1) / len(moments), 1)


def _points(process: Process, moments: Sequence[int], highest: float) -> str:
    held = zip(process.moments.tolist(), process.wealth.tolist(), strict=True)
    return " ".join(f"{_across(b, moments)},{_place(w, highest)}" for b, w in held)


def _days(moments: Sequence[int], watched: Watched) -> list[tuple[float, str]]:
    """Return the first day, one between and the last, and where they stand, in percent."""
    if not moments:
        return []
    chosen = dict.fromkeys([moments[0], moments[len(moments) // 2], moments[-1]])
    found = {watched.labelled[moment]: _across(moment, moments) for moment in chosen}
    return [(round(100 * at / WIDTH, 1), day) for day, at in found.items()]


def _rate(process: Process) -> Json:
    known, written = process.rate is not None, result.rate
    ends = [written(process, end or 0.0) for end in (process.lower, process.upper)]
    return {
        "group": named(process.group),
        "metric": result.words(process.metric),
        "verdict": written(process, process.reference),
        "reference_units": f"{process.reference_units:,}",
        "rate": written(process, process.rate or 0.0) if known else "none yet",
        "interval": f"{ends[0].removesuffix(' %')} to {ends[1]}" if known else "",
        "units": f"{process.units:,}",
        "limit": result.fall(process, process.limit),
        "visible": "none" if process.visible >= 1 else result.fall(process, process.visible),
        "wealth": evidence(_last(process)),
        "alarm": process.alarm is not None,
    }


def _drift(one: Drift) -> list[str]:
    column = one.column.rpartition(":")[2]
    return [
        f"score of class {column}" if one.kind == "score" else column,
        one.kind,
        one.value,
        unsigned(one.before),
        unsigned(one.now),
        unsigned(one.difference),
        "too few" if one.p is None else "below 0.001" if one.p < 0.001 else f"{one.p:.2g}",
        "drifted" if one.drifted else "",
    ]
