"""A test set is known again by its rows, and a fresh one is not taken for it."""

import hmac
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from ledgers import drawn

from faircompress.ledger.errors import LedgerError
from faircompress.ledger.identity import Fingerprint, TestSet, fingerprint, row_hashes
from faircompress.ledger.likeness import in_common
from faircompress.ledger.matching import NOISE, Answer, Overlap, overlap

KEY = bytes(range(32))
HALF = np.arange(100)


def compared(new: TestSet, old: TestSet) -> Overlap:
    return overlap(fingerprint(KEY, new), fingerprint(KEY, old))


def pairs(make: Callable[[int], TestSet], count: int) -> list[tuple[Fingerprint, Fingerprint]]:
    """Pair each of so many sets with each of so many others: all share no row but by chance."""
    new, old = (
        [fingerprint(KEY, make(seed)) for seed in range(start, start + count)]
        for start in (0, 1000)
    )
    return [(one, other) for one in new for other in old]


def joined(*parts: TestSet) -> TestSet:
    columns = {
        name: None if getattr(parts[0], name) is None
        else np.concatenate([getattr(part, name) for part in parts])
        for name in ("labels", "baseline", "ids", "pictures", "identities")
    }  # fmt: skip
    groups = {"sex": np.concatenate([part.groups["sex"] for part in parts])}
    return TestSet(groups=groups, **columns)


def test_a_hash_is_the_first_64_bits_of_hmac_sha256() -> None:
    found = row_hashes(KEY, drawn(1, ids=np.array(["é"]))).ids[0]
    expected = hmac.digest(KEY, b"id\0" + "é".encode(), "sha256")[:8]
    assert int(found) == int.from_bytes(expected, "big")


def test_another_key_knows_nothing_again() -> None:
    old = drawn(names="x")
    assert overlap(fingerprint(KEY, old), fingerprint(KEY[::-1], old)).answer is Answer.fresh


@pytest.mark.parametrize("names", ["x", ""])
def test_another_order_is_exactly_the_same_set(names: str) -> None:
    test_set = drawn(names=names)
    turned = test_set.take(np.random.default_rng(1).permutation(200))
    assert fingerprint(KEY, turned).exact == fingerprint(KEY, test_set).exact


@pytest.mark.parametrize("names", ["x", ""])
@pytest.mark.parametrize("kept", [190, 100, 60])
def test_dropped_rows_make_no_other_set(names: str, kept: int) -> None:
    test_set = drawn(names=names)
    assert compared(test_set.take(np.arange(kept)), test_set).answer is Answer.same


def test_renamed_files_and_people_make_no_other_set() -> None:
    renamed = compared(drawn(names="other"), drawn(names="x"))
    assert (renamed.answer, renamed.by, renamed.shared) == (
        Answer.same,
        "rows",
        198,
    )  # two rows are alike
    renamed = compared(
        drawn(seed=1, names="y", pictures=drawn(names="x").pictures), drawn(names="x")
    )
    assert (renamed.answer, renamed.by) == (Answer.same, "pictures")


def test_more_than_one_in_a_hundred_people_is_the_same_set() -> None:
    old, fresh = drawn(names="x"), drawn(seed=1, names="y")
    for people, answer in ((2, Answer.fresh), (3, Answer.same)):  # of 200
        names = np.concatenate([old.identities[:people], fresh.identities[people:]])  # type: ignore[index]
        found = compared(replace(fresh, identities=names), old)
        assert (found.answer, found.shared) == (answer, people if people > 2 else 0)


def test_rows_that_drown_a_used_set_do_not_hide_it() -> None:
    old, other = drawn(names="x"), drawn(40_000, seed=1, names="y")
    assert compared(joined(old, other), old).answer is Answer.same  # 0.5 % of the new rows
    assert compared(joined(drawn(), drawn(9_000, seed=1)), drawn()).answer is Answer.same
    assert compared(drawn(40_000, seed=2, names="z"), old).answer is Answer.fresh


