"""Splits and samples drawn by salted hash: the same on every machine, whatever else there is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faircompress.data.dataset import hash_position, pixel_sha256
from faircompress.data.pictures import Pixels, Undecodable, rgb
from faircompress.data.sources import OPEN, SPLITS
from faircompress.data.split_words import SPELT, guessed_split
from faircompress.support.errors import InputError
from faircompress.support.progress import track

Words: TypeAlias = "pd.Series[Any]"  # str, or None for an empty field; the index holds ids
Read: TypeAlias = Callable[[int], bytes | Pixels]  # picture of row number i

_closed: ContextVar[bool] = ContextVar("pictures closed", default=False)


@contextmanager
def pictures_closed() -> Iterator[None]:
    """Within it no picture is read: a split that only pixels can tell is ``OPEN``."""
    token = _closed.set(True)
    try:
        yield
    finally:
        _closed.reset(token)


def splits(
    identity: Words,
    given: "Words | None",
    read: Read,
    *,
    key: str,
    seed: int,
    validation: float,
    test: float,
    names: Mapping[str, str] | None = None,
) -> tuple[list[str | None], str]:
    """Return each row's split, and what was drawn by hash, in words; "" if nothing was.

    Splits are drawn by identity, or by pixels if nobody is named. Where those that are given
    have no validation, it is drawn out of train. ``names`` are what words of the table were
    called in ``given``; they stand in errors.

    Raises:
        ValueError: If a split is unknown, or those that are given lack train or test.
    """
    found: list[str | None] = ["train"] * len(identity)
    if given is not None:
        spelt = _as_spelt(given)
        _refuse_splits(given, spelt, f"{key}.split", names or {})
        found = spelt.tolist()
        test = 0.0
        if "validation" in found:
            return found, ""
    what = "splits" if given is None else "validation, out of train,"
    among = [row for row, word in enumerate(found) if word == "train"]
    people = identity.iloc[among]
    known = bool(people.notna().any())
    note = f"{what} by {'identity' if known else 'pixels'}, seed {seed}"
    if not known and _closed.get():
        return [OPEN if word == "train" else word for word in found], note
    keys = people.astype(str).tolist() if known else by_pixels(read, among)
    sides = cut(keys, validation=validation, test=test, salt=f"split {seed}")
    for row, side in zip(among, sides, strict=True):
        found[row] = side
    return found, note


def cut(keys: Sequence[str], *, validation: float, test: float = 0.0, salt: str) -> list[str]:
    """Return the split of each key; what trains is left over by the shares of the other two.

    A key keeps its split when others come, and when a share grows nothing goes back to train.

    Raises:
        ValueError: If nothing is left to train on.
    """
    if validation + test >= 1:
        raise InputError(
            f"validation {validation:g} and test {test:g} leave no share to train on; "
            "together they must be below 1"
        )
    places = [hash_position(key, salt=salt) for key in keys]
    return [SPLITS[(p < validation + test) + (p < test)] for p in places]


def drawn(keys: Sequence[str], count: int, *, salt: str) -> NDArray[np.bool_]:
    """Tell which keys are among the ``count`` that are drawn; all, if there are no more."""
    order = np.argsort([hash_position(key, salt=salt) for key in keys], kind="stable")
    chosen = np.zeros(len(keys), bool)
    chosen[order[:count]] = True
    return chosen


def by_pixels(read: Read, rows: Sequence[int]) -> list[str]:
    """Return a key for each picture by which equal pictures go together, whatever their files.

    A picture that cannot be read goes alone; the checks will find it.
    """

    def key(row: int) -> str:
        try:
            return pixel_sha256(rgb(read(row))[0])
        except (OSError, Undecodable):
            return f"row {row}"

    with ThreadPoolExecutor() as pool:
        return list(track(pool.map(key, rows), "pictures hashed", len(rows)))


def spread(rows: pd.DataFrame, classes: Sequence[str], groups: Sequence[str]) -> str:
    """Return a sentence on how classes and groups fell into the splits.

    Args:
        rows: With the columns ``split``, ``label`` and those of the groups.
        classes: Names of the labels.
        groups: Group columns; ``label`` may stand among them.
    """
    words = rows.assign(label=rows["label"].map(dict(enumerate(classes))))
    shares = dict(_shares(words, ["label", *(name for name in groups if name != "label")]))
    counts = ", ".join(f"{(rows['split'] == split).sum():,} {split}" for split in SPLITS)
    listed = "; ".join(
        f"{name} {' / '.join(f'{s:.3f}' for s in of)}" for name, of in shares.items()
    )
    widest = max(shares, key=lambda name: float(np.ptp(shares[name])), default="")
    apart = f"; {widest} differs most, by {np.ptp(shares[widest]):.3f}" if widest else ""
    return f"{counts}. Shares in {' / '.join(SPLITS)}: {listed}{apart}."


def _shares(rows: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[str, list[float]]]:
    for column in columns:
        table = pd.crosstab(rows[column], rows["split"], normalize="columns")
        for value, of in table.reindex(columns=SPLITS, fill_value=0.0).iterrows():
            yield f"{column}={value}", of.tolist()


def _refuse_splits(given: Words, spelt: Words, where: str, called: Mapping[str, str]) -> None:
    """Raise if a split is unknown, or if train or test have no row; say what to write."""
    found = given.dropna().unique().tolist()
    lacking = [split for split in ("train", "test") if split not in set(spelt)]
    unknown = [word for word in spelt.dropna().unique() if word not in SPLITS]
    if unknown or lacking:
        fault = f"{unknown[0]!r} is no split" if unknown else f"no row is of {lacking[0]!r}"
        meant = _meanings(found)
        has = ", ".join(map(repr, found))
        if called:
            meant = {word: meant[name] for word, name in called.items() if name in meant}
            has = ", ".join(f"{word!r} ({name})" for word, name in called.items())
        names = ", ".join(f"{word}: {meaning}" for word, meaning in meant.items())
        raise InputError(
            f"{where}: {fault}; column {given.name!r} has {has}; needed: "
            f"train, test, and validation, or it is drawn out of train. Name them, such as: "
            f"{{column: {given.name}, names: {{{names}}}}}"
        )


def _as_spelt(given: Words) -> Words:
    """Return splits by their names where a word leaves no doubt, such as Train, val or TEST."""
    lower = given.map(lambda word: None if pd.isna(word) else word.lower())
    known = lower.map(lambda word: word if word in SPLITS else SPELT.get(word))
    return known.where(known.notna(), given)


def _hinted(word: str) -> str | None:
    starts = (split for split in SPLITS if split.startswith(word[:2].lower()))
    return guessed_split(word) or next(starts, None)


def _meanings(words: Sequence[str]) -> dict[str, str]:
    """Return the split that each word probably means.

    Where none is a test, validation is it; beside other words for validation, "eval" alone is.
    Where none is train, what is developed on is. Of words that tell nothing, such as 0, 1 and 2,
    each is shown as one of the splits in turn.
    """
    if 1 < len(words) <= len(SPLITS) and not any(_hinted(word) for word in words):
        return dict(zip(sorted(words), SPLITS if len(words) > 2 else SPLITS[::2], strict=True))
    close = {word: _hinted(word) or "test" for word in words}
    held = [word for word, split in close.items() if split == "validation"]
    if "test" not in close.values():
        last = [word for word in held if word.lower().startswith("eval")]
        close |= dict.fromkeys(last if 0 < len(last) < len(held) else held, "test")
    elif "train" not in close.values():
        close |= dict.fromkeys(held, "train")
    return close
