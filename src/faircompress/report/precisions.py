"""One network in several files, each of its own precision: which is released."""

from collections.abc import Mapping, Sequence
from typing import Any

from faircompress.report.plots import Json
from faircompress.report.tradeoff import axis, figure, spent

Numbers = Mapping[str, Any]


def precisions(
    files: Sequence[Numbers], sizes: Mapping[str, int], here: str, baseline: str
) -> Json | None:
    """Return each file's verdict beside its costs as shares of the baseline's; None for one file.

    Args:
        files: In the order of evaluation; see ``ReportContext.precisions``.
        sizes: Bytes of the file ``dense``, or nothing.
        here: Precision of the file that this page is about; empty: not known.
        baseline: What the baseline is called.
    """
    if len(files) < 2:
        return None
    costs = [list(spent(_sizes(one, sizes), one["times"], baseline)) for one in files]
    scale = axis([row for rows in costs for row in rows])
    drawn = [figure(rows, scale) for rows in costs]
    return {
        "files": [
            {
                "name": one["precision"],
                "verdict": one["verdict"],
                "release": _release(one, here),
                "sentence": one["sentence"],
                "worst": one.get("worst", ""),
                "report": "" if one["precision"] == here else one["report"],
                "figure": shares,
            }
            for one, shares in zip(files, drawn, strict=True)
        ],
        "columns": ["What", *(one["precision"] for one in files)],
        "table": _table(files, drawn, baseline),
    }


def _release(one: Numbers, here: str) -> str:
    """Say whether a file may be released, and whether it is the one that this page is about."""
    released = "released" if one["released"] else "not released"
    return f"{released}; this page is about it" if one["precision"] == here else released


def _sizes(one: Numbers, sizes: Mapping[str, int]) -> dict[str, int]:
    return {"dense": sizes["dense"], "pruned": one["bytes"]} if sizes else {}


def _table(files: Sequence[Numbers], drawn: Sequence[Json], baseline: str) -> list[list[str]]:
    """Return a row for each fact, a cell for each file."""
    return [
        ["Verdict", *(one["verdict"] for one in files)],
        ["Released", *("yes" if one["released"] else "no" for one in files)],
        *(
            [["Worst check", *(one.get("worst") or "not known" for one in files)]]
            if any(one.get("worst") for one in files)
            else []
        ),
        ["Bytes", *(f"{one['bytes']:,}" for one in files)],
        *_shares(drawn, baseline),
        ["Decisions that differ from the network's", *(f"{one['flips']:,}" for one in files)],
        ["Largest difference of probability", *(f"{one['max_difference']:.2g}" for one in files)],
    ]


def _shares(drawn: Sequence[Json], baseline: str) -> list[list[str]]:
    found = [{bar["name"]: bar["found"] for bar in shares["bars"]} for shares in drawn]
    names = dict.fromkeys(name for file in found for name in file)
    return [
        [
            f"{name}, share of the {baseline} file's",
            *(file.get(name, "not measured") for file in found),
        ]
        for name in names
    ]
