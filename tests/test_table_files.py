"""Tables in parts: what the names of the files say is a column, and the published split is kept."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from faircompress.data.guessing_tables import guess_table
from faircompress.data.sources.table import table
from faircompress.data.table_head import SAMPLE, head_of
from faircompress.support.errors import InputError, MissingFileError

SIZES = {"train": 60, "valid": 20, "test": 30}


def written(folder: Path) -> dict[str, pd.DataFrame]:
    """Write train.csv, valid.csv and test.csv, with names of pictures that are not there."""
    made = {}
    for split, count in SIZES.items():
        made[split] = pd.DataFrame({
            "path": [f"{split}-{n}.png" for n in range(count)],
            "label": np.arange(count) % 2, "sex": ["f", "m", "m", "f", "f"] * (count // 5),
        })  # fmt: skip
        made[split].to_csv(folder / f"{split}.csv", index=False)
    return made


def held(folder: Path, split: str, part: int, parts: int, shade: int) -> None:
    """Write a part as Hugging Face's data sets have it: the pictures are in the table."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (shade, 0, 0)).save(buffer, "PNG")
    rows = [{"image": {"bytes": buffer.getvalue(), "path": None}, "label": n % 2} for n in range(9)]
    pq.write_table(
        pa.Table.from_pylist(rows), folder / f"{split}-{part:05d}-of-{parts:05d}.parquet"
    )


def test_the_names_of_the_parts_say_the_split_of_their_rows(tmp_path: Path) -> None:
    written(tmp_path)
    data = table(root=str(tmp_path), file="{split}.csv", image="path", groups=["sex"])
    counts = data.rows["split"].value_counts().to_dict()
    assert counts == {"train": 60, "validation": 20, "test": 30}
    whose = data.rows["id"].str.partition("-")[0].replace({"valid": "validation"})
    assert (whose == data.rows["split"]).all()


def test_any_word_of_the_names_is_a_column_and_a_star_is_none(tmp_path: Path) -> None:
    parts = written(tmp_path)
    for site in ("north", "south"):
        (tmp_path / site).mkdir()
        for n, split in enumerate(("train", "test")):
            parts[split].assign(path=site + "/" + parts[split]["path"]).to_csv(
                tmp_path / site / f"{split}-v{n}.csv", index=False
            )
    data = table(root=str(tmp_path), file="{site}/{split}-*.csv", image="path", groups=["site"])
    cells = data.rows.groupby(["site", "split"]).size()
    train = cells.loc[:, "train"] + cells.loc[:, "validation"]  # validation is drawn out of train
    assert train.to_dict() == {"north": 60, "south": 60}
    assert cells.loc[:, "test"].to_dict() == {"north": 30, "south": 30}


def test_pictures_held_in_parts_by_split_are_read_from_their_part(tmp_path: Path) -> None:
    for part in (0, 1):
        held(tmp_path, "train", part, 2, shade=10 + part)
    held(tmp_path, "test", 0, 1, shade=99)
    data = table(root=str(tmp_path), file="{split}-*.parquet", groups=["label"], validation=0.2)
    assert (data.rows["split"] == "test").sum() == 9
    for row, split in enumerate(data.rows["split"]):
        red = Image.open(io.BytesIO(data.read(row))).getpixel((0, 0))[0]
        assert (red == 99) == (split == "test")


@pytest.mark.parametrize("given", ["", "train.csv", "valid.csv", "{split}.csv"])
def test_init_finds_the_parts_of_a_table_from_one_of_them_or_their_folder(
    tmp_path: Path, given: str
) -> None:
    written(tmp_path)
    home, guess = guess_table(str(tmp_path / given) if given else str(tmp_path))
    assert home == tmp_path
    assert guess.options["file"] == "{split}.csv" and guess.options["split"] == "split"


@pytest.mark.parametrize("tests", [1, 2, 3])
@pytest.mark.parametrize("named", ["", "train-00001-of-00002.parquet"])
def test_init_leaves_out_none_of_the_parts_that_are_numbered(
    tmp_path: Path, tests: int, named: str
) -> None:
    for split, parts in (("train", 2), ("test", tests)):
        for part in range(parts):
            held(tmp_path, split, part, parts, shade=1)
    _, guess = guess_table(str(tmp_path / named))
    assert guess.options["file"] == "{split}-*.parquet" and guess.options["image"] == "image"
    data = table(
        root=str(tmp_path), file=str(guess.options["file"]), groups=["label"], validation=0.2
    )
    assert len(data.rows) == 9 * (2 + tests)


