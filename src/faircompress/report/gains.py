"""What compression gained and what it cost, in a few numbers, and which trades were bad."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import GroupResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.context import ReportContext
from faircompress.report.cost_plots import sums
from faircompress.report.plots import Json
from faircompress.support.number_text import (
    ARROW,
    file_size,
    milliseconds,
    points,
    quantity,
    share,
    times,
    unsigned,
    went,
    went_share,
)

Numbers = Mapping[str, Any]
WORTH = 1.1  # times as fast or small: less is no gain worth a file of fewer bits
PROMISED = 0.6  # of the speed-up in multiply-adds: less is told
LARGE = 0.02  # a rise of the calibration error that is told, whatever it was before
TWICE, SMALL = 2.0, 0.01  # as many times the error, and as large a rise: told, too


def gained(context: ReportContext) -> list[Json]:
    """Return what is smaller or faster, and how many times, most promising first."""
    found = []
    if macs := sums(context.layers, "macs"):
        found.append(gain("Multiply-adds", *macs, quantity, "fewer", "more"))
    if context.sizes:
        pair = context.sizes["dense"], context.sizes["pruned"]
        found.append(gain("File", *pair, file_size, "smaller", "larger"))
    for time in context.latency.get("times", ()):
        pair = time["dense"]["median"], time["pruned"]["median"]
        line = gain(f"Time, batch {time['batch']}", *pair, milliseconds, "faster", "slower")
        found.append({**line, **_ratio(time["speedup"], "faster", "slower"), "timed": True})
    return found


def paid(verdict: Verdict, group: str) -> Json | None:
    """Return accuracy, flips and calibration over all rows and in one group; None without any.

    Args:
        verdict: The verdict.
        group: Name of the group to show beside everyone.
    """
    by_name = {one.group: one for one in verdict.groups}
    shown = [by_name[POOLED], *([by_name[group]] if group in by_name and group != POOLED else [])]
    rows = [
        ("Accuracy", [_accuracy(one) for one in shown]),
        ("Decisions flipped", [_flips(one) for one in shown]),
        ("Calibration error", [_calibration(one) for one in shown]),
    ]
    kept = [(name, cells) for name, cells in rows if any(rate for rate, _ in cells)]
    everyone = f"All {verdict.captions.rows}"
    columns = ["", everyone, *(one.group for one in shown[1:])]
    return {"columns": columns, "rows": kept} if kept else None


def bad_trades(verdict: Verdict, context: ReportContext) -> list[str]:
    """Return a sentence on each trade that does not pay, or pays less than it promises."""
    return [
        *_promise(context),
        *_larger(context, verdict.captions),
        *_of_precisions(context.precisions, verdict.captions),
        *_calibrated_worse(verdict),
    ]


def gain(name: str, before: float, after: float, write: Any, good: str, bad: str) -> Json:
    """Return one line of a gain: both numbers, and how many times."""
    pair = f"{write(before)} {ARROW} {write(after)}"
    return {"what": name, "pair": pair, **_ratio(before / after, good, bad)}


def _ratio(ratio: float, good: str, bad: str) -> Json:
    if ratio >= 1:
        return {"ratio": times(ratio), "word": good, "good": ratio > 1}
    return {"ratio": times(1 / ratio), "word": bad, "good": False}


def _accuracy(group: GroupResult) -> tuple[str, str]:
    found = group.metrics.get("accuracy")
    if found is None or found.baseline is None or found.candidate is None:
        return "", ""
    rates = went_share(found.baseline, found.candidate)
    change = "" if rates.startswith("unchanged") else points(found.candidate - found.baseline)
    return rates, change


def _flips(group: GroupResult) -> tuple[str, str]:
    flips = group.reported.get("decision_flips")
    return ("" if flips is None else share(flips)), ""


def _calibration(group: GroupResult) -> tuple[str, str]:
    pair = group.reported.get("calibration_error")
    return ("" if pair is None else went(pair["baseline"], pair["candidate"])), ""


def _promise(context: ReportContext) -> Iterator[str]:
    macs = sums(context.layers, "macs")
    known = context.latency.get("times", ())
    if not macs or not known:
        return
    promise = macs[0] / macs[1]
    if max(time["speedup"] for time in known) < max(1.0, PROMISED * promise):
        speeds = " and ".join(f"{times(t['speedup'])} (batch {t['batch']})" for t in known)
        yield f"{times(promise)} fewer multiply-adds ran only {speeds} as fast on this processor."


def _larger(context: ReportContext, captions: Captions) -> Iterator[str]:
    if context.sizes and context.sizes["pruned"] >= context.sizes["dense"]:
        yield f"The {captions.candidate} file is no smaller than the {captions.baseline} one."


def _of_precisions(files: Sequence[Numbers], captions: Captions) -> Iterator[str]:
    """Compare files of fewer bits with the first: slower, or hardly smaller."""
    for one in files[1:]:
        first = {time["batch"]: time for time in files[0]["times"]}
        slow = [
            f"{milliseconds(time['pruned']['median'])} against "
            f"{milliseconds(first[time['batch']]['pruned']['median'])} at batch {time['batch']}"
            for time in one["times"]
            if time["batch"] in first
            and time["pruned"]["median"] > WORTH * first[time["batch"]]["pruned"]["median"]
        ]
        if slow:
            worse = [time["batch"] for time in one["times"] if time["high"] < 1]
            dense = f"; slower than the {captions.baseline} file, too" if worse else ""
            yield (
                f"{one['precision']} is slower than {files[0]['precision']} here: "
                f"{', '.join(slow)}{dense}."
            )
        if files[0]["bytes"] < WORTH * one["bytes"]:
            what = "larger" if one["bytes"] > files[0]["bytes"] else "hardly smaller"
            yield (
                f"{one['precision']} is {what} than {files[0]['precision']}: "
                f"{file_size(one['bytes'])} against {file_size(files[0]['bytes'])}."
            )
        bits = [other for other in files[1:] if other["bytes"] < one["bytes"]]
        if one["precision"] == "int8" and bits:
            other = bits[0]
            yield (
                f"int8 is larger than {other['precision']}: {file_size(one['bytes'])} against "
                f"{file_size(other['bytes'])}."
            )


def _calibrated_worse(verdict: Verdict) -> Iterator[str]:
    """Tell of a calibration error over all rows that rose by much, or to several times as much."""
    pair = verdict.groups[0].reported.get("calibration_error")
    if not pair:
        return
    before, after = pair["baseline"], pair["candidate"]
    several = after >= TWICE * before
    if after - before > LARGE or (several and after - before >= SMALL):
        how = f", to {times(after / before)} as much" if several and before else ""
        rates = f"{unsigned(before)} to {unsigned(after)}{how}"
        yield f"Probabilities are less to be trusted: the calibration error rose from {rates}."
