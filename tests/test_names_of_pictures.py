"""What names of pictures say: masks, copies and people, which no column tells."""

from pathlib import Path

import pytest
from test_folder_guesses import named, tree

from faircompress.data.guessing_folder import guess_folder
from faircompress.data.sources.folder import folder
from faircompress.data.words import near, unknown
from faircompress.support.errors import InputError

CLASSES = ("cat", "dog")


def test_masks_beside_pictures_are_left_out_and_told(tmp_path: Path) -> None:
    pictures = [f"{c}/{c} ({n}).png" for c in CLASSES for n in range(8)]
    masks = [f"{c}/{c} ({n})_mask.png" for c in CLASSES for n in range(8)]
    tree(tmp_path, *pictures, *masks, "cat/cat (3)_mask_1.png")
    guess = guess_folder(tmp_path)
    assert guess.options["skip"] == ["*_mask.png", "*_mask_1.png"]
    raw = folder(root=str(tmp_path), **guess.options)
    assert sorted(raw.rows["id"]) == sorted(pictures)
    unsaid = folder(root=str(tmp_path), pattern="{label}/*", groups=["label"])
    assert any("17 pictures are called as masks of others" in note for note in unsaid.notes)


def test_a_class_of_masks_without_pictures_beside_is_one(tmp_path: Path) -> None:
    paths = [f"{c}/{n}_mask.png" for c in CLASSES for n in range(8)]
    assert "skip" not in guess_folder(tree(tmp_path, *paths)).options


def test_a_second_copy_of_the_folders_within_is_no_class(tmp_path: Path) -> None:
    tree(tmp_path, *named("{}"), *named("data/{}"))
    with pytest.raises(InputError, match="data in .* holds folders called as those beside"):
        guess_folder(tmp_path)


@pytest.mark.parametrize(
    "form",
    [
        "{label}/Ann_Lee{person}a_{copy:04}.png",
        "{label}/subject{person:02}_{label}_{copy}.png",
        "{label}/{person:04}_c1s1_{copy:06}_00.png",
        "{label}/im{person:03} ({copy}).png",
        "{label}/im{person:03}_aug{copy}.png",
        "{label}/im{person:03}_jpg.rf.{copy}f39a0c.png",
    ],
)
def test_names_that_come_again_but_for_a_number_are_told(form: str, tmp_path: Path) -> None:
    paths = [form.format(label=c, person=p, copy=k) for p in range(20) for c in CLASSES
             for k in (1, 2)]  # fmt: skip
    raw = folder(root=str(tree(tmp_path, *paths)), pattern="{label}/*", groups=["label"])
    told = [note for note in raw.notes if "If those are of one person or one picture" in note]
    assert len(told) == 1 and "data.folder.identity" in told[0]


@pytest.mark.parametrize("form", ["IMG_{n:04}", "{c}.{n}", "{n}", "{n}_1_2_201701{n:04}", "c{n}x"])
def test_names_that_only_count_are_not_told(form: str, tmp_path: Path) -> None:
    paths = [f"{c}/{form.format(c=c, n=n)}.png" for c in CLASSES for n in range(40)]
    raw = folder(root=str(tree(tmp_path, *paths)), pattern="{label}/*", groups=["label"])
    assert not raw.notes


@pytest.mark.parametrize("word", ["unbekannt", "Inconnu", r"\N", "#NV", "not stated", "未知"])
def test_words_for_unknown_of_other_languages_and_systems_are_known(word: str) -> None:
    assert unknown(["m", "f", word]) == [word]


def test_a_letter_beside_the_word_it_stands_for_is_almost_equal() -> None:
    assert near(["m", "male", "f", "female"]) == [("m", "male"), ("f", "female")]
    assert near(["M", "w", "Male"]) == [("M", "Male")]
    assert near(["m", "f", "d"]) == [] and near(["false", "true"]) == []
