"""The book of looks: one test set, candidates in order, and what each look may spend."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from auditing import TPR, audited, hair, run
from test_audit_onnx import FILES, brightness, pictures
from test_evaluate import said

from faircompress.auditing.looks import look
from faircompress.auditing.rows import Pair
from faircompress.files import sha256

pytestmark = pytest.mark.usefixtures("in_empty_folder")

START = "faircompress audit p.csv --label y --group hair --baseline p_dense"
BOOK = "--id picture --looks looks.json"


def two_candidates() -> pd.DataFrame:
    """One test set; the second candidate loses one picture more than the first."""
    found = {"long": 90, "short": 80}
    return hair(found, found).assign(p_next=hair(found, {"long": 89, "short": 80}).p_small)


def looked(cells: pd.DataFrame, candidate: str) -> tuple[int, float]:
    """Return the number of an audit's look, and the share of alpha that it spent."""
    cells.to_csv("p.csv", index=False)
    verdict: dict[str, Any] = audited(f"{START} --candidate {candidate} {TPR} {BOOK}")
    return verdict["look"], verdict["rules"][0]["alpha"]


def test_each_candidate_is_a_look_and_keeps_its_number() -> None:
    cells = two_candidates()
    assert looked(cells, "p_small") == (1, pytest.approx(0.05 / 2))
    assert looked(cells, "p_next") == (2, pytest.approx(0.05 / 6))
    assert looked(cells, "p_small")[0] == 1
    shuffled = cells.sample(frac=1, random_state=0).rename(columns={"p_next": "again"})
    assert looked(shuffled, "again")[0] == 2
    assert looked(cells.assign(sex=1).drop(index=0), "p_next")[0] == 1  # another set
    book = json.loads(Path("looks.json").read_text())
    assert sorted(len(files) for files in book.values()) == [1, 2]


def test_other_groups_or_labels_make_no_other_test_set() -> None:
    cells = two_candidates()
    looked(cells, "p_small")
    relabelled = cells.assign(
        y=cells.y.mask(cells.index < 3, 1 - cells.y), hair=cells.hair.str.upper()
    )
    assert looked(relabelled, "p_next")[0] == 2


def test_the_look_is_said_wherever_the_verdict_is() -> None:
    two_candidates().to_csv("p.csv", index=False)
    command = f"{START} --candidate p_small {TPR} --id picture --out out"
    said = run(command)
    assert "look" not in said.out
    for page in ("report.html", "summary.md", "card.md"):
        text = (Path("out") / page).read_text().replace("\\", "")
        assert "looks were not counted. An audit counts them with --looks FILE" in text
    said = run(f"{command} --looks looks.json")
    for text in (said.out, Path("out/summary.md").read_text(), Path("out/card.md").read_text()):
        assert "This is look 1 at this test set, which may spend 1/2" in text


def test_a_file_is_booked_by_its_sha256() -> None:
    brightness(Path("dense.onnx"), bias=0)
    brightness(Path("small.onnx"), bias=20)
    table = pictures({"long": 50, "short": 10}).rename_axis("id").reset_index()
    table.to_parquet("pictures.parquet")
    command = f"faircompress audit {FILES} --data pictures.parquet --label y --group hair {TPR}"
    assert audited(f"{command} --id id --looks looks.json")["look"] == 1
    (files,) = json.loads(Path("looks.json").read_text()).values()
    assert files == [sha256(Path("small.onnx"))]
    assert "--looks needs --id" in run(f"{command} --looks looks.json").err


@pytest.mark.parametrize("book", ["{", "[]", '{"a": "b"}', '{"a": [1]}', ""])
def test_a_broken_book_is_an_error_and_stays(book: str) -> None:
    two_candidates().to_csv("p.csv", index=False)
    Path("looks.json").write_text(book)
    said = run(f"{START} --candidate p_small {TPR} {BOOK}")
    assert said.code == 3
    assert "looks.json is no book of looks" in said.err
    assert "Bring back the one of the last audit" in said.err
    assert Path("looks.json").read_text() == book


def test_audits_at_once_get_a_number_each() -> None:
    test = said({"a": (20, 20)}, model="dense")
    candidates = [Pair(test, replace(test, model=f"model {k}")) for k in range(24)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda pair: look(Path("looks.json"), pair), candidates))
    assert sorted(numbers) == list(range(1, 25))


def test_a_refused_audit_spends_no_look() -> None:
    two_candidates().round({"p_next": 0}).assign(p_dense=1).to_csv("p.csv", index=False)
    said = run(f"{START} --candidate p_next --metric auroc --limit 0.1 {BOOK}")
    assert said.code == 3 and "needs probabilities" in said.err
    assert not Path("looks.json").exists()
