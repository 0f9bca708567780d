"""Two ONNX files' predictions of the pictures of a Parquet table."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.auditing.asking import Classifier, ask, input_of_batch
from faircompress.auditing.file_classes import classes_of, labels_by_name, order_of
from faircompress.auditing.file_options import MODELS, FileOptions
from faircompress.auditing.onnx_files import OnnxFile, open_onnx
from faircompress.auditing.picture_columns import (
    Shown,
    cut,
    encoded_pictures,
    first_picture,
    pictures_of,
    resized,
)  # fmt: skip
from faircompress.auditing.rows import Asked, Pair, fit, in_order, known, needs_id, together
from faircompress.auditing.spelling import spelt
from faircompress.auditing.tables import Table, read_parquet
from faircompress.auditing.trying import settled, tried
from faircompress.auditing.unnamed import unnamed_clusters
from faircompress.config.rules import Gate
from faircompress.data.csv_text import meant
from faircompress.data.dataset import FACTS, TABLE, decode, load_facts, load_split
from faircompress.data.pictures import Pixels
from faircompress.data.predicting import predictions_of
from faircompress.data.predictions import Predictions
from faircompress.evaluation.dropped import Dropped, counted
from faircompress.export.timing import hardware, latency_of
from faircompress.report.context import ReportContext
from faircompress.support.errors import InputError, MissingFileError

REPEATS = 100  # timed runs of each file; 59 at least bound a time, and then none may be slow
FILES = ("dense", "pruned")  # as ``export`` calls them
NO_OPTIONS = (FileOptions(), FileOptions())


@dataclass(frozen=True, eq=False)
class Asking:
    """Two files that were tried, and the rows they are asked about.

    Args:
        classifiers: The files.
        rows: What is known of the rows, whichever file is asked.
        shown: Their pictures.
        orders: For each file, which of its scores stands for each class of ``rows``.
        notes: What a reader must know of the rows.
    """

    classifiers: tuple[Classifier, ...]
    rows: Predictions
    shown: Shown
    orders: tuple[list[int], ...]
    notes: tuple[str, ...] = ()


def pair_and_validation(
    files: tuple[Path, Path],
    tables: tuple[Path, Path | None],
    asked: Asked,
    image: str,
    gate: Gate,
    options: tuple[FileOptions, FileOptions] = NO_OPTIONS,
) -> tuple[Pair, tuple[Predictions, Predictions] | None]:
    """Ask two files about test pictures, and about validation pictures if there is a table.

    Args:
        files: ONNX files of the baseline and the candidate.
        tables: Parquet tables of test pictures, and of validation pictures or None.
        asked: Which columns hold what.
        image: Column of the pictures.
        gate: Rules; for those on latency both files are timed.
        options: What is said of each file.
    """
    data, validation = tables
    timed = [cost.batch for cost in gate.cost_rules if cost.rule == "latency"]
    pair = from_files(
        *files, data, asked, image=image, split="test", batches=timed, options=options
    )
    if validation is None:
        return pair, None
    asked = replace(asked, groups=(), cluster=None)
    asked = replace(asked, fixed_counts=())
    held = from_files(*files, validation, asked, image=image, split="validation", options=options)
    return pair, (held.baseline, held.candidate)


def from_files(
    baseline: Path,
    candidate: Path,
    data: Path,
    asked: Asked,
    *,
    image: str,
    split: str,
    batches: Sequence[int] = (),
    options: tuple[FileOptions, FileOptions] = NO_OPTIONS,
) -> Pair:
    """Ask two files about the pictures of a table.

    Both are opened and tried on the first picture before the others are read, then on a few.

    Args:
        baseline: ONNX file of the baseline.
        candidate: Of the candidate.
        data: Parquet table that the stage ``validate`` wrote, or any with a column of image files.
        asked: Which columns hold what; a table of ``validate`` says so itself.
        image: Column of the pictures.
        split: Which split is asked for, of a table of ``validate``.
        batches: Pictures a run, for which both files are timed.
        options: What is said of each file.

    Raises:
        ValueError: If a file cannot be asked, or the table cannot be evaluated.
    """
    files = [open_onnx(path) for path in (baseline, candidate)]
    checked = data.name == TABLE and (data.parent / FACTS).exists()
    dropped: tuple[Dropped, ...] = ()
    if checked:
        asking = _validated(data, asked, split, files, options)
        dataset = load_facts(data.parent)
        dropped = tuple(counted(dataset.dropped, split, dataset.classes))
    else:
        if split == "validation" and asked.identifier is None:
            raise InputError(needs_id())
        asking = _from_table(data, asked, image, files, options)
    shown = zip(asking.classifiers, asking.shown.of_files, strict=True)
    asking = replace(asking, classifiers=tuple(settled(one, images) for one, images in shown))
    models = [
        fit(str(one.file.path), ask(one, asking.rows, pictures, order))
        for one, pictures, order in zip(
            asking.classifiers, asking.shown.of_files, asking.orders, strict=True
        )
    ]
    context = ReportContext(
        called={name: one.path.name for name, one in zip(MODELS, files, strict=True)},
        sizes={name: one.size for name, one in zip(FILES, files, strict=True)},
        latency=_latency(asking, batches) if batches else {},
    )
    return together(
        Pair(
            models[0],
            models[1],
            context=context,
            images=asking.shown.of_files[0],
            hashes=asking.shown.hashes,
            named=checked or asked.identifier is not None,
            notes=(*(str(one) for one in asking.classifiers if not one.our_own), *asking.notes),
            dropped=dropped,
        )
    )


def _latency(asking: Asking, batches: Sequence[int]) -> dict[str, Any]:
    """Return what ``export/latency.json`` would say of these files, on this machine."""
    pairs = list(zip(asking.classifiers, asking.shown.of_files, strict=True))
    baseline, candidate = (one.file.session for one in asking.classifiers)
    times = []
    for batch in batches:
        feeds = [input_of_batch(one, images, batch) for one, images in pairs]
        times.append(latency_of((baseline, candidate), feeds, batch=batch, repeats=REPEATS))
    return {**hardware(candidate), "times": [asdict(time) for time in times]}


def _tried(
    files: Sequence[OnnxFile], options: Sequence[FileOptions], first: Pixels, name: str
) -> tuple[Classifier, ...]:
    """Return both files, tried on the first picture."""
    pairs = zip(files, options, strict=True)
    return tuple(tried(file, how, cut(first, how, name)) for file, how in pairs)


def _validated(
    data: Path,
    asked: Asked,
    split: str,
    files: Sequence[OnnxFile],
    options: Sequence[FileOptions],
) -> Asking:
    dataset = load_facts(data.parent)
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
    absent = set(asked.groups) - set(dataset.groups)
    if absent:
        close = meant(min(absent), dataset.groups)
        raise InputError(f"{spelt('group')}: {data} has no group column {min(absent)!r}.{close}")
    first = decode(next(encoded_pictures(data)))
    classifiers = _tried(files, options, first, "the first row")
    orders = tuple(order_of(one, tuple(dataset.classes)) for one in classifiers)
    there = load_split(data.parent, split)
    nothing = np.empty((len(there), len(dataset.classes)), np.float32)
    rows = predictions_of(there, nothing, dataset, "")
    groups = {name: rows.groups[name] for name in asked.groups or dataset.groups}
    shown = resized(there.images, rows.ids, options)
    return Asking(classifiers, replace(rows, groups=groups), shown, orders)


def _from_table(
    data: Path,
    asked: Asked,
    image: str,
    files: Sequence[OnnxFile],
    options: Sequence[FileOptions],
) -> Asking:
    if asked.label is None:
        raise InputError(
            f"no {spelt('label')}: name the column of {data.name} that holds the true classes."
        )
    if data.suffix.lower() not in (".parquet", ".pq"):
        raise InputError(f"{data} is no Parquet file; pictures are read from Parquet only.")
    if not data.is_file():
        raise MissingFileError(f"there is no file {data}; needed is a table of pictures.")
    with data.open("rb") as file:  # once, so that rows and pictures are of the same bytes
        table = read_parquet(file, data.name, asked.identifier)
        first = first_picture(file, table, image)
        classifiers = _tried(files, options, first, str(table.ids[0]))
        classes = classes_of(classifiers, asked)
        orders = tuple(order_of(one, classes) for one in classifiers)
        rows = _rows(table, asked, classes)
        shown = pictures_of(file, table, image, options)
    notes = unnamed_clusters(table, asked, {image})
    return Asking(classifiers, rows, shown, orders, notes)


def _rows(table: Table, asked: Asked, classes: tuple[str, ...]) -> Predictions:
    truth = table.texts(spelt("label"), str(asked.label))
    truth = labels_by_name(truth, asked, classes, f"column {asked.label!r} of {table.name}")
    if not asked.classes and set(classes).isdisjoint(truth) and not truth[0].isdigit():
        names = np.unique(truth)
        raise InputError(
            f"{spelt('label')}: column {asked.label!r} of {table.name} holds "
            f"{', '.join(map(repr, names[:5].tolist()))}, but no file says which of its scores is "
            f"which class. Name the classes in the order of its scores: {spelt('classes')} "
            f"{','.join(names[:5])}; of two, the positive second."
        )
    rows = known(table, asked, truth, in_order(replace(asked, classes=classes), classes))
    nothing = np.empty((len(truth), len(classes)), np.float32)
    return Predictions(**rows, probabilities=nothing, model="")
