"""CelebA as its authors publish it: pictures, and text files of attributes and people."""

import difflib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from faircompress.config.bounds import Counts, MaxWeights, Seed
from faircompress.data.csv_text import meant
from faircompress.data.declared_weights import declared
from faircompress.data.fingerprint import bytes_within
from faircompress.data.sources import SPLITS, RawData
from faircompress.data.splitting import cut, drawn
from faircompress.support.errors import InputError, MissingFileError

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
    balance: Counts | None = None,
    resplit: Seed | None = None,
    max_weight: MaxWeights | None = None,
) -> RawData:
    """Return CelebA with one attribute to be told and others to be fair to.

    Splits are those of ``list_eval_partition.txt``. An attribute ``Male`` gives the groups
    "Male" and "not Male". For non-commercial research only; its owners ask to be asked.

    **balance** ``[alpha, beta]`` removes bias from train, and from train alone: validation and
    test keep their natural shares. The rarest label x group cell of train, blond men, is kept
    whole: n pictures. Of the other sex with this label alpha * n are kept, of this sex with the
    other label beta * n, of the other sex with the other label alpha * beta * n. So at any alpha
    and beta sex tells nothing about the label; alpha says how common the other sex is, beta the
    other label. The thesis has [1, 1], [5, 1] and [1, 5]. Who is kept is drawn by a hash of the
    pictures' names; a cell that has too few is kept whole, and told.

    **resplit** cuts train and validation anew by a hash of the identity, for repeated splits in
    tuning; validation keeps about its published share, test is untouched. How many of the rarest
    cell fall into validation varies with the seed: mind ``checks.min_subgroup``.

    Args:
        root: Folder with ``img_align_celeba/`` and the three text files.
        label: Attribute that the model learns; classes are "not NAME" and "NAME".
        groups: Attributes by which rates are compared.
        balance: alpha and beta; null: all of train. Needs a single group attribute.
        resplit: Seed of the new cut; null: the published one.
        max_weight: The most pictures of a class that one person has in the population, twice that
            for people with both classes; null: 1.5 times the most of the validation rows. See
            also ``data.counts``.

    Raises:
        FileNotFoundError: If a file of the release is missing.
        ValueError: If an attribute is unknown, or a list cannot be read.

    Source:
        Liu et al., Deep Learning Face Attributes in the Wild, ICCV 2015. Balance: Meyer and Wong,
        A Fair Loss Function for Network Pruning, arXiv:2211.10285.
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

    drawn_anew = "" if resplit is None else _resplit(rows, resplit)
    kept, notes = (rows, ()) if balance is None else _balanced(rows, label, groups, balance)
    names = kept["id"].to_numpy()

    def read(row: int) -> bytes:
        return bytes_within(pictures, str(names[row]))

    classes = (f"not {label}", label)
    known = {name: sorted(set(rows[name])) for name in groups} | {"label": list(classes)}
    caps = declared(max_weight, known, key="data.celeba.max_weight")
    return RawData(
        kept, classes, tuple(groups), read, drawn=drawn_anew, notes=notes, max_weight=caps
    )


def _resplit(rows: pd.DataFrame, seed: int) -> str:
    """Cut train and validation anew, people whole; return what was done."""
    ours = rows["split"] != "test"
    share = float((rows.loc[ours, "split"] == "validation").mean())
    people = rows.loc[ours, "identity"].tolist()
    rows.loc[ours, "split"] = cut(people, validation=share, salt=f"celeba {seed}")
    return f"train and validation by identity, seed {seed}"


def _balanced(
    rows: pd.DataFrame, label: str, groups: list[str], balance: list[int]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows without those of train that tell sex from label, and what was done."""
    if len(groups) != 1:
        raise InputError(f"data.celeba.balance needs one group; groups are {groups}")
    alpha, beta = balance
    cells = rows[rows["split"] == "train"].groupby(["label", groups[0]], sort=True)["id"]
    if len(cells) != 4:
        raise InputError(f"data.celeba.balance: train has {len(cells)} of 4 cells; needed: all")
    rare_label, rare_group = cells.size().idxmin()
    rarest, leave, notes = int(cells.size().min()), [], []
    for (of_label, group), names in cells:
        factor = (alpha if group != rare_group else 1) * (beta if of_label != rare_label else 1)
        chosen = drawn(names.tolist(), factor * rarest, salt="celeba balance")
        leave += names[~chosen].index.tolist()
        few = (
            f", all there are (asked: {factor * rarest:,})" if len(names) < factor * rarest else ""
        )
        notes.append(f"{label}={of_label} {group}: {chosen.sum():,} of {len(names):,}{few}")
    note = (
        f"Train was balanced with alpha {alpha}, beta {beta}: {'; '.join(notes)}. "
        "Validation and test were left as they are."
    )
    return rows.drop(index=leave).reset_index(drop=True), (note,)


def _part(home: Path, name: str) -> Path:
    """Return where a file or folder of the release lies."""
    for part in PARTS:
        if (home / part / name).exists():
            return home / part / name
    beside = [path.name for path in home.iterdir()] if home.is_dir() else []
    close = difflib.get_close_matches(name, beside, n=1, cutoff=0.5)
    hint = f" Is it {close[0]!r}?" if close else ""
    raise MissingFileError(
        f"data.celeba.root: {home / name} is missing.{hint} Needed under {home.absolute()}: "
        f"{PICTURES}/, {ATTRIBUTES}, {PEOPLE}, {PARTITION}, as the release has them."
    )


def _attributes(path: Path) -> pd.DataFrame:
    """Read columns of 1 and -1 under a line with the names; before it a line with their count."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            counted = file.readline().strip().isdigit()
        found = pd.read_csv(
            path, sep=r"\s+", skiprows=int(counted), index_col=0, dtype={0: str},
            encoding="utf-8-sig",
        )  # fmt: skip
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not CelebA's attribute list: {error}") from error
    wrong = [str(name) for name in found if not found[name].isin((1, -1)).all()]
    if wrong or not len(found.columns):
        raise InputError(
            f"{path} is not CelebA's attribute list: needed are a line with the number of "
            "pictures, a line with the names, then each picture with 1 or -1 for every name"
            + (f"; column {wrong[0]!r} has other values." if wrong else ".")
        )
    return found


def _of(names: "pd.Index[str]", path: Path) -> "pd.Series[str]":
    """Return the word that a list of pictures' names and words has for each name, or null."""
    try:
        read = pd.read_csv(path, sep=r"\s+", header=None, index_col=0, dtype=str)
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is not a list of pictures and values: {error}") from error
    if read.shape[1] != 1 or read.index.has_duplicates:
        raise InputError(f"{path} must hold each picture once, with one value after its name")
    return read.iloc[:, 0].reindex(names).reset_index(drop=True)


def _refuse_unknown(key: str, names: Sequence[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            close = meant(name, known)
            raise InputError(f"data.celeba.{key}: no attribute {name!r} in {ATTRIBUTES}.{close}")
