"""The checked data set, as every later stage reads it: one Parquet file and a few facts."""

import hashlib
import io
import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as arrow
import pyarrow.parquet as pq
from PIL import Image

from faircompress.data.caps import MaxWeight
from faircompress.data.pictures import rgb
from faircompress.support.errors import InputError
from faircompress.support.files import read_json

TABLE = "data.parquet"
FACTS = "facts.json"
OWN_COLUMNS = ("id", "split", "label", "identity", "weight", "sha256", "image")
FIT = ("train", "validation")  # splits that the stages before export read
MEMORY = 4 * 2**30  # bytes of decoded pictures above which a split lies in a file, not in memory


@dataclass(frozen=True)
class Facts:
    """What holds for the whole data set.

    Args:
        classes: Names of the labels, by index.
        groups: Group columns of the table; ``label`` may stand among them.
        size: Height and width of every picture, pixels.
        mean: Of the train split, by channel, share of full intensity.
        std: Likewise.
        sha256: Of the table's content (ids, splits, labels, groups, identities, pixels).
        preparation: How a raw picture was resized and cropped: ``resize``, ``crop``, ``resampler``.
        max_weight: As ``RawData.max_weight``.
        fixed_counts: As ``RawData.fixed_counts``.
        fit_sha256: Of all that training reads of it: the train and validation splits' content, and
            the facts above. Other test rows leave it as it is.
        dropped: Rows that were left out as unfit, counted: ``split``, ``label`` (index or None),
            ``why``, ``where`` (group column -> value), ``rows``, ``weight``.
    """

    classes: tuple[str, ...]
    groups: tuple[str, ...]
    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    sha256: str
    preparation: dict[str, object]
    max_weight: tuple[MaxWeight, ...] = ()
    fixed_counts: tuple[str, ...] = ()
    fit_sha256: str = ""
    dropped: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Split:
    """One split in memory.

    Args:
        rows: Everything but the pictures: id, label, identity, weight, sha256, groups.
        images: uint8 ``(rows, height, width, 3)``.
        labels: int64 ``(rows,)``.
        groups: Index of each row's group, int64 ``(rows,)``; see ``group_indices``.
        group_count: How many groups the train and validation splits have, by which training's
            are numbered; of another split, how many the whole data set has.
    """

    rows: pd.DataFrame
    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    group_count: int

    def __len__(self) -> int:
        return len(self.labels)


def load_facts(folder: Path) -> Facts:
    """Read what ``validate`` wrote about its data set."""
    raw: dict[str, Any] = read_json(folder / FACTS)
    lists = {key: tuple(value) for key, value in raw.items() if isinstance(value, list)}
    caps = tuple(MaxWeight(**cap) for cap in raw.get("max_weight", ()))
    return Facts(**{**raw, **lists, "max_weight": caps})


def load_split(folder: Path, split: str) -> Split:
    """Read and decode one split of the data set that ``validate`` wrote.

    Rows come in the table's order. A split that would fill memory is decoded into a temporary
    file instead, which is gone as soon as nobody holds its pictures.
    """
    path, of_split = folder / TABLE, arrow.field("split") == split
    columns = [name for name in pq.read_schema(path).names if name != "image"]
    table = pq.read_table(path, columns=columns).to_pandas()
    known = table[table["split"].isin(FIT)] if split in FIT else table
    groups, group_count = group_indices(known, load_facts(folder).groups)
    rows = table[table["split"] == split].reset_index(drop=True)
    if rows.empty:
        raise InputError(f"{path} has no row of split {split!r}")
    images = _room((len(rows), *load_facts(folder).size, 3), folder.parent)
    scanner = arrow.dataset(path).scanner(
        columns=["image"], filter=of_split, batch_size=1024, batch_readahead=2
    )
    start = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for batch in scanner.to_batches():
            encoded = batch.column(0)
            spans = [range(at, min(at + 64, len(encoded))) for at in range(0, len(encoded), 64)]

            def fill(span: range, encoded: Any = encoded, start: int = start) -> None:
                for at in span:
                    images[start + at] = decode(encoded[at].as_py())

            list(pool.map(fill, spans))
            start += len(encoded)
    labels = rows["label"].to_numpy(np.int64, copy=True)
    return Split(rows, images, labels, groups[known["split"] == split], group_count)


