"""Rows that top up a look: declared beforehand, fresh, and multiplied check by check."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ledgers import RULES, drawn, look_at

from faircompress.ledger.errors import LedgerError
from faircompress.ledger.identity import TestSet
from faircompress.ledger.limits import Rules
from faircompress.ledger.looks import Look, complete
from faircompress.ledger.record import Ledger
from faircompress.ledger.topping_up import combined, fresh_part, top_up

FIRST, SECOND = drawn(names="x"), drawn(seed=1, names="y")
NAMES = ("labels", "baseline", "ids", "pictures", "identities")
BOTH = TestSet(
    groups={"sex": np.concatenate([FIRST.groups["sex"], SECOND.groups["sex"]])},
    **{name: np.concatenate([getattr(FIRST, name), getattr(SECOND, name)]) for name in NAMES},
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def topped(ledger: Ledger, look: Look, part: TestSet, *, seed: int = 2, **other: object) -> Look:
    same: dict[str, object] = {"candidate": "a" * 64, "baseline": "b" * 64, "rules": RULES}
    return top_up(ledger, look, part, seed=seed, **(same | other))  # type: ignore[arg-type]


def declared(ledger: Ledger) -> Look:
    look = look_at(ledger, FIRST, topping_up=True)
    complete(ledger, look, outcome="inconclusive", e_values={"auroc": 6.0, "tpr": 2.0})
    return look


def test_e_values_multiply_check_by_check_and_then_the_smallest_counts(ledger: Ledger) -> None:
    look = declared(ledger)
    part = topped(ledger, look, SECOND)
    assert (part.number, part.share, part.tops_up) == (1, 0.5, look.line)
    complete(ledger, part, outcome="pass", e_values={"auroc": 7.0, "tpr": 45.0})
    found = combined(ledger, look)
    assert found.e_values == {"auroc": 42.0, "tpr": 90.0}
    assert (found.check, found.smallest, found.parts) == ("auroc", 42.0, 2)
    assert combined(ledger, part) == found


def test_topping_up_is_no_look_and_the_enlarged_set_is_one(ledger: Ledger) -> None:
    look = declared(ledger)
    complete(ledger, topped(ledger, look, SECOND), outcome="inconclusive", e_values={"auroc": 1.0})
    assert look_at(ledger, BOTH).number == 2
    assert look_at(ledger, SECOND, "c").number == 3


def test_what_was_not_declared_before_is_a_whole_look(ledger: Ledger) -> None:
    look = look_at(ledger, FIRST)
    complete(ledger, look, outcome="inconclusive", e_values={"auroc": 6.0})
    again = look_at(ledger, FIRST, topping_up=True)
    with pytest.raises(LedgerError, match="did not declare .* Book it as one"):
        topped(ledger, again, SECOND)


@pytest.mark.parametrize(
    "other",
    [{"candidate": "c" * 64}, {"baseline": "c" * 64}, {"rules": Rules("o" * 64, RULES.limits)},
     {"rules": Rules(RULES.sha256, {**RULES.limits, "change auroc sex": 0.05})}],
)  # fmt: skip
def test_another_file_or_rule_cannot_be_topped_up(ledger: Ledger, other: dict[str, object]) -> None:
    with pytest.raises(LedgerError, match="same candidate, baseline and rules only"):
        topped(ledger, declared(ledger), SECOND, **other)


def test_people_who_come_again_are_left_out_and_counted(ledger: Ledger) -> None:
    look = declared(ledger)
    with pytest.raises(LedgerError, match="200 .* of these rows stand in an earlier test set"):
        topped(ledger, look, BOTH)
    part = fresh_part(ledger, BOTH)
    assert part.rows.tolist() == [False] * 200 + [True] * 200
    assert part.sentence == (
        "200 rows of 200 people were used in an earlier test set and are left out; 200 rows are "
        "fresh."
    )
    assert not topped(ledger, look, BOTH.take(part.rows)).repeated


def test_a_person_with_one_used_picture_is_left_out_whole(ledger: Ledger) -> None:
    declared(ledger)
    people, pictures = np.array(["p", "p", "q"]), np.array(["x pictures 5", "new", "other"])
    three = drawn(3, seed=4, names="z", identities=people, pictures=pictures)
    assert fresh_part(ledger, three).rows.tolist() == [False, False, True]


def test_rows_of_another_test_set_that_was_looked_at_are_not_fresh(ledger: Ledger) -> None:
    look = declared(ledger)
    look_at(ledger, SECOND, "c")
    assert fresh_part(ledger, SECOND).rows_left_out == 200
    with pytest.raises(LedgerError, match="only fresh ones"):
        topped(ledger, look, SECOND)


def test_used_rows_under_new_names_are_found(ledger: Ledger) -> None:
    look = declared(ledger)
    with pytest.raises(LedgerError, match="198 rows, under other names,"):
        topped(ledger, look, drawn(names="renamed"))


def test_rows_without_names_cannot_top_up(ledger: Ledger) -> None:
    look = declared(ledger)
    with pytest.raises(LedgerError, match="Name their columns"):
        fresh_part(ledger, drawn(seed=1))
    with pytest.raises(LedgerError, match="need pictures and people in every row"):
        topped(ledger, look, replace(SECOND, identities=None, pictures=None))


def test_a_part_that_was_booked_counts_whatever_came_of_it(ledger: Ledger) -> None:
    look = declared(ledger)
    part = topped(ledger, look, SECOND)
    third = drawn(seed=2, names="w")
    with pytest.raises(LedgerError, match="its outcome never written; it counts all the same"):
        topped(ledger, look, third)
    with pytest.raises(LedgerError, match="it counts all the same"):
        combined(ledger, look)
    assert topped(ledger, look, SECOND) == replace(part, repeated=True)
    complete(ledger, part, outcome="fail", e_values={"auroc": 0.01, "tpr": 2.0})
    complete(ledger, topped(ledger, look, third), outcome="fail",
             e_values={"auroc": 5.0, "tpr": 2.0})  # fmt: skip
    assert combined(ledger, look).smallest == pytest.approx(6 * 0.01 * 5)


def test_no_check_may_be_left_out_of_a_part(ledger: Ledger) -> None:
    look = declared(ledger)
    complete(ledger, topped(ledger, look, SECOND), outcome="pass", e_values={"tpr": 45.0})
    with pytest.raises(LedgerError, match=r"different checks.*auroc.*has the e-value 1"):
        combined(ledger, look)


def test_a_file_that_rows_collected_later_let_pass_was_released(ledger: Ledger) -> None:
    earn = {"way": "earn", "levels": lambda number, released: (released + 1) / 2**number}
    look = look_at(ledger, FIRST, topping_up=True, **earn)
    complete(ledger, look, outcome="inconclusive", e_values={"auroc": 6.0})
    complete(ledger, topped(ledger, look, SECOND), outcome="pass", e_values={"auroc": 9.0})
    assert look_at(ledger, FIRST, "c", **earn).released == 1
