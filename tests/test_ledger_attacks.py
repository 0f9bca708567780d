"""What somebody tries who wants a fresh look at a used test set; what works is in the docs."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import grimp
import numpy as np
import pytest
from ledgers import RULES, drawn, look_at

from faircompress.ledger.errors import BrokenLedgerError, LedgerError, NeedsReviewerError
from faircompress.ledger.identity import TestSet
from faircompress.ledger.limits import Rules
from faircompress.ledger.looks import complete
from faircompress.ledger.record import Ledger
from faircompress.ledger.topping_up import top_up

Trick = Callable[[TestSet], TestSet]
RNG = np.random.default_rng(7)
NAMED, NAMELESS = drawn(600, names="x"), drawn(600)
COARSE = replace(NAMED, baseline=np.rint(NAMED.baseline))  # decisions


def joined(one: TestSet, two: TestSet) -> TestSet:
    names = [n for n in ("labels", "baseline", "ids", "pictures", "identities")
             if getattr(one, n) is not None and getattr(two, n) is not None]  # fmt: skip
    columns = {n: np.concatenate([getattr(one, n), getattr(two, n)]) for n in names}
    groups = {"sex": np.concatenate([one.groups["sex"], two.groups["sex"]])}
    return TestSet(groups=groups, **columns)


def renamed(test_set: TestSet) -> TestSet:
    names = {n: np.array([f"{n} {k}" for k in range(len(test_set))])
             for n in ("ids", "pictures", "identities")}  # fmt: skip
    return replace(test_set, **names)


def moved(test_set: TestSet) -> TestSet:
    return replace(test_set, baseline=np.clip(test_set.baseline + 2e-4, 0, 1))


def more_groups(test_set: TestSet) -> TestSet:
    groups = {**test_set.groups, "more": RNG.integers(0, 50, len(test_set)).astype(str)}
    return replace(test_set, groups=groups)


def without_names(test_set: TestSet) -> TestSet:
    return replace(test_set, ids=None, pictures=None, identities=None)


def swapped_classes(test_set: TestSet) -> TestSet:
    return replace(test_set, labels=1 - test_set.labels, baseline=1 - test_set.baseline)


def words(test_set: TestSet) -> TestSet:
    return replace(test_set, labels=np.where(test_set.labels == 1, "yes", "no"))


def calibrated(test_set: TestSet, temperature: float = 2.0) -> TestSet:
    logits = np.log(test_set.baseline / (1 - test_set.baseline))
    return replace(test_set, baseline=1 / (1 + np.exp(-logits / temperature)))


def noisy(test_set: TestSet, noise: float) -> TestSet:
    moved_by = np.random.default_rng(3).normal(0, noise, len(test_set))
    return replace(test_set, baseline=np.clip(test_set.baseline + moved_by, 0, 1))


def of_three(rows: int = 600) -> TestSet:
    """Three classes, 1 to 3, with groups."""
    rng = np.random.default_rng(11)
    labels = rng.integers(0, 3, rows)
    scores = np.exp(2 * np.eye(3)[labels] + rng.normal(size=(rows, 3)))
    groups = {"sex": rng.choice(["f", "m"], rows)}
    return TestSet(labels + 1, groups, scores / scores.sum(1, keepdims=True))


def animals(test_set: TestSet) -> TestSet:
    names, order = np.array(["", "dog", "Cat", "bird"]), [2, 1, 0]  # classes by name
    return replace(test_set, labels=names[test_set.labels], baseline=test_set.baseline[:, order])


FAIL: dict[str, tuple[TestSet, Trick]] = {
    "sort the rows": (NAMELESS, lambda t: t.take(np.argsort(t.baseline))),
    "drop a third": (NAMELESS, lambda t: t.take(np.arange(400))),
    "write each row twice": (NAMELESS, lambda t: t.take(np.repeat(np.arange(600), 2))),
    "rename files and people": (NAMED, renamed),
    "leave names out": (NAMED, without_names),
    "leave names of decisions out": (COARSE, without_names),
    "move all scores, keep ids": (NAMED, moved),
    "another baseline, ids kept": (NAMED, lambda t: replace(t, baseline=RNG.random(600))),
    "move scores by the sixth digit": (NAMELESS, lambda t: replace(t, baseline=t.baseline + 1e-6)),
    "add a group column": (NAMELESS, more_groups),
    "rename groups": (NAMELESS, lambda t: replace(t, groups={"s": np.char.upper(t.groups["sex"])})),
    "take groups out": (NAMELESS, lambda t: replace(t, groups={})),
    "wrong labels in a tenth": (NAMELESS, lambda t: replace(
        t, labels=np.where(np.arange(600) < 60, 1 - t.labels, t.labels))),
    "drown it in other rows": (NAMELESS, lambda t: joined(t, drawn(60_000, seed=9))),
    "drown it in other people": (NAMED, lambda t: joined(t, drawn(90_000, seed=9, names="y"))),
    "give two in a hundred people": (NAMED, lambda t: joined(
        t.take(np.arange(12)), drawn(588, seed=9, names="y"))),
    "one known picture among many unknown": (COARSE, lambda t: replace(
        without_names(t), pictures=np.array(["new", *[None] * 599]))),
    "spell labels as words": (NAMELESS, words),
    "swap the two classes": (NAMELESS, swapped_classes),
    "call three classes otherwise, in another order": (of_three(), animals),
    "keep three decimals": (NAMELESS, lambda t: replace(t, baseline=t.baseline.round(3))),
    "keep two decimals, spell labels as words": (NAMELESS, lambda t: words(
        replace(t, baseline=t.baseline.round(2)))),
    "keep one decimal": (NAMELESS, lambda t: replace(t, baseline=t.baseline.round(1))),
    "keep three decimals of half of it": (NAMELESS, lambda t: replace(
        t, baseline=t.baseline.round(3)).take(np.arange(300))),
    "half of it, labels as words": (NAMELESS, lambda t: words(t.take(np.arange(300)))),
    "give percent": (NAMELESS, lambda t: replace(t, baseline=100 * t.baseline)),
    "give logits": (NAMELESS, lambda t: replace(t, baseline=np.log(t.baseline / (1 - t.baseline)))),
    "a temperature": (NAMELESS, calibrated),
    "a temperature, classes swapped, labels as words": (NAMELESS, lambda t: words(
        swapped_classes(calibrated(t)))),
    "a temperature of three classes": (of_three(), lambda t: replace(
        t, baseline=t.baseline**0.5 / (t.baseline**0.5).sum(1, keepdims=True))),
    "a temperature, a twentieth left out": (
        drawn(2000), lambda t: calibrated(t).take(np.arange(1900))),
    "move all scores, no ids": (NAMELESS, moved),
    "new names and moved scores": (NAMED, lambda t: renamed(moved(t))),
    "other weights": (NAMED, lambda t: replace(t, weights=RNG.random(600) + 1)),
}  # fmt: skip
WORK: dict[str, tuple[TestSet, Trick]] = {
    "another baseline, no ids": (NAMELESS, lambda t: replace(t, baseline=RNG.random(600))),
    "a temperature, half left out": (NAMELESS, lambda t: calibrated(t).take(np.arange(300))),
    "a temperature of 100 rows": (drawn(100), calibrated),
    "noise of a tenth in all scores": (NAMELESS, lambda t: noisy(t, 0.1)),
    "new names where scores are decisions": (COARSE, renamed),
    "less than one in a hundred people": (NAMED, lambda t: joined(
        t.take(np.arange(6)), drawn(600, seed=9, names="y"))),
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.mark.parametrize("trick", FAIL)
def test_a_trick_that_buys_no_fresh_look(ledger: Ledger, trick: str) -> None:
    used, change = FAIL[trick]
    look_at(ledger, used)
    assert look_at(ledger, change(used), "c").number == 2


@pytest.mark.parametrize("trick", WORK)
def test_a_trick_that_the_docs_admit(ledger: Ledger, trick: str) -> None:
    used, change = WORK[trick]
    look_at(ledger, used)
    assert look_at(ledger, change(used), "c").number == 1


def test_twenty_candidates_twenty_seeds_and_twenty_halves_are_sixty_looks(ledger: Ledger) -> None:
    half = [np.sort(RNG.choice(600, 300, replace=False)) for _ in range(20)]
    looks = [look_at(ledger, NAMED, chr(97 + n)) for n in range(20)]
    looks += [look_at(ledger, NAMED, seed=2 + n) for n in range(20)]
    looks += [look_at(ledger, NAMED.take(rows)) for rows in half]
    assert [look.number for look in looks] == list(range(1, 61))
    assert sum(look.share for look in looks) == pytest.approx(1 - 1 / 61)


def test_dropping_the_check_that_failed_needs_a_reviewer(ledger: Ledger) -> None:
    look_at(ledger, NAMED)
    less = Rules("z" * 64, {"change tpr sex": 0.1})
    with pytest.raises(NeedsReviewerError, match="change auroc sex 0.03: dropped"):
        look_at(ledger, NAMED, rules=less)
    same_hash = Rules(RULES.sha256, {**RULES.limits, "change auroc sex": 0.3})
    with pytest.raises(NeedsReviewerError):
        look_at(ledger, NAMED, rules=same_hash)


def test_an_unwelcome_part_cannot_be_dropped_for_a_better_one(ledger: Ledger) -> None:
    same = {"candidate": "a" * 64, "baseline": "b" * 64, "rules": RULES}
    look = look_at(ledger, NAMED, topping_up=True)
    complete(ledger, look, outcome="inconclusive", e_values={"tpr": 10.0})
    top_up(ledger, look, drawn(100, seed=1, names="y"), seed=1, **same)
    with pytest.raises(LedgerError, match="counts all the same"):
        top_up(ledger, look, drawn(100, seed=2, names="z"), seed=1, **same)
    with pytest.raises(LedgerError, match="only fresh ones|its outcome never written"):
        top_up(ledger, look, drawn(100, seed=1, names="y"), seed=2, **same)


def test_a_new_key_or_a_new_ledger_beside_old_sets_is_refused(ledger: Ledger) -> None:
    look_at(ledger, NAMED)
    Path(f"{ledger.path}.key").write_bytes(bytes(32))
    with pytest.raises(BrokenLedgerError):
        look_at(ledger, NAMED, "c")
    ledger.path.unlink()
    with pytest.raises(BrokenLedgerError):
        look_at(ledger, NAMED, "c")


def test_an_older_copy_of_everything_is_found_by_an_attested_head_alone(
    ledger: Ledger, tmp_path: Path
) -> None:
    look_at(ledger, NAMED)
    folder, copy = tmp_path, tmp_path.with_name(f"{tmp_path.name}-copy")
    shutil.copytree(folder, copy)
    look_at(ledger, NAMED, "c")
    older = copy / ledger.path.name
    assert look_at(Ledger(older), NAMED, "d").number == 2  # it should be 3
    with pytest.raises(BrokenLedgerError, match="looks are missing or others"):
        look_at(Ledger(older, (ledger.head(),)), NAMED, "d")


def test_the_ledger_knows_no_model_and_no_verdict() -> None:
    graph = grimp.build_graph("faircompress", include_external_packages=True)
    modules = graph.find_descendants("faircompress.ledger")
    imported = {i for m in modules for i in graph.find_modules_directly_imported_by(m)}
    ours = {i for i in imported if i.startswith("faircompress.")}
    support = {f"faircompress.support.{name}" for name in ("errors", "files", "locks")}
    assert ours - modules <= support
    assert {"numpy", "pandas"} >= {
        i for i in imported - ours if i in {"torch", "numpy", "pandas", "scipy"}
    }
