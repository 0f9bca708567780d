"""What `init --folder` makes of trees of folders as people have them."""

import os
from pathlib import Path
from typing import Any

import galleries
import pytest
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.data.guessing_folder import guess_folder
from faircompress.data.sources.folder import folder
from faircompress.support.errors import InputError

CLASSES = ("cat", "dog")


def tree(root: Path, *paths: str) -> Path:
    for number, path in enumerate(paths):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(galleries.jpeg(number))
    return root


def named(begin: str, count: int = 16, end: str = "jpg") -> list[str]:
    """Return paths such as ``train/cat/3.jpg``; ``{}`` in ``begin`` is the class."""
    return [begin.format(CLASSES[n % 2]) + f"/{n}.{end}" for n in range(count)]


def taken(root: Path, **options: Any) -> tuple[str, int]:
    """Return the pattern that is guessed, and the rows that the source then has."""
    guess = guess_folder(root, **options)
    raw = folder(root=str(root), **guess.options)
    assert raw.classes == CLASSES
    return guess.options["pattern"], len(raw.rows)


@pytest.mark.parametrize(
    ("begins", "pattern"),
    [
        (["{}"], "{label}/*"),
        (["train/{}", "test/{}"], "{split}/{label}/*"),
        (["Training/{}", "Validation/{}", "Testing/{}"], "{split}/{label}/*"),
        (["train/{}", "valid/{}", "test/{}"], "{split}/{label}/*"),
        (["{}/train", "{}/test"], "{label}/{split}/*"),
        (["faces/v2/train/{}", "faces/v2/test/{}"], "faces/v2/{split}/{label}/*"),
        (["train/{}"], "train/{label}/*"),  # splits are drawn
        (["{}", "{}/more"], "{label}/**"),
    ],
)
def test_the_folders_tell_splits_and_classes(
    begins: list[str], pattern: str, tmp_path: Path
) -> None:
    paths = [path for begin in begins for path in named(begin)]
    assert taken(tree(tmp_path, *paths)) == (pattern, 16 * len(begins))


def test_words_of_splits_that_leave_a_doubt_are_named_and_the_guess_is_told(tmp_path: Path) -> None:
    tree(tmp_path / "a", *named("train/{}"), *named("holdout/{}"))
    guess = guess_folder(tmp_path / "a")
    assert guess.options["split"]["names"] == {"train": "train", "holdout": "test"}
    assert guess.reasons["split"] == "guessed: say which is which"
    tree(tmp_path / "b", *named("train/{}"), *named("eval/{}"))
    with pytest.raises(InputError, match="'eval' is no split.*{eval: test, train: train}"):
        taken(tmp_path / "b")


def test_each_class_is_a_group_where_nothing_else_is_told(tmp_path: Path) -> None:
    guess = guess_folder(tree(tmp_path, *named("{}")))
    assert guess.options["groups"] == {"label": {}}
    assert guess.reasons["groups"].startswith("guessed: nothing tells groups")


