"""Stage ``validate``: raw pictures become a checked table, or are refused by name."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from faircompress.config.params import Params
from faircompress.data.dataset import FACTS, TABLE, content_sha256, fit_sha256
from faircompress.data.duplicates import DUPLICATE
from faircompress.data.ingest import READ, Ingested, ingest, normalize_rows
from faircompress.data.sources import RawData
from faircompress.support import files
from faircompress.support.errors import InputError
from faircompress.validation import own_expectations
from faircompress.validation.check_frames import Frames
from faircompress.validation.checks import (
    Finding,
    UnfitData,
    as_json,
    inspect,
    noted,
    refusal,
    unfit,
)
from faircompress.validation.drift import composition, drift
from faircompress.validation.page import page, sample_rows
from faircompress.validation.rows_first import (
    AT_ONCE,
    inspect_raw,
    limits_of,
    read_all,
    read_rows,
    refuse_heavy_rows,
)

LAST = "last_data.json"  # whom the data held that were last found fit


def validate(params: Params, artifacts: Path) -> dict[str, Any]:
    """Read, prepare and check the data set; return its counts, or refuse it.

    Raises:
        UnfitData: Naming every failed check with its rows, and a page that shows them.
    """
    if files.read_json(artifacts / "source.json").get("name") != params.data.name:
        raise InputError("artifacts/source.json is of another data set; run the stage source")
    refused = artifacts.parent / ".checkpoints" / "validate"
    raw = _rows(params, refused)
    limits = limits_of(params.checks, raw)
    own = own_expectations.tested(
        own_expectations.read(params.checks.expectations), own_expectations.table_of(raw)
    )
    preparation = params.data.model_dump(include={"resize", "crop", "resampler"})
    usual = {"levels": None, "transparent": "white", "exif": "turn"}
    chosen = {name: getattr(params.data, name) for name in usual}
    preparation |= {name: value for name, value in chosen.items() if value != usual[name]}
    rows = normalize_rows(raw)
    cells = sample_rows(rows, raw.groups)
    keep = {row for sample in cells.values() for row in sample}

    with files.new_folder(artifacts / "validate") as folder:
        ingested = ingest(
            raw, rows, preparation, folder / TABLE, keep=keep, duplicates=limits.duplicates
        )
        found, tables = inspect(ingested.rows, raw.classes, raw.groups, limits, raw.drawn_by)
        findings = [*found, *own, *noted(raw, tables)]
        facts = _facts(raw, ingested, tables, preparation)
        shown = {cell: [ingested.samples[r] for r in sample if r in ingested.samples]
                 for cell, sample in cells.items()}  # fmt: skip
        described = {"data set": params.data.name, **facts}
        last = artifacts.parent / ".checkpoints" / LAST
        now = composition(tables.rows, tables.cells, facts["sha256"])
        moved = drift(files.read_json(last) if last.exists() else {}, now)
        html = page(
            findings, tables, described, shown,
            min_subgroup=params.checks.min_subgroup, moved=moved,
        )  # fmt: skip
        if unfit(findings):
            _refuse(refused, findings, html)
        _leave(folder, findings, html)
        files.write_json(folder / FACTS, facts)
        files.write_json(last, now)

    shutil.rmtree(refused, ignore_errors=True)
    return {"fit_sha256": facts["fit_sha256"], **_numbers(findings, tables)}


def _rows(params: Params, refused: Path) -> RawData:
    """Return the data set; refuse it by its rows alone if to look at all pictures takes long."""
    raw = read_rows(params.data)
    if len(raw.rows) > AT_ONCE:
        findings, tables = inspect_raw(params.checks, raw)
        if unfit(findings):
            facts = {"data set": params.data.name, "classes": raw.classes, "groups": raw.groups,
                     "pictures": "not looked at yet"}  # fmt: skip
            html = page(findings, tables, facts, {}, min_subgroup=params.checks.min_subgroup)
            _refuse(refused, findings, html)
    raw = read_all(params.data, raw)
    refuse_heavy_rows(raw, normalize_rows(raw))
    return raw


def _refuse(folder: Path, findings: Sequence[Finding], html: str) -> NoReturn:
    _leave(folder, findings, html)
    raise UnfitData(refusal(findings, str(folder / "findings.html")))


def _leave(folder: Path, findings: Sequence[Finding], html: str) -> None:
    """Write what was found for machines and for people."""
    files.write_json(folder / "findings.json", as_json(findings))
    files.write_text(folder / "findings.html", html)


def _facts(
    raw: RawData, ingested: Ingested, tables: Frames, preparation: dict[str, Any]
) -> dict[str, Any]:
    """Return the values of ``dataset.Facts``."""
    groups = [name for name in raw.groups if name != "label"]
    columns = ["id", "split", "label", "identity", "weight", "sha256", *groups]
    sizes = tables.rows["size"].mode()
    facts = {
        "classes": list(raw.classes),
        "groups": list(raw.groups),
        "size": [int(side) for side in sizes.iloc[0].split(" x ")] if len(sizes) else [0, 0],
        "mean": ingested.mean,
        "std": ingested.std,
        "preparation": preparation,
        "max_weight": [asdict(cap) for cap in raw.max_weight],
        "fixed_counts": list(raw.fixed_counts),
        "dropped": _dropped(tables.pictures, groups),
    }
    rows = tables.rows[columns]
    return {**facts, "sha256": content_sha256(rows), "fit_sha256": fit_sha256(rows, facts)}


def _dropped(pictures: pd.DataFrame, groups: Sequence[str]) -> list[dict[str, Any]]:
    """Count the rows that were left out by what is known of them, as ``dataset.Facts`` has them.

    A row whose picture another row keeps is not lost.
    """
    gone = pictures[~pictures["state"].isin([READ, DUPLICATE])]
    known = ["split", "label", "state", *groups]
    counted = gone.groupby(known, dropna=False, sort=True)["weight"].agg(["size", "sum"])
    return [
        {
            "split": None if pd.isna(split) else split,
            "label": None if pd.isna(label) else int(label),
            "why": state,
            "where": {
                name: value
                for name, value in zip(groups, values, strict=True)
                if not pd.isna(value)
            },
            "rows": int(size),
            "weight": float(weight),
        }
        for (split, label, state, *values), size, weight in counted.itertuples()
    ]


def _numbers(findings: Sequence[Finding], tables: Frames) -> dict[str, float]:
    """Return what is worth following from run to run."""
    counts = tables.rows["split"].value_counts().to_dict()
    return {
        **{f"rows_{split}": count for split, count in counts.items()},
        "smallest_cell": int(tables.expected["count"].min()),
        "dropped": len(tables.pictures) - len(tables.rows),
        "warnings": sum(not finding.ok for finding in findings),
    }
