"""The ledger of an audit: each candidate is a look, and what each look may spend."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from auditing import TPR, audited, hair, run
from hair_rates import said
from test_audit_onnx import FILES, brightness, pictures

from faircompress.auditing.booking import Book, book_look
from faircompress.auditing.looks import rules_of
from faircompress.auditing.rows import Pair
from faircompress.auditing.rules import gate
from faircompress.ledger.entries import Booked, Completed, LimitsChanged
from faircompress.ledger.record import Ledger
from faircompress.support.files import sha256

pytestmark = pytest.mark.usefixtures("in_empty_folder")

START = "faircompress audit p.csv --label y --group hair --baseline p_dense"
LEDGER = "--id picture --ledger looks.jsonl"
RULES = gate(["change true_positive_rate 0.1"])


def two_candidates() -> pd.DataFrame:
    """One test set; the second candidate loses one row more than the first."""
    found = {"long": 90, "short": 80}
    return hair(found, found).assign(p_next=hair(found, {"long": 89, "short": 80}).p_small)


def looked(cells: pd.DataFrame, candidate: str) -> tuple[int, float]:
    """Return the number of an audit's look, and the share of alpha that it spent."""
    cells.to_csv("p.csv", index=False)
    verdict: dict[str, Any] = audited(f"{START} --candidate {candidate} {TPR} {LEDGER}")
    return verdict["look"], verdict["rules"][0]["alpha"]


def entries(kind: type) -> list[Any]:
    return [e for e in Ledger(Path("looks.jsonl")).entries() if isinstance(e, kind)]


def test_each_candidate_is_a_look_and_keeps_its_number() -> None:
    cells = two_candidates()
    number, alpha = looked(cells, "p_small")
    assert (number, alpha) == (1, pytest.approx(0.025 / 2))
    number, alpha = looked(cells, "p_next")
    assert (number, alpha) == (2, pytest.approx(0.025 / 6))
    assert looked(cells, "p_small")[0] == 1
    shuffled = cells.sample(frac=1, random_state=0).rename(columns={"p_next": "again"})
    assert looked(shuffled, "again")[0] == 2
    assert looked(cells.drop(index=0), "p_next")[0] == 3  # 239 of 240 rows are the same
    other = cells.assign(picture=cells.picture + 1000)
    assert looked(other, "p_next")[0] == 1  # ids are believed: a set of other rows


def test_the_outcome_is_written_once_it_is_known() -> None:
    looked(two_candidates(), "p_small")
    (booked,), (completed,) = entries(Booked), entries(Completed)
    assert (completed.outcome, completed.look) == ("pass", 2)
    assert booked.limits["change true_positive_rate hair"] == 0.1


def test_other_groups_or_labels_make_no_other_test_set() -> None:
    cells = two_candidates()
    looked(cells, "p_small")
    relabelled = cells.assign(
        y=cells.y.mask(cells.index < 3, 1 - cells.y), hair=cells.hair.str.upper()
    )
    assert looked(relabelled, "p_next")[0] == 2


def test_the_look_is_described_wherever_the_verdict_is() -> None:
    two_candidates().to_csv("p.csv", index=False)
    command = f"{START} --candidate p_small {TPR} --id picture --out out"
    assert "look" not in run(command).out
    for page in ("report.html", "summary.md", "card.md"):
        text = (Path("out") / page).read_text().replace("\\", "")
        assert "looks were not counted. A ledger counts them (--ledger)." in text
    ended = run(f"{command} --ledger looks.jsonl")
    for text in (ended.out, Path("out/summary.md").read_text(), Path("out/card.md").read_text()):
        assert "Look 1 at this test set, at level 0.0125 of 0.025" in text


def test_looks_left_are_those_at_which_100_rows_of_a_group_can_still_pass() -> None:
    two_candidates().to_csv("p.csv", index=False)
    ended = run(f"{START} --candidate p_small {TPR} {LEDGER}")
    # 100 ln(1 / .9) = 10.5 >= ln(k (k + 1) / .025) up to look 30
    assert "After it 29 looks are left before this set can certify nothing." in ended.out


def test_a_limit_that_changes_after_a_look_needs_somebody_else() -> None:
    two_candidates().to_csv("p.csv", index=False)
    command = f"{START} {LEDGER} --candidate"
    assert run(f"{command} p_small {TPR}").code == 0
    wider = f"{command} p_next {TPR.replace('0.1', '0.2')}"
    refused = run(wider)
    assert refused.code == 3 and len(entries(Booked)) == 1
    assert "change true_positive_rate hair: 0.1 -> 0.2" in refused.err
    assert "Give --reviewer, who must not be" in refused.err and "--reason" in refused.err
    assert run(f"{wider} --reviewer Bob --reason 'the limit of the protocol'").code == 0
    (changed,) = entries(LimitsChanged)
    assert (changed.reviewer, changed.why) == ("Bob", "the limit of the protocol")


def test_more_validation_rows_or_another_condition_is_another_look() -> None:
    test = said({"a": (20, 20)}, model="dense")
    pair = Pair(test, said({"a": (20, 20)}, model="pruned"))
    held = [said({"a": (n, n)}, model="dense", split="validation") for n in (20, 21)]
    found = {
        rules_of(pair.baseline, RULES, None if h is None else (h, h)).sha256 for h in (None, *held)
    }
    assert len(found) == 3


