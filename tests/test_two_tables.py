"""Two tables of one test set: ids or words that are written otherwise are told, never dropped."""

from collections.abc import Callable

import pandas as pd
import pytest
from auditing import COLUMNS, TPR, audited, hair, run

pytestmark = pytest.mark.usefixtures("in_empty_folder")

TWO = f"faircompress audit p.csv q.csv {COLUMNS} {TPR} --id picture"


def table() -> pd.DataFrame:
    """240 rows that pass, with ids 1000 to 1239."""
    cells = hair({"long": 90, "short": 80}, {"long": 90, "short": 80})
    cells["picture"] = (cells["picture"] + 1000).map(str)
    return cells.astype({"y": object})


def refusal(one: pd.DataFrame, other: pd.DataFrame) -> str:
    one.to_csv("p.csv", index=False)
    other[::-1].to_csv("q.csv", index=False)
    ended = run(TWO)
    assert (ended.code, ended.out) == (3, "")
    return ended.err


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        (str, lambda n: f"{int(n):,}", "marks between thousands, such as '1239' and '1,239'"),
        (str, lambda n: f"{n[0]}'{n[1:]}", "marks between thousands, such as"),
        (str, lambda n: f"{n[0]}\u202f{n[1:]}", "marks between thousands, such as"),
        (lambda n: f"é{n}", lambda n: f"e\u0301{n}", r"how Unicode writes letters, such as '\xe9"),
        (str, lambda n: f"\u200b{n}", "how Unicode writes letters, such as"),
        (str, lambda n: f'="{n}"', "quotes, such as"),
        (lambda n: f"a {n}", lambda n: f"a%20{n}", "%20 and the like, such as"),
        (lambda n: f"a {n}", lambda n: f"a  {n}", "blanks, such as 'a 1239' and 'a  1239'"),
        (lambda n: f"a_{n}", lambda n: f"a-{n}", "blanks, hyphens or underscores, such as"),
        (lambda n: f"A_{n}.png", lambda n: f"a-{n}", "capitals, the suffix and blanks, hyphens"),
    ],
)
def test_ids_that_differ_in_writing_are_told_in_what(
    one: Callable[[str], str], other: Callable[[str], str], difference: str
) -> None:
    cells = table()
    ours, theirs = (cells.assign(picture=cells["picture"].map(way)) for way in (one, other))
    assert f"ids of p.csv and q.csv differ only in {difference}" in refusal(ours[::-1], theirs)


def test_ids_of_another_kind_are_shown_beside_those_that_are_missing() -> None:
    cells = table()
    told = refusal(cells, cells.assign(picture="ISIC_" + cells["picture"]))
    assert (
        "q.csv lacks 240 rows of p.csv, first '1000'; its own ids are such as 'ISIC_1239'" in told
    )
    assert "lacks 3 rows of p.csv, first '1237'. Both" in refusal(cells, cells[:-3])


def test_points_between_thousands_that_make_two_ids_one_are_told() -> None:
    cells = table()
    cells.loc[1, "picture"] = "1"
    cells.loc[0, "picture"] = "1.000"
    told = refusal(cells, cells)
    assert "repeats an earlier row in 1 of 240 rows" in told
    assert "'1.000' and '1' are one number; if its point stands between thousands" in told


@pytest.mark.parametrize(
    ("column", "mine", "theirs", "words"),
    [
        ("y", {0: 0, 1: 1}, {0: "no", 1: "yes"}, "'0' is 'no' there, '1' is 'yes' there"),
        ("y", {0: "False", 1: "True"}, {0: "no", 1: "yes"}, "'True' is 'yes' there"),
        ("y", {0: 0, 1: 1}, {0: 1, 1: 2}, "'0' is '1' there, '1' is '2' there"),
        ("hair", {"long": "Long"}, {"long": "LONG"}, "'Long' is 'LONG' there"),
        ("hair", {"long": 0, "short": 1}, {}, "'0' is 'long' there, '1' is 'short' there"),
    ],
)
def test_what_two_files_call_otherwise_in_all_rows_is_told(
    column: str, mine: dict[object, object], theirs: dict[object, object], words: str
) -> None:
    cells = table()
    one, other = (cells.replace({column: names}) for names in (mine, theirs))
    told = refusal(one, other)
    assert "q.csv calls the same otherwise in all rows: " in told and words in told
    assert "leave the column out of q.csv: it is read from p.csv" in told
    other.drop(columns=column).to_csv("q.csv", index=False)
    audited(f"{TWO} --classes {mine[0]},{mine[1]}" if column == "y" else TWO)


def test_names_of_which_some_alone_are_written_otherwise_are_told() -> None:
    cells = table()
    some = cells.copy()
    some.loc[:9, "hair"] = "Long"
    assert "'Long' is 'long' there" in refusal(some, cells)


def test_codes_that_are_turned_round_in_one_file_are_told() -> None:
    cells = table()
    told = refusal(cells, cells.assign(y=1 - cells.y.astype(int)))
    assert "'0' is '1' there, '1' is '0' there. Are the codes of one file turned round?" in told


def test_labels_of_other_rows_are_no_matter_of_writing() -> None:
    cells = table()
    wrong = cells.copy()
    wrong.loc[3, "y"] = 0
    told = refusal(cells, wrong)
    assert "differs from p.csv in 1 of 240 rows" in told
    assert "Both files must be of one test set." in told and "otherwise" not in told


def test_true_beside_1_and_weights_of_fewer_digits_are_the_same() -> None:
    cells = table().assign(w=[1 / 3] * 240)
    cells.to_csv("p.csv", index=False)
    shorter = cells.assign(w=0.3333333, y=cells.y.map({0: False, 1: True}))
    shorter.to_csv("q.csv", index=False)
    audited(f"{TWO} --weight w --max-weight 1")
    shorter.assign(w=0.334).to_csv("q.csv", index=False)
    assert "column 'w' of q.csv differs from p.csv" in run(f"{TWO} --weight w --max-weight 1").err
