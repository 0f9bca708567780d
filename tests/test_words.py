"""Names that are damaged, almost equal, or words for unknown: told, and never put right unasked."""

from pathlib import Path
from typing import Any

import galleries
import numpy as np
import pytest
from auditing import COLUMNS, TPR, audited, hair, run
from test_rows_first import chosen

from faircompress.data.words import damaged, near, unknown
from faircompress.validation import rows_first
from faircompress.validation.checks import UnfitData


@pytest.mark.parametrize(
    ("names", "broken"),
    [
        (["0-4", "9-May", "14-Oct", "15-19"], ["9-May", "14-Oct"]),
        (["05. Mai", "10-19"], ["05. Mai"]),
        (["9-May", "14-Oct"], ["9-May", "14-Oct"]),
        (["TP53", "1-Mar", "2-Sep"], ["1-Mar", "2-Sep"]),
        (["2024-05-09 00:00:00", "10-20"], ["2024-05-09 00:00:00"]),
        (["#REF!", "a", "########"], ["#REF!", "########"]),
        (["MÃ¤nner", "Frauen"], ["MÃ¤nner"]),
        (["M\ufffdnner", "Frauen"], ["M\ufffdnner"]),
        (["1.23E+11", "4"], ["1.23E+11"]),
        (["2024/05/03", "10-20", "20-30"], ["2024/05/03"]),
        (["03-05-2024", "10-May-24", "10-20"], ["03-05-2024", "10-May-24"]),
        (["2024-05-03T00:00:00.000Z", "10-20"], ["2024-05-03T00:00:00.000Z"]),
        (["5月10日", "2-мар", "1er mars", "10-ağu"], ["5月10日", "2-мар", "1er mars", "10-ağu"]),
        (["0:30", "12:30:00", "44321", "10-20", "20-30"], ["0:30", "12:30:00", "44321"]),
        (
            ["#¡REF!", "#BEZUG!", "#VALEUR!", "Err:502"],
            ["#¡REF!", "#BEZUG!", "#VALEUR!", "Err:502"],
        ),
        (["=VLOOKUP(A1,B:C,2)", "=$B$2", "f"], ["=VLOOKUP(A1,B:C,2)", "=$B$2"]),
        (["2024-05-01", "2024-06-01"], []),  # a column of dates
        (["2024/05/01", "2024/06/01"], []),
        (["44321", "44322", "night"], []),  # codes of places
        (["10:30", "20:30"], []),  # times of day
        (["=1", "<1", "#A", "#b!"], []),
        (["Jan-20", "Feb-20", "Mar-20"], []),  # or of months
        (["may", "june"], []),
        (["marble 3", "10-19", "1/2", "Ärzte", "São Paulo", "<5", "65+", "1e3", "#1"], []),
    ],
)
def test_a_name_that_a_spreadsheet_or_an_encoding_damaged_is_known(
    names: list[str], broken: list[str]
) -> None:
    assert list(damaged(names)) == broken


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        (["A", "a ", "b"], [("A", "a ")]),
        (["male", "Male", "female"], [("Male", "male")]),
        (["20-29", "20\u201329", "30-39"], [("20-29", "20\u201329")]),
        (["light skin", "light_skin"], [("light skin", "light_skin")]),
        (["07", "7", "7.0", "8"], [("07", "7", "7.0")]),
        (["é", "e\u0301"], [("e\u0301", "é")]),
        (["dark", "dark\u200b"], [("dark", "dark\u200b")]),
        (["-1", "1", "A-", "A+", "A", "<5", "5", "1-2", "12"], []),
        ([*"ABCDabcd"], []),  # an alphabet
    ],
)
def test_names_that_are_almost_equal_are_known(
    names: list[str], alike: list[tuple[str, ...]]
) -> None:
    assert near(names) == alike


def test_minus_one_is_a_word_for_unknown_except_beside_one_alone() -> None:
    assert unknown(["-1", "1"]) == [] and unknown(["-1", "0", "1"]) == ["-1"]


@pytest.mark.parametrize(
    "word",
    [
        "Unbekannt", "keine Angaben", "nicht angegeben", "non renseigné", "Desconocida", "s/d",
        "não informado", "okänd", "не указано", "不详", "미상", "غير معروف",
        "UNKN", "n/k", "Prefer not to say", "Unknown or Not Reported", "no data", "(Missing)",
        "<unk>", "[UNK]", "(blank)", "(Leer)", "—", "-1.0", "NaT", "#N/A N/A",
    ],
)  # fmt: skip
def test_unknown_is_known_in_other_languages_and_brackets(word: str) -> None:
    assert unknown([word, "a", "b"]) == [word]


def test_words_that_only_sound_unknown_are_names() -> None:
    words = ["none", "other", "refused", "no", "NS", "U", "0", "99", "missing tooth", "(a)", "_x_"]
    assert unknown(words) == []