@pytest.mark.parametrize("rows", [100, 300, 1000, 5000])
def test_fine_scores_tell_fresh_from_used(rows: int) -> None:
    answers = Counter(overlap(*pair).answer for pair in pairs(lambda n: drawn(rows, seed=n), 8))
    assert answers == {Answer.fresh: 64}
    assert compared(drawn(rows).take(np.arange(rows // 2)), drawn(rows)).answer is Answer.same


@pytest.mark.parametrize("rows", [(200, 200), (500, 3000)])
@pytest.mark.parametrize("kind", ["rare", "sure", "3 decimals", "one class"])
def test_bins_of_fresh_rows_are_never_called_used(kind: str, rows: tuple[int, int]) -> None:
    most = 0.0
    for one, other in pairs(lambda n: table(kind, rows[n >= 1000], n), 6):
        found = in_common((one.bins, one.counts), (other.bins, other.counts))
        most = max(most, *(view.rows / view.noise for view in found if view.noise))
    assert most < NOISE  # of 16 views and 36 pairs


def test_few_scores_off_the_ends_are_not_taken_for_rounded_ones() -> None:
    answers: Counter[Answer] = Counter()
    for n in range(20):  # 8 in 10 scores are exactly 0 or 1, so two of three decimals hardly meet
        rng = np.random.default_rng(n)
        one, other = (replace(t, baseline=np.where(rng.random(100) < 0.8, t.labels, t.baseline))
                      for t in (drawn(100, seed=n), drawn(100, seed=1000 + n)))  # fmt: skip
        answers[compared(one, other).answer] += 1
    assert answers == {Answer.fresh: 20}


def table(kind: str, rows: int, seed: int) -> TestSet:
    """Draw rows: a twentieth positive; float32 scores at 0 and 1; rounded; or of one class."""
    rng = np.random.default_rng(seed)
    share = {"rare": 0.05, "one class": 0.0}.get(kind, 0.5)
    labels = (rng.random(rows) < share).astype(int)
    logits = rng.normal(16 * labels - 8, 4) if kind == "sure" else rng.normal(3 * labels, 1.5)
    scores = 1 / (1 + np.exp(-logits.astype(np.float32)))
    groups = {"sex": rng.choice(["f", "m"], rows, p=[0.02, 0.98])}
    return TestSet(labels, groups, scores.round(3) if kind == "3 decimals" else scores)


def test_what_rounding_leaves_of_two_rows_can_be_counted_by_hand() -> None:
    """Ten bins of one row each in both tables, of one stratum of 10 : 10.

    A pair in a bin has -(1 x -1) = 1 in common, less 2 x 1 / 2 / 19; bins of two count 1.
    """
    bins = np.arange(10, dtype=np.uint64)
    (view,) = in_common((bins, np.ones(10)), (bins, np.ones(10)))
    assert view.rows == pytest.approx(10 * (1 - 1 / 19))
    assert view.noise == pytest.approx(np.sqrt(10))
    assert view.of == 10


@pytest.mark.parametrize("steps", [1, 100, 255])  # decisions, 2 decimals, 8 bits
def test_coarse_scores_of_fresh_rows_are_never_called_used(steps: int) -> None:
    def coarse(seed: int) -> TestSet:
        fine = drawn(300, seed=seed)
        return replace(fine, baseline=np.rint(fine.baseline * steps) / steps)

    answers = Counter(overlap(*pair).answer for pair in pairs(coarse, 20))
    assert answers == {Answer.cannot_tell: 400}


def test_easier_fresh_rows_are_not_called_used() -> None:
    """Many scores at 0 and 1 meet by chance, and more of them in the first set."""

    def sure(seed: int) -> TestSet:
        rows = drawn(2000, seed=seed)
        factor, less = (1.6, 0.3) if seed < 1000 else (1.2, 0.1)
        return replace(rows, baseline=np.clip(factor * rows.baseline - less, 0, 1))

    for one, other in pairs(sure, 8):
        assert overlap(one, other).answer is not Answer.same


def test_decisions_ask_for_ids_and_ids_tell() -> None:
    new, old = (
        replace(t, baseline=np.rint(t.baseline))
        for t in (drawn(names="x"), drawn(seed=1, names="y"))
    )
    nameless = {"ids": None, "pictures": None, "identities": None}
    assert compared(new, old).answer is Answer.fresh
    assert compared(replace(new, **nameless), old).answer is Answer.cannot_tell
    few = replace(new, pictures=np.array(["p", *[None] * 199]), ids=None, identities=None)
    assert compared(few, old).answer is Answer.cannot_tell  # one picture speaks for no table


def test_groups_that_are_added_renamed_or_respelt_hide_no_rows() -> None:
    old = drawn(1000)
    sex, random = old.groups["sex"], np.random.default_rng(5).choice(["u", "v"], 1000)
    for groups in ({"sex": sex, "more": random}, {"gender": sex}, {"sex": np.char.upper(sex)}, {}):
        assert compared(replace(old, groups=groups), old).answer is Answer.same


def test_numbers_and_words_are_one_spelling() -> None:
    old = drawn()
    spelt = replace(
        old, labels=old.labels.astype(float), baseline=np.stack([1 - old.baseline, old.baseline], 1)
    )
    assert compared(spelt, old).shared == 198  # two rows are alike


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"labels": np.zeros(0)}, "no row"),
        ({"baseline": np.zeros(3)}, "baseline has 3 rows, labels 200"),
        ({"baseline": np.full(200, np.nan)}, "baseline must be finite"),
        ({"ids": np.array(["a"] * 200)}, "more than once"),
        ({"ids": np.array([None, *range(199)])}, "missing"),
    ],
)
def test_what_is_no_test_set_is_refused(columns: dict[str, np.ndarray], words: str) -> None:
    with pytest.raises(LedgerError, match=words):
        drawn(**columns)