def test_numbered_parts_without_a_split_are_all_taken(tmp_path: Path) -> None:
    for part in range(3):
        held(tmp_path, "train", part, 3, shade=1)
    held(tmp_path, "other", 0, 1, shade=1)
    _, guess = guess_table(str(tmp_path / "train-00001-of-00003.parquet"))
    assert guess.options["file"] == "train-*-of-00003.parquet"
    with pytest.raises(InputError, match="is a folder, and its tables are other-00000-of-00001"):
        guess_table(str(tmp_path))  # what the other one is, nothing says
    (tmp_path / "other-00000-of-00001.parquet").unlink()
    (tmp_path / "readme.txt").write_text("what this is\n")
    assert guess_table(str(tmp_path))[1].options["file"] == "train-*-of-00003.parquet"


def test_tables_of_other_columns_or_other_names_are_no_parts(tmp_path: Path) -> None:
    written(tmp_path)
    pd.read_csv(tmp_path / "test.csv").drop(columns="label").to_csv(
        tmp_path / "test.csv", index=False
    )  # as a competition has it
    assert guess_table(str(tmp_path / "train.csv"))[1].options["file"] == "train.csv"
    with pytest.raises(InputError, match="its tables are test.csv, train.csv, valid.csv. Name one"):
        guess_table(str(tmp_path))
    written(tmp_path)
    (tmp_path / "labels.csv").write_text((tmp_path / "train.csv").read_text())
    assert guess_table(str(tmp_path / "train.csv"))[1].options["file"] == "train.csv"


def test_what_cannot_be_parts_is_refused_by_name(tmp_path: Path) -> None:
    parts = written(tmp_path)
    with pytest.raises(InputError, match="has a word twice"):
        table(root=str(tmp_path), file="{split}/{split}.csv", image="path")
    with pytest.raises(MissingFileError, match=r"\{split\}-\*.csv is missing"):
        table(root=str(tmp_path), file="{split}-*.csv", image="path")
    parts["train"].assign(split="train").to_csv(tmp_path / "train.csv", index=False)
    with pytest.raises(InputError, match="the parts of the table differ"):
        table(root=str(tmp_path), file="{split}.csv", image="path")
    with pytest.raises(InputError, match="'sex' is a column of the table too; rename it"):
        table(root=str(tmp_path), file="{sex}st.csv", image="path")
    (tmp_path / "sub").mkdir()
    for outside in ("../*.csv", f"{tmp_path}/*.csv", "../train.csv"):
        with pytest.raises(InputError, match="outside"):
            table(root=str(tmp_path / "sub"), file=outside, image="path")
    written(tmp_path)
    whole = f"{tmp_path}/{{split}}.csv"
    assert len(table(root=str(tmp_path), file=whole, image="path", groups=["sex"]).rows) == 110


@pytest.mark.parametrize(
    ("given", "why"),
    [("{1}.csv", "'1' cannot name a column"), ("**.csv", "stands for whole folders"),
     ("twice.parquet", "two columns 'label'")],
)  # fmt: skip
def test_what_can_be_no_pattern_is_told(tmp_path: Path, given: str, why: str) -> None:
    written(tmp_path)
    columns = [pa.array([0, 1])] * 2
    twice = pa.Table.from_arrays(columns, names=["label", "label"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(InputError, match=why):
        guess_table(str(tmp_path / given))


@pytest.mark.parametrize("beside", [b"", b"PAR1garbage"])
def test_a_damaged_file_beside_does_not_stop_the_table_that_was_named(
    tmp_path: Path, beside: bytes
) -> None:
    written(tmp_path)
    (tmp_path / "test.csv").write_bytes(beside)
    assert guess_table(str(tmp_path / "train.csv"))[1].options["file"] == "train.csv"


def test_of_pictures_held_in_a_table_only_some_are_looked_at(tmp_path: Path) -> None:
    rows = [{"image": b"x" * 1000, "label": n % 2} for n in range(3 * SAMPLE)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "big.parquet")
    head = head_of(tmp_path / "big.parquet")
    assert len(head) == 3 * SAMPLE and head["image"].notna().sum() == SAMPLE
