"""Tables in JSON, an object a line or a list of them, as Hugging Face and pandas write them."""

import json
from pathlib import Path

import galleries
import pandas as pd
import pytest

from faircompress.auditing.tables import read
from faircompress.data.csv_text import read_csv
from faircompress.data.guessing_tables import guess_table
from faircompress.data.sources.table import table
from faircompress.support.errors import InputError

ROWS = [
    {"file_name": "1.jpg", "label": 0, "sex": None, "ok": True, "w": 0.5},
    {"file_name": "2.jpg", "label": 1, "boxes": [[1, 2]]},
]


def test_a_line_is_a_row_and_null_or_a_key_that_lacks_is_an_empty_field(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
    found = read_csv(tmp_path / "t.jsonl", key="table")
    assert [*found] == ["file_name", "label", "sex", "ok", "w", "boxes"]
    assert found.to_numpy().tolist() == [
        ["1.jpg", "0", "", "true", "0.5", ""],
        ["2.jpg", "1", "", "", "", "[[1, 2]]"],
    ]


def test_a_list_of_rows_and_a_file_of_any_name_are_read_alike(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "p": [0.25, 1.0]})
    frame.to_json(tmp_path / "list.json", orient="records", indent=1)
    frame.to_json(tmp_path / "lines.csv", orient="records", lines=True)
    both = [read_csv(tmp_path / name, key="table") for name in ("list.json", "lines.csv")]
    assert both[0].equals(both[1])
    assert both[0].to_numpy().tolist() == [["a", "0.25"], ["b", "1.0"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"a": 1}\n{"a": 2', "t.jsonl: line 2 is no JSON"),
     ('{"a": 1}\n[3]\n', r"t.jsonl: line 2 is \[3\]; needed is an object a row"),
     ('[{"a": 1}, 7]', "t.jsonl: row 2 is 7; needed is an object a row"),
     ('{"a": 1}\n{"a": 2, "a": 3}', "the key 'a' stands twice in one object"),
     ('{"a": 1, " a": 2}', "has 2 keys 'a'; rename them"),
     ("[]", "has no row of values; needed is an object a row"),
     ("{}\n{}", "has no row of values"),
     ('{"a": ' + "[" * 100_000, "t.jsonl: line 1 is no JSON: maximum recursion"),
     ('{"a": "\\ud800"}', "t.jsonl: line 1 holds half a character"),
     ('{\n "images": [],\n "annotations": []\n}', "is COCO's file of objects in pictures"),
     ('{\n "a": {"0": 1},\n "b": {"0": 2}\n}', "is one JSON object, not a table")],
)  # fmt: skip
def test_json_that_is_no_table_is_refused_by_line_and_with_what_is_needed(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "t.jsonl").write_text(text)
    with pytest.raises(InputError, match=words):
        read_csv(tmp_path / "t.jsonl", key="table")


def test_predictions_in_json_lines_are_audited_as_those_in_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"y": [0, 1, 1], "p": [0.1, 0.25, 0.9]})
    frame.to_json(tmp_path / "p.jsonl", orient="records", lines=True)
    frame.to_csv(tmp_path / "p.csv", index=False)
    of_json, of_csv = (read(tmp_path / name).cells for name in ("p.jsonl", "p.csv"))
    assert of_json.equals(of_csv)


@pytest.mark.parametrize("given", ["", "train/metadata.jsonl"])
def test_hugging_face_s_folders_with_a_table_in_each_split_are_one_table(
    tmp_path: Path, given: str
) -> None:
    for split in ("train", "validation", "test"):
        (tmp_path / split).mkdir()
        for n in range(12):
            (tmp_path / split / f"{n}.jpg").write_bytes(galleries.jpeg(n))
        rows = [{"file_name": f"{n}.jpg", "label": "xy"[n % 2], "sex": "fm"[n // 2 % 2]}
                for n in range(12)]  # fmt: skip
        (tmp_path / split / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    home, guess = guess_table(str(tmp_path / given))
    assert guess.options["file"] == "{split}/metadata.jsonl"
    raw = table(root=str(home), **guess.options)
    assert raw.rows["split"].value_counts().to_dict() == dict.fromkeys(
        ("train", "validation", "test"), 12
    )
    assert (raw.rows["id"].iloc[0], raw.classes) == ("test/0.jpg", ("x", "y"))
