"""Tables as other programs write them: what an audit reads alike, and what it refuses by name."""

import gzip
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from auditing import COLUMNS, TPR, audited, hair, run

pytestmark = pytest.mark.usefixtures("in_empty_folder")

CSV, PARQUET = (f"faircompress audit p.{form} {COLUMNS} {TPR}" for form in ("csv", "parquet"))
HEAD = "y,hair,p_dense,p_small\n"


def table() -> pd.DataFrame:
    return hair({"long": 90, "short": 80}, {"long": 90, "short": 80})


def as_dictionaries(cells: pd.DataFrame) -> pa.Table:
    return pa.table({name: pa.array(cells[name]).dictionary_encode() for name in cells})


@pytest.mark.parametrize(
    "form",
    [
        as_dictionaries,
        lambda t: pa.Table.from_pandas(t.astype({"y": "category", "hair": "category"})),
        lambda t: pa.Table.from_pandas(t.astype({"y": "int8"})),
        lambda t: pa.Table.from_pandas(t.astype({"y": "float64"})),
        lambda t: pa.Table.from_pandas(t.astype({"y": "Int64", "hair": "string"})),
    ],
)
def test_parquet_may_hold_a_column_in_any_type(form: Callable[[pd.DataFrame], pa.Table]) -> None:
    table().to_csv("p.csv", index=False)
    pq.write_table(form(table()), "p.parquet")
    assert audited(PARQUET)["groups"] == audited(CSV)["groups"]


@pytest.mark.parametrize("words", [(False, True), ("false", "true"), ("FALSE", "TRUE")])
def test_truths_are_classes_of_which_true_is_the_positive(words: tuple[object, object]) -> None:
    table().assign(y=table().y.map(dict(enumerate(words)))).to_csv("p.csv", index=False)
    assert audited(CSV)["positive"] == f"y={words[1]}"


def test_a_mark_of_byte_order_and_spaces_around_names_are_no_part_of_them() -> None:
    cells = table()[["y", "hair", "p_dense", "p_small"]].rename(columns={"p_small": " p_small "})
    cells.to_csv("p.csv", index=False, encoding="utf-8-sig")
    assert audited(CSV)["outcome"] == "pass"


@pytest.mark.parametrize("name", ['a, "b"', "it's; c", "two\nlines", "None", "null", "NA"])
def test_a_group_may_be_called_anything(name: str) -> None:
    cells = table().assign(hair=table().hair.replace("long", name))
    cells.to_csv("p.csv", index=False)
    cells.to_parquet("p.parquet")
    for command in (CSV, PARQUET):
        groups = [group["group"] for group in audited(command)["groups"]]
        assert sorted(groups) == sorted(["all", f"hair={name}", "hair=short"])


def saved(name: str, **how: Any) -> str:
    """Write the table, ``how`` as pandas takes it; return the command that audits it."""
    table().to_csv(name, index=False, columns=["y", "hair", "p_dense", "p_small"], **how)
    return CSV.replace("p.csv", name)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("semicolons.csv", {"sep": ";"}),
        ("commas_in_quotes.csv", {"decimal": ","}),
        ("decimal_commas.csv", {"sep": ";", "decimal": ","}),
        ("tabs.tsv", {"sep": "\t"}),
        ("bars.txt", {"sep": "|"}),
        ("spaces.txt", {"sep": " "}),
        ("of_a_spreadsheet.csv", {"sep": "\t", "encoding": "utf-16", "decimal": ","}),
        ("four_bytes.csv", {"encoding": "utf-32"}),
        ("without_a_mark.csv", {"encoding": "utf-16-le"}),
        ("packed.csv.gz", {}),
        ("packed.csv.zip", {}),
        ("packed.tsv.xz", {"sep": "\t"}),
        ("packed_under_a_plain_name.csv", {"compression": "bz2"}),
        ("old_ends_of_lines.csv", {"lineterminator": "\r"}),
    ],
)
def test_a_text_table_is_read_alike_whatever_parts_encodes_and_packs_it(
    name: str, how: dict[str, Any]
) -> None:
    table().to_csv("p.csv", index=False)
    assert audited(saved(name, **how), out="o")["groups"] == audited(CSV)["groups"]


