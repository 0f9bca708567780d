"""What a search over random tables and rules found, each mended; and a short run of that search."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from test_audit_attacks import COLUMNS, outcome, rows

import faircompress
from faircompress.support.errors import InputError

sys.path.insert(0, str(ROOT / "bench"))
from audit_fuzz import tried
from fuzzed_limits import METRICS, OWN, drawn_set, own_rate, population
from fuzzed_tables import ALL_ROWS

HARMED = rows(a=200, b=200).assign(h=np.where(np.arange(400) // 2 % 2, "p", "q"))
ASKED: dict[str, Any] = {**COLUMNS, "rules": ["flips 0.1"]}


def test_a_group_under_the_name_of_another_column_does_not_hide_that_column() -> None:
    """Of ``{"g": "h", "old": "g"}`` the harmed column g was never read: g was h by then."""
    h = HARMED["h"].to_numpy()
    for groups in ({"g": "h", "old": "g"}, {"g": h, "old": "g"}, {"g": "h", "h": "g"}):
        verdict = faircompress.audit(HARMED, **{**ASKED, "groups": groups})
        other = list(groups)[1]
        names = [group.group for group in verdict.groups]
        assert names == ["all", "g=p", "g=q", f"{other}=a", f"{other}=b"]
        assert verdict.outcome == "fail"


def test_a_group_that_is_called_as_an_argument_replaces_no_array() -> None:
    """Weights of 1 were replaced by the group's 1 and 3, since both were kept as ``weight``."""
    bands = np.where(HARMED["g"] == "a", 1, 3)
    more: dict[str, Any] = {"weight": np.ones(400), "max_weight": 1.0, "groups": {"weight": bands}}
    verdict = faircompress.audit(HARMED, **{**ASKED, **more})
    assert [group.rows for group in verdict.groups] == [400, 200, 200]
    assert verdict.pair is not None and (verdict.pair.baseline.weights == 1).all()


def test_labels_may_be_an_array_beside_groups_under_other_names() -> None:
    more = {"label": HARMED["y"].to_numpy(), "groups": {"sex": "g"}}
    assert outcome(HARMED, **{**ASKED, **more}) == "fail"


def test_what_the_owner_of_a_frame_notes_in_it_is_no_matter() -> None:
    for note in (5, {"s": "a picture"}):
        df = HARMED.copy()
        df.attrs["unread"] = note
        assert outcome(df, **ASKED) == "fail"


def test_a_text_in_place_of_a_list_is_one_name_and_no_list_of_letters() -> None:
    """Of ``expect={"g": "ab"}`` the letters were expected, which are there."""
    with pytest.raises(InputError, match="no test row has g=ab"):
        faircompress.audit(HARMED, **ASKED, expect={"g": "ab"})
    with pytest.raises(InputError, match="absent 'g=zzz': no row at all has g=zzz"):
        faircompress.audit(HARMED, **ASKED, absent="g=zzz")
    with pytest.raises(InputError, match="fixed_counts names 'who'"):
        faircompress.audit(HARMED, **ASKED, fixed_counts="who")
    words = HARMED.assign(y=HARMED["y"].map({0: "n", 1: "y"}))
    with pytest.raises(InputError, match="Did you mean 'ny'"):
        faircompress.audit(words, **ASKED, classes="ny")


@pytest.mark.parametrize("name", ["groups", "classes", "absent", "fixed_counts"])
def test_an_array_of_one_value_is_no_list(name: str) -> None:
    with pytest.raises(InputError, match=f"^{name} is of type ndarray; needed is"):
        faircompress.audit(HARMED, **{**ASKED, name: np.array(1.0)})


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("same", 2),
        ("same", 8),
        *(("attack", k) for k in (1, 2, 3, 4, 6, 7, 8, 9)),
        ("unharmed", 1),
        *(("odd", k) for k in range(200, 215)),
    ],
)
def test_a_random_table_breaks_no_promise(kind: str, number: int) -> None:
    """See bench/audit_fuzz.py, which draws on for as long as it is left to."""
    found = tried(kind, number)
    assert "fault" not in found, found


def test_harm_at_the_limit_is_drawn_at_the_limit() -> None:
    """Each population has many people here, so that what is drawn shows what is true."""
    populations = [population(number) for number in range(80)]
    assert {of.metric for of in populations} == set(METRICS)
    rng = np.random.default_rng(5)
    for of in populations:
        few = drawn_set(replace(of, people=4000), rng)
        risk = few[(few["g"] == "b") & (few["y"] == few["y"].max())]
        last = [f"{name}_2" if of.metric == "recall" else name for name in ("d", "s")]
        right = [risk[name] > 0.5 for name in last]
        lost, gained, left = (
            np.average(rows, weights=risk["w"])
            for rows in (right[0] & ~right[1], right[1] & ~right[0], right[1])
        )
        found = {"flips": lost, "minimum": left, "gap": left, "ratio": left}
        true = {"flips": of.limit, **{name: own_rate(name, of.limit) for name in OWN}}
        times = 3 if of.metric == "recall" else 2 if of.metric in ALL_ROWS else 1
        change, limit = found.get(of.metric, lost - gained), true.get(of.metric, times * of.limit)
        assert change == pytest.approx(limit, abs=0.04), of
