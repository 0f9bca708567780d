"""The frontier as a page: which file is expected to pass, what it gains, and what to do next."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faircompress.report.gains import gain
from faircompress.report.remedies import Remedy
from faircompress.report.wording import check_in_words
from faircompress.search.figures import frontiers, named
from faircompress.search.plan import By, Ranked, overrides_of
from faircompress.support.files import write_text
from faircompress.support.number_text import (
    TIMES,
    file_size,
    milliseconds,
    quantity,
    share,
)
from faircompress.support.pages import page

SMALL = {"bytes": "bytes", "ms": "milliseconds"}
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
    best = found[0]
    shown = page(
        "search.html.j2",
        contents=_contents(failed=bool(failed)),
        about=_about(found, asked, by),
        best=_row(best),
        sentence=_sentence(found, by),
        asked=percent(asked),
        gained=_gained(best),
        command="faircompress run " + " ".join(f"-S '{one}'" for one in overrides_of(best)),
        better=recommended(better),
        figures=frontiers(found, by),
        rows=[_row(one) for one in found],
        draws=len(best.file.passes),
        lines=len({one.candidate.line for one in found}),
        failed=[_failed(name, why) for name, why in failed.items()],
    )
    place = folder / "frontier.html"
    write_text(place, shown)
    return place


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


def percent(number: float) -> str:
    """Write a share that is known to a percent: 0.85 as 85 %."""
    return f"{100 * number:.0f} %"


def _contents(*, failed: bool) -> list[tuple[str, str]]:
    menu = [("summary", "Outcome"), ("frontier", "Harm against cost"), ("files", "Every file")]
    return [*menu, *([("failed", "What failed")] if failed else [])]


def _about(found: Sequence[Ranked], asked: float, by: By) -> list[tuple[str, str]]:
    networks = {(one.candidate.line, one.candidate.speedup) for one in found}
    dense = found[0].candidate
    size = f"{file_size(dense.dense_bytes)}, {milliseconds(dense.dense_ms)}"
    return [
        ("Tried", f"{len(networks)} networks, {len(found)} files"),
        ("Looked for", f"the fewest {SMALL[by]}"),
        ("Chance asked for", percent(asked)),
        *([("Dense file", size)] if dense.dense_bytes else []),
        ("Looks at the test set", "none"),
    ]


def _sentence(found: Sequence[Ranked], by: By) -> str:
    best, expected = found[0], sum(one.expected for one in found)
    name = named(best)
    if not expected:
        return (
            f"None of the {len(found)} files that were tried is expected to pass. The likeliest is "
            f"{name}, with a chance of {percent(best.shrunk)}."
        )
    size, dense = file_size(best.file.bytes), best.candidate.dense_bytes
    size += f" instead of the dense file's {file_size(dense)}" if dense else ""
    alone = " alone" if expected == 1 else ""
    among = f" It has the fewest {SMALL[by]} of {expected} such files." if expected > 1 else ""
    chance = percent(best.shrunk)
    return f"{name}{alone} is expected to pass the gate, with a chance of {chance}: {size}.{among}"


def _gained(best: Ranked) -> list[Json]:
    file, dense = best.file, best.candidate
    rows = []
    if dense.dense_bytes:
        rows.append(gain("File", dense.dense_bytes, file.bytes, file_size, "smaller", "larger"))
    if dense.dense_ms:
        rows.append(gain("Time", dense.dense_ms, file.ms, milliseconds, "faster", "slower"))
    return rows


def _row(one: Ranked) -> Json:
    mean, low, high = one.file.used
    return {
        "name": f"{one.candidate.speedup:g}{TIMES}",
        "line": one.candidate.line,
        "precision": one.file.precision,
        "bytes": file_size(one.file.bytes),
        "ms": milliseconds(one.file.ms),
        "macs": quantity(one.candidate.macs),
        "used": percent(mean),
        "reach": f"{100 * low:.0f} to {percent(high)}",
        "worst": check_in_words(one.file.worst),
        "stops": check_in_words(one.file.stops) if one.file.stops and one.file.stopped else "",
        "stopped": share(one.file.stopped) if 0 < one.file.stopped < 0.01 else percent(
            one.file.stopped
        ),
        "chance": percent(one.chance),
        "shrunk": percent(one.shrunk),
        "expected": one.expected,
        "slower": one.file.ms > one.candidate.dense_ms > 0 and "round_to" not in one.candidate.line,
    }  # fmt: skip


def _failed(name: str, why: str) -> Json:
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    return {"name": name, "cause": (errors or lines or ["no words were left"])[-1], "why": why}
