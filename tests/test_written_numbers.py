"""Limits as people write them, 10 % or 0,1: the key and the right form are told."""

from pathlib import Path

import pytest
from auditing import COLUMNS, hair, run

from faircompress.config.params import load
from faircompress.config.written_numbers import meant_number

AUDIT = f"faircompress audit p.csv {COLUMNS}"
HERE = Path(__file__).parent.parent


@pytest.fixture
def audits(in_empty_folder: object) -> None:
    cells = hair({"long": 90, "short": 80}, {"long": 90, "short": 80})
    cells.to_csv("p.csv", index=False)


@pytest.mark.parametrize(
    ("found", "cure"),
    [
        ("0,1", "Write decimals with a point: 0.1."),
        (",05", "Write decimals with a point: 0.05."),
        ("10%", "Write a share of 1 instead of percent: 0.1."),
        ("2,5 %", "Write a share of 1 instead of percent: 0.025."),
        ("1/10", "Write it in decimals: 0.1."),
        ("ten", ""), ("1/0", ""), ("%", ""), ("1.2.3%", ""), (True, ""), (5, ""),
    ],
)  # fmt: skip
def test_a_number_is_told_as_it_should_be_written(found: object, cure: str) -> None:
    assert meant_number(found) == cure


def test_a_share_above_1_may_be_percent() -> None:
    assert meant_number(5, share=True) == "If 5 % is meant, write 0.05."
    assert meant_number("97.5", share=True) == "If 97.5 % is meant, write 0.975."
    assert meant_number(500, share=True) == meant_number(-1, share=True) == ""


@pytest.mark.usefixtures("audits")
@pytest.mark.parametrize("limit", ["0,1", "10%", "10 %", "1/10"])
def test_limits_that_are_typed_otherwise_name_option_and_form(limit: str) -> None:
    for option, name in (
        (f"--rule 'change true_positive_rate {limit}'", "--rule"),
        (f"--metric true_positive_rate --limit '{limit}'", "--limit"),
        (f"--rule 'change true_positive_rate 0.1' --confidence '{limit}'", "--confidence"),
        (f"--rule 'change true_positive_rate 0.1' --threshold '{limit}'", "--threshold"),
    ):
        ended = run(f"{AUDIT} {option}")
        assert ended.code == 3 and name in ended.err and ": 0.1." in ended.err


@pytest.mark.usefixtures("audits")
@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("limit: 10%", "gate.rules.0.limit: '10%' is no number. Write a share of 1 instead of"),
        ("limit: '0,1'", "gate.rules.0.limit: '0,1' is no number. Write decimals with a point"),
        ("limit: 0,1", "1 stands alone after a comma. If it is the end of a number, write its"),
        ("limit: 5", "(found 5). If 5 % is meant, write 0.05."),
        ("limit: ten", "gate.rules.0.limit: 'ten' is no number.\n"),
        ("limit: 0.1, confidence: '97,5 %'", "gate.rules.0.confidence: '97,5 %' is no number"),
    ],
)  # fmt: skip
def test_limits_in_a_file_of_rules_name_key_and_form(written: str, told: str) -> None:
    rule = f"- {{rule: change, metric: true_positive_rate, {written}}}\n"
    Path("rules.yaml").write_text(rule, "utf-8")
    assert told in run(f"{AUDIT} --rules rules.yaml").err


@pytest.mark.usefixtures("audits")
@pytest.mark.parametrize("limit", [".1", "1e-1", "0.10"])
def test_limits_in_other_forms_of_a_number_are_read(limit: str) -> None:
    assert run(f"{AUDIT} --rule 'change true_positive_rate {limit}'").code != 3
    Path("rules.yaml").write_text(
        f"- {{rule: change, metric: true_positive_rate, limit: {limit}}}\n", "utf-8"
    )
    assert run(f"{AUDIT} --rules rules.yaml").code != 3


@pytest.mark.parametrize("value", ["10%", "'0,1'"])
def test_params_name_the_key_of_a_number_written_otherwise(value: str) -> None:
    with pytest.raises(ValueError, match=r"checks.quarantine: '(10%|0,1)' is no number. Write"):
        load(HERE / "params.yaml", [f"checks.quarantine={value}"])


def test_one_word_where_a_list_is_needed_is_shown_as_a_list() -> None:
    with pytest.raises(ValueError, match=r"checks.absent_subgroups: 'hair=short' is no list.*\["):
        load(HERE / "params.yaml", ["checks.absent_subgroups=hair=short"])
