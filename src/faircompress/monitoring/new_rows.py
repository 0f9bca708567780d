"""Newly labelled rows of a user's table: which are counted, in which order, and which are not."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from faircompress.config.monitor import NewRows
from faircompress.data.dataset import Facts, hash_position
from faircompress.data.sources import RawData
from faircompress.data.sources.table import KEY as TABLE
from faircompress.data.sources.table import table
from faircompress.data.splitting import pictures_closed
from faircompress.monitoring.counted import GROUP, PROBABILITY
from faircompress.support.errors import InputError

BATCH = 500  # rows of a file, and of a reading of wealth, about
KEY = "monitor.rows"


@dataclass
class Tally:
    """What became of the rows of the table.

    Args:
        read: Rows of the table.
        unlabelled: Without a label, a day or a group yet; they are counted once they have them.
        later: Labelled on a day that is yet to come.
        repeated: Again the id of another row.
        known_people: Of people whose pictures the data set holds.
        known_pictures: Pictures that the data set holds.
        unreadable: Pictures that cannot be read; tried again each time.
        other_version: With the score of another version.
        corrected: Counted rows whose label is another now; the first one stays counted.
        counted: Counted now or before.
    """

    read: int = 0
    unlabelled: int = 0
    later: int = 0
    repeated: int = 0
    known_people: int = 0
    known_pictures: int = 0
    unreadable: int = 0
    other_version: int = 0
    corrected: int = 0
    counted: int = 0

    def numbers(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def read(options: NewRows, facts: Facts, version: str) -> tuple[RawData, pd.DataFrame]:
    """Return the table as a source, and its rows: ``at`` is the number of the row in it.

    Raises:
        InputError: If a class or a group column is none of the data set's, or a day is none.
    """
    own = {"labelled", "score", "version"}
    given = {k: v for k, v in options.model_dump().items() if k not in own}
    raw = _table(given, logged=bool(options.score))
    groups = [name for name in facts.groups if name != "label"]
    lacking = [name for name in groups if name not in raw.rows.columns]
    if lacking:
        raise InputError(
            f"{KEY}.groups: the data set has the group column {lacking[0]!r}, and the new rows "
            f"have {', '.join(raw.groups)}. Name all of {', '.join(groups)}."
        )
    rows = raw.rows[["id", "label", "identity"]].assign(at=np.arange(len(raw.rows)))
    rows["label"] = _labels(raw, facts)
    rows["labelled"] = _days(_column(raw, options.labelled, "labelled"))
    for name in groups:
        rows[GROUP + name] = raw.rows[name]
    of_nobody = "row " + rows["id"].astype(str)
    rows["person"] = rows.pop("identity").fillna(of_nobody).astype(str)
    for name, values in _scores(raw, options, len(facts.classes)).items():
        rows[name] = values
    if options.version:
        words = _column(raw, options.version, "version").astype(str)
        rows["of_version"] = (words == version).to_numpy()
    return raw, rows


def _table(given: dict[str, Any], *, logged: bool) -> RawData:
    """Read the table without its pictures; errors name the keys of this section."""
    try:
        with pictures_closed():
            return table(**given)
    except InputError as error:
        of_image, words = str(error).startswith(f"{TABLE}.image"), str(error).removeprefix(TABLE)
        hint = " Where scores are logged, image may be any column that names the row once."
        key = KEY if words != str(error) else ""
        raise InputError(f"{key}{words}{hint if logged and of_image else ''}") from error


def news(rows: pd.DataFrame, counted: pd.DataFrame, people: set[str], tally: Tally) -> pd.DataFrame:
    """Return rows that are yet to be counted, in order of labelling; note why others are not.

    Within a day people stand in an order that looks at their names alone.
    """
    tally.read = len(rows)
    if "of_version" in rows:
        tally.other_version = int((~rows["of_version"]).sum())
        rows = rows[rows.pop("of_version")]
    whole = rows.notna().all(axis=1)
    tally.unlabelled = int((~whole).sum())
    rows = rows[whole]
    later = rows["labelled"] > datetime.now(UTC).date().isoformat()
    tally.later = int(later.sum())
    rows = rows[~later].sort_values(["labelled", "id"], kind="stable")
    again = rows["id"].duplicated()
    tally.repeated = int(again.sum())
    rows = rows[~again]
    known = rows["person"].isin(people)
    tally.known_people = int(known.sum())
    rows = rows[~known]
    if len(counted):
        before = rows["id"].map(counted.set_index("id")["label"])
        tally.corrected = int((before.notna() & (before != rows["label"])).sum())
        rows = rows[before.isna()]
    place = rows["person"].map(lambda name: hash_position(name, salt="order of counting"))
    order = ["labelled", "place", "id"]
    return rows.assign(place=place).sort_values(order, kind="stable").drop(columns="place")


def batches(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Cut rows into batches; what one person has of one day stays together."""
    if not len(rows):
        return
    own = (rows["labelled"] + " " + rows["person"]).to_numpy()
    starts = np.flatnonzero(np.r_[True, own[1:] != own[:-1]])
    start = 0
    for stop in [*starts[1:], len(rows)]:
        if stop - start >= BATCH or stop == len(rows):
            yield rows.iloc[start:stop].reset_index(drop=True)
            start = stop


def _labels(raw: RawData, facts: Facts) -> pd.Series:
    unknown = [name for name in raw.classes if name not in facts.classes]
    if unknown:
        raise InputError(
            f"{KEY}.label: {unknown[0]!r} is no class of the data set, which has "
            f"{', '.join(facts.classes)}. Name the values: "
            f"{{column: ..., names: {{{unknown[0]}: {facts.classes[0]}}}}}"
        )
    places = {at: facts.classes.index(name) for at, name in enumerate(raw.classes)}
    return raw.rows["label"].map(places)


def _column(raw: RawData, name: str, place: str) -> pd.Series:
    if raw.columns is None or name not in raw.columns:
        there = ", ".join([] if raw.columns is None else map(str, raw.columns))
        raise InputError(f"{KEY}.{place}: there is no column {name!r}; there are: {there}")
    return raw.columns[name].reset_index(drop=True)


def _days(words: pd.Series) -> pd.Series:
    """Return days such as 2026-01-31; None where there is none yet."""
    found = pd.to_datetime(words.where(words.fillna("") != ""), errors="coerce", format="ISO8601")
    broken = words[found.isna() & words.notna() & (words != "")]
    if len(broken):
        raise InputError(
            f"{KEY}.labelled: {broken.iloc[0]!r} is no day ({len(broken)} rows); needed is such as "
            f"{date(2026, 1, 31).isoformat()}"
        )
    return found.dt.strftime("%Y-%m-%d")


def _scores(raw: RawData, options: NewRows, classes: int) -> dict[str, Any]:
    """Return logged probabilities by class; none if pictures are to be scored."""
    if not options.score:
        return {}
    given = [
        pd.to_numeric(_column(raw, name, "score"), errors="coerce").to_numpy(float)
        for name in options.score
    ]
    if len(given) == 1 and classes == 2:
        given = [1 - given[0], given[0]]
    if len(given) != classes:
        raise InputError(
            f"{KEY}.score names {len(given)} columns; the champion has {classes} classes: one "
            "each, or of two classes the second's"
        )
    outside = sum(int(((p < 0) | (p > 1)).sum()) for p in given)
    if outside:
        raise InputError(f"{KEY}.score: {outside} values are no probability, in 0-1")
    return {f"{PROBABILITY}{k}": values for k, values in enumerate(given)}
