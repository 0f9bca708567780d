"""An audit in two parts: declared beforehand, topped up by rows of fresh people, by e-values."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from auditing import TPR, audited, check_in, hair, run

import faircompress
from faircompress.ledger.entries import Booked, Completed
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.record import Ledger

pytestmark = pytest.mark.usefixtures("in_empty_folder")

MODELS = "--label y --group hair --baseline p_dense --candidate p_small"
START = f"faircompress audit {{}} {MODELS} {TPR} --id picture --ledger looks.jsonl"
LEVEL = 0.025 / 2  # of the first look
BET = math.sqrt(2 * math.log(1 / LEVEL) / (40 * 2 * 0.1))
E_OF_40 = (1 + BET * 0.1) ** 40  # of 40 positives of whom none is lost, limit .1
LOOK, PART = 2, 4  # their lines in the ledger


def rows(start: int, *, lost: int = 0) -> pd.DataFrame:
    """Give 40 positives of each group, of whom the candidate loses some of the short-haired."""
    found = hair({"long": 40, "short": 40}, {"long": 40, "short": 40 - lost}, positives=40)
    return found.assign(picture=found.picture + start)


def write(*parts: pd.DataFrame, name: str = "p.csv") -> str:
    pd.concat(parts).to_csv(name, index=False)
    return START.format(name)


def entries(kind: type) -> list[Any]:
    return [e for e in Ledger(Path("looks.jsonl")).entries() if isinstance(e, kind)]


def test_two_parts_that_are_each_too_small_pass_together() -> None:
    first = audited(f"{write(rows(0))} --topping-up")
    assert first["outcome"] == "inconclusive"
    short = check_in(first, "hair=short")
    assert short["e_value"] == short["e_value_of_parts"] == pytest.approx(E_OF_40, rel=1e-9)
    assert pytest.approx(53.6, abs=0.1) == E_OF_40 and 1 / LEVEL == 80
    both = audited(write(rows(0), rows(1000)))  # found by its own rows
    assert (both["outcome"], both["parts"], both["look"]) == ("pass", 2, 1)
    short = check_in(both, "hair=short")
    assert short["n"] == 40 and short["e_value"] == pytest.approx(E_OF_40, rel=1e-9)
    assert short["e_value_of_parts"] == pytest.approx(E_OF_40**2, rel=1e-9)
    assert [e.tops_up for e in entries(Booked)] == [None, LOOK]
    assert [e.outcome for e in entries(Completed)] == ["inconclusive", "pass"]


def test_verify_derives_both_parts_but_for_the_e_values() -> None:
    audited(f"{write(rows(0))} --topping-up", "one")
    audited(write(rows(0), rows(1000, lost=30)), "two")
    for out in ("one", "two"):
        ended = run(f"faircompress verify {out}/verdict.json {out}/predictions-baseline.parquet "
                    f"{out}/predictions-candidate.parquet")  # fmt: skip
        assert ended.code == 0, ended.out
        assert "3 e-values are taken as stated" in ended.out


def test_rows_used_before_are_left_out_and_counted() -> None:
    run(f"{write(rows(0))} --topping-up")
    ended = run(f"{write(rows(0), rows(1000))} --tops-up {LOOK} --out out")
    assert ended.code == 0, ended.err
    assert "120 rows were used in an earlier test set and are left out; 120 rows are" in ended.out
    assert "Estimates and bounds are of these 120 rows alone" in ended.out
    assert "the e-values of 2 parts are multiplied" in ended.out
    assert len(pd.read_parquet("out/predictions-candidate.parquet")) == 120


def test_the_report_says_whether_more_rows_are_a_new_look() -> None:
    declared = run(f"{write(rows(0))} --topping-up")
    assert "they top up this look, which declared it: no new look" in declared.out
    assert f"Rows of fresh people may top it up: it stands in line {LOOK}" in declared.out
    Path("looks.jsonl").unlink()
    for leftover in Path("looks.jsonl.sets").iterdir():
        leftover.unlink()
    other = run(write(rows(0)))
    assert "a new look at a test set seen before, since topping up was not declared" in other.out


def test_the_same_part_again_is_the_same_look_and_changes_nothing() -> None:
    run(f"{write(rows(0))} --topping-up")
    both = write(rows(0), rows(1000))
    first, again = audited(both), audited(both)
    assert again == first and len(entries(Booked)) == 2


def test_what_was_not_declared_is_a_whole_look() -> None:
    assert audited(write(rows(0)))["parts"] == 0
    both = write(rows(0), rows(1000))
    refused = run(f"{both} --tops-up {LOOK}")
    assert refused.code == 3 and len(entries(Booked)) == 1
    assert "did not declare --topping-up before its outcome" in refused.err
    late = run(f"{write(rows(0))} --topping-up")
    assert late.code == 3 and "--topping-up comes too late" in late.err
    whole = audited(write(rows(0), rows(1000)))
    assert (whole["look"], whole["parts"], whole["rows"]) == (2, 0, 240)


def test_a_part_that_was_left_open_lets_no_other_follow() -> None:
    run(f"{write(rows(0))} --topping-up")
    ledger = Path("looks.jsonl")
    run(write(rows(0), rows(1000), name="two.csv"))
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join(lines[:PART]))  # as if killed before its outcome was written
    third = run(write(rows(0), rows(1000), rows(2000)))
    assert third.code == 3 and "its outcome never written; it counts all the same" in third.err
    assert audited(START.format("two.csv"))["outcome"] == "pass"  # the same part, for its outcome


def test_another_model_or_rule_tops_up_nothing() -> None:
    run(f"{write(rows(0))} --topping-up")
    both = write(rows(0, lost=1), rows(1000))
    named = run(f"{both} --tops-up {LOOK}")
    assert named.code == 3 and "the models are not those of the look of line 2" in named.err
    assert audited(both)["look"] == 2
    alone = run(f"{write(rows(1000))} --tops-up {LOOK}")
    assert alone.code == 3 and "this table holds no row of the look of line 2" in alone.err


def test_a_look_that_is_settled_takes_no_more_rows() -> None:
    run(f"{write(rows(0, lost=30))} --topping-up")
    assert entries(Completed)[0].outcome == "fail"
    refused = run(f"{write(rows(0, lost=30), rows(1000))} --tops-up {LOOK}")
    assert refused.code == 3 and "came out as 'fail': the look is settled" in refused.err


def test_harm_in_fresh_rows_fails_although_the_first_part_was_open() -> None:
    run(f"{write(rows(0))} --topping-up")
    both = audited(write(rows(0), rows(1000, lost=30)))
    assert both["outcome"] == "fail"
    short = check_in(both, "hair=short")
    assert short["failed_at"] <= LEVEL / 4  # the second part's share of what may err


def test_a_group_without_a_fresh_row_stays_open_where_the_first_part_left_it() -> None:
    run(f"{write(rows(0))} --topping-up")
    more = rows(1000)
    both = audited(write(rows(0), more[more.hair == "long"]))
    assert both["outcome"] == "inconclusive"
    assert any("hair=short" in reason for reason in both["reasons"])


def test_without_names_nothing_can_be_topped_up() -> None:
    rows(0).to_csv("p.csv", index=False)
    ended = run(f"faircompress audit p.csv {MODELS} {TPR} --ledger looks.jsonl --topping-up")
    assert ended.code == 3 and "needs rows that are known again" in ended.err
    for words in ("--topping-up", "--tops-up 2"):
        ended = run(f"faircompress audit p.csv {MODELS} {TPR} {words}")
        assert ended.code == 3 and "is given without a ledger" in ended.err


def test_two_parts_from_python() -> None:
    given: dict[str, Any] = {
        "label": "y", "groups": ["hair"], "baseline": "p_dense", "candidate": "p_small",
        "rules": ["change true_positive_rate 0.1"], "id": "picture", "ledger": "looks.jsonl",
    }  # fmt: skip
    first = faircompress.audit(rows(0), topping_up=True, **given)
    assert str(first.outcome) == "inconclusive"
    both = pd.concat([rows(0), rows(1000)])
    second = faircompress.audit(both, tops_up=LOOK, **given)
    assert (str(second.outcome), second.parts, second.rows) == ("pass", 2, 120)
    with pytest.raises(LedgerError, match=r"tops_up 7: this line of looks.jsonl is no look"):
        faircompress.audit(both, tops_up=7, **given)
