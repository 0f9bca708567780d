"""The findings as one page that needs no network: for whoever must say why data was refused."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from faircompress.data.dataset import hash_position
from faircompress.data.ingest import READ
from faircompress.data.pictures import Pixels
from faircompress.data.sources import SPLITS
from faircompress.support.number_text import share
from faircompress.support.pages import page as html
from faircompress.validation.check_frames import Frames
from faircompress.validation.checks import Finding, unfit

HOLDS = 3  # the place of a finding that holds, after what is wrong and what is told
SHEET_CELLS, PER_CELL, SIDE = 48, 4, 64  # cells shown, pictures of each, their pixels


def sample_rows(rows: pd.DataFrame, groups: Sequence[str]) -> dict[tuple[str, ...], list[int]]:
    """Return a few rows of each split x label x group cell, drawn by a hash of their ids.

    Args:
        rows: As ``ingest.normalize_rows`` returns them.
        groups: Group columns; ``label`` may stand among them.
    """
    named = [group for group in groups if group != "label"]
    by_place = rows.assign(
        place=[hash_position(str(i), salt="sheet") for i in rows["id"]]
    ).sort_values("place")
    known = by_place[by_place["split"].isin(SPLITS) & by_place["label"].notna()]
    samples: dict[tuple[str, ...], list[int]] = {}
    for group in named or [""]:
        keys = ["split", "label", *([group] if group else [])]
        for key, part in known.groupby(keys, sort=True):
            cell = (str(key[0]), str(key[1]), group, str(key[2]) if group else "")
            samples[cell] = part.index[:PER_CELL].tolist()
    order = sorted(samples, key=lambda cell: (SPLITS.index(cell[0]), cell[2], int(cell[1]), cell))
    return {cell: samples[cell] for cell in order[:SHEET_CELLS]}


def page(
    findings: Sequence[Finding],
    tables: Frames,
    facts: Mapping[str, Any],
    sheet: Mapping[tuple[str, ...], Sequence[Pixels]],
    *,
    min_subgroup: int,
    moved: Mapping[str, Any] | None = None,
) -> str:
    """Return the page as HTML, pictures and style inside.

    Args:
        findings: In the order of the checks.
        tables: What was checked.
        facts: Name and value of what else is worth knowing, in order.
        sheet: Sample pictures by cell (split, label, group column, group).
        min_subgroup: Count under which a cell is marked.
        moved: As ``drift.drift`` returns it; nothing: there were no other data before.
    """
    words = dict(zip(tables.cells["label"], tables.cells["word"], strict=True))
    by_group = _by_group(findings, tables)
    return html(
        "findings.html",
        contents=_contents(by_group, moved or {}, pictures=any(sheet.values())),
        about=_about(tables, facts),
        next=_next(findings),
        by_group=by_group,
        moved=moved or {},
        failed=unfit(findings),
        warnings=[f for f in findings if not f.ok and f.severity == "warning"],
        open=[f for f in sorted(findings, key=_urgency) if _urgency(f) < HOLDS],
        held=[f for f in findings if _urgency(f) == HOLDS],
        splits=SPLITS,
        counts=_counts(tables.cells),
        totals=tables.rows["split"].value_counts(),
        rows=len(tables.rows),
        facts={name: _words(value) for name, value in facts.items()},
        min_subgroup=min_subgroup,
        sheet=[
            (_title(cell, words), _strip(pictures)) for cell, pictures in sheet.items() if pictures
        ],
    )


def _about(tables: Frames, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the page is about, the smallest subgroup that must be there among it."""
    known = tables.cells[tables.cells["expected"]]
    about = [
        ("Data set", _words(facts.get("data set"))),
        ("Pictures", f"{len(tables.rows):,}"),
        ("Classes", _words(facts.get("classes"))),
        ("Groups", _words(facts.get("groups"))),
    ]
    if len(known):
        least = known.loc[known["count"].idxmin()]
        of = "" if least["group"] == "label" else f", {least['group']}={least['value']}"
        where = f"{least['word']}{of}, {least['split']}"
        about.append(("Smallest subgroup", f"{least['count']:,} ({where})"))
    return [(name, text) for name, text in about if text]


def _next(findings: Sequence[Finding]) -> str:
    if unfit(findings):
        return "Mend these, or say in params.yaml how they are meant; then run again."
    warned = any(not f.ok and f.severity == "warning" for f in findings)
    look = "Look at the warnings, then train" if warned else "Nothing is in the way: train"
    return f"{look} (faircompress run goes on by itself)."


def _contents(
    by_group: Sequence[Sequence[str]], moved: Mapping[str, Any], *, pictures: bool
) -> list[tuple[str, str]]:
    return [
        ("checks", "Checks"),
        *([("groups", "By group")] if by_group else []),
        ("counts", "Counts"),
        *([("drift", "Since the last data")] if moved else []),
        *([("pictures", "Pictures")] if pictures else []),
        ("facts", "Facts"),
    ]


def _by_group(findings: Sequence[Finding], tables: Frames) -> list[list[str]]:
    """Return of each group: pictures, those set aside, and those that failed checks name."""
    pictures = tables.pictures
    named = {row for finding in findings if not finding.ok for row in finding.rows}
    columns = [name for name in dict.fromkeys(tables.cells["group"]) if name in pictures.columns]
    lines = []
    for column in (name for name in columns if name != "label"):
        for value, part in pictures.groupby(column, sort=True):
            aside = int((part["state"] != READ).sum()) if "state" in part else 0
            hit = int(part["id"].astype(str).isin(named).sum())
            lines.append(
                [f"{column}={value}", f"{len(part):,}", _of(aside, len(part)), _of(hit, len(part))]
            )
    return lines


def _of(count: int, total: int) -> str:
    return f"{count:,} ({share(count / total)})" if count else "0"


def _urgency(finding: Finding) -> int:
    """Return the place of a finding's kind on the page: what is wrong, what is told, what holds."""
    if finding.severity == "note":
        return 2
    return HOLDS if finding.ok else 0 if finding.severity == "error" else 1


def _counts(cells: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one line a group and label, with the cell of each split."""
    lines = []
    for (group, value, word), part in cells.groupby(["group", "value", "word"], sort=False):
        by_split = {cell.split: cell for cell in part.itertuples()}
        name = f"{group}={value}" if group != "label" else "all"
        lines.append({"group": name, "word": word, "cells": by_split})
    return lines


def _words(value: Any) -> str:
    """Return a fact as a reader would write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return "none" if value is None else str(value)


def _title(cell: tuple[str, ...], words: Mapping[int, str]) -> str:
    split, label, group, value = cell
    word = words.get(int(label), label)
    return " · ".join([split, word, *([f"{group}={value}"] if group else [])])


def _strip(pictures: Sequence[Pixels]) -> str:
    """Return pictures side by side as the text of one PNG."""
    strip = Image.new("RGB", (PER_CELL * SIDE, SIDE), "white")
    for place, pixels in enumerate(pictures):
        small = Image.fromarray(np.ascontiguousarray(pixels))
        scale = SIDE / max(small.size)
        width, height = (max(1, round(side * scale)) for side in small.size)
        strip.paste(small.resize((width, height)), (place * SIDE, (SIDE - height) // 2))
    buffer = io.BytesIO()
    strip.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
