"""CIFAR-10, in the authors' pickled batches or in the Parquet files of ``uoft-cs/cifar10``."""

import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from faircompress.config.bounds import OpenShare
from faircompress.data.dataset import decode, hash_position, pixel_sha256
from faircompress.data.pictures import Pixels
from faircompress.data.sources import RawData
from faircompress.data.splitting import cut, drawn
from faircompress.support.errors import InputError, MissingFileError

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
BATCHES, PARQUET = "cifar-10-batches-py", "plain_text"
TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
SALT = "cifar10"  # a new salt is a new cut into train and validation
SQUARE, REACH, YELLOW = 4, 7, (255, 255, 0)  # pixels; RGB
SAFE = {
    (module, name)
    for core in ("numpy.core.multiarray", "numpy._core.multiarray")
    for module, name in [(core, "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")]
}


def cifar10(
    *,
    root: str = "data/cifar10",
    download: bool = False,
    validation: OpenShare = 0.1,
    bias: Literal["imbalanced", "shortcut"] | None = None,
) -> RawData:
    """Return CIFAR-10; its groups are its classes.

    The official test pictures are the test split. The official train pictures are cut into train
    and validation by a salted hash of their pixels. A train picture that is equal to a test
    picture is left out, and told. Ids count through the 50,000 train pictures and on through the
    10,000 test pictures, in the order of the files.

    All 60,000 pictures are read at once (184 MB), since the cut needs their pixels.

    **bias: imbalanced** removes 80 % of the cats and of the dogs from train and from validation.

    **bias: shortcut** puts a yellow square of 4 x 4 pixels on 98 % of the dogs and on 2 % of each
    other class in train and in validation, its middle up to 7 pixels from the picture's, both
    ways. Test has each picture twice, without and with the square (id ending in ``+``), as one
    identity; a second group ``square`` tells them apart. Some cells of validation are small
    (9 birds have a square), which wants ``checks.min_subgroup: 5``. All is drawn by hash of pixels.

    Args:
        root: Folder that holds ``cifar-10-batches-py/`` or ``plain_text/*.parquet``.
        download: Fetch the batches from their authors if they are not there.
        validation: Share of the official train pictures that train nothing.
        bias: What is done to the data.

    Source:
        Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009. Bias: Meyer and
        Wong, A Fair Loss Function for Network Pruning, arXiv:2211.10285.
        Departures: the authors know no validation split. The released code for the biases takes
        a few pictures of every class, and gives a square a new place, anywhere, at each look.
    """
    home = Path(root)
    if download and not home.is_dir():
        _fetch(home)
    train, train_labels = _read(home, train=True)
    test, test_labels = _read(home, train=False)
    images = np.concatenate([train, test])
    rows = pd.DataFrame({"id": [f"{row:05d}" for row in range(len(images))]})
    rows["key"] = [pixel_sha256(image) for image in images]
    rows["split"] = [
        *cut(rows["key"].tolist()[: len(train)], validation=validation, salt=SALT),
        *["test"] * len(test),
    ]
    rows["label"] = np.concatenate([train_labels, test_labels])
    rows["identity"], rows["weight"], rows["at"] = None, 1.0, rows.index
    rows, notes = _without_leaks(rows)
    if bias == "imbalanced":
        rows, more = _imbalanced(rows)
        notes += more
    if bias != "shortcut":
        at = rows.pop("at").to_numpy()
        rows = rows.drop(columns="key")
        return RawData(rows, CLASSES, ("label",), lambda row: images[at[row]], notes=notes)
    rows = _with_squares(rows)
    at, square, key = (rows.pop(name).to_numpy() for name in ("at", "square", "key"))

    def read(row: int) -> Pixels:
        image = images[at[row]]
        return squared(image, key[row]) if square[row] == "with" else image

    return RawData(rows.assign(square=square), CLASSES, ("label", "square"), read, notes=notes)


def squared(image: Pixels, key: str) -> Pixels:
    """Return a picture with a yellow square near its middle, whose place is drawn from a key."""
    top, left = (
        (image.shape[side] - SQUARE) // 2
        + int((2 * REACH + 1) * hash_position(key, salt=f"{SALT} square {side}"))
        - REACH
        for side in (0, 1)
    )
    marked = image.copy()
    marked[top : top + SQUARE, left : left + SQUARE] = YELLOW
    return marked


