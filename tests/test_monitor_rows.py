"""Which newly labelled rows are counted, once, and what is one unit of them."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from faircompress.config.monitor import NewRows
from faircompress.data.dataset import Facts
from faircompress.monitoring import counted, new_rows
from faircompress.monitoring.drift import drift
from faircompress.monitoring.new_rows import Tally
from faircompress.monitoring.units import Rows, reference_units, stream
from faircompress.support.errors import InputError, StateError

FACTS = Facts(("no", "yes"), ("skin",), (8, 8), (0, 0, 0), (1, 1, 1), "sha", {})
OPTIONS = {"groups": ["skin"], "identity": "who", "labelled": "day", "score": ["p"]}


def rows(*lines: tuple[str, str, int, float]) -> Rows:
    """Return rows of person, day, label and probability, a moment a day."""
    table = pd.DataFrame(lines, columns=["person", "labelled", "label", "p"])
    days = {day: at for at, day in enumerate(dict.fromkeys(table["labelled"]), start=1)}
    p = table.pop("p").to_numpy()
    return Rows(
        table.assign(moment=table["labelled"].map(days), weight=1.0), np.stack([1 - p, p], axis=1)
    )


def table_in(folder: Path, count: int = 60) -> pd.DataFrame:
    """Write a table of logged scores, three rows a person of one day each, and return it."""
    at = np.arange(count)
    found = pd.DataFrame(
        {
            "image": [f"row{k}" for k in at],
            "label": np.where(at % 2, "yes", "no"),
            "skin": np.where(at % 4 < 2, "dark", "light"),
            "who": [f"person {k // 3}" for k in at],
            "day": [f"2026-01-{1 + k // 12:02d}" for k in at],
            "p": (at % 10) / 10,
        }
    )
    found.to_csv(folder / "data.csv", index=False)
    return found


def read(folder: Path, known: set[str], tally: Tally) -> pd.DataFrame:
    raw = new_rows.read(NewRows(root=str(folder), **OPTIONS), FACTS, "1")[1]
    return new_rows.news(raw, counted.load(folder / "counted"), known, tally)


def test_a_table_of_logged_scores_names_each_row_by_any_column_and_says_so(tmp_path: Path) -> None:
    table_in(tmp_path).rename(columns={"image": "case"}).to_csv(tmp_path / "data.csv", index=False)
    with pytest.raises(InputError, match=r"^monitor\.rows\.image: .* has no column.*any col"):
        read(tmp_path, set(), Tally())
    named = NewRows(root=str(tmp_path), image="case", **OPTIONS)
    assert len(new_rows.read(named, FACTS, "1")[1]) == 60


def test_a_person_counts_once_with_the_share_right_of_the_first_day() -> None:
    found = stream(
        rows(
            ("Ann", "2026-01-01", 1, 0.9), ("Ann", "2026-01-01", 1, 0.1),
            ("Ben", "2026-01-01", 0, 0.9), ("Ben", "2026-01-02", 1, 0.9),
            ("Ann", "2026-01-09", 1, 0.9),
        ),
        "true_positive_rate",
    )  # fmt: skip
    assert found.shares.tolist() == [0.5, 1.0]
    assert found.moments.tolist() == [1, 2]


def test_a_false_positive_rate_is_watched_as_the_share_of_negatives_that_are_right() -> None:
    some = rows(("Ann", "2026-01-01", 0, 0.9), ("Ben", "2026-01-01", 0, 0.1))
    assert stream(some, "false_positive_rate").shares.tolist() == [0.0, 1.0]


def test_auroc_pairs_two_people_each_in_one_pair_which_counts_when_it_is_whole() -> None:
    some = rows(
        ("a", "2026-01-01", 1, 0.9), ("b", "2026-01-01", 1, 0.2),
        ("c", "2026-01-02", 0, 0.3), ("d", "2026-01-20", 0, 0.2), ("e", "2026-01-20", 0, 0.9),
    )  # fmt: skip
    found = stream(some, "auroc")
    assert found.shares.tolist() == [1.0, 0.5]
    assert found.moments.tolist() == [2, 3]
    assert np.diff(found.weeks).tolist() == [3]
    assert reference_units(some, "auroc")[0].shape[1] == 2


def test_a_label_that_comes_late_is_of_the_latest_week_and_takes_nothing_back() -> None:
    late = rows(("a", "2026-01-20", 1, 0.9), ("b", "2026-01-01", 1, 0.2))
    assert np.diff(stream(late, "accuracy").weeks).tolist() == [0]


def test_each_row_of_the_table_is_counted_or_it_is_told_why_not(tmp_path: Path) -> None:
    given = table_in(tmp_path, 12)
    given.loc[0, "label"] = None
    given.loc[1, "day"] = "2999-01-01"
    twice = pd.concat([given, given.iloc[[5]]])
    twice.to_csv(tmp_path / "data.csv", index=False)
    tally = Tally()
    wanted = read(tmp_path, {"person 3"}, tally)
    assert (tally.read, tally.unlabelled, tally.later, tally.repeated) == (13, 1, 1, 1)
    assert (tally.known_people, len(wanted)) == (3, 7)


def test_a_label_corrected_later_is_told_and_the_first_one_stays_counted(tmp_path: Path) -> None:
    given = table_in(tmp_path, 12)
    counted.add(tmp_path / "counted", read(tmp_path, set(), Tally()))
    given.loc[3, "label"] = "no"
    given.to_csv(tmp_path / "data.csv", index=False)
    tally = Tally()
    assert len(read(tmp_path, set(), tally)) == 0
    assert tally.corrected == 1


def test_what_one_person_has_of_one_day_stays_in_one_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_rows, "BATCH", 4)
    table_in(tmp_path)
    found = list(new_rows.batches(read(tmp_path, set(), Tally())))
    assert [len(batch) for batch in found] == [6] * 10


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_monitor_rows import counted, new_rows, read, Tally
folder, left = Path(sys.argv[1]), int(sys.argv[2])
new_rows.BATCH = 10
def dying(handle, real=os.fsync):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)
os.fsync = dying
for batch in new_rows.batches(read(folder, set(), Tally())):
    counted.add(folder / "counted", batch)
"""


