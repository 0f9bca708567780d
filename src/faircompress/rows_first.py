"""What a data set's rows say is wrong with it, before a picture is hashed or decoded.

Columns, values, bins, splits, labels, groups and their cells are known from tables and file names
alone, in seconds; pictures take minutes.
"""

from pathlib import Path

from faircompress import plugins
from faircompress.check_frames import Frames
from faircompress.checks import Finding, UnfitData, inspect_rows, refusal, unfit
from faircompress.datasets import OPEN, RawData
from faircompress.ingest import tidy
from faircompress.params import Checks, Data, Params
from faircompress.source import missing_root
from faircompress.splitting import pictures_closed

AT_ONCE = 500  # pictures that are looked at whatever the rows say, so that all faults are told
TRIED = 20  # pictures whose files are opened, to see whether they are there at all


def read_rows(data: Data) -> RawData:
    """Return a data set without reading a picture; ``OPEN`` stands for splits that need one.

    Raises:
        FileNotFoundError: If a table or folder is missing.
        ValueError: If a column is missing, or a value has no place in it.
    """
    with pictures_closed():
        raw: RawData = plugins.find("datasets", data.name)(**plugins.options_of(data))
    return raw


def read_all(data: Data, raw: RawData) -> RawData:
    """Return the data set with the splits drawn that ``read_rows`` left open."""
    if not (raw.rows["split"] == OPEN).any():
        return raw
    drawn: RawData = plugins.find("datasets", data.name)(**plugins.options_of(data))
    return drawn


def limits_of(checks: Checks, raw: RawData) -> Checks:
    """Return the section ``checks`` with the cells that the source itself says it lacks."""
    return checks.model_copy(update={"absent_cells": [*checks.absent_cells, *raw.absent]})


def inspect_raw(checks: Checks, raw: RawData) -> tuple[list[Finding], Frames]:
    """Check a data set's rows; return what was found and the tables it was found in."""
    return inspect_rows(tidy(raw), raw.classes, raw.groups, limits_of(checks, raw))


def refuse_unfit_rows(params: Params) -> RawData:
    """Read and check the rows that params ask for; return them.

    Raises:
        FileNotFoundError: If a table or folder is missing.
        ValueError: If a column is missing, or a value has no place in it.
        UnfitData: Naming every check that failed, with its rows.
    """
    raw = read_rows(params.data)
    findings, _ = inspect_raw(params.checks, raw)
    if unfit(findings):
        raise UnfitData(refusal(findings))
    if "root" in plugins.options_of(params.data):
        _refuse_lost(raw)
    return raw


def _refuse_lost(raw: RawData) -> None:
    """Refuse a data set of whose pictures none is found among a few that are tried."""
    tried = sorted({row * len(raw.rows) // TRIED for row in range(TRIED)})
    lost = ""
    for row in tried:
        try:
            raw.read(row)
            return
        except OSError as error:
            lost = f"{raw.rows['id'].iloc[row]!r} ({error.strerror or error})"
    raise FileNotFoundError(
        f"none of {len(tried)} pictures that were tried is there, such as {lost}. Do paths begin "
        "at root?"
    )


def count(params: Params) -> str:
    """Check the data that params name as far as it goes without a picture; say what it has.

    Raises:
        FileNotFoundError: If its folder or a table is missing.
        ValueError: See ``refuse_unfit_rows``.
    """
    missing = missing_root(params.data)
    if missing:
        raise FileNotFoundError(missing)
    root = plugins.options_of(params.data).get("root")
    if root is not None and not Path(root).is_dir():
        return f"{root} is not there yet; it will be fetched, and its rows checked then."
    raw = refuse_unfit_rows(params)
    return (
        f"{params.data.name} has {len(raw.rows):,} rows, {len(raw.classes)} classes, and groups by "
        f"{', '.join(raw.groups)}; no picture was opened."
    )