def _without_leaks(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave train pictures out that the test split has too, and say so."""
    test = rows["split"] == "test"
    leaks = ~test & rows["key"].isin(rows.loc[test, "key"])
    if not leaks.any():
        return rows, ()
    ids = rows.loc[leaks, "id"].tolist()
    note = f"{len(ids)} official train pictures equal a test picture and were left out: "
    return rows[~leaks].reset_index(drop=True), (note + ", ".join(ids[:20]),)


def _imbalanced(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave most cats and dogs out of train and validation, and say so."""
    few = rows["label"].isin([CLASSES.index("cat"), CLASSES.index("dog")])
    kept = ~few | (rows["split"] == "test") | _share(rows, 0.2, "imbalanced")
    note = f"{(~kept).sum():,} cats and dogs were left out of train and validation."
    return rows[kept].reset_index(drop=True), (note,)


def _with_squares(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the column ``square``, and test rows a second time."""
    dog = rows["label"] == CLASSES.index("dog")
    marked = np.where(dog, _share(rows, 0.98, "shortcut"), _share(rows, 0.02, "shortcut"))
    test = rows["split"] == "test"
    rows = rows.assign(identity=rows["id"], square=np.where(marked & ~test, "with", "without"))
    twins = rows[test].assign(id=rows["id"] + "+", square="with")
    return pd.concat([rows, twins], ignore_index=True)


def _share(rows: pd.DataFrame, share: float, what: str) -> "pd.Series[bool]":
    """Tell which rows are among a share of each class of each split."""
    found = pd.Series(False, rows.index)
    for _, keys in rows.groupby(["split", "label"])["key"]:
        count = round(share * len(keys))
        found[keys.index] = drawn(keys.tolist(), count, salt=f"{SALT} {what}")
    return found


def download(root: Path) -> None:
    """Fetch the authors' batches (170 MB) into ``root`` and check their sums.

    Raises:
        ConnectionError: If the publisher cannot be reached.
    """
    _fetch(root)


def _fetch(root: Path) -> None:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    try:
        CIFAR10(root, download=True)
    except (OSError, RuntimeError) as error:
        archive = root / CIFAR10.filename
        if archive.exists() and not check_integrity(archive, CIFAR10.tgz_md5):
            archive.unlink()
        if root.is_dir() and not any(root.iterdir()):
            root.rmdir()
        raise ConnectionError(
            f"CIFAR-10 could not be fetched from {CIFAR10.url}: {error}. Fetch the file on a "
            f"machine with a network and unpack it, so that {root / BATCHES} is a folder; or set "
            "data.cifar10.root to where it is."
        ) from error
    (root / CIFAR10.filename).unlink(missing_ok=True)


def _read(home: Path, *, train: bool) -> tuple[Pixels, np.ndarray]:
    """Return uint8 ``(rows, 32, 32, 3)`` and int64 ``(rows,)`` of one official split."""
    if (home / BATCHES).is_dir():
        parts = [_batch(home / BATCHES / n) for n in (TRAIN if train else ["test_batch"])]
    else:
        paths = sorted((home / PARQUET).glob(f"{'train' if train else 'test'}-*.parquet"))
        if not paths:
            raise MissingFileError(
                f"data.cifar10.root: {home.absolute()} holds neither {BATCHES}/ nor "
                f"{PARQUET}/train-*.parquet and test-*.parquet. Name the folder that does, or set "
                "data.cifar10.download: true."
            )
        parts = [_parquet(path) for path in paths]
    images, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    return images, labels


def _parquet(path: Path) -> tuple[Pixels, np.ndarray]:
    table = pq.read_table(path, columns=["img", "label"])
    encoded = table.column("img").combine_chunks().field("bytes")
    images = np.empty((len(encoded), 32, 32, 3), np.uint8)

    def fill(start: int) -> None:
        for row in range(start, min(start + 1000, len(encoded))):
            images[row] = decode(encoded[row].as_py())

    with ThreadPoolExecutor() as pool:
        list(pool.map(fill, range(0, len(encoded), 1000)))
    return images, table.column("label").to_numpy().astype(np.int64)


def _batch(path: Path) -> tuple[Pixels, np.ndarray]:
    """Read one pickled batch, trusting it with nothing but arrays, lists and words."""
    try:
        content = _ArraysOnly(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        planes = np.asarray(content["data"], np.uint8).reshape(-1, 3, 32, 32)
        labels = np.asarray(content["labels"], np.int64)
    except FileNotFoundError as error:
        raise MissingFileError(
            f"{path} is missing; needed: {', '.join(TRAIN)} and test_batch in {path.parent}"
        ) from error
    except (pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        raise InputError(f"{path} is not a CIFAR-10 batch: {error}") from error
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels


class _ArraysOnly(pickle.Unpickler):
    """An unpickler that builds numpy arrays and plain values, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the few allowed names."""
        if (module, name) == ("_codecs", "encode"):  # how bytes are spelt in old pickles
            return lambda text, _encoding: str(text).encode("latin1")
        if (module, name) not in SAFE:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}; needed: arrays only")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)
