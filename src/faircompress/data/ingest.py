"""From a raw data set to one table of prepared pictures, without ever holding them all."""

import os
from collections import deque
from collections.abc import Iterator, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from faircompress.data.columns import refuse_taken
from faircompress.data.dataset import OWN_COLUMNS, decode, encode, pixel_sha256
from faircompress.data.duplicates import Duplicates, rewrite, set_aside
from faircompress.data.near_copies import families, thumbnail
from faircompress.data.pictures import Pixels, TooSmall, Undecodable, blank, fit, look, resized
from faircompress.data.sources import SPLITS, RawData
from faircompress.data.tally import Tally
from faircompress.support.errors import InputError
from faircompress.support.progress import track

CHUNK = 128  # pictures a thread takes at a time; drawn data is drawn in such blocks too
GROUP_ROWS, GROUP_BYTES = 1000, 64 * 2**20  # of a Parquet row group, whichever is reached first
LOOKED_AT = (  # columns of ``Ingested``
    "state", "reason", "mode", "bits", "enlarged", "several", "size", "sha256",
)  # fmt: skip
FAMILY = "near_copies"  # column of the number of a picture's near copies
TAKEN = tuple(dict.fromkeys((*OWN_COLUMNS, "at", "order", *LOOKED_AT, FAMILY, "named", "ids")))
READ, MISSING, UNDECODABLE, TOO_SMALL = "read", "missing", "undecodable", "too small"
SEEN = ("levels", "transparent", "exif")  # choices of ``pictures.look``
BLANK, DARK = "blank", "nearly black"


@dataclass(frozen=True)
class Picture:
    """What became of one picture.

    Args:
        state: ``read``, ``missing``, ``undecodable``, ``too small``, ``blank`` or
            ``nearly black``.
        reason: Why it is not ``read``.
        mode: Colour mode of the raw picture.
        bits: Of 16 bits a channel, how many it uses; see ``pictures.Looked``.
        enlarged: It was smaller than the size asked for.
        several: Its file holds more pictures.
        size: Height and width after preparation, as words.
        sha256: Of the prepared pixels.
        pixels: After preparation.
        encoded: The same as PNG.
        thumbnail: Of the pixels; see ``near_copies``.
    """

    state: str
    reason: str = ""
    mode: str = ""
    bits: int | None = None
    enlarged: bool = False
    several: bool = False
    size: str = ""
    sha256: str = ""
    pixels: Pixels | None = None
    encoded: bytes = b""
    thumbnail: Pixels | None = None


@dataclass(frozen=True)
class Ingested:
    """What is known of a data set once every picture was looked at.

    Args:
        rows: The raw rows in the table's order, with what became of each picture: ``state``,
            ``reason``, ``mode``, ``bits``, ``enlarged``, ``several``, ``size``, ``sha256``, and
            ``family``, the number that near copies of each other have (-1: there are none).
        mean: Of the train split, by channel, share of full intensity.
        std: Likewise.
        samples: Prepared pictures that were asked for, by row.
    """

    rows: pd.DataFrame
    mean: list[float]
    std: list[float]
    samples: dict[int, Pixels]


def normalize_rows(raw: RawData) -> pd.DataFrame:
    """Return a data set's rows with fixed types, sorted by split and id.

    What has no place in its type becomes null, for the checks to find. ``at`` is the number of
    the row in the source.

    Raises:
        ValueError: If the plug-in did not keep the contract of ``RawData``.
    """
    groups = [name for name in raw.groups if name != "label"]
    needed = ["id", "split", "label", "identity", "weight", *groups]
    absent = [name for name in needed if name not in raw.rows.columns]
    refuse_taken(groups, TAKEN)
    if absent or not len(raw.rows):
        raise InputError(
            f"the data set has {len(raw.rows)} rows, columns {list(raw.rows.columns)}; needed: "
            f"rows, columns {needed}"
        )
    rows = pd.DataFrame({"at": np.arange(len(raw.rows))})
    for name in ("id", "split", "identity", *groups):
        rows[name] = _words(raw.rows[name])
    numbers = pd.to_numeric(raw.rows["label"], errors="coerce").reset_index(drop=True)
    rows["label"] = numbers.where(numbers % 1 == 0).astype("Int64")
    rows["weight"] = pd.to_numeric(raw.rows["weight"], errors="coerce").to_numpy(float)
    order = rows["split"].map({name: place for place, name in enumerate(SPLITS)})
    rows = rows.assign(order=order).sort_values(["order", "id"], kind="stable")
    return rows.drop(columns="order").reset_index(drop=True)


