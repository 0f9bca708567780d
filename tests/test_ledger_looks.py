"""Looks: booked before they are seen, counted over every set they overlap, and charged."""

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ledgers import RULES, drawn, look_at

from faircompress.ledger.entries import Booked, LimitsChanged
from faircompress.ledger.errors import LedgerError, NeedsReviewerError
from faircompress.ledger.identity import TestSet
from faircompress.ledger.levels import looks_left
from faircompress.ledger.limits import Review, Rules
from faircompress.ledger.looks import complete, in_order
from faircompress.ledger.old_book import import_book
from faircompress.ledger.record import Ledger
from faircompress.ledger.sentences import describe

SET = drawn(names="x")
LAX = Rules("l" * 64, {**RULES.limits, "change auroc sex": 0.05})
REVIEW = Review("Ann", "Bob", "the limit of the protocol, mistyped before")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def slices(test_set: TestSet, count: int) -> list[TestSet]:
    return [test_set.take(rows) for rows in np.array_split(np.arange(len(test_set)), count)]


def levels(number: int, released: int) -> float:
    """Share alpha as e-LOND does with weights 1/2, 1/4, ..."""
    return 0.5**number * (released + 1)


def test_a_look_is_written_before_its_outcome_and_stays_if_nothing_comes_of_it(
    ledger: Ledger,
) -> None:
    look_at(ledger, SET)
    entry = ledger.entries()[-1]
    assert isinstance(entry, Booked) and (entry.candidate, entry.number) == ("a" * 64, 1)
    assert look_at(ledger, SET, "c").number == 2


def test_spend_uses_a_half_a_sixth_a_twelfth(ledger: Ledger) -> None:
    found = [look_at(ledger, SET, name) for name in "acd"]
    assert [look.alpha(0.6) for look in found] == pytest.approx([0.3, 0.1, 0.05])


def test_the_same_look_is_free_and_anything_else_is_not(ledger: Ledger) -> None:
    first = look_at(ledger, SET)
    again = look_at(ledger, SET.take(np.arange(200)[::-1]), topping_up=True)
    assert again == replace(first, repeated=True)  # nor can it be declared later
    more = Rules("m" * 64, {**RULES.limits, "change tpr age": 0.1})
    heavier = replace(SET, weights=np.linspace(1, 2, 200))
    others = [
        look_at(ledger, SET, seed=2), look_at(ledger, SET.take(np.arange(199))),
        look_at(ledger, heavier), look_at(ledger, SET, baseline="e" * 64),
        look_at(ledger, SET, rules=more),
    ]  # fmt: skip
    assert [look.number for look in others] == [2, 3, 4, 5, 6]


def test_a_set_that_overlaps_two_counts_the_looks_of_both(ledger: Ledger) -> None:
    one, two = slices(drawn(400, names="x"), 2)
    numbers = [look_at(ledger, s, c).number for s, c in ((one, "a"), (two, "a"), (two, "c"))]
    assert numbers == [1, 1, 2]
    assert look_at(ledger, drawn(400, names="x")).number == 4


def test_slices_of_a_set_count_each_other_and_a_moving_window_leaves_old_looks_behind(
    ledger: Ledger,
) -> None:
    look_at(ledger, SET)
    assert [look_at(ledger, part).number for part in slices(SET, 4)] == [2, 3, 4, 5]
    long = drawn(1000, seed=3, names="y")
    windows = [long.take(np.arange(n, n + 200)) for n in range(0, 800, 100)]
    assert [look_at(ledger, window).number for window in windows] == [1, 2, 3, 3, 3, 3, 3, 3]


def test_looks_of_which_nothing_can_be_told_count_and_ask_for_ids(ledger: Ledger) -> None:
    look_at(ledger, drawn(baseline=np.ones(200)))
    look = look_at(ledger, drawn(seed=1, baseline=np.ones(200)))
    assert (look.number, look.unsure) == (2, 1)
    assert "too coarse to tell whether this is one of 1 earlier test sets" in describe(
        look, alpha=0.025, left=0
    )


def test_earn_uses_the_levels_it_is_given_and_counts_what_it_released(ledger: Ledger) -> None:
    numbers = []
    for candidate, outcome in (("a", "fail"), ("c", "pass"), ("d", "pass"), ("e", "pass")):
        look = look_at(ledger, SET, candidate, way="earn", levels=levels)
        complete(ledger, look, outcome=outcome, e_values={"auroc": 1.0})
        numbers.append((look.released, look.share))
    assert numbers == [(0, 0.5), (0, 0.25), (1, 0.25), (2, 0.1875)]
    with pytest.raises(LedgerError, match="`earn` with levels"):
        look_at(ledger, SET, "f", way="earn")


def test_ignore_counts_and_charges_nothing(ledger: Ledger) -> None:
    found = [look_at(ledger, SET, name, way="ignore") for name in "acd"]
    assert [(look.number, look.share) for look in found] == [(1, 1), (2, 1), (3, 1)]
    assert looks_left(1, way="ignore", alpha=0.025, can_pass=lambda level: False) is None


