"""Numbers that surveys write for unknown are told where they are groups; no row is dropped."""

import numpy as np
import pandas as pd
import pytest
from audit_frames import audit, table

from faircompress.data.columns import Table, data_set
from faircompress.data.unknown_codes import unknown_codes
from faircompress.data.words import sentinel


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        ("1 2 9", "9"),
        ("1 2 3 4 5 6 9", "9"),
        ("1 2 3 4 5 6 7 9", ""),  # 8 alone lacks
        ("1 2 77 99", "77 99"),
        ("1 2 3 7 8 9", "7 8 9"),
        ("3 4 7 8", ""),
        ("0 1 -9", "-9"),
        ("-9 -8 1 2", "-9 -8"),
        ("-2 -1 0 1 2", ""),
        ("0 1 2 888 999", "888 999"),
        ("0 20 40 60 80 99", ""),
        ("1 3 5 7 9", ""),
        ("white black 99", "99"),
        ("white black 9", ""),  # may be a number of something
        ("0 9", ""),
        ("77 88 99", ""),
        ("18-25 26-40 -9", "-9"),
    ],
)
def test_a_code_for_unknown_lies_far_from_the_other_groups(names: str, codes: str) -> None:
    assert unknown_codes(names.split()) == codes.split()


def test_an_audit_tells_codes_for_unknown_and_keeps_their_rows() -> None:
    cells = table()
    cells["race"] = np.where(np.arange(240) % 12 == 0, 99, np.arange(240) % 3)
    verdict = audit(cells, groups=["hair", "race"])
    notes = " ".join(verdict.notes)
    assert "'99' in race may mean unknown: such a number stands for people who were not" in notes
    assert "race=99" in set(verdict.to_frame()["group"]) and verdict.rows == 240
    assert "may mean unknown" not in " ".join(audit(table()).notes)


def test_a_data_set_tells_codes_for_unknown_that_nobody_named() -> None:
    race = [("1", "2", "9", "-1")[k % 4] for k in range(40)]
    cells = pd.DataFrame({"y": ["0", "1"] * 20, "race": race}, index=[f"{k}" for k in range(40)])

    def notes(how: object) -> str:
        found = data_set(
            Table(cells, "data.table", "the table"), lambda row: b"", label="y",
            groups={"race": how}, split=None, identity="race", weight=None, max_weight=None,
            shares={"validation": 0.2, "test": 0.2}, seed=0,
        )  # fmt: skip
        assert len(found.rows) == 40
        return " ".join(found.notes)

    told = notes("race")
    assert "'9' in race may mean unknown" in told
    assert "leave them out (data.table.groups.race.drop: [9]) or name them" in told
    names = {"1": "a", "2": "b", "9": "c", "-1": "d"}
    assert "may mean unknown" not in notes({"names": names})


def test_several_codes_for_unknown_among_measures_are_found() -> None:
    assert sentinel(pd.Series([20.0, 31, 64, 777, 777, 999, 999])) == 999
    assert sentinel(pd.Series([20.0, 31, 64, 888, 888])) == 888
    assert sentinel(pd.Series([20.0, 31, -8, 64, -9])) == -8
    assert sentinel(pd.Series([-3.0, 31, -8, 64, -9])) is None