@pytest.mark.parametrize("first", ['"sep=;"', "SEP=;", "sep = ;", "sep=;;;;", "sep=; "])
def test_a_first_line_that_names_what_parts_fields_is_read_in_any_spelling(first: str) -> None:
    table().to_csv("p.csv", index=False)
    plain = audited(CSV)["groups"]
    parted = Path("p.csv").read_text().replace(",", ";")
    Path("p.csv").write_text(f"{first}\n{parted}")
    assert audited(CSV)["groups"] == plain


def test_marks_of_byte_order_where_files_were_joined_are_no_part_of_a_name() -> None:
    table().to_csv("p.csv", index=False)
    plain, (head, first, *rest) = audited(CSV)["groups"], Path("p.csv").read_text().splitlines()
    Path("p.csv").write_text(
        "\n".join([f"\ufeff\ufeff{head}", first, "\ufeff" + rest[0], *rest[1:]])
    )
    assert audited(CSV)["groups"] == plain


def test_an_archive_may_hold_what_a_file_manager_put_there() -> None:
    table().to_csv("p.csv", index=False)
    with zipfile.ZipFile("p.csv.zip", "w") as packed:
        for name in ("a/.DS_Store", "Thumbs.db", "desktop.ini"):
            packed.writestr(name, "x")
        packed.write("p.csv", "a/p.csv")
    assert audited(CSV.replace("p.csv", "p.csv.zip"))["groups"] == audited(CSV, out="o")["groups"]


def test_a_packed_parquet_file_is_to_be_unpacked_first() -> None:
    table().to_parquet("p.parquet")
    Path("p.csv.gz").write_bytes(gzip.compress(Path("p.parquet").read_bytes()))
    ended = run(CSV.replace("p.csv", "p.csv.gz"))
    assert "holds a Parquet file, not a text table; unpack it, and call it .parquet" in ended.err


def test_percent_are_shares_and_parquet_is_known_by_its_content() -> None:
    table().to_csv("p.csv", index=False)
    plain = audited(CSV)["groups"]
    table().to_parquet("p.csv")
    assert audited(CSV)["groups"] == plain
    cells = table()
    for name in ("p_dense", "p_small"):
        cells[name] = (100 * cells[name]).map("{:.4g} %".format)
    cells.to_csv("p.csv", index=False)
    assert audited(CSV)["groups"] == plain


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            (HEAD + "0,k\u00e4tzchen,.1,.1\n").encode("latin1"),
            "line 2 has the byte 0xe4.*windows-1252 would read.*kätzchen.*iconv",
        ),
        (
            gzip.compress((HEAD + "0,a,.1,.1\n" * 999).encode(), mtime=0)[:50],
            "packed by gzip and damaged",
        ),
        ((HEAD + "0,\u00e4").encode()[:-1], "ends in the middle of a character: it was cut off"),
        (b"\xd0\xcf\x11\xe0 old", "is an Excel workbook, not a text table; save its sheet as CSV"),
    ],
)
def test_what_is_not_certain_is_told_and_damage_is_no_absence(content: bytes, words: str) -> None:
    Path("p.csv").write_bytes(content)
    assert re.search(words, run(CSV).err), run(CSV).err