def load_encoded(folder: Path, split: str, ids: Sequence[str]) -> dict[str, bytes]:
    """Return encoded pictures of a split by row id; row groups of other splits are not read."""
    wanted = (arrow.field("split") == split) & arrow.field("id").isin(pa.array(ids, pa.string()))
    scanner = arrow.dataset(folder / TABLE).scanner(
        columns=["id", "image"], filter=wanted, batch_size=256, batch_readahead=2
    )
    found = scanner.to_table()
    return dict(zip(found["id"].to_pylist(), found["image"].to_pylist(), strict=True))


def group_indices(rows: pd.DataFrame, columns: Sequence[str]) -> tuple[np.ndarray, int]:
    """Return the group of each row as an index, and how many groups there are.

    Several columns are crossed: a group is one combination of their values that occurs. They are
    numbered in the order of their names over all rows given, so that their splits agree.

    Args:
        rows: Of several splits.
        columns: Group columns; none: all rows are one group.
    """
    if not columns:
        return np.zeros(len(rows), np.int64), 1
    indices = rows.groupby(list(columns), sort=True, dropna=False).ngroup().to_numpy(np.int64)
    return indices, int(indices.max()) + 1


def _room(shape: tuple[int, ...], folder: Path) -> np.ndarray:
    """Return an array to fill: in memory, or above ``MEMORY`` in a file without a name."""
    if math.prod(shape) <= MEMORY:
        return np.empty(shape, np.uint8)
    with tempfile.TemporaryFile(dir=folder) as file:
        return np.memmap(file, np.uint8, "w+", shape=shape)


def decode(encoded: bytes) -> np.ndarray:
    """Return the picture in an image file's bytes, uint8 ``(height, width, 3)``, as all read it."""
    return rgb(encoded)[0]


def encode(picture: np.ndarray) -> bytes:
    """Return uint8 ``(height, width, 3)`` as the bytes of a PNG, without loss."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def pixel_sha256(picture: np.ndarray) -> str:
    """Return the hex sha256 of a picture's shape and pixels, whatever file they came in."""
    shape = "x".join(map(str, picture.shape))
    return hashlib.sha256(shape.encode() + b":" + picture.tobytes()).hexdigest()


def content_sha256(rows: pd.DataFrame) -> str:
    """Return the hex sha256 of rows and their pixels, by which equal data is known as equal.

    Args:
        rows: Of a whole data set or of one split, without the column ``image``.
    """
    names = sorted(name for name in rows.columns if name != "image")
    content = hashlib.sha256(json.dumps(names).encode())
    for row in rows[names].astype(object).where(rows[names].notna(), None).itertuples(index=False):
        content.update(json.dumps(row, default=str).encode())
    return content.hexdigest()


def fit_sha256(rows: pd.DataFrame, facts: Mapping[str, object]) -> str:
    """Return the hex sha256 of all that training reads, whatever the test rows are.

    Args:
        rows: Of a whole data set, without the column ``image``.
        facts: Values of ``Facts``; those that training reads are taken.
    """
    read = {name: facts[name] for name in ("classes", "groups", "size", "mean", "std")}
    content = content_sha256(rows[rows["split"].isin(FIT)])
    return hashlib.sha256(json.dumps([read, content]).encode()).hexdigest()


def hash_position(key: str, *, salt: str) -> float:
    """Return the place of a key in [0, 1): the same on every machine, whatever else there is.

    Splits are cut by it. A picture keeps its side when the data grow, since its place depends on
    its own identity (or pixels) alone.
    """
    return int.from_bytes(hashlib.sha256(f"{salt}:{key}".encode()).digest()[:7]) / 2**56