def with_groups(root: Path, *names: str) -> dict[str, Any]:
    rows = [row | {"band": names[at // 2 % len(names)]} for at, row in
            enumerate(galleries.people(240))]  # fmt: skip
    return galleries.table(root, rows) | {"groups": ["band"]}


def test_minus_one_beside_one_alone_is_a_group_like_another(tmp_path: Path) -> None:
    rows = galleries.people()
    coded = [row | {"gender": ("-1", "1")[row["gender"]]} for row in rows]
    given = galleries.table(tmp_path, coded)
    raw = rows_first.refuse_unfit_rows(chosen(given, min_subgroup=1))
    assert set(raw.rows["sex"]) == {"-1", "1"}
    coded[0]["gender"] = "0"
    with pytest.raises(UnfitData, match="a word for unknown, or nothing, in sex"):
        rows_first.refuse_unfit_rows(
            chosen(galleries.table(tmp_path / "more", coded), min_subgroup=1)
        )


def test_damaged_names_are_refused_before_training_and_mended_by_names(tmp_path: Path) -> None:
    given = with_groups(tmp_path, "0-4", "9-May", "10-14")
    told = r"no name is damaged: 1 of 5 .*band='9-May' looks like a range .* date \(80 rows\)"
    with pytest.raises(UnfitData, match=told):
        rows_first.count(chosen(given, min_subgroup=1))
    given["groups"] = {"band": {"names": {"0-4": "0-4", "9-May": "5-9", "10-14": "10-14"}}}
    assert "groups by band" in rows_first.count(chosen(given, min_subgroup=1))


def test_names_that_are_almost_equal_are_refused_and_joined_by_names(tmp_path: Path) -> None:
    given = with_groups(tmp_path, "male", "Male", "female")
    with pytest.raises(UnfitData, match=r"almost equal: Found 1 that .* 'Male' and 'male'"):
        rows_first.count(chosen(given, min_subgroup=1))
    given["groups"] = {"band": {"names": {"male": "m", "Male": "m", "female": "f"}}}
    assert "groups by band" in rows_first.count(chosen(given, min_subgroup=1))


def test_people_whose_ids_a_spreadsheet_rounded_are_not_taken_for_one(tmp_path: Path) -> None:
    rows = [row | {"person": f"{1 + at // 20 / 100:.2f}E+14"} for at, row in
            enumerate(galleries.people(240))]  # fmt: skip
    given = galleries.table(tmp_path, rows)
    with pytest.raises(UnfitData, match=r"no name is damaged: 12 of .* identity '1\.00E\+14'"):
        rows_first.count(chosen(given, min_subgroup=1))


def test_a_word_for_unknown_is_no_person(tmp_path: Path) -> None:
    rows = [row | ({"person": "unknown"} if at < 20 else {}) for at, row in
            enumerate(galleries.people(240))]  # fmt: skip
    given = galleries.table(tmp_path, rows)
    with pytest.raises(UnfitData, match="identity 'unknown' is a word for unknown, not one person"):
        rows_first.count(chosen(given, min_subgroup=1))


AUDIT = f"faircompress audit p.csv {COLUMNS} {TPR}"


@pytest.mark.usefixtures("in_empty_folder")
@pytest.mark.parametrize(
    ("column", "values", "more", "words"),
    [
        ("hair", ["9-May", "10-14"], "", "--group: column 'hair' of p.csv looks like a range or"),
        ("y", ["0", "#REF!"], "--classes 0,#REF!", "--label: column 'y' of p.csv is a spreadsheet"),
        ("who", ["1.2E+15", "1.3E+15"], "--cluster who", "--cluster: column 'who' of p.csv looks"),
        ("who", ["1.2E+15", "1.3E+15"], "--id who", "--id: column 'who' of p.csv looks like a rou"),
    ],
)
def test_an_audit_refuses_damaged_names_and_ids(
    column: str, values: list[str], more: str, words: str
) -> None:
    cells = hair({"long": 90, "short": 80}, {"long": 90, "short": 80})
    cells.assign(**{column: np.resize(values, len(cells))}).to_csv("p.csv", index=False)
    ended = run(f"{AUDIT} {more}")
    assert (ended.code, words in ended.err) == (3, True), ended.err


@pytest.mark.usefixtures("in_empty_folder")
def test_an_audit_tells_of_names_that_are_almost_equal_or_for_unknown() -> None:
    cells = hair({"long": 90, "Long": 80, "unknown": 80}, {"long": 90, "Long": 80, "unknown": 80})
    cells.to_csv("p.csv", index=False)
    notes = " ".join(audited(AUDIT)["notes"])
    assert "Names in hair are almost equal: 'Long' and 'long'." in notes
    assert "'unknown' in hair is a word for unknown, and is evaluated like any other" in notes


@pytest.mark.usefixtures("in_empty_folder")
def test_an_audit_proposes_bands_for_numbers_and_doubts_clusters_of_nobody() -> None:
    cells = hair({"a": 90, "b": 80}, {"a": 90, "b": 80})
    cells = cells.assign(hair=np.arange(len(cells)) % 30, who=np.arange(len(cells)))
    cells["who"] = cells["who"].astype(str).where(cells["who"] > 3, "unknown")
    cells.to_csv("p.csv", index=False)
    notes = " ".join(audited(f"{AUDIT} --cluster who --max-weight 9")["notes"])
    assert "hair has 30 numbers as groups, each with few rows" in notes
    assert "bins: {low: [null, 10], middle: [10, 20], high: [20, null]}" in notes
    assert "Cluster 'unknown' is a word for unknown, and its rows count as one cluster" in notes
