"""A stray label, a row of sums, ids in two spellings, "no" as positive: told as what they are."""

import pandas as pd
import pytest
from auditing import COLUMNS, TPR, audited, hair, run

pytestmark = pytest.mark.usefixtures("in_empty_folder")

ALL = f"faircompress audit p.csv {COLUMNS} {TPR}"
TWO = f"{ALL.replace('p.csv', 'p.csv q.csv')} --id picture"


def table() -> pd.DataFrame:
    """240 rows that pass."""
    cells = hair({"long": 90, "short": 80}, {"long": 90, "short": 80})
    return cells.astype({"y": object, "picture": object, "p_dense": object, "p_small": object})


def refusal(cells: pd.DataFrame, command: str = ALL) -> str:
    cells.to_csv("p.csv", index=False)
    ended = run(command)
    assert (ended.code, ended.out) == (3, "")
    return ended.err


def test_one_stray_label_beside_two_classes_is_named_with_its_row() -> None:
    for stray in ("NA", "?", "0.83"):
        cells = table()
        cells.loc[7, "y"] = stray
        told = refusal(cells)
        assert "--label: column 'y' of p.csv holds neither '0' nor '1' in 1 of 240 rows" in told
        assert f"first in 'row 8', '{stray}'" in told and "leave the row out" in told


def test_a_word_for_unknown_among_decided_classes_is_no_third_class() -> None:
    cells = table()
    for column in ("p_dense", "p_small"):
        cells[column] = (cells[column] > 0.5).astype(int)
    cells.loc[7, "y"] = "?"
    told = refusal(cells)
    assert "is a word for unknown beside two classes in 1 of 240 rows, first in 'row 8'" in told


def test_a_rare_third_class_that_a_model_decides_for_is_a_class() -> None:
    cells = table().assign(y=["a", "b"] * 120)
    cells.loc[:8, "y"] = "c"
    cells["p_dense"] = cells["p_small"] = cells.y
    cells.to_csv("p.csv", index=False)
    assert {"y=c"} <= {f"y={name}" for name in audited(ALL)["classes"]}


@pytest.mark.parametrize("word", ["missing", "None", "?", "-1"])
def test_a_class_called_by_a_word_for_unknown_is_one_if_a_model_decides_for_it(word: str) -> None:
    cells = table().assign(y=["a", "b"] * 120)
    cells.loc[:8, "y"] = word
    cells["p_dense"] = cells["p_small"] = cells.y
    judged(cells)
    cells["p_dense"] = cells["p_small"] = ["a", "b"] * 120
    assert "if it is a class, say so: --classes" in refusal(cells)


def judged(cells: pd.DataFrame) -> None:
    cells.to_csv("p.csv", index=False)
    ended = run(ALL)
    assert ended.code != 3, ended.err


def test_many_labels_beside_two_are_three_classes_that_need_a_column_each() -> None:
    cells = table()
    cells.loc[:40, "y"] = "2"
    assert "is for two classes, but the label has 3" in refusal(cells)
    assert "one column a class, such as 'p_dense_*'" in refusal(cells)


@pytest.mark.parametrize(
    "word",
    ["mean", "Total:", "AVERAGE", "Gesamt", "Moyenne", "Média", "итого", "合計", "합계"]
    + ["TOTAL (240)", "Summe = 240"],
)
@pytest.mark.parametrize("named", ["{}", "img_{:04d}.png"])
def test_a_last_row_that_sums_up_is_none_of_the_test_set(word: str, named: str) -> None:
    cells = table()
    cells["picture"] = cells["picture"].map(named.format)
    cells.loc[240] = [word, 1, "short", 0.5, 0.4]
    told = refusal(cells, f"{ALL} --id picture")
    assert "column 'picture' of p.csv holds a word of a summary in 1 of 241 rows" in told
    assert f"first in 'row 241', '{word}'. Such a row sums up the others" in told


def test_words_of_a_summary_that_are_names_of_rows_or_groups_are_kept() -> None:
    cells = table()
    cells["picture"] = [f"Ann {k}" for k in range(239)] + ["Anna"]
    cells.loc[5, "picture"] = "Max"  # not the last
    cells.to_csv("p.csv", index=False)
    assert audited(f"{ALL} --id picture")["rows"] == 240
    cells.loc[239, "picture"] = "Max"  # the last, among names without numbers
    cells.loc[5, "picture"] = "Ben"
    cells.to_csv("p.csv", index=False)
    assert audited(f"{ALL} --id picture")["rows"] == 240
    grouped = table().assign(hair=["20-29"] * 120 + ["min"] * 120)  # a group of several rows
    grouped[["hair", "y", "p_dense", "p_small", "picture"]].to_csv("p.csv", index=False)
    assert audited(f"{ALL} --id picture")["rows"] == 240


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("{:04d}", "{}", "zeros in front of numbers, such as '0000' and '0'"),
        ("{}.png", "{}.PNG", "capitals, such as '0.png' and '0.PNG'"),
        ("{}.nii.gz", "{}", "the suffix, such as '0.nii.gz' and '0'"),
        ("faces/{}.png", "{}.png", "the folder, such as 'faces/0.png' and '0.png'"),
        ("f\\{:03d}.png", "{}", "zeros in front of numbers, the suffix and the folder, such as"),
    ],
)
@pytest.mark.parametrize("rows", [240, 200])
def test_ids_that_differ_in_writing_are_told_in_what(
    one: str, other: str, difference: str, rows: int
) -> None:
    cells = table()
    cells.assign(picture=cells["picture"].map(other.format))[:rows].to_csv("q.csv", index=False)
    told = refusal(cells.assign(picture=cells["picture"].map(one.format)), TWO)
    assert f"--id: ids of p.csv and q.csv differ only in {difference}" in told
    assert "write them alike in both files" in told


def test_ids_of_other_rows_or_folders_that_tell_them_apart_are_missing() -> None:
    cells = table()
    cells[:-3].to_csv("q.csv", index=False)
    assert "q.csv lacks 3 rows of p.csv, first '237'" in refusal(cells, TWO)
    folders = [f"{'ab'[k % 2]}/{k // 2}.png" for k in range(240)]
    others = [name.translate(str.maketrans("ab", "cd")) for name in folders]
    cells.assign(picture=others).to_csv("q.csv", index=False)
    assert "q.csv lacks 240 rows" in refusal(cells.assign(picture=folders), TWO)


@pytest.mark.parametrize(
    ("no", "yes"), [("no", "yes"), ("normal", "abnormal"), ("control", "case"), ("well", "ill")]
)
def test_the_positive_that_is_proposed_is_not_the_word_that_says_no(no: str, yes: str) -> None:
    cells = table().assign(y=lambda t: t.y.map({0: no, 1: yes}))
    told = refusal(cells)
    if no != "well":  # no usual word: the order of letters
        assert f"such as --classes {no},{yes}" in told
    assert "The positive class is" not in " ".join(audited(f"{ALL} --classes {no},{yes}")["notes"])
    turned = cells.assign(p_dense=1 - cells.p_dense, p_small=1 - cells.p_small)
    turned.to_csv("p.csv", index=False)
    verdict = audited(f"{ALL} --classes {yes},{no}")
    told_of = f"The positive class is '{no}', the second of two: positives"
    assert any(note.startswith(told_of) for note in verdict["notes"]) == (no != "well")