def test_who_is_killed_while_a_batch_is_written_counts_no_row_twice_and_loses_none(
    tmp_path: Path,
) -> None:
    table_in(tmp_path)
    whole, killed = tmp_path / "whole", tmp_path
    whole.mkdir()
    table_in(whole)
    for folder, deaths in ((killed, (1, 3, 99)), (whole, (99,))):
        for death in deaths:
            words = ["-c", KILLED, str(folder), str(death), str(Path(__file__).parent)]
            done = subprocess.run([sys.executable, *words], check=False)
            assert done.returncode == (0 if death == 99 else -signal.SIGKILL)
    one, other = (counted.load(folder / "counted") for folder in (killed, whole))
    assert one["id"].is_unique and len(one) == 60
    pd.testing.assert_frame_equal(one.drop(columns="at"), other.drop(columns="at"))


def test_a_hole_in_what_was_counted_is_named(tmp_path: Path) -> None:
    table_in(tmp_path)
    for _ in range(2):
        counted.add(tmp_path / "counted", pd.DataFrame({"id": ["a"], "labelled": ["2026-01-01"]}))
    (tmp_path / "counted" / "rows-000001.parquet").unlink()
    with pytest.raises(StateError, match=r"rows-000001.parquet is missing"):
        counted.load(tmp_path / "counted")


def test_a_class_that_the_data_set_does_not_know_is_refused(tmp_path: Path) -> None:
    table_in(tmp_path).replace({"label": {"yes": "perhaps"}}).to_csv(
        tmp_path / "data.csv", index=False
    )
    with pytest.raises(InputError, match="'perhaps' is no class of the data set"):
        read(tmp_path, set(), Tally())


def test_drift_is_a_large_difference_that_is_no_coincidence_one_row_a_person() -> None:
    rng = np.random.default_rng(1)
    before = pd.DataFrame({"person": range(500), "light": rng.normal(size=500), "skin": "a"})
    now = before.assign(light=before["light"] + 1, skin=["a", "b"] * 250)
    again = {one.column: one for one in drift(before, now, {"light": "picture", "skin": "group"})}
    assert again["light"].drifted and again["skin"].drifted
    assert (again["skin"].before, again["skin"].now, again["skin"].difference) == (1, 0.5, 0.5)
    same = drift(before, before.assign(person="one and the same"), {"light": "picture"})
    assert same[0].p is None and not same[0].drifted


def test_labels_that_come_late_change_nothing_of_what_was_read_before(tmp_path: Path) -> None:
    given = table_in(tmp_path, 48)
    late = given["label"].where(given.index % 3 > 0)  # of each person the first row has none yet
    given.assign(label=late).to_csv(tmp_path / "data.csv", index=False)
    counted.add(tmp_path / "counted", read(tmp_path, set(), Tally()))
    before = stream(counted.as_rows(counted.load(tmp_path / "counted")), "accuracy")

    given.to_csv(tmp_path / "data.csv", index=False)  # the days are those of the first labelling
    wanted = read(tmp_path, set(), tally := Tally())
    counted.add(tmp_path / "counted", wanted)
    after = stream(counted.as_rows(counted.load(tmp_path / "counted")), "accuracy")
    assert (tally.unlabelled, len(wanted)) == (0, 16)
    assert after.shares.tolist() == before.shares.tolist()  # each person was counted already
    assert (np.diff(after.weeks) >= 0).all()


def test_a_file_of_counted_rows_that_was_changed_is_named(tmp_path: Path) -> None:
    table_in(tmp_path, 12)
    counted.add(tmp_path / "counted", read(tmp_path, set(), Tally()))
    file = tmp_path / "counted" / "rows-000001.parquet"
    content = file.read_bytes()
    at = content.index(b"person 3") + 7  # the name in its page becomes another
    file.write_bytes(content[:at] + b"9" + content[at + 1 :])
    with pytest.raises(StateError, match=r"rows-000001.parquet is damaged: .*Bring the file back"):
        counted.load(tmp_path / "counted")