def test_ids_of_two_systems_are_one() -> None:
    for at, (name, mark) in enumerate({"one.csv": "/", "two.csv": "\\"}.items()):
        ids = [f"p{mark}{row}.jpg" for row in range(240)]
        table().assign(id=ids)[:: 1 - 2 * at].to_csv(name, index=False)
    command = CSV.replace("p.csv", "one.csv two.csv --id id")
    assert audited(command)["rows"] == 240


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "p.csv is empty; needed are names of columns"),
        ("\n\n", "p.csv is empty; needed are names of columns"),
        (HEAD.replace("p_dense", "hair "), "p.csv has 2 columns 'hair'; rename them"),
        (HEAD + "0,a, b,.1,.1\n1,a, b,.1,.1\n", "put words that hold ',' in quotes"),
        (HEAD + "0,a,.1,.1\n1,b,.1,.1,9\n", "Expected 4 fields in line 3, saw 5"),
        (
            HEAD + "0,a,.1,.1\n1,b,.1,\n",
            "--candidate: column 'p_small' of p.csv is empty in 1 of 2",
        ),
        (
            HEAD + "0,a,.1,.1\n1,b,.1\n",
            "Expected 4 fields in line 3, saw 3: an empty field is written",
        ),
        (
            HEAD + '0,"a,.1,.1\n1,b,.1,.1\n',
            "a quote in line 2 is not closed; was the file cut off?",
        ),
        (HEAD + "0,a,.1,.1\n1,b,.1,.1\n\0\0\0", "is damaged: it holds zeros from line 4 on"),
        ("<!doctype html><html></html>", "is a web page or XML, not a text table"),
        ("version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (HEAD + f"0,a,.1,.1\n{HEAD}1,b,.1,.1\n", "line 3 holds the names of columns again"),
        ("Made in May,,,\n" + HEAD + "0,a,.1,.1\n", "line 1 is 'Made in May' alone, of 4 fields"),
        (HEAD + "0,a,10,20\n1,a,90,80\n", "Are these percent? Write shares of 1"),
        (HEAD + "0,a,0.5%,20%\n1,a,.90,80%\n", "Some fields end in %, others do not"),
        (
            HEAD + '0,a,"1,234",.2\n1,a,"2,345",.8\n',
            "Write decimals with points, thousands without",
        ),
        (HEAD + "0,a,.1,1.0000001\n1,a,.1,.1\n", "'1.0000001'. Is this rounding? Clip it to 0-1"),
        (HEAD + "0,a,.1,1.2\n1,a,.1,1.0000001\n", "'1.2'. Are these logits?"),
        (HEAD + "0,a,10%,.1\n1,a,.1,.1\n", "is neither a class nor a probability in 1 of 2 rows"),
        (HEAD + "0,a,.1,.1\n1,b,.1,.1\n0,c,.1,.1\n", "'hair' of p.csv has 3 values in 3 rows"),
    ],
)
def test_a_text_that_is_no_such_table_is_refused_with_a_cure(text: str, words: str) -> None:
    Path("p.csv").write_text(text)
    ended = run(CSV)
    assert (ended.code, ended.out) == (3, "")
    assert words in ended.err


@pytest.mark.parametrize(
    ("column", "values", "held"),
    [
        ("hair", [b"long"] * 240, "holds binary; needed is one word or number a row"),
        ("p_dense", [[0.1, 0.9]] * 240, "holds list<element: double>; needed is one word"),
        ("y", [None, *range(239)], "--label: column 'y' of p.parquet is empty in 1 of 240 rows"),
    ],
)
def test_a_parquet_column_of_no_words_is_named_with_what_it_holds(
    column: str, values: list[object], held: str
) -> None:
    table().assign(**{column: values}).to_parquet("p.parquet")
    ended = run(PARQUET)
    assert (ended.code, held in ended.err) == (3, True), ended.err


def test_a_parquet_column_that_stands_twice_is_refused() -> None:
    columns = {name: pa.array(table()[name]) for name in ("y", "hair", "p_dense", "p_small")}
    twice = pa.table([*columns.values(), pa.array(np.zeros(240))], names=[*columns, "p_small"])
    pq.write_table(twice, "p.parquet")
    assert "p.parquet has 2 columns 'p_small'" in run(PARQUET).err


def test_a_file_in_place_of_the_folder_is_named() -> None:
    table().to_csv("p.csv", index=False)
    assert "--out: p.csv is a file; name a folder" in run(f"{CSV} --out p.csv").err
