"""The checked data set, as every later stage reads it: one Parquet file and a few facts."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from PIL import Image

from faircompress.files import read_json

TABLE = "data.parquet"
FACTS = "facts.json"
OWN_COLUMNS = ("id", "split", "label", "identity", "weight", "sha256", "image")


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
    """

    classes: tuple[str, ...]
    groups: tuple[str, ...]
    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    sha256: str
    preparation: dict[str, object]


@dataclass(frozen=True)
class Split:
    """One split in memory.

    Args:
        rows: Everything but the pictures: id, label, identity, weight, sha256, groups.
        images: uint8 ``(rows, height, width, 3)``.
        labels: int64 ``(rows,)``.
    """

    rows: pd.DataFrame
    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


def load_facts(folder: Path) -> Facts:
    """Read what ``validate`` wrote about its data set."""
    raw = read_json(folder / FACTS)
    pairs = ("classes", "groups", "size", "mean", "std")
    return Facts(**{k: tuple(v) if k in pairs else v for k, v in raw.items()})


def load_split(folder: Path, split: str) -> Split:
    """Read and decode one split of the data set that ``validate`` wrote."""
    table = pq.read_table(folder / TABLE, filters=[("split", "=", split)])
    if table.num_rows == 0:
        raise ValueError(f"{folder / TABLE} has no row of split {split!r}")
    rows = table.drop_columns(["image"]).to_pandas()
    images = np.stack([decode(cell.as_py()) for cell in table.column("image")])
    return Split(rows, images, rows["label"].to_numpy(np.int64))


def decode(encoded: bytes) -> np.ndarray:
    """Return the picture in an image file's bytes as uint8 ``(height, width, 3)``."""
    with Image.open(io.BytesIO(encoded)) as picture:
        return np.asarray(picture.convert("RGB"))


def encode(picture: np.ndarray) -> bytes:
    """Return uint8 ``(height, width, 3)`` as the bytes of a PNG, without loss."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