def ingest(
    raw: RawData,
    rows: pd.DataFrame,
    preparation: dict[str, Any],
    path: Path,
    *,
    keep: Set[int],
    duplicates: Duplicates = "keep",
) -> Ingested:
    """Prepare every picture and write those that can be read to a Parquet file.

    Args:
        raw: The source.
        rows: Its rows as ``normalize_rows`` returns them.
        preparation: ``resize``, ``crop``, ``resampler``, and of ``SEEN`` what is set;
            see ``pictures.prepare``.
        path: File to write.
        keep: Rows whose prepared pictures are to be returned.
        duplicates: What is set aside of equal pictures; see ``duplicates.set_aside``.
    """
    groups = [name for name in raw.groups if name != "label"]
    tally = Tally()
    samples: dict[int, Pixels] = {}
    known = []
    thumbnails: dict[str, Pixels] = {}
    pictures = _pictures(raw, rows["at"].to_numpy(), preparation)
    learnt_from = (rows["split"] == "train").to_numpy()
    with _Table(path, rows, groups) as table:
        for row, picture in enumerate(track(pictures, "pictures", len(rows))):
            known.append(tuple(getattr(picture, name) for name in LOOKED_AT))
            if picture.pixels is None or picture.thumbnail is None:
                continue
            thumbnails.setdefault(picture.sha256, picture.thumbnail)
            table.add(row, picture)
            if learnt_from[row]:
                tally.add(picture.pixels)
            if row in keep:
                samples[row] = picture.pixels
    found = rows.join(pd.DataFrame(known, columns=LOOKED_AT))
    related = dict(zip(thumbnails, families(list(thumbnails.values())), strict=True))
    found[FAMILY] = [related.get(sha256, -1) for sha256 in found["sha256"]]
    _leave_out(found, set_aside(found[found["state"] == READ], groups, duplicates), path, tally)
    mean, std = tally.moments()
    return Ingested(found, mean, std, samples)


def _leave_out(rows: pd.DataFrame, why: "pd.Series[str]", path: Path, tally: Tally) -> None:
    """Take rows out of what was written and counted, and note it in their state."""

    def uncount(row: dict[str, Any]) -> None:
        if row["split"] == "train":
            tally.add(decode(row["image"]), times=-1)

    gone = why != ""
    if gone.any():
        rewrite(path, gone.to_numpy(bool), uncount)
        rows.loc[why.index[gone], "state"] = why[gone]


def look_at(raw: RawData, at: int, preparation: dict[str, Any]) -> Picture:
    """Read and prepare one picture; what is wrong with it is a result, not an error."""
    try:
        found = raw.read(at)
    except OSError as error:
        return Picture(MISSING, error.strerror or str(error))
    seen = {name: preparation[name] for name in SEEN if name in preparation}
    how = {name: value for name, value in preparation.items() if name not in SEEN}
    try:
        looked = look(found, **seen)
        pixels = fit(looked.pixels, **how)
    except Undecodable as error:
        return Picture(UNDECODABLE, str(error))
    except TooSmall as error:
        return Picture(TOO_SMALL, str(error))
    if blank(pixels) and looked.bits:
        return Picture(DARK, f"of 16 bits it uses {looked.bits}", bits=looked.bits)
    if blank(pixels):
        return Picture(BLANK, f"all of it is {tuple(map(int, pixels[0, 0]))}")
    whole = looked.pixels.shape
    target = resized(whole[:2], how["resize"])
    return Picture(
        READ,
        mode=looked.mode,
        bits=looked.bits,
        enlarged=target[0] > whole[0] or target[1] > whole[1],
        several=looked.several,
        size=f"{pixels.shape[0]} x {pixels.shape[1]}",
        sha256=pixel_sha256(pixels),
        pixels=pixels,
        encoded=encode(pixels),
        thumbnail=thumbnail(pixels),
    )


def _pictures(raw: RawData, ats: np.ndarray, preparation: dict[str, Any]) -> Iterator[Picture]:
    """Give pictures in order, reading a few chunks ahead on all cores."""

    def look(chunk: np.ndarray) -> list[Picture]:
        return [look_at(raw, int(at), preparation) for at in chunk]

    workers = os.cpu_count() or 1
    chunks = iter(np.split(ats, range(CHUNK, len(ats), CHUNK)))
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[list[Picture]]] = deque()
        for chunk in chunks:
            ahead.append(pool.submit(look, chunk))
            if len(ahead) > 2 * workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


class _Table:
    """A Parquet file that grows by row groups, each of one split."""

    def __init__(self, path: Path, rows: pd.DataFrame, groups: list[str]) -> None:
        kinds = {"label": pa.int64(), "weight": pa.float64(), "image": pa.binary()}
        self.names = [*OWN_COLUMNS, *groups]
        self.schema = pa.schema([(name, kinds.get(name, pa.string())) for name in self.names])
        self.rows = rows
        self.splits = rows["split"].to_numpy(object)
        self.waiting: list[tuple[int, str, bytes]] = []
        self.bytes = 0
        self.writer = pq.ParquetWriter(
            path,
            self.schema,
            use_dictionary=["split", *groups],
            compression={name: "none" if name == "image" else "zstd" for name in self.names},
            write_statistics=[name for name in self.names if name != "image"],
        )

    def __enter__(self) -> "_Table":
        return self

    def __exit__(self, trouble: object, *_: object) -> None:
        if trouble is None:
            self.flush()
        self.writer.close()

    def add(self, row: int, picture: Picture) -> None:
        """Take one picture."""
        full = len(self.waiting) >= GROUP_ROWS or self.bytes > GROUP_BYTES
        if full or (self.waiting and self.splits[self.waiting[-1][0]] != self.splits[row]):
            self.flush()
        self.waiting.append((row, picture.sha256, picture.encoded))
        self.bytes += len(picture.encoded)

    def flush(self) -> None:
        """Write what was taken as one row group."""
        if self.waiting:
            at, sha256, image = zip(*self.waiting, strict=True)
            part = self.rows.iloc[list(at)].assign(sha256=sha256, image=image)[self.names]
            self.writer.write_table(pa.Table.from_pandas(part, self.schema, preserve_index=False))
        self.waiting, self.bytes = [], 0


def _words(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column as str or None."""
    known = zip(column.to_numpy(object), column.notna().to_numpy(), strict=True)
    return pd.Series([str(value) if there else None for value, there in known], dtype=object)
