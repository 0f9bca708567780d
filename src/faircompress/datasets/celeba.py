"""CelebA as its authors publish it: pictures, and text files of attributes and people."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from faircompress.datasets import SPLITS, RawData
from faircompress.source import within

ATTRIBUTES, PEOPLE, PARTITION = (
    "list_attr_celeba.txt",
    "identity_CelebA.txt",
    "list_eval_partition.txt",
)
CODES = dict(zip("012", SPLITS, strict=True))
PICTURES = "img_align_celeba"
PARTS = ("", "Anno", "Eval", "Img")  # the release's folders; most copies have all in one


def celeba(
    *,
    root: str = "data/celeba",
    label: str = "Blond_Hair",
    groups: list[str] = ["Male"],  # noqa: B006 (params read the default from the source text)
) -> RawData:
    """Return CelebA with one attribute to be told and others to be fair to.

    Splits are those of ``list_eval_partition.txt``. An attribute ``Male`` gives the groups
    "Male" and "not Male". For non-commercial research only; its owners ask to be asked.

    Args:
        root: Folder with ``img_align_celeba/`` and the three text files.
        label: Attribute that the model learns; classes are "not NAME" and "NAME".
        groups: Attributes by which rates are compared.

    Raises:
        FileNotFoundError: If a file of the release is missing.
        ValueError: If an attribute is unknown, or a list cannot be read.

    Source:
        Liu et al., Deep Learning Face Attributes in the Wild, ICCV 2015.
    """
    home = Path(root)
    attributes = _attributes(_part(home, ATTRIBUTES))
    for key, wanted in {"label": [label], "groups": groups}.items():
        _refuse_unknown(key, wanted, list(attributes.columns))
    pictures, names = _part(home, PICTURES), attributes.index
    rows = pd.DataFrame({"id": names})
    rows["split"] = _of(names, _part(home, PARTITION)).map(CODES)
    rows["label"] = attributes[label].map({1: 1, -1: 0}).to_numpy()
    rows["identity"] = _of(names, _part(home, PEOPLE))
    rows["weight"] = 1.0
    for group in groups:
        rows[group] = attributes[group].map({1: group, -1: f"not {group}"}).to_numpy()

    def read(row: int) -> bytes:
        return within(pictures, str(names[row])).read_bytes()

    return RawData(rows, (f"not {label}", label), tuple(groups), read)


def _part(home: Path, name: str) -> Path:
    """Return where a file or folder of the release lies."""
    for part in PARTS:
        if (home / part / name).exists():
            return home / part / name
    beside = [path.name for path in home.iterdir()] if home.is_dir() else []
    close = difflib.get_close_matches(name, beside, n=1, cutoff=0.5)
    hint = f" Is it {close[0]!r}?" if close else ""
    raise FileNotFoundError(
        f"data.celeba.root: {home / name} is missing.{hint} Needed under {home.absolute()}: "
        f"{PICTURES}/, {ATTRIBUTES}, {PEOPLE}, {PARTITION}, as the release has them."
    )


def _attributes(path: Path) -> pd.DataFrame:
    """Read 40 columns of 1 and -1 under a line with the count and a line with the names."""
    try:
        return pd.read_csv(path, sep=r"\s+", skiprows=1, index_col=0, dtype={0: str})
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path} is not CelebA's attribute list: {error}") from error


def _of(names: "pd.Index[str]", path: Path) -> "pd.Series[str]":
    """Return the word that a list of pictures' names and words has for each name, or null."""
    try:
        read = pd.read_csv(path, sep=r"\s+", header=None, index_col=0, dtype=str)
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path} is not a list of pictures and values: {error}") from error
    if read.shape[1] != 1 or read.index.has_duplicates:
        raise ValueError(f"{path} must hold each picture once, with one value after its name")
    return read.iloc[:, 0].reindex(names).reset_index(drop=True)


def _refuse_unknown(key: str, names: Sequence[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
            raise ValueError(f"data.celeba.{key}: no attribute {name!r} in {ATTRIBUTES}. {hint}")
