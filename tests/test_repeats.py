"""Rows that stand more than once in a table without ids."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from auditing import audited, run

import faircompress
from faircompress.auditing.repeats import repeats
from faircompress.data.predictions import Predictions

ASKED = "--label y --group g --baseline d --candidate s --metric accuracy --limit 0.1"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def table(rows: int, *, decimals: int | None = None, apart: float = 0.05) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    y = np.arange(rows) % 2
    logit = rng.normal(6 * y - 3, 1)
    other = logit + rng.normal(0, apart, rows)
    made = {"y": y, "g": rng.choice(["a", "b"], rows), "d": logit, "s": other}
    for name in "ds":
        p = 1 / (1 + np.exp(-made[name]))
        made[name] = p if decimals is None else p.round(decimals)
    return pd.DataFrame(made)


def found(rows: pd.DataFrame) -> tuple[int | None, str]:
    """Return how many rows count, and the note."""
    pair = [
        Predictions(
            ids=np.arange(len(rows)).astype(str),
            labels=rows.y.to_numpy(),
            probabilities=np.stack([1 - rows[name], rows[name]], axis=1),
            groups={"g": rows.g.to_numpy().astype(str)},
            identities=None,
            weights=np.ones(len(rows)),
            classes=("0", "1"),
            model=name,
            data="",
        )
        for name in "ds"
    ]
    told = repeats(*pair)
    return None if told.kept is None else len(told.kept), told.note


@pytest.mark.parametrize("times", [2, 3, 25])
def test_fine_rows_that_stand_again_count_once(times: int) -> None:
    once = table(80)
    kept, note = found(pd.concat([once] * times, ignore_index=True))
    assert kept == 80
    assert note.startswith(f"{80 * (times - 1):,} rows equal an earlier one")


def test_a_few_repeated_rows_are_found_among_many() -> None:
    once = table(1000)
    kept, note = found(pd.concat([once, once[:30]], ignore_index=True))
    assert (kept, note[:7]) == (1000, "30 rows")


def test_how_a_file_writes_its_last_digits_makes_no_other_row() -> None:
    once = table(80)
    again = once.assign(d=once.d + 1e-13, s=once.s - 1e-13)
    assert found(pd.concat([once, again], ignore_index=True))[0] == 80


@pytest.mark.parametrize(
    ("decimals", "apart"), [(0, 0.05), (1, 0.05), (2, 0.05), (3, 0.001), (4, 1e-5)]
)
def test_coarse_rows_are_not_joined_and_ids_are_asked_for(decimals: int, apart: float) -> None:
    kept, note = found(table(2000, decimals=decimals, apart=apart))
    assert kept is None
    assert note.endswith("name ids (--id) or clusters (--cluster).")


def test_scores_that_meet_at_the_end_of_their_range_are_no_repeats() -> None:
    rows = table(2000)
    rows[["d", "s"]] = (1.4 * rows[["d", "s"]] - 0.2).clip(0, 1)
    kept, note = found(rows)
    assert kept is None
    assert "too coarse to tell" in note


def test_different_rows_are_not_spoken_of() -> None:
    assert found(table(2000)) == (None, "")


@pytest.mark.parametrize("times", [1, 12])
def test_the_same_rows_written_again_do_not_pass(times: int) -> None:
    few = pd.concat([table(50)] * times)
    few.to_csv("p.csv", index=False)
    ended = run(f"faircompress audit p.csv {ASKED}")
    assert ended.code == 2
    assert ("equal rows count once" in ended.out) == (times > 1)


@pytest.mark.parametrize("times", [100, 3000])
@pytest.mark.parametrize("which", ["last", "most certain"])
def test_harm_is_not_hidden_behind_one_row_written_again_and_again(which: str, times: int) -> None:
    rng = np.random.default_rng(1)
    y = np.repeat([1, 0], 200)
    logits = 2 * (2 * y - 1) + rng.normal(size=400)
    p, q = (1 / (1 + np.exp(-logits - n * rng.normal(size=400))) for n in (0, 0.05))
    lost = np.flatnonzero((y == 1) & (p > 0.5))[:40]  # a fifth of the positives, where .1 may be
    q[lost] = 1 - q[lost]
    row = 199 if which == "last" else int(np.argmax(p * (y == 1)))
    rows = pd.DataFrame({"y": y, "g": "all", "p": p, "q": q})
    padded = pd.concat([rows, *[rows.iloc[[row]]] * times], ignore_index=True)
    limit = [{"rule": "change", "metric": "true_positive_rate", "limit": 0.1}]
    with pytest.raises(
        ValueError, match="Counted once they fail, counted each they (pass|are inc)"
    ):
        faircompress.audit(
            padded, label="y", groups=["g"], baseline="p", candidate="q", rules=limit
        )


def test_harm_within_the_limit_is_not_confirmed_because_unharmed_rows_share_a_default() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(1000) % 2
    p = 1 / (1 + np.exp(-rng.normal(4 * y - 2, 1)))
    q = (p + rng.normal(0, 0.002, 1000)).clip(0.001, 0.999)
    unread = rng.random(1000) < 0.8  # both models give what they give for nothing
    p[unread] = q[unread] = 0.62
    lost = np.flatnonzero(~unread & (y == 1) & (p > 0.5))[:30]  # 6 % of the positives, 10 % may be
    q[lost] = 1 - q[lost]
    rows = pd.DataFrame({"y": y, "g": "all", "p": p, "q": q})
    asked = {"label": "y", "groups": ["g"], "baseline": "p", "candidate": "q"}
    limit = ["change true_positive_rate 0.1"]
    with pytest.raises(ValueError, match="Counted once they fail.* Name ids"):
        faircompress.audit(rows, rules=limit, **asked)
    named = faircompress.audit(rows.assign(id=range(1000)), id="id", rules=limit, **asked)
    assert named.outcome == "pass"


def test_ids_that_are_given_are_believed() -> None:
    rows = pd.concat([table(50)] * 12, ignore_index=True)
    rows.assign(id=rows.index).to_csv("p.csv", index=False)
    assert audited(f"faircompress audit p.csv {ASKED} --id id")["outcome"] == "pass"


def melted(rows: int) -> pd.DataFrame:
    """A row for each group that somebody is in: one of a and b, and one of three ages."""
    once = table(rows)
    ages = np.random.default_rng(1).choice(["old", "young", "middle"], rows)
    return pd.concat([once, once.assign(g=ages)], ignore_index=True)


@pytest.mark.parametrize("numbered", ["", " --id id"])
def test_a_table_with_a_row_for_each_group_of_somebody_is_told(numbered: str) -> None:
    rows = melted(200)
    rows.assign(id=rows.index).to_csv("p.csv", index=False)
    (note,) = audited(f"faircompress audit p.csv {ASKED}{numbered}")["notes"]
    assert note.startswith("200 of 400 rows have the label and both models' scores of another row")
    assert "give each person one row" in note and "(--cluster)" in note


@pytest.mark.parametrize("decimals", [0, 2, 3])
def test_coarse_scores_of_several_groups_are_no_such_table(decimals: int) -> None:
    table(2000, decimals=decimals).assign(id=range(2000)).to_csv("p.csv", index=False)
    assert audited(f"faircompress audit p.csv {ASKED} --id id")["notes"] == []


def test_once_people_are_named_such_a_table_is_no_matter() -> None:
    rows = melted(200)
    rows.assign(who=[*range(200)] * 2).to_csv("p.csv", index=False)
    found = audited(f"faircompress audit p.csv {ASKED} --cluster who --max-weight 4")
    assert not any("each group that somebody" in note for note in found["notes"])
