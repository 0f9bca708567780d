"""Which column of a table says the split, and what its words mean: guesses, or a question."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from faircompress.config.bounds import whole
from faircompress.data.guessing_groups import hashable
from faircompress.data.sources import SPLITS
from faircompress.data.split_words import SPELLINGS, SPELT, guessed_split
from faircompress.support.errors import InputError

SURELY, FEW = {"split", "partition", "usage"}, 5  # such a column of so few words is the split
MAYBE = {"set", "subset", "phase", "stage", "part", "dataset", "cohort", "data"}
FOLDS = re.compile(r"(?:.*[\W_])?[a-z]*folds?(?:[\W_].*)?")
MOST = 20  # folds
YES, NO = ("1", "true", "yes", "y", "t"), ("0", "false", "no", "n", "f")
PAIRS = [set(pair) for pair in zip(YES, NO, strict=True)]
SAID = re.compile(
    r"(?:(?:is|in|for|as|used?_(?:for|in))_?)?(train|test|valid|validation|val|eval|hold_?out|"
    r"held_?out|external)(?:ing)?(?:_?(?:set|split|data))?(?:_?flag)?"
)  # by yes and no
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def split_column(table: pd.DataFrame, taken: Collection[str]) -> str | None:
    """Return the column whose words are those of splits, else one called so of few words."""
    plain = _free(table, taken)
    for name, words in plain.items():
        if len(words) > 1 and all(word.lower() in SPELLINGS for word in words):
            return name
    for name, words in plain.items():
        if are_splits(words):
            return name
    for name, words in plain.items():
        if _called_so(name, words) or _said(name, words):
            return name
    return None


def words_of(cells: pd.Series) -> list[str]:
    """Return the distinct words of a column, 1.0 as 1."""
    return sorted(cells.dropna().map(str).str.strip().map(whole).unique())


def are_splits(words: Collection[str]) -> bool:
    """Tell whether words are those of splits, as far as one can guess."""
    found = {guessed_split(word) for word in words}
    return None not in found and "train" in found and len(found) > 1


def split_names(cells: pd.Series) -> dict[str, str]:
    """Return what each word of a split column means, where one of them needs to be told."""
    words = words_of(cells)
    if yes := _said(str(cells.name), words):
        no = "test" if yes == "train" else "train"
        return {word: yes if word.lower() in YES else no for word in words}
    guessed = {word: guessed_split(word) for word in words}
    known = {word: split for word, split in guessed.items() if split}
    all_told = all(word.lower() in {*SPELT, *SPLITS} for word in words)
    if all_told or {*known.values()} == {"train", "validation"}:  # params asks which is the test
        return {}
    if "train" not in known.values():  # what is developed on, beside a test
        return {w: "train" if s == "validation" else s for w, s in known.items()}
    return known


def refuse_several_flags(table: pd.DataFrame, taken: Collection[str], file: Path) -> None:
    """Refuse a table that says the split by several columns of yes and no.

    One of train, or of test, says it where the other is its opposite.

    Raises:
        ValueError: Naming them, and how to make one of them.
    """
    flags = {name: split for name, words in _free(table, taken).items()
             if (split := _said(name, words))}  # fmt: skip
    if len(set(flags.values())) < 2:
        return
    yes = pd.DataFrame({n: table[n].map(str).str.strip().str.lower().isin(YES) for n in flags})
    if len(flags) == 2 and (yes.sum(axis=1) == 1).all():
        return
    raise InputError(
        f"{file} says the split by {', '.join(map(repr, flags))}; needed is one column with the "
        f"split's name, as pandas makes it: table['split'] = table[{[*flags]}].idxmax(axis=1)."
    )


def unread_splits(table: pd.DataFrame, taken: Collection[str]) -> Iterator[str]:
    """Ask about columns that may say the split, where none surely does: it is drawn anew."""
    for name, words in _free(table, taken).items():
        plain = _plain(name)
        numbered = len(words) <= FEW and all(re.fullmatch(r"\d", word) for word in words)
        folds = FOLDS.fullmatch(plain) is not None or plain in SURELY
        if 1 < len(words) <= MOST and (folds or (plain in MAYBE and numbered)):
            listed = ", ".join(words[:FEW]) + "..." * (len(words) > FEW)
            yield (
                f"Column {name!r} may say the split ({listed}); it is not read, so splits are "
                "drawn anew, and rows that a model was trained on may be tested. If it does, say "
                f"data.table.split: {{column: {name}, names: {{{_example(words)}}}}}."
            )


def _example(words: Sequence[str]) -> str:
    """Return what folds or numbers may mean: of folds the last two are held out."""
    order = sorted(words, key=lambda word: (len(word), word))
    held = {order[-1]: "test"} | ({order[-2]: "validation"} if len(order) > 2 else {})
    return ", ".join(f"{word}: {held.get(word, 'train')}" for word in order)


def _free(table: pd.DataFrame, taken: Collection[str]) -> Mapping[str, list[str]]:
    names = [str(name) for name in table.columns if name not in taken]
    return {name: words_of(table[name]) for name in names if hashable(table[name])}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "_", CAMEL.sub("_", name.strip()).lower()).strip("_")


def _called_so(name: str, words: Sequence[str]) -> bool:
    plain = _plain(name)
    if not 0 < len(words) <= FEW:
        return False
    if plain in SURELY or plain.endswith("_split"):
        return True
    found = set(map(guessed_split, words))
    return plain in MAYBE and len(found) > 1 and ("train" in found or None not in found)


def _said(name: str, words: Sequence[str]) -> str | None:
    """Return the split that a column says by yes and no; None: it says none so."""
    found = SAID.fullmatch(_plain(name))
    if found is None or len(words) != 2 or {word.lower() for word in words} not in PAIRS:
        return None
    return SPELLINGS.get(found[1]) or "test"