def test_a_table_beside_the_pictures_gives_their_groups(tmp_path: Path) -> None:
    paths = named("{}", 40)
    tree(tmp_path, *paths)
    rows = [{"file": path, "sex": "fm"[n // 2 % 2]} for n, path in enumerate(paths)]
    galleries.write_csv(tmp_path / "who.csv", rows)
    guess = guess_folder(tmp_path)
    assert guess.options["sidecar"] == "who.csv" and list(guess.options["groups"]) == ["sex"]
    assert set(folder(root=str(tmp_path), **guess.options).rows["sex"]) == {"f", "m"}


def test_what_a_few_pictures_do_otherwise_is_left_out_by_name(tmp_path: Path) -> None:
    tree(tmp_path, *named("train/{}", 20), *named("test/{}", 20), "logo.png")
    guess = guess_folder(tmp_path)
    assert guess.options["skip"] == ["logo.png"]
    assert guess.reasons["skip"] == "guessed: they lie beside the others"


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([f"cat_{n}.jpg" for n in range(9)], "no folder of .* says the label .*--pattern '{label}"),
        ([f"{s}/cat_{n}.jpg" for s in ("train", "test") for n in range(9)], r"'{split}/{label}_"),
        ([*named("{}/f"), *named("{}/m")], "cat, dog, and below each in f, m. Which is the label"),
        ([f"cat/{n}.jpg" for n in range(9)], "all pictures of .* have the label 'cat'"),
        (["notes.txt", "cat/a.csv"], r"holds no picture.*1 with .txt, 1 with .csv"),
        (["cat/1", "dog/2"], "2 with no ending.*Give them names such as x.png"),
    ],
)
def test_what_can_mean_several_things_or_none_is_asked_for(
    paths: list[str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        guess_folder(tree(tmp_path, *paths))


def test_a_group_that_nothing_tells_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 'sex'; there are 'label'. Write it into the pattern"):
        guess_folder(tree(tmp_path, *named("{}")), groups=["sex"])


def test_what_systems_leave_beside_pictures_is_no_picture(tmp_path: Path) -> None:
    tree(tmp_path, *named("{}"), "__MACOSX/cat/0.jpg", "cat/@eaDir/0.jpg/small.jpg", "dog/._1.jpg",
         ".git/x.jpg", "cat/.DS_Store", "cat/Thumbs.db")  # fmt: skip
    (tmp_path / "cat" / "folder.jpg").mkdir()
    assert taken(tmp_path) == ("{label}/*", 16)


def test_pictures_of_any_ending_count_and_so_do_those_that_are_not_opened(tmp_path: Path) -> None:
    tree(tmp_path, *named("{}", end="jfif"), *named("{}", end="HEIC"))
    assert taken(tmp_path) == ("{label}/*", 32)


def test_names_that_are_no_utf8_are_told_before_a_table_is_made(tmp_path: Path) -> None:
    tree(tmp_path, *named("{}"))
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/cat/Zo\xeb.jpg")).write_bytes(galleries.jpeg(0))
    with pytest.raises(InputError, match=r"1 names are not UTF-8, such as b'cat/Zo\\xeb.jpg'"):
        guess_folder(tmp_path)


def test_the_label_of_a_pattern_without_one_is_asked_for_and_taken(tmp_path: Path) -> None:
    for at in range(40):
        (tmp_path / f"{20 + at % 13}_{at % 2}_{at % 3}_{at}.jpg").write_bytes(galleries.jpeg(at))
    pattern = "{age}_{sex}_{race}_*"
    with pytest.raises(ValueError, match=r"which is the label\? The pattern .* has age, sex, race"):
        guess_folder(tmp_path, pattern=pattern)
    with pytest.raises(ValueError, match=r"has 'sx'\. Did you mean 'sex'"):
        guess_folder(tmp_path, pattern=pattern, label="sx")
    guess = guess_folder(tmp_path, pattern=pattern, label="sex")
    assert guess.options["label"] == "sex" and list(guess.options["groups"]) == ["age", "race"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--image", "x"], "--image is for --table, which is not given"),
        (["--pattern", "{label}/*"], "--pattern is for --folder, which is not given"),
        (["--group", "x"], "--group is for --table or --folder, which is not given"),
    ],
)
def test_options_that_nothing_would_read_are_refused(
    options: list[str], words: str, tmp_path: Path
) -> None:
    ended = CliRunner().invoke(app, ["init", str(tmp_path / "new"), *options])
    assert isinstance(ended.exception, ValueError) and words in str(ended.exception)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("Trainieren", "Validierung", "Test"),
        ("entraînement", "val", "test"),
        ("entrenamiento", "validación", "prueba"),
        ("1_train", "2_val", "3_test"),
        ("training_set", "validation_set", "test_set"),
        ("trainset", "valset", "testset"),
        ("训练集", "验证集", "测试集"),
        ("Trainingsdaten", "Validierungsdaten", "Testdaten"),
    ],
)
def test_splits_called_in_other_words_are_guessed_and_told(
    train: str, validation: str, test: str, tmp_path: Path
) -> None:
    meant = {train: "train", validation: "validation", test: "test"}
    paths = [path for word in meant for path in named(f"{word}/{{}}")]
    guess = guess_folder(tree(tmp_path, *paths))
    assert guess.reasons["split"] == "guessed: say which is which"
    raw = folder(root=str(tmp_path), **guess.options)
    for path, split in zip(raw.rows["id"], raw.rows["split"], strict=True):
        assert split == meant[path.split("/")[0]]


@pytest.mark.parametrize("words", [("a", "b"), ("positive", "test"), ("tr", "uk"), ("1", "2")])
def test_words_that_are_no_splits_stay_classes(words: tuple[str, str], tmp_path: Path) -> None:
    paths = [f"{words[n % 2]}/{n}.jpg" for n in range(16)]
    raw = folder(root=str(tmp_path), **guess_folder(tree(tmp_path, *paths)).options)
    assert raw.classes == words


def test_folders_without_a_test_split_are_told_at_once(tmp_path: Path) -> None:
    guess = guess_folder(tree(tmp_path, *named("train/{}"), *named("val/{}")))
    assert any("No folder is the test split" in note for note in guess.notes)


@pytest.mark.parametrize(
    ("name", "cure"), [("a.zip", "Unpack them"), ("a.npz", "Pictures held as arrays")]
)
def test_a_folder_of_packed_files_or_arrays_says_what_to_do(
    name: str, cure: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(InputError, match=f"holds no picture.*{cure}"):
        guess_folder(tmp_path)