def test_looks_may_be_ignored_and_are_counted_all_the_same() -> None:
    two_candidates().to_csv("p.csv", index=False)
    command = f"{START} {TPR} {LEDGER} --looks ignore --candidate"
    for number, candidate in enumerate(("p_small", "p_next"), start=1):
        verdict = audited(f"{command} {candidate}")
        assert (verdict["look"], verdict["rules"][0]["alpha"]) == (number, pytest.approx(0.025))
        assert "looks are counted but not charged" in verdict["looks"]


def test_a_file_is_booked_by_its_sha256() -> None:
    brightness(Path("dense.onnx"), bias=0)
    brightness(Path("small.onnx"), bias=20)
    table = pictures({"long": 50, "short": 10}).rename_axis("id").reset_index()
    table.to_parquet("pictures.parquet")
    command = f"faircompress audit {FILES} --data pictures.parquet --label y --group hair {TPR}"
    assert audited(f"{command} --id id --ledger looks.jsonl")["look"] == 1
    assert [e.candidate for e in entries(Booked)] == [sha256(Path("small.onnx"))]


def test_rows_without_ids_are_known_by_their_labels_groups_and_scores() -> None:
    two_candidates().to_csv("p.csv", index=False)
    command = f"{START} {TPR} --ledger looks.jsonl --candidate"
    assert audited(f"{command} p_small")["look"] == 1
    coarse = "too coarse to tell whether this is one of 1 earlier test sets"  # two scores in all
    assert coarse not in run(f"{command} p_next").out  # exactly the same rows
    two_candidates().drop(index=0).to_csv("p.csv", index=False)
    ended = run(f"{command} p_next")
    assert "Look 3 at this test set" in ended.out and coarse in ended.out


def test_an_old_book_is_taken_over() -> None:
    cells = two_candidates()
    cells.to_csv("p.csv", index=False)
    old = {"5" * 64: ["a" * 64], _book_sha256(cells): ["b" * 64, "c" * 64]}
    Path("looks.json").write_text(json.dumps(old))
    command = f"{START} {TPR} --id picture --candidate p_small"
    ended = run(f"{command} --looks looks.json")
    assert "Look 3 at this test set" in ended.out
    assert "The looks of looks.json are kept in looks.jsonl now: give --ledger" in ended.out
    assert run(f"{command} --ledger looks.jsonl").out.count("Look 3 at this test set") == 1


def _book_sha256(cells: pd.DataFrame) -> str:
    from faircompress.ledger.identity import book_sha256

    return book_sha256(cells.picture.to_numpy())


@pytest.mark.parametrize("book", ["{", "[]", '{"a": "b"}', '{"a": [1]}', ""])
def test_a_broken_book_is_an_error_and_stays(book: str) -> None:
    two_candidates().to_csv("p.csv", index=False)
    Path("looks.json").write_text(book)
    ended = run(f"{START} --candidate p_small {TPR} --id picture --looks looks.json")
    assert ended.code == 3
    assert "looks.json" in ended.err and "Bring back the book of the last audit" in ended.err
    assert Path("looks.json").read_text() == book


def test_a_broken_ledger_is_an_error_and_stays() -> None:
    looked(two_candidates(), "p_small")
    before = Path("looks.jsonl").read_text().replace('"number":1', '"number":2')
    Path("looks.jsonl").write_text(before)
    ended = run(f"{START} --candidate p_next {TPR} {LEDGER}")
    assert ended.code == 3 and "Bring the ledger back" in ended.err
    assert Path("looks.jsonl").read_text() == before


def test_audits_at_once_get_a_number_each() -> None:
    test = said({"a": (20, 20)}, model="dense")
    candidates = [Pair(test, replace(test, model=f"model {k}")) for k in range(24)]
    book = Book(Path("looks.jsonl"))
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda pair: book_look(book, pair, RULES).look.number, candidates))
    assert sorted(numbers) == list(range(1, 25))


def test_a_refused_audit_spends_no_look() -> None:
    two_candidates().round({"p_next": 0}).assign(p_dense=1).to_csv("p.csv", index=False)
    ended = run(f"{START} --candidate p_next --metric auroc --limit 0.1 {LEDGER}")
    assert ended.code == 3 and "needs probabilities" in ended.err
    assert not Path("looks.jsonl").exists()


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("expect: {hair: [red]}", "no test row has hair=red"),
        ("costs:", "no sizes of both files were given"),
    ],
    ids=["a group that is not there", "a size that nobody measured"],
)
def test_rules_that_no_candidate_could_be_tested_by_spend_no_look(rules: str, words: str) -> None:
    two_candidates().to_csv("p.csv", index=False)
    one = "rules: [{rule: change, metric: true_positive_rate, limit: 0.1, because: a test}"
    size = ", {rule: size, limit: 0.5, because: a test}" if rules == "costs:" else ""
    Path("r.yaml").write_text(f"{one}{size}]\n{'' if size else rules}")
    ended = run(f"{START} --candidate p_small --rules r.yaml {LEDGER}")
    assert ended.code == 3 and words in ended.err, ended.err
    assert not Path("looks.jsonl").exists()


def test_a_way_without_a_ledger_is_refused() -> None:
    two_candidates().to_csv("p.csv", index=False)
    for more in ("--looks spend", "--reviewer Bob"):
        ended = run(f"{START} --candidate p_small {TPR} {more}")
        assert ended.code == 3 and "is given without a ledger" in ended.err
