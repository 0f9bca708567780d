"""Two ONNX files' predictions of the pictures of a Parquet table."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from google.protobuf.message import DecodeError, Message
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from faircompress.auditing.rounding import slack
from faircompress.auditing.rows import Asked, Pair, fit, in_order, known, needs_id, together
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table, is_binary, read_parquet
from faircompress.data.csv_text import meant
from faircompress.data.dataset import FACTS, TABLE, load_facts, load_split
from faircompress.data.pictures import Looked, Undecodable, look, nearly_black
from faircompress.data.predicting import predictions_of
from faircompress.data.predictions import Predictions
from faircompress.evaluation.dropped import Dropped, counted
from faircompress.export.runtime import hardware, latency, predict, session
from faircompress.export.to_onnx import INPUT
from faircompress.report.context import ReportContext
from faircompress.support.errors import InputError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

UNREADABLE = (
    onnx_errors.Fail, onnx_errors.InvalidArgument, onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf, onnx_errors.NoSuchFile, onnx_errors.NotImplemented,
    onnx_errors.RuntimeException,
)  # fmt: skip
REPEATS = 100  # timed runs of each file; 59 at least bound a time, and then none may be slow
MODELS, FILES = ("baseline", "candidate"), ("dense", "pruned")  # FILES: as ``export`` calls them


@dataclass(frozen=True)
class Opened:
    """An ONNX file that was read once, so that what is asked and what is hashed are the same bytes.

    Args:
        path: Where it lies.
        session: Its network, open.
        sha256: Of its bytes.
        size: Their number.
    """

    path: Path
    session: "InferenceSession"
    sha256: str
    size: int


def from_files(
    baseline: Path,
    candidate: Path,
    data: Path,
    asked: Asked,
    *,
    image: str,
    split: str,
    batches: Sequence[int] = (),
) -> Pair:
    """Ask two files about the pictures of a table.

    Args:
        baseline: ONNX file of the baseline: uint8 ``(batch, height, width, 3)`` in, probabilities
            out.
        candidate: Of the candidate.
        data: Parquet table that the stage ``validate`` wrote, or any with a column of image files.
        asked: Which columns hold what; a table of ``validate`` says so itself.
        image: Column of the pictures.
        split: Which split is asked for, of a table of ``validate``.
        batches: Pictures a run, for which both files are timed.

    Raises:
        ValueError: If a file cannot be asked, or the table cannot be evaluated.
    """
    opened = [open_onnx(path) for path in (baseline, candidate)]
    checked = data.name == TABLE and (data.parent / FACTS).exists()
    dropped: tuple[Dropped, ...] = ()
    if checked:
        rows, images = _validated(data, asked, split)
        facts = load_facts(data.parent)
        dropped = tuple(counted(facts.dropped, split, facts.classes))
    else:
        if split == "validation" and asked.identifier is None:
            raise InputError(needs_id())
        rows, images = _plain(data, asked, image, _classes(opened[0].session, asked))
    models = [_predicted(rows, one, images) for one in opened]
    context = ReportContext(
        called={name: one.path.name for name, one in zip(MODELS, opened, strict=True)},
        sizes={name: one.size for name, one in zip(FILES, opened, strict=True)},
        latency=_latency(opened, images, batches) if batches else {},
    )
    named = checked or asked.identifier is not None
    return together(
        Pair(models[0], models[1], context=context, images=images, named=named, dropped=dropped)
    )


def _latency(
    opened: Sequence[Opened], images: np.ndarray, batches: Sequence[int]
) -> dict[str, Any]:
    """Return what ``export/latency.json`` would say of these files, on this machine."""
    baseline, candidate = (one.session for one in opened)
    times = [latency(baseline, candidate, images, batch=b, repeats=REPEATS) for b in batches]
    return {**hardware(candidate), "times": [asdict(time) for time in times]}


def open_onnx(path: Path) -> Opened:
    """Read a file once, and open what was read.

    Raises:
        ValueError: If it is no ONNX file, is not whole, or takes something else than pictures.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}; needed is an ONNX file.")
    content = path.read_bytes()
    _check_whole(path, content)
    try:
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / path.name
            own.write_bytes(content)
            opened = session(own)
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be opened as an ONNX file: {error}") from error
    inputs = [(one.name, one.type, len(one.shape)) for one in opened.get_inputs()]
    if inputs != [(INPUT, "tensor(uint8)", 4)]:
        raise InputError(
            f"{path} takes {inputs}; needed is one input {INPUT!r}, uint8 (batch, height, width, "
            "3), with normalisation inside. Export it so, or audit its predictions as a table."
        )
    return Opened(path, opened, hashlib.sha256(content).hexdigest(), len(content))


def _check_whole(path: Path, content: bytes) -> None:
    """Refuse a file that is not all there is of its network: its sha256 would not name it."""
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise InputError(f"{path} cannot be opened as an ONNX file: {error}") from error
    if any(tensor.data_location == tensor.EXTERNAL for tensor in _tensors(model)):
        raise InputError(
            f"{path} keeps weights in another file, which its sha256 does not cover. Save it as "
            "one file, without external data; if it has above 2 GB, which ONNX cannot hold in one "
            "file, audit its predictions as a table."
        )


