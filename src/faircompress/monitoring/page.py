"""What is watched as one page that needs no network: wealth over time, rates, drift, rows."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from faircompress.monitoring.drift import Drift
from faircompress.monitoring.result import Watched
from faircompress.monitoring.watch import Process
from faircompress.support.pages import environment_of

LOWEST = 1e-4  # of the wealth that is shown
WIDTH, HEIGHT = 1000, 320
NAMED = 4  # lines with a name beside them; the others are in the table
APART = 18  # between two names, of the chart's height
WORDS = {
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


def page(watched: Watched) -> str:
    """Return the page as HTML, figure and style inside."""
    by_wealth = sorted(watched.processes, key=lambda p: -_last(p))
    template = environment_of(escaped=True).get_template("monitor.html.j2")
    return template.render(
        watched=watched,
        alarm=bool(watched.alarms),
        sentence=_headline(watched.sentence),
        threshold=f"{1 / watched.settings.alpha:g}",
        chart=chart(by_wealth, watched),
        rates=[_rate(p) for p in by_wealth],
        drift=[_drift(one) for one in watched.drift],
        drifted=[one.column for one in watched.drift if one.drifted],
        rows=[(WORDS[k], f"{v:,}") for k, v in watched.rows.items() if v or k in ALWAYS],
    )


def chart(processes: Sequence[Process], watched: Watched) -> dict[str, Any]:
    """Return the lines of the wealth over time, in places of a fixed drawing."""
    level = 1 / watched.settings.alpha
    top = max([level, *(p.wealth.max(initial=0) for p in processes)])
    highest = 10 ** math.ceil(math.log10(top * 1.5))
    decades = np.arange(math.log10(LOWEST), math.log10(highest) + 1)
    moments = sorted(watched.labelled)
    ends = [_place(_last(p), highest) for p in processes[:NAMED]]
    names = _apart(ends)
    lines = [
        {
            "name": f"{p.group}, {words(p.metric)}" if at < NAMED else "",
            "points": _points(p, moments, highest),
            "alarm": p.alarm is not None,
            "y": names[at] if at < NAMED else 0,
        }
        for at, p in enumerate(processes)
        if len(p.moments)
    ]
    return {
        "lines": lines[::-1],
        "level": _place(level, highest),
        "ticks": [(_place(10.0**d, highest), f"{10.0**d:g}") for d in decades],
        "days": _days(moments, watched),
        "width": WIDTH,
        "height": HEIGHT,
    }


def words(metric: str) -> str:
    """Return a metric as a reader says it."""
    return "AUROC" if metric == "auroc" else metric.replace("_", " ")


def _headline(sentence: str) -> str:
    """Return a sentence without the words that stand above it in large letters."""
    rest = sentence.partition(": ")[2]
    return rest[:1].upper() + rest[1:]


def _last(process: Process) -> float:
    return float(process.wealth[-1]) if len(process.wealth) else 0.0


def _place(wealth: float, highest: float) -> float:
    low, high = math.log10(LOWEST), math.log10(highest)
    share = (math.log10(max(wealth, LOWEST)) - low) / (high - low)
    return round(HEIGHT * (1 - share), 1)


def _across(moment: int, moments: Sequence[int]) -> float:
    return round(WIDTH * (moments.index(moment) + 1) / len(moments), 1)


def _points(process: Process, moments: Sequence[int], highest: float) -> str:
    held = zip(process.moments.tolist(), process.wealth.tolist(), strict=True)
    return " ".join(f"{_across(b, moments)},{_place(w, highest)}" for b, w in held)


def _apart(places: Sequence[float]) -> list[float]:
    """Move names apart, keeping their order, so that none lies on another."""
    found: list[float] = []
    for place in places:  # the greatest wealth, which stands highest, comes first
        found.append(max(place, found[-1] + APART) if found else place)
    return found


def _days(moments: Sequence[int], watched: Watched) -> list[tuple[float, str]]:
    """Return a few days and where they stand."""
    chosen = dict.fromkeys(moments[round(k * (len(moments) - 1) / 4)] for k in range(5))
    if len(moments) < 5:
        chosen = dict.fromkeys(moments)
    found: dict[str, float] = {}
    for moment in chosen:
        found[watched.labelled[moment]] = _across(moment, moments)
    return [(at, day) for day, at in found.items()]


def _rate(process: Process) -> dict[str, Any]:
    known = process.rate is not None
    return {
        "group": process.group,
        "metric": words(process.metric),
        "verdict": f"{process.reference:.3f}",
        "reference_units": f"{process.reference_units:,}",
        "rate": f"{process.rate:.3f}" if known else "none yet",
        "interval": f"{process.lower:.3f} to {process.upper:.3f}" if known else "",
        "units": f"{process.units:,}",
        "limit": f"{process.limit:g}",
        "visible": "none" if process.visible >= 1 else f"{process.visible:.3f}",
        "wealth": f"{_last(process):.2g}",
        "alarm": process.alarm is not None,
    }


def _drift(one: Drift) -> dict[str, Any]:
    column = one.column.rpartition(":")[2]
    name = f"score of class {column}" if one.kind == "score" else column
    return {
        "name": name,
        "kind": one.kind,
        "before": f"{one.before:.3f}",
        "now": f"{one.now:.3f}",
        "value": one.value,
        "difference": f"{one.difference:.3f}",
        "p": "too few" if one.p is None else f"{one.p:.2g}",
        "drifted": one.drifted,
    }
