"""A clock that is put back turns nothing round that was decided before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from faircompress.registry import attestations, keys
from faircompress.registry.policy import Decision

AHEAD = (datetime.now(UTC) + timedelta(days=400)).strftime(keys.TIME)
OUT = Decision(AHEAD, "promoted", "a" * 64, "pass", "the gate", "it passed", "1", "e" * 64, "m")


def test_a_withdrawal_counts_though_the_clock_was_put_back_since_the_promotion(
    tmp_path: Path,
) -> None:
    attestations.add(tmp_path, OUT)
    back = replace(OUT, time=keys.now(), act="withdrawn", reviewer="the alarm", reason="harm")
    added = attestations.add(tmp_path, back).record
    assert [one.act for one in attestations.decided(tmp_path, "m")] == ["promoted", "withdrawn"]
    assert added.time == keys.after(AHEAD)


def test_the_moment_after_is_a_microsecond_later_and_sorts_so() -> None:
    assert keys.after("20261231T235959.999999Z") == "20270101T000000.000000Z"


def test_a_time_that_no_clock_told_lets_others_keep_theirs(tmp_path: Path) -> None:
    for time in ("for ever", "99991231T235959.999999Z"):
        attestations.add(tmp_path, replace(OUT, time=time))
    now = keys.now()
    assert attestations.add(tmp_path, replace(OUT, time=now)).record.time == now