def _tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Give every tensor of a network, also those inside nodes and their graphs."""
    for kind, value in message.ListFields():
        if kind.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                yield from [part] if isinstance(part, onnx.TensorProto) else _tensors(part)


def _predicted(rows: Predictions, opened: Opened, images: np.ndarray) -> Predictions:
    try:
        found = predict(opened.session, images, what=opened.path.name)
    except UNREADABLE as error:
        raise InputError(
            f"{opened.path} cannot be asked about pictures of shape {images.shape[1:]}: {error}"
        ) from error
    predicted = replace(rows, probabilities=found, model=opened.sha256, slack=slack(found))
    return fit(str(opened.path), predicted)


def _classes(opened: "InferenceSession", asked: Asked) -> tuple[str, ...]:
    """Return the names of a file's outputs, in order: as asked, as it says, or numbers."""
    if asked.classes:
        return asked.classes
    words = opened.get_modelmeta().custom_metadata_map
    if "classes" in words:
        return tuple(json.loads(words["classes"]))
    count = opened.get_outputs()[0].shape[-1]
    if not isinstance(count, int):
        raise InputError(
            f"the baseline file does not say its classes; name them with {spelt('classes')}."
        )
    return tuple(str(k) for k in range(count))


def _validated(data: Path, asked: Asked, split: str) -> tuple[Predictions, np.ndarray]:
    facts = load_facts(data.parent)
    given = {
        "label": asked.label, "id": asked.identifier, "cluster": asked.cluster,
        "weight": asked.weight, "classes": asked.classes,
    }  # fmt: skip
    known = [spelt(name) for name, value in given.items() if value]
    if known:
        raise InputError(
            f"{', '.join(known)}: {data} was checked by validate and says this itself; leave "
            "it out."
        )
    absent = set(asked.groups) - set(facts.groups)
    if absent:
        close = meant(min(absent), facts.groups)
        raise InputError(f"{spelt('group')}: {data} has no group column {min(absent)!r}.{close}")
    there = load_split(data.parent, split)
    nothing = np.empty((len(there), len(facts.classes)), np.float32)
    rows = predictions_of(there, nothing, facts, "")
    groups = {name: rows.groups[name] for name in asked.groups or facts.groups}
    return replace(rows, groups=groups), there.images


def _plain(
    data: Path, asked: Asked, image: str, classes: tuple[str, ...]
) -> tuple[Predictions, np.ndarray]:
    if asked.label is None:
        raise InputError(
            f"no {spelt('label')}: name the column of {data.name} that holds the true classes."
        )
    if data.suffix.lower() not in (".parquet", ".pq"):
        raise InputError(f"{data} is no Parquet file; pictures are read from Parquet only.")
    with data.open("rb") as file:  # once, so that rows and pictures are of the same bytes
        table = read_parquet(file, data.name, asked.identifier)
        images = _pictures(file, table, image)
    truth = table.words(spelt("label"), asked.label)
    if not set(truth) <= set(classes):
        truth = _by_number(truth, classes)
    rows = known(table, asked, truth, in_order(replace(asked, classes=classes), classes))
    nothing = np.empty((len(truth), len(classes)), np.float32)
    return Predictions(**rows, probabilities=nothing, model=""), images


def _by_number(truth: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    """Return names for labels that are numbers of classes; others as they are."""
    names = {str(k): name for k, name in enumerate(classes)}
    return np.array([names.get(one, one) for one in truth])


def _pictures(file: BinaryIO, table: Table, image: str) -> np.ndarray:
    """Return the pictures of a column of image files, uint8 ``(rows, height, width, 3)``."""
    parts = pq.ParquetFile(file)
    names = parts.schema_arrow.names
    if image not in names:
        raise InputError(
            f"{spelt('image')}: {table.name} has no column {image!r}.{meant(image, names)}"
        )
    held = parts.read(columns=[image]).column(0)
    held = pc.struct_field(held, "bytes") if pa.types.is_struct(held.type) else held
    if not is_binary(held.type):
        raise InputError(
            f"{spelt('image')}: column {image!r} holds {held.type}; needed are image files."
        )
    with ThreadPoolExecutor() as pool:
        looked = list(pool.map(_looked, held.to_pylist(), table.ids))
    dark = np.array(nearly_black([one.bits for one in looked]))
    if dark.any():
        raise InputError(
            f"{spelt('image')}: {dark.sum():,} pictures of {table.name} are nearly black, "
            "first that of "
            f"{str(table.ids[dark.argmax()])!r}: they have 16 bits and use a few of them. Write "
            "them with 8 bits, as the files take them."
        )
    pictures = [one.pixels for one in looked]
    sizes = {picture.shape for picture in pictures}
    if len(sizes) > 1:
        raise InputError(
            f"{spelt('image')}: pictures of {table.name} have sizes {sorted(sizes)[:5]}; all "
            "must be as the "
            "files take them. Resize and crop them first."
        )
    return np.stack(pictures)


def _looked(encoded: bytes | None, name: str) -> Looked:
    try:
        return look(encoded or b"")
    except Undecodable as error:
        raise InputError(
            f"{spelt('image')}: the picture of {str(name)!r} cannot be read: {error}"
        ) from error
