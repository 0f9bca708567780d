"""What a data set's rows say is wrong with it, before a picture is hashed or decoded.

Columns, values, bins, splits, labels, groups and their cells are known from tables and file names
alone, in seconds; pictures take minutes.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from faircompress.config import plugins
from faircompress.config.params import Checks, Data, Params
from faircompress.data.counting import by_person
from faircompress.data.finding_pictures import path_of_column
from faircompress.data.fingerprint import missing_root
from faircompress.data.ingest import normalize_rows
from faircompress.data.picture_files import Undecodable, opened
from faircompress.data.pictures import look
from faircompress.data.sources import OPEN, RawData
from faircompress.data.splitting import pictures_closed
from faircompress.data.unasked import unasked
from faircompress.data.weighing import caps_of, refuse_heavy
from faircompress.support.errors import InputError, MissingFileError
from faircompress.validation import own_expectations
from faircompress.validation.check_frames import Frames
from faircompress.validation.checks import Finding, UnfitData, inspect_rows, refusal, unfit

AT_ONCE = 500  # pictures that are looked at whatever the rows say, so that all faults are told
TRIED = 20  # pictures whose files are opened, to see whether they are there at all


def read_rows(data: Data) -> RawData:
    """Return a data set without reading a picture; ``OPEN`` stands for splits that need one.

    Raises:
        FileNotFoundError: If a table or folder is missing.
        ValueError: If a column is missing, or a value has no place in it.
    """
    with pictures_closed():
        return _counted(data)


def read_all(data: Data, raw: RawData) -> RawData:
    """Return the data set with the splits drawn that ``read_rows`` left open."""
    if not (raw.rows["split"] == OPEN).any():
        return raw
    return _counted(data)


def _counted(data: Data) -> RawData:
    raw: RawData = plugins.find("sources", data.name)(**plugins.options_of(data))
    return by_person(raw) if data.counts == "people" else raw


def limits_of(checks: Checks, raw: RawData) -> Checks:
    """Return the section ``checks`` with the cells that the source itself says it lacks."""
    return checks.model_copy(update={"absent_subgroups": [*checks.absent_subgroups, *raw.absent]})


def inspect_raw(checks: Checks, raw: RawData) -> tuple[list[Finding], Frames]:
    """Check a data set's rows; return what was found and the tables it was found in."""
    return inspect_rows(
        normalize_rows(raw), raw.classes, raw.groups, limits_of(checks, raw), raw.drawn_by
    )


def refuse_unfit_rows(params: Params) -> RawData:
    """Read and check the rows that params ask for; return them.

    Raises:
        FileNotFoundError: If a table or folder is missing.
        ValueError: If a column is missing, or a value has no place in it.
        UnfitData: Naming every check that failed, with its rows.
    """
    raw = read_rows(params.data)
    rows = normalize_rows(raw)
    limits = limits_of(params.checks, raw)
    findings, _ = inspect_rows(rows, raw.classes, raw.groups, limits, raw.drawn_by)
    if unfit(findings):
        raise UnfitData(refusal(findings))
    suite = own_expectations.read(params.checks.expectations)
    if suite:
        own_expectations.refuse_absent(suite, own_expectations.table_of(raw))
    refuse_heavy_rows(raw, rows)
    if "root" in plugins.options_of(params.data):
        _refuse_lost(raw, Path(plugins.options_of(params.data)["root"]))
    return raw


def refuse_heavy_rows(raw: RawData, rows: pd.DataFrame) -> None:
    """Refuse test rows that weigh more than the verdict could believe, hours before it would.

    Args:
        raw: The data set.
        rows: Its rows, as ``normalize_rows`` returns them.

    Raises:
        ValueError: Naming class, group and weight.
    """
    if (rows["split"] == OPEN).any():
        return
    test, validation = (
        unasked(rows[rows["split"] == s], raw.classes, raw.groups, raw.max_weight)
        for s in ("test", "validation")
    )
    names = [name for name in raw.groups if name != "label"]
    groups = [{name: str(value)} for name in names for value in np.unique(test.groups[name])]
    refuse_heavy(test, caps_of(test, validation), groups)


