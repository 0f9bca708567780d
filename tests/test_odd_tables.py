"""Tables as people have them, of kinds that no list of faults named: one clear answer each."""

import bz2
import gzip
import io
import lzma
import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import galleries
import numpy as np
import pandas as pd
import pytest
from auditing import run
from PIL import Image

from faircompress.data.file_text import text_of
from faircompress.data.guessing import guess_columns
from faircompress.data.ingest import normalize_rows
from faircompress.data.sources.table import table
from faircompress.data.words import listed, near
from faircompress.support.errors import InputError

ROWS = np.arange(400)
ASKED = "--label y --group sex --baseline p --candidate q --rule 'change accuracy 0.5'"


def predictions() -> pd.DataFrame:
    noise = np.random.default_rng(0).normal(0, 0.15, (2, 400))
    cells = pd.DataFrame({"id": [f"r{row}" for row in ROWS], "y": ROWS % 2})
    cells["sex"] = np.where(ROWS // 2 % 2, "m", "f")
    cells["p"] = (0.2 + 0.6 * cells.y + noise[0]).clip(0, 1)
    cells["q"] = (cells.p + noise[1] / 10).clip(0, 1)
    return cells


def zipped(name: str, text: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
        archive.writestr(f"__MACOSX/._{name}", b"\0")
    return packed.getvalue()


def tarred(text: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("t.csv")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return packed.getvalue()


READ: dict[str, Callable[[bytes], bytes]] = {
    "t.zip": lambda text: zipped("t.csv", text),
    "t.csv.ZIP": lambda text: zipped("other.tsv", text.replace(b",", b"\t")),
    "t.XZ": lzma.compress,
    "predictions.2026.bz2": bz2.compress,
    "t.csv": lambda text: b"sep=^\r\n" + text.replace(b",", b"^").replace(b"\n", b"\r\n"),
    "mac.csv": lambda text: text.replace(b"\n", b"\r").decode().encode("utf-16-le"),
    "twice.gz": lambda text: gzip.compress(gzip.compress(text)),
    "gz.zip": lambda text: zipped("t.csv.gz", gzip.compress(text)),
    "no-mark.csv": lambda text: text.decode().encode("utf-32-be"),
    "blank.csv": lambda text: b",,,,\r\n\r\n" + text + b"   \n,,,,,,,\n",
    "dos.csv": lambda text: text.replace(b"\n", b"\r\n") + b"\x1a",
}


def saved(save: Callable[..., object], *given: object) -> Callable[[bytes], bytes]:
    """Return what writes a file of arrays instead of the table."""

    def write(_: bytes) -> bytes:
        file = io.BytesIO()
        save(file, *given)
        return file.getvalue()

    return write


def pickled(protocol: int) -> Callable[[bytes], bytes]:
    return lambda text: pickle.dumps(text, protocol)


ARRAYS = "the page Your own data, Pictures held as arrays"
NO_TABLE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "t.npz": (saved(np.savez, ROWS, ROWS), "it holds arrays of NumPy, arr_0.npy, arr_1.npy; "),
    "t.npy": (saved(np.save, ROWS), "is an array of NumPy, not a text table; write it as Parquet"),
    "t.h5": (lambda _: b"\x89HDF\r\n\x1a\n" + bytes(90), ARRAYS),
    "t.mat": (lambda _: b"MATLAB 5.0 MAT-file, Platform".ljust(128) + bytes(90), ARRAYS),
    "t.pkl": (pickled(4), "is a pickle, which may run code and is never opened"),
    "old.pkl": (pickled(2), "is a pickle, which may run code and is never opened"),
    "t.pt": (lambda text: zipped("t/data.pkl", text), "it is of torch.save: a pickle"),
    "t.tfrecord": (lambda _: (40).to_bytes(8, "little") + b"crc!\n" + bytes(60), "a TFRecord file"),
    "t.jpg": (lambda _: b"\xff\xd8\xff\xe0" + bytes(90), "is a picture, not a text table"),
}  # fmt: skip
REFUSED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "t.tar.gz": (tarred, "is a TAR of files; unpack it, and name the table"),
    "caret.csv": (lambda text: text.replace(b",", b"^"),
                  "Its only column is 'id^y^sex^p^q': what parts the fields is not recognised"),
    "quoted.csv": (lambda text: re.sub(rb"([^,\n]+)", rb"'\1'", text),
                   "write fields in double quotes"),
    "titled.csv": (lambda text: b"# made by x\n" + text,
                   "Does a title, a count or a comment stand above the names of columns?"),
    "long-titled.csv": (lambda text: b"# made by x\n# 2024\n\n" + text,
                        "Does a title, a count or a comment stand above the names of columns?"),
    "described.csv": (lambda text: b"model,resnet\nrows,400\n" + text,
                      "Does a title, a count or a comment stand above the names of columns?"),
    "below.csv": (lambda text: text + b"(400 rows)\n",
                  "If a count or a comment stands below the rows, take it out"),
    "commas.csv": (lambda text: text.replace(b"0.", b"0,"), "decimals need points"),
    "7z.csv": (lambda _: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(90), "is a 7z archive, not a text"),
    "empty.zip": (lambda _: b"PK\5\6" + bytes(18), "is an empty ZIP, not a text table"),
    "counted.txt": (lambda text: b"300\n" + text.replace(b",", b" "),
                    "line 1 is '300' alone, and below it lines have 5 fields, parted by space"),
    "entitled.csv": (lambda text: b"made by x\n" + text.replace(b",", b";"),
                     "line 1 is 'made by x' alone, and below it lines have 5 fields, parted by"),
    "of-celeba.txt": (lambda text: re.sub(rb"(?m)^(?=.)", rb"x.jpg ", text.replace(b",", b" "))
                      .replace(b"x.jpg id y sex p q", b"id y sex p q "),
                      "Expected 5 fields in line 2, saw 6. Name every column in the first line"),
    "shifted.csv": (lambda text: re.sub(rb"(?m)^(?=.)", rb"r,", text).replace(b"r,id,y,sex,p,q",
                                                                             b"id,y,sex,p,q,"),
                    "it names 5 columns, and there are 6. If the first column has no name"),
    "of-r.txt": (lambda text: re.sub(rb"(?m)^(?=.)", rb"row,", text).replace(b"row,id", b"id"),
                 "Name every column in the first line, also that of row names"),
    "headless.csv": (lambda text: b"7.JPG,1,f,.5,.5\n" + text, "line 1 holds '7.JPG', no name of"),
    "t.ods": (lambda text: b"PK" + text, "Save a sheet of a workbook as CSV"),
}  # fmt: skip


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("name", READ)
def test_a_table_is_read_however_it_is_packed_and_called(name: str) -> None:
    Path(name).write_bytes(READ[name](predictions().to_csv(index=False).encode()))
    done = run(f"faircompress audit {name} {ASKED}")
    assert done.code == 0, done.err


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_told_with_its_cure(name: str) -> None:
    change, words = REFUSED[name]
    Path(name).write_bytes(change(predictions().to_csv(index=False).encode()))
    done = run(f"faircompress audit {name} {ASKED}")
    assert done.code == 3 and words in done.err, done.err


@pytest.mark.parametrize("name", NO_TABLE)
def test_a_file_of_arrays_is_told_as_such_and_how_it_becomes_a_table(
    tmp_path: Path, name: str
) -> None:
    change, words = NO_TABLE[name]
    (tmp_path / name).write_bytes(change(predictions().to_csv(index=False).encode()))
    with pytest.raises(InputError) as told:
        text_of(tmp_path / name, key="--table")
    assert words in str(told.value)


@pytest.mark.usefixtures("in_empty_folder")
def test_a_table_that_is_not_there_is_told() -> None:
    done = run(f"faircompress audit t.csv {ASKED}")
    assert done.err == "error: there is no file t.csv; needed is a table of predictions.\n"


@pytest.mark.usefixtures("in_empty_folder")
def test_splits_of_any_spelling_are_taken_and_rows_of_train_refused() -> None:
    words = np.array(["Test", "VAL ", "holdout", "eval", "TEST"])[ROWS % 5]
    predictions().assign(part=words).to_csv("t.csv", index=False)
    done = run(f"faircompress audit t.csv --id id --split part {ASKED}")
    assert done.code in (0, 2), done.err
    predictions().assign(part=np.where(ROWS % 5, "test", "Train")).to_csv("t.csv", index=False)
    done = run(f"faircompress audit t.csv --id id --split part {ASKED}")
    assert "is of the train split in 80 of 400 rows" in done.err
    assert "leave other rows out" in done.err


@pytest.mark.usefixtures("in_empty_folder")
def test_many_dates_or_words_as_groups_are_told() -> None:
    few = predictions().head(100)
    days = [f"2024-{1 + row % 2:02d}-{1 + row % 13:02d}" for row in few.index]
    few.assign(sex=days).to_csv("t.csv", index=False)
    done = run(f"faircompress audit t.csv --id id {ASKED}")
    assert "sex has 26 dates as groups, each with few rows. Write years" in done.out
    few.assign(sex=[f"town {row % 25}" for row in few.index]).to_csv("t.csv", index=False)
    done = run(f"faircompress audit t.csv --id id {ASKED}")
    assert "sex has 25 words as groups, each with few rows. Write fewer, larger" in done.out


def test_names_that_look_alike_are_written_so_that_the_difference_is_seen() -> None:
    twice = near(["Zo\u00eb", "Zoe\u0308", "Max"])
    assert listed(twice) == "'Zoe\\u0308' and 'Zo\\xeb'"
    assert listed(near(["Max", "max"])) == "'Max' and 'max'"


def gallery(**columns: object) -> Path:
    """Write 80 pictures and the table that names them."""
    rows = np.arange(80)
    cells = pd.DataFrame({"path": [f"p/{row}.png" for row in rows]})
    cells["label"] = np.where(rows % 2, "yes", "no")
    cells["sex"] = np.where(rows // 2 % 2, "f", "m")
    Path("p").mkdir(exist_ok=True)
    for row, name in enumerate(cells.path):
        pixels = np.random.default_rng(row).integers(0, 256, (9, 9, 3), np.uint8)
        Image.fromarray(pixels).save(name)
    cells.assign(**columns).to_csv("faces.csv", index=False)
    return Path("faces.csv")


SPLIT_WORDS = {
    ("Train", "VAL"): "split",
    ("train", "eval", "holdout"): {
        "column": "split",
        "names": {"eval": "validation", "holdout": "test", "train": "train"},
    },
    ("0", "1", "2"): "split",
}


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("words", SPLIT_WORDS)
def test_a_column_of_splits_is_known_by_its_words_or_else_by_its_name(
    words: tuple[str, ...],
) -> None:
    column = np.array(words)[np.arange(80) // 4 % len(words)]
    found = guess_columns(gallery(split=column)).options
    assert found["split"] == SPLIT_WORDS[words] and found["groups"] == {"sex": {}}


@pytest.mark.usefixtures("in_empty_folder")
def test_a_group_of_a_name_that_is_taken_is_called_otherwise() -> None:
    faces = gallery(id=np.where(np.arange(80) // 4 % 2, "a", "b"))
    found = guess_columns(faces, groups=["id", "sex"]).options["groups"]
    assert found == {"my_id": {"column": "id"}, "sex": {}}
    pd.read_csv(faces).head(0).to_csv("faces.csv", index=False)
    with pytest.raises(ValueError, match="faces.csv has no row; needed is a row for each picture"):
        guess_columns(faces)


@pytest.mark.usefixtures("in_empty_folder")
def test_splits_that_nothing_tells_and_groups_of_a_taken_name_say_what_to_write() -> None:
    asked = {"root": ".", "file": gallery(part=np.arange(80) // 4 % 3).name, "image": "path"}
    with pytest.raises(ValueError, match="names: {0: train, 1: validation, 2: test}"):
        table(**asked, groups=["sex"], split="part")
    with pytest.raises(ValueError, match="cannot be called 'id'.*groups: {my_id: {column: id}}"):
        table(**asked, groups={"id": {"column": "sex"}})


def test_rows_without_a_split_are_told(tmp_path: Path) -> None:
    rows = galleries.people(120)
    given = galleries.table(tmp_path, rows)
    for place, row in enumerate(rows):
        row["part"] = "" if place == 7 else ("train", "val", "test")[place // 2 % 3]
    galleries.write_csv(tmp_path / "data.csv", rows)
    raw = table(**given | {"split": "part"})
    assert raw.rows["split"].isna().tolist() == [place == 7 for place in range(120)]
    names = {"train": "train", "val": "test", "test": "test"}
    raw = table(**given | {"split": {"column": "part", "names": names}})
    assert raw.rows["split"].isna().sum() == 1


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("name", ["state", "size", "mode", "order", "reason"])
def test_what_init_proposes_for_a_group_of_a_taken_name_is_not_refused_later(name: str) -> None:
    faces = gallery(**{name: np.where(np.arange(80) // 4 % 2, "CA", "NY")})
    found = guess_columns(faces, groups=[name]).options
    assert found["groups"] == {f"my_{name}": {"column": name}}
    normalize_rows(table(root=".", **found))


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize("words", [("tr", "va", "te"), ("Training", "Validierung", "Testdaten")])
def test_a_column_of_splits_in_other_words_is_the_split_and_told(words: tuple[str, ...]) -> None:
    column = np.array(words)[np.arange(80) // 4 % 3]
    found = guess_columns(gallery(part=column))
    assert found.options["split"]["names"] == dict(
        zip(words, ("train", "validation", "test"), strict=True)
    )
    raw = table(root=".", **found.options)
    assert raw.rows["split"].value_counts().to_dict() == {"train": 28, "validation": 28, "test": 24}


def test_a_file_of_mnist_is_called_so_and_not_damaged(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\3" + bytes(100))
    with pytest.raises(InputError, match="an IDX file of arrays, as of MNIST.*as Parquet or CSV"):
        text_of(tmp_path / "train-images-idx3-ubyte", key="--table")
