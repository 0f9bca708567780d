"""The most that a cluster weighs is one number, or one for each subgroup."""

from pathlib import Path
from typing import Any

import galleries
import pytest
from test_audit_attacks import COLUMNS, rows
from test_rows_first import chosen

import faircompress
from faircompress.data.caps import MaxWeight, most_of
from faircompress.data.declared_weights import declared, of_texts
from faircompress.validation import rows_first

KNOWN = {"label": ["no", "yes"], "sex": ["f", "m"]}


def test_conditions_become_subgroups() -> None:
    table = {"sex=f": 3, "sex=m & label=yes": 5, "sex=m & label=no": 2}
    caps = declared(table, KNOWN, key="max_weight")
    assert caps[1] == MaxWeight(5.0, {"sex": "m", "label": "yes"})
    assert most_of(caps, {"sex": "f", "label": "no"}) == 3
    assert most_of(caps, {"label": "no"}) == 3  # women's is more than men's 2
    assert declared(4, KNOWN, key="max_weight") == (MaxWeight(4.0),)
    assert declared(None, KNOWN, key="max_weight") == ()


def test_a_command_line_says_one_number_or_one_for_each_subgroup() -> None:
    assert of_texts(None, key="--max-weight") is None
    assert of_texts(["3"], key="--max-weight") == 3
    texts = ["sex=f: 3", "at=10:30 & sex=m: 5"]
    assert of_texts(texts, key="--max-weight") == {"sex=f": 3, "at=10:30 & sex=m": 5}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["x"], "--max-weight is 'x'; needed is a number above 0"),
        (["nan"], "--max-weight is nan; needed"),
        (["sex=f: -1"], r"--max-weight 'sex=f' is -1; needed is a number above 0"),
        (["sex=f: 3", "4"], "one number beside others; give it once for all"),
        (["sex=f: 3", "sex=f: 4"], "given twice for 'sex=f'"),
    ],
)
def test_texts_that_say_neither_are_refused(texts: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        of_texts(texts, key="--max-weight")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "max_weight names no subgroup"),
        ({"sex=f": 0}, "max_weight 'sex=f' is 0; needed is a number above 0"),
        ({"sex": 3}, "needed is each column once, such as label=VALUE, joined by ' & '; not 'sex'"),
        ({"sex=": 3}, "needed is each column once, such as label=VALUE.* not 'sex='"),
        ({"sex=f & sex=m": 3}, "needed is each column once.* not 'sex=m'"),
        ({1: 3}, "needed is each column once.* not '1'"),
        ({"sex=f": True}, "max_weight 'sex=f' is True; needed is a number above 0"),
        ({"sexx=f": 1}, "'sexx' is neither the label nor a group.*Did you mean 'sex'"),
        ({"sex=w": 1}, "no row at all has sex=w"),
        ({"label=yess": 1}, "no row at all has label=yess. Did you mean 'yes'"),
    ],
)
def test_subgroups_that_are_not_there_are_refused(table: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        declared(table, KNOWN, key="max_weight")


def test_an_audit_takes_it_by_subgroup_in_the_tables_own_words() -> None:
    df = rows(harmed=False)
    df["w"] = df.w.mask((df.g == "b") & (df.y == 1), 2.0)
    table = {"g=a": 1, "g=b & y=1": 2, "g=b & y=0": 1}
    said = {**COLUMNS, "weight": "w"}
    assert str(faircompress.audit(df, **said, max_weight=table).outcome) == "pass"
    with pytest.raises(ValueError, match=r"weighs 2, more than the 1 that one may weigh"):
        faircompress.audit(df, **said, max_weight={**table, "g=b & y=1": 1})
    with pytest.raises(ValueError, match=r"declares nothing for g=b.*and declares g=a\. Add it"):
        faircompress.audit(df.assign(w=1.0), **said, max_weight={"g=a": 1})
    with pytest.raises(ValueError, match="max_weight 'h=a': 'h' is neither the label nor a group"):
        faircompress.audit(df, **said, max_weight={"h=a": 1})


def test_a_crossing_of_two_columns_that_no_declaration_is_about_is_refused() -> None:
    """Each single group is covered by some declaration, but nobody of b who is y."""
    df = rows(harmed=False)
    df["h"] = ["x" if k % 4 < 2 else "y" for k in range(len(df))]
    said = {**COLUMNS, "groups": ["g", "h"], "weight": "w"}
    with pytest.raises(ValueError, match="declares nothing for g=b & h=y"):
        faircompress.audit(df, **said, max_weight={"g=a": 1, "g=b & h=x": 1})


def test_params_take_it_by_subgroup(tmp_path: Path) -> None:
    given = galleries.table(tmp_path) | {"max_weight": {"sex=0": 3.0, "sex=1": 4.0}}
    raw = rows_first.read_rows(chosen(given).data)
    assert raw.max_weight == (MaxWeight(3.0, {"sex": "0"}), MaxWeight(4.0, {"sex": "1"}))
    wrong = given | {"max_weight": {"sex=9": 3.0}}
    with pytest.raises(ValueError, match=r"data\.table\.max_weight 'sex=9': no row at all has"):
        rows_first.read_rows(chosen(wrong).data)
