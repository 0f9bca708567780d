"""What users expect of their own table, as Great Expectations writes it, joins the checks."""

import json
from pathlib import Path
from typing import Any

import galleries
import pytest
from test_rows_first import chosen
from test_table import checked

from faircompress.config.params import Params
from faircompress.stages.source import source
from faircompress.validation import own_expectations, rows_first
from faircompress.validation.checks import UnfitData, unfit
from faircompress.validation.findings import Finding

AGES = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "age", "min_value": 0, "max_value": 80},
}
FEW = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1000}}


def found(asked: Params) -> list[Finding]:
    suite = own_expectations.read(asked.checks.expectations)
    raw = rows_first.read_rows(asked.data)
    return own_expectations.tested(suite, own_expectations.table_of(raw))


def test_columns_of_the_table_that_are_no_groups_can_be_expected_of(tmp_path: Path) -> None:
    given = galleries.table(tmp_path)
    ages, few = found(chosen(given, min_subgroup=1, expectations=[AGES, FEW]))
    rows = galleries.people()
    old = [row["image"] for row in rows if row["age"] > 80]
    assert (ages.ok, ages.severity, ages.rows) == (False, "error", old)
    assert ages.sentence.startswith(f"{len(old)} of 120 rows are not so: 84")
    assert (few.ok, few.sentence) == (False, "It does not hold; found is 120.")


def test_names_of_ours_stand_beside_the_tables_own(tmp_path: Path) -> None:
    kind = "expect_column_values_to_be_in_set"
    sexes = {"type": kind, "kwargs": {"column": "sex", "value_set": ["0", "1"]}}
    labels = {"type": kind, "kwargs": {"column": "label", "value_set": ["sad"], "mostly": 0.5}}
    both = found(chosen(galleries.table(tmp_path), expectations=[sexes, labels]))
    assert [finding.ok for finding in both] == [True, True]


def test_a_suite_of_an_older_version_and_its_warnings_are_read(tmp_path: Path) -> None:
    old = {"expectation_type": AGES["type"], "kwargs": AGES["kwargs"], "meta": {"notes": "x"}}
    (tmp_path / "suite.json").write_text(
        json.dumps({"expectation_suite_name": "mine", "expectations": [old], "meta": {}})
    )
    given = galleries.table(tmp_path / "root")
    (same,) = found(chosen(given, expectations=str(tmp_path / "suite.json")))
    assert not same.ok
    (told,) = found(chosen(given, expectations=[AGES | {"severity": "warning"}]))
    assert told.severity == "warning" and unfit([told]) == []


@pytest.mark.parametrize(
    ("one", "words"),
    [
        ({"type": "expect_column_to_be_nice"}, r"no expectation 'expect_column_to_be_nice'\. Did"),
        ({"kwargs": {}}, "entry 1: no expectation None"),
        (AGES | {"kwargs": {"column": "aeg"}}, r"no column 'aeg'\. Did you mean 'age'"),
    ],
)
def test_a_mistake_is_told_before_a_picture_is_opened(
    one: dict[str, Any], words: str, tmp_path: Path
) -> None:
    asked = chosen(galleries.table(tmp_path), min_subgroup=1, expectations=[one])
    with pytest.raises(ValueError, match=words):
        rows_first.count(asked)


def test_what_great_expectations_cannot_run_is_no_finding(tmp_path: Path) -> None:
    wrong = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age"}}
    text = AGES | {"kwargs": {"column": "person", "min_value": 3}}
    for one in (wrong, text):
        with pytest.raises(ValueError, match=r"checks\.expectations: "):
            found(chosen(galleries.table(tmp_path), expectations=[one]))


def test_a_table_that_is_not_as_expected_is_refused_and_its_file_is_part_of_the_data(
    tmp_path: Path,
) -> None:
    suite = tmp_path / "suite.json"
    suite.write_text(json.dumps({"expectations": [AGES]}))
    given = galleries.table(tmp_path / "root")
    with pytest.raises(UnfitData, match=r"your own: .*column=age.*rows are not so: 84"):
        checked(tmp_path, given, f"checks.expectations={suite}")
    asked = chosen(given, expectations=str(suite))
    before = source(asked, tmp_path / "artifacts")
    suite.write_text(json.dumps({"expectations": []}))
    assert source(asked, tmp_path / "artifacts") != before