@pytest.mark.parametrize(
    "change",
    [{"rules": LAX}, {"rules": Rules("s" * 64, {"change tpr sex": 0.1})}, {"way": "ignore"},
     {"alpha": 0.05}],
)  # fmt: skip
def test_a_limit_changed_after_a_look_needs_a_reviewer(
    ledger: Ledger,
    change: dict[str, object],
) -> None:
    look_at(ledger, SET)
    for review in (None, Review("Ann", " ann", "why"), Review("Ann", "", "why")):
        with pytest.raises(NeedsReviewerError, match="needs? a reviewer|a reviewer other"):
            look_at(ledger, SET, "c", review=review, **change)
    assert look_at(ledger, SET, "c", review=REVIEW, **change).number == 2
    recorded = [e for e in ledger.entries() if isinstance(e, LimitsChanged)]
    assert [(e.who, e.reviewer, len(e.changes)) for e in recorded] == [("Ann", "Bob", 1)]
    assert look_at(ledger, SET, "d", **change).number == 3  # reviewed once
    assert look_at(ledger, drawn(seed=1, names="y"), **change).number == 1


def test_of_many_changed_limits_six_are_named_and_a_dropped_check_is_one(ledger: Ledger) -> None:
    many = {f"change auroc column{k}{w}": 0.1 for k in range(9) for w in ("", " confidence")}
    look_at(ledger, SET, rules=Rules("m" * 64, many))
    with pytest.raises(NeedsReviewerError) as refused:
        look_at(ledger, SET, "c", rules=Rules("n" * 64, {"change auroc column8": 0.2}))
    words = str(refused.value).partition("(")[2].partition(")")[0].split("; ")
    assert words[:2] == [f"change auroc column{k} 0.1: dropped" for k in range(2)]
    assert (len(words), words[-1]) == (7, "and 4 more")  # 9 checks, and the confidence of column8


def test_the_record_of_a_changed_limit_says_from_what_to_what(ledger: Ledger) -> None:
    look_at(ledger, SET)
    with pytest.raises(NeedsReviewerError, match=r"change auroc sex: 0.03 -> 0.05"):
        look_at(ledger, SET, rules=LAX)
    look_at(ledger, SET, rules=LAX, review=REVIEW)
    entry = ledger.entries()[-2]
    assert isinstance(entry, LimitsChanged)
    assert entry.changes == {"change auroc sex": (0.03, 0.05)}
    assert (entry.old, entry.new) == (RULES.sha256, LAX.sha256)


def test_an_outcome_is_written_once(ledger: Ledger) -> None:
    look = look_at(ledger, SET)
    complete(ledger, look, outcome="fail", e_values={"tpr": 0.5})
    complete(ledger, look, outcome="fail", e_values={"tpr": 0.5})
    assert ledger.head().length == 3
    with pytest.raises(LedgerError, match="came out as 'fail'.*The first outcome stands"):
        complete(ledger, look, outcome="pass", e_values={"tpr": 50.0})
    with pytest.raises(LedgerError, match="an outcome is one of"):
        complete(ledger, look, outcome="released")


def test_looks_are_left_as_long_as_a_pass_is_possible() -> None:
    """150 rows without harm at limit .03 have e = 1/.97^150 = 96.4, so alpha/(k(k+1)) >= .0104."""
    e_value = 0.97**-150
    left = looks_left(1, way="spend", alpha=0.025, can_pass=lambda level: e_value >= 1 / level)
    assert (left, e_value) == (0, pytest.approx(96.4, abs=0.1))  # .025/6 = .0042 is too little
    assert looks_left(1, way="spend", alpha=0.25, can_pass=lambda level: e_value >= 1 / level) == 3
    assert math.isclose(0.25 / (4 * 5), 0.0125) and 1 / e_value > 0.25 / (5 * 6)
    assert looks_left(1, way="spend", alpha=0.25, can_pass=lambda level: True, most=7) == 7


def test_files_judged_in_order_are_one_candidate() -> None:
    assert in_order(["a", "b"]) != in_order(["b", "a"])


def test_a_report_says_number_level_promise_and_what_is_left(ledger: Ledger) -> None:
    first = describe(look_at(ledger, SET), alpha=0.025, left=1)
    assert first == (
        "Look 1 at this test set, at level 0.0125 of 0.025: alpha is shared among all looks at "
        "this set. The rows are fresh: the guarantee is this test set's alone. After it 1 look is "
        "left before this set can certify nothing."
    )
    many = describe(look_at(ledger, SET), alpha=0.025, left=1000)  # where counting stops
    assert "After it at least 1,000 looks are left before" in many
    assert "After it 999 looks are left" in describe(look_at(ledger, SET), alpha=0.025, left=999)
    earned = look_at(ledger, SET, "c", way="earn", levels=levels, review=REVIEW)
    assert "at most 2.5% are harmful in expectation" in describe(earned, alpha=0.025, left=3)


def test_looks_of_an_old_book_count(ledger: Ledger, tmp_path: Path) -> None:
    digest = hashlib.sha256(json.dumps(sorted(SET.ids.tolist())).encode()).hexdigest()  # type: ignore[union-attr]
    book = tmp_path / "looks.json"
    book.write_text(json.dumps({digest: ["a" * 64, "c" * 64]}))
    assert (import_book(ledger, book), import_book(ledger, book)) == (2, 0)
    part = SET.take(np.arange(150))
    assert look_at(ledger, SET, "d").number == 3
    assert look_at(ledger, part).number == 4  # known by now, and by all that is known of it
    assert look_at(ledger, drawn(seed=1, names="y")).number == 1


@pytest.mark.parametrize("book", ["{", "[]", '{"a": ["b"]}', '{"%s": [1]}' % ("0" * 64)])
def test_what_is_no_old_book_is_refused(ledger: Ledger, tmp_path: Path, book: str) -> None:
    (tmp_path / "looks.json").write_text(book)
    with pytest.raises(LedgerError, match="Bring back the book of the last audit"):
        import_book(ledger, tmp_path / "looks.json")
