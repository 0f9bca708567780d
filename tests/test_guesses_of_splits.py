"""Which column says the split, and what its words mean: guessed, or asked for in a sentence."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from faircompress.data.guessing import Guess, guess_columns
from faircompress.data.split_words import guessed_split
from faircompress.data.splitting import splits

ROWS = 60


def guessed(folder: Path, **columns: list[Any]) -> Guess:
    cells = {
        "image": [f"{k}.png" for k in range(ROWS)],
        "label": ["cat", "dog"] * 30,
        "sex": ["f", "f", "m", "m"] * 15,
    }
    more = {name: [words[k % len(words)] for k in range(ROWS)] for name, words in columns.items()}
    pd.DataFrame(cells | more).to_csv(folder / "t.csv", index=False)
    return guess_columns(folder / "t.csv")


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("held-out", "test"), ("Hold_out", "test"), ("hold out test", "test"),
        ("external", "test"), ("external validation", "test"), ("internal_val", "validation"),
        ("PublicTest", "test"), ("inference", "test"), ("tuning", "validation"),
        ("vld", "validation"), ("derivation", "train"), ("Public", None), ("holding", None),
    ],
)  # fmt: skip
def test_words_for_splits_are_known_in_many_spellings(word: str, split: str | None) -> None:
    assert guessed_split(word) == split


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("split", {"train": "train", "held-out": "test"}),
        ("set", {"train": "train", "hold_out": "test", "val": "validation"}),
        ("phase", {"train": "train", "inference": "test"}),
        ("split", {"development": "train", "holdout": "test"}),
        ("cohort", {"development": "train", "external validation": "test"}),
        ("isTest", {"yes": "test", "no": "train"}),
        ("test", {"True": "test", "False": "train"}),
        ("used_for_training", {"Y": "train", "N": "test"}),
        ("is_holdout", {"1": "test", "0": "train"}),
        ("in_test_set", {"1": "test", "0": "train"}),
    ],
)
def test_a_column_of_splits_is_proposed_with_what_its_words_mean(
    column: str, names: dict[str, str], tmp_path: Path
) -> None:
    guess = guessed(tmp_path, **{column: list(names)})
    assert guess.options["split"] == {"column": column, "names": names}
    assert guess.reasons["split"] == "guessed: say which is which"


@pytest.mark.parametrize(
    ("column", "words", "example"),
    [
        ("fold", list("01234"), "{0: train, 1: train, 2: train, 3: validation, 4: test}"),
        ("cv_fold", ["f1", "f2"], "{f1: train, f2: test}"),
        ("strat_fold", [str(k) for k in range(1, 11)], "8: train, 9: validation, 10: test}"),
        ("set", ["0", "1", "2"], "{0: train, 1: validation, 2: test}"),
    ],
)
def test_folds_and_numbers_that_may_be_splits_are_asked_about(
    column: str, words: list[str], example: str, tmp_path: Path
) -> None:
    guess = guessed(tmp_path, **{column: words})
    assert "split" not in guess.options
    (note,) = (note for note in guess.notes if "may say the split" in note)
    assert f"Column '{column}' may say the split" in note and example in note
    assert f"data.table.split: {{column: {column}, names: {{" in note


@pytest.mark.parametrize(
    ("column", "words"), [("vehicle", ["train", "car"]), ("part", ["arm", "leg"]), ("sets", "012")]
)
def test_other_columns_are_no_splits(column: str, words: list[str], tmp_path: Path) -> None:
    guess = guessed(tmp_path, **{column: list(words)})
    assert "split" not in guess.options and "the split" not in " ".join(guess.notes)


def test_several_columns_of_yes_and_no_become_one(tmp_path: Path) -> None:
    flags = {"is_train": [1, 0, 0], "is_val": [0, 1, 0], "is_test": [0, 0, 1]}
    with pytest.raises(ValueError, match=r"'is_train', 'is_val', 'is_test'; needed is one column"):
        guessed(tmp_path, **flags)
    guess = guessed(tmp_path, is_train=[1, 0], is_test=[0, 1])  # the opposite says no more
    assert guess.options["split"] == {"column": "is_train", "names": {"0": "test", "1": "train"}}


@pytest.mark.parametrize(
    ("words", "names", "example"),
    [
        (["train", "dev", "eval"], {}, "{train: train, dev: validation, eval: test}"),
        (["train", "eval"], {}, "{train: train, eval: test}"),
        (["dev", "test"], {}, "{dev: train, test: test}"),
        (
            ["train", "validation"], {"0": "train", "1": "validation"},
            "has '0' (train), '1' (validation); needed: train, test, and validation, or it is "
            "drawn out of train. Name them, such as: {column: s, names: {0: train, 1: test}}",
        ),
    ],
)  # fmt: skip
def test_splits_without_a_test_or_without_train_are_asked_for_by_the_tables_words(
    words: list[str], names: dict[str, str], example: str
) -> None:
    given = pd.Series(words * 4, name="s", dtype=object)
    nobody = pd.Series([None] * len(given), dtype=object)
    with pytest.raises(ValueError) as refused:
        splits(
            nobody, given, lambda row: b"", key="data.table", seed=0, validation=0.1, test=0.1,
            names=names,
        )  # fmt: skip
    assert example in str(refused.value)
