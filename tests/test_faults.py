"""Twelve short tries of `make faults`: after a fault the same command ends in the same results."""

import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))
import faults  # noqa: E402

SHORT = [
    "kill: half of a ledger's line written",
    "kill: before a ledger has its new line",
    "kill: right after a ledger got it",
    "kill: half of a result written",
    "kill: before a result gets its name",
    "kill: half of a checkpoint written",
    "kill: before a checkpoint gets its name",
    "kill: while a stage's folder takes its place",
    "disk full: results",
    "disk full: checkpoints",
    "clock 400 days behind: ledger",
    "two processes at once: ledger",
]


@pytest.mark.parametrize("name", SHORT)
def test_nothing_is_lost_and_nothing_finished_is_computed_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    found = next(t for n in range(20) if (t := faults.attempt(name, n, tmp_path)).happened)
    assert found.survived, found


def test_the_table_counts_what_happened_alone_and_names_what_was_lost() -> None:
    one = {"fault": "disk full: DVC", "happened": True, "lost": 0, "again": 0, "message": "full"}
    lines = [
        {**one, "survived": True},
        {**one, "survived": False, "lost": 2, "message": "gone"},
        {**one, "survived": True, "happened": False},
    ]
    assert "| disk full: DVC | 2 | 1 | 2 | gone |" in faults.told(lines)


def test_a_last_line_that_a_kill_left_half_is_no_try(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('{"fault": "a"}\n{"faul')
    assert faults.read(tmp_path / "f") == [{"fault": "a"}]
    faults.note(tmp_path / "f", {"fault": "b"})
    assert [line["fault"] for line in faults.read(tmp_path / "f")] == ["a", "b"]
