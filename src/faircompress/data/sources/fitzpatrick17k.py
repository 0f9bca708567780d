"""Fitzpatrick17k: photographs of skin conditions, taught on light skin, tested on darker."""

from pathlib import Path

import numpy as np
import pandas as pd

from faircompress.data.csv_text import meant, read_csv
from faircompress.data.dataset import hash_position
from faircompress.data.fingerprint import bytes_within
from faircompress.data.sources import RawData
from faircompress.support.errors import InputError, MissingFileError

KEY, LABELS = "data.fitzpatrick17k.root", "fitzpatrick17k.csv"
CLASSES = ("benign", "malignant", "non-neoplastic")
SKINS = {"1": "light", "2": "light", "3": "medium", "4": "medium", "5": "dark", "6": "dark"}
VALIDATION, SALT = 0.25, "fitzpatrick17k"
ABSENT = ("train skin=medium", "train skin=dark", "validation skin=light", "test skin=light")


def fitzpatrick17k(*, root: str = "data/fitzpatrick17k") -> RawData:
    """Return Fitzpatrick17k with three kinds of conditions, and skin as the group.

    As in the thesis, light skin (types 1-2) is for training and for nothing else; of medium (3-4)
    and dark skin (5-6) a quarter is validation, the rest test, drawn by a hash of the picture's
    own hash. Rows of unknown type (-1) are left out, and counted.

    The owners publish a list of links, not pictures, and links die. A row whose picture is absent
    stays in; ``checks.quarantine`` is the share of all rows that may be unreadable or absent.
    Conditions are rarer than most classes: mind ``checks.min_subgroup``.

    Args:
        root: Folder with ``fitzpatrick17k.csv`` and ``images/<md5hash>.jpg``.

    Raises:
        FileNotFoundError: If the list or the folder of pictures is missing.
        ValueError: If the list lacks a column, or has an unknown label or type.

    Source:
        Groh et al., Evaluating Deep Neural Networks Trained on Clinical Images in Dermatology
        with the Fitzpatrick 17k Dataset, CVPR Workshops 2021.
        Departure from the thesis: the quarter is drawn by hash, so that it is the same anywhere.
    """
    home = Path(root)
    for needed in (home / LABELS, home / "images"):
        if not needed.exists():
            raise MissingFileError(
                f"{KEY}: {needed} is missing. Needed under {home.absolute()}: the owners' {LABELS} "
                "and the pictures as images/<md5hash>.jpg, fetched from the links in it."
            )
    cells = read_csv(home / LABELS, key=KEY)
    scale = "fitzpatrick" if "fitzpatrick" in cells.columns else "fitzpatrick_scale"  # older, newer
    for name in ("md5hash", scale, "three_partition_label"):
        if name not in cells.columns:
            close = meant(name, list(cells.columns))
            raise InputError(f"{home / LABELS} has no column {name!r}.{close}")
    _refuse_unknown(cells, scale, {*SKINS, "-1"})
    _refuse_unknown(cells, "three_partition_label", set(CLASSES))
    known = cells[cells[scale] != "-1"].reset_index(drop=True)

    names = known["md5hash"].tolist()
    rows = pd.DataFrame({"id": names, "skin": known[scale].map(SKINS)})
    rows["label"] = known["three_partition_label"].map({word: k for k, word in enumerate(CLASSES)})
    rows["identity"], rows["weight"] = None, 1.0
    places = np.array([hash_position(name, salt=SALT) for name in names])
    rows["split"] = np.where(places < VALIDATION, "validation", "test")
    rows.loc[rows["skin"] == "light", "split"] = "train"

    def read(row: int) -> bytes:
        return bytes_within(home / "images", f"{names[row]}.jpg")

    unknown = f"{len(cells) - len(known):,} rows of unknown skin type (-1) were left out."
    return RawData(rows, CLASSES, ("skin",), read, absent=ABSENT, notes=(unknown,))


def _refuse_unknown(cells: pd.DataFrame, column: str, known: set[str]) -> None:
    strange = cells[~cells[column].isin(known)]
    if len(strange):
        first = strange.iloc[0]
        raise InputError(
            f"{LABELS}: column {column} has {first[column]!r} (row {first['md5hash']}, one of "
            f"{len(strange):,}); needed: {', '.join(sorted(known))}"
        )
