"""Pictures of a Parquet column, in the sizes in which two files are asked about them."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from faircompress.auditing.feeding import sized
from faircompress.auditing.file_options import FileOptions
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table, is_binary
from faircompress.data.csv_text import meant
from faircompress.data.pictures import Looked, Pixels, TooSmall, Undecodable, look, nearly_black
from faircompress.support.errors import InputError


@dataclass(frozen=True, eq=False)
class Shown:
    """The pictures of all rows.

    Args:
        of_files: For each file uint8 ``(rows, height, width, 3)``; one array if they are alike.
        hashes: Of each picture before it was resized; None: none was.
    """

    of_files: tuple[np.ndarray, ...]
    hashes: np.ndarray | None


def first_picture(file: BinaryIO, table: Table, image: str) -> Pixels:
    """Return the picture of the first row, without reading the others.

    Raises:
        ValueError: If there is no such column, or no picture in it.
    """
    parts = _opened(file, table, image)
    first = next(parts.iter_batches(batch_size=1, columns=[image]))
    return _looked(_held(first.column(0), image).to_pylist()[0], table.ids[0]).pixels


def pictures_of(file: BinaryIO, table: Table, image: str, options: Sequence[FileOptions]) -> Shown:
    """Return the pictures of a column of image files.

    Args:
        file: Parquet, open.
        table: Its other columns.
        image: Name of the column.
        options: What is said of each file: how it wants pictures resized.

    Raises:
        ValueError: Naming the row of a picture that cannot be read, or sizes that differ.
    """
    held = _held(_opened(file, table, image).read(columns=[image]).column(0), image)
    ways, places = _ways(options)

    def made(encoded: bytes | None, name: str) -> tuple[list[Pixels], int | None, str]:
        looked = _looked(encoded, name)
        hashed = sha256(looked.pixels) if _any_resized(options) else ""
        return [cut(looked.pixels, way, name) for way in ways], looked.bits, hashed

    with ThreadPoolExecutor() as pool:
        rows = list(pool.map(made, held.to_pylist(), table.ids))
    _check_depth([bits for _, bits, _ in rows], table)
    arrays = [_stacked([cuts[k] for cuts, _, _ in rows], table) for k in range(len(ways))]
    hashes = np.array([hashed for _, _, hashed in rows]) if _any_resized(options) else None
    return Shown(tuple(arrays[k] for k in places), hashes)


def resized(images: np.ndarray, ids: np.ndarray, options: Sequence[FileOptions]) -> Shown:
    """Return pictures that are all of one size as ``pictures_of`` does.

    Args:
        images: uint8 ``(rows, height, width, 3)``.
        ids: Of the rows.
        options: What is said of each file.
    """
    if not _any_resized(options):
        return Shown((images,) * len(options), None)
    ways, places = _ways(options)
    arrays = [
        np.stack([cut(one, way, str(name)) for one, name in zip(images, ids, strict=True)])
        for way in ways
    ]
    return Shown(tuple(arrays[k] for k in places), np.array([sha256(one) for one in images]))


def encoded_pictures(path: Path) -> Iterator[bytes]:
    """Give the pictures of a table of ``validate``, one by one, none read before it is due."""
    for batch in pq.ParquetFile(path).iter_batches(batch_size=1, columns=["image"]):
        yield from batch.column(0).to_pylist()


def _ways(options: Sequence[FileOptions]) -> tuple[list[FileOptions], list[int]]:
    """Return in which ways pictures are resized, and which of them each file wants."""
    wanted = [
        FileOptions(resize=one.resize, crop=one.crop, resampler=one.resampler) for one in options
    ]
    ways = list(dict.fromkeys(wanted))
    return ways, [ways.index(one) for one in wanted]


def _any_resized(options: Sequence[FileOptions]) -> bool:
    return any(one.resize or one.crop for one in options)


def cut(pixels: Pixels, options: FileOptions, name: str) -> Pixels:
    """Return a picture in the size in which a file is asked.

    Raises:
        ValueError: Naming the row, if it is too small.
    """
    try:
        return sized(pixels, options)
    except TooSmall as error:
        raise InputError(f"{spelt('crop')}: the picture of {name!r} has {error}.") from error


def sha256(pixels: Pixels) -> str:
    """Return the hash of a picture's pixels, by which it is known again."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def _opened(file: BinaryIO, table: Table, image: str) -> pq.ParquetFile:
    parts = pq.ParquetFile(file)
    names = parts.schema_arrow.names
    if image not in names:
        raise InputError(
            f"{spelt('image')}: {table.name} has no column {image!r}.{meant(image, names)}"
        )
    return parts


def _held(column: pa.Array | pa.ChunkedArray, image: str) -> pa.Array | pa.ChunkedArray:
    held = pc.struct_field(column, "bytes") if pa.types.is_struct(column.type) else column
    if not is_binary(held.type):
        raise InputError(
            f"{spelt('image')}: column {image!r} holds {held.type}; needed are image files."
        )
    return held


def _check_depth(bits: Sequence[int | None], table: Table) -> None:
    dark = np.array(nearly_black(bits))
    if dark.any():
        raise InputError(
            f"{spelt('image')}: {dark.sum():,} pictures of {table.name} are nearly black, "
            "first that of "
            f"{str(table.ids[dark.argmax()])!r}: they have 16 bits and use a few of them. Write "
            "them with 8 bits, as the files take them."
        )


def _stacked(pictures: Sequence[Pixels], table: Table) -> np.ndarray:
    sizes = {picture.shape for picture in pictures}
    if len(sizes) > 1:
        raise InputError(
            f"{spelt('image')}: pictures of {table.name} have sizes {sorted(sizes)[:5]}; all must "
            "be as the files take them. Resize and crop them first, or say how it is done: "
            f"{spelt('resize')}, {spelt('crop')}."
        )
    return np.stack(pictures)


def _looked(encoded: bytes | None, name: str) -> Looked:
    try:
        return look(encoded or b"")
    except Undecodable as error:
        raise InputError(
            f"{spelt('image')}: the picture of {str(name)!r} cannot be read: {error}"
        ) from error