def _refuse_lost(raw: RawData, root: Path) -> None:
    """Refuse a data set of whose pictures none is found, or is one, among a few that are tried."""
    tried = sorted({row * len(raw.rows) // TRIED for row in range(TRIED)})
    lost = hint = closed = ""
    for row in tried:
        name = str(raw.rows["id"].iloc[row])
        try:
            found = raw.read(row)
            if isinstance(found, bytes):
                opened(found)
            return
        except Undecodable as error:
            closed = f"{name!r}: {error}"
        except OSError as error:
            lost = f"{name!r} ({error.strerror or error})"
            hint = hint or _nearby(root, name)
        except InputError as error:  # outside the folder
            hint = _nearby(root, name) or "Must paths begin at root?"
            raise InputError(f"{error}. {hint}") from None
    if closed:
        raise InputError(
            f"none of {len(tried)} pictures that were tried can be opened, such as {closed}"
        )
    raise MissingFileError(
        f"none of {len(tried)} pictures that were tried is there, such as {lost}. "
        f"{hint or 'Do paths begin at root?'}"
    )


def size_of_one(raw: RawData) -> tuple[int, int] | None:
    """Return height and width of the first picture that can be opened among a few."""
    for row in range(min(TRIED, len(raw.rows))):
        with suppress(OSError, InputError):
            height, width, _ = look(raw.read(row)).pixels.shape
            return height, width
    return None


def _nearby(root: Path, name: str) -> str:
    """Say where a picture is that is not where its path says, if it is close; else ""."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    for at in range(1, len(parts)):
        if root.joinpath(*parts[at:]).is_file():
            left = "/".join(parts[:at])
            last = len(parts) - at
            here = f"{{COLUMN.tail{last}}}" if last > 1 else "{COLUMN.name}"
            return (
                f"Without {left!r} it is there: paths must begin at root, {root}. Write image: "
                f"'{here}' with your column's name, or mend the paths."
            )
    made = path_of_column(root, "COLUMN", [name])
    if made:
        return f"It is there by the path {made}: write image: {made!r} with your column's name."
    place = root
    for part in parts:
        if not (place / part).exists():
            beside = sorted(place.iterdir()) if place.is_dir() else []
            spelt = [p.name for p in beside if p.name.casefold() == part.casefold()]
            spelt += [p.name for p in beside if p.stem == part and p.is_file()]
            return f"There is {spelt[0]!r} in {place}, not {part!r}." if spelt else ""
        place /= part
    return ""


def _positive(classes: Sequence[str]) -> str:
    """Say which of two classes is the positive one, which the alphabet may have chosen."""
    return f" ({classes[0]}; positive is {classes[1]})" if len(classes) == 2 else ""


def count(params: Params, also: Callable[[RawData], str] = lambda raw: "") -> str:
    """Check the data that params name as far as it goes without a picture; say what it has.

    Args:
        params: All of them.
        also: What else to say about rows that are fit.

    Raises:
        FileNotFoundError: If its folder or a table is missing.
        ValueError: See ``refuse_unfit_rows``.
    """
    missing = missing_root(params.data)
    if missing:
        raise MissingFileError(missing)
    root = plugins.options_of(params.data).get("root")
    if root is not None and not Path(root).is_dir():
        return f"{root} is not there yet; it will be fetched, and its rows checked then."
    raw = refuse_unfit_rows(params)
    more = also(raw)
    return (
        f"{params.data.name} has {len(raw.rows):,} rows, {len(raw.classes)} classes"
        f"{_positive(raw.classes)}, and groups by {', '.join(raw.groups)}; no picture was opened."
        + "".join(f"\n{line}" for line in (*raw.notes, more) if line)
    )
