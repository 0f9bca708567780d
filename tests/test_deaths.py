"""A stage that had no time to say what it died of is spoken for."""

import sys
from pathlib import Path

import pytest

from faircompress.orchestration.deaths import killed
from faircompress.orchestration.stage_tasks import Listener, StageFailed, dvc_repro


@pytest.fixture
def dies_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Give a way to let a stage `prune` end as one likes, and hear what is said of it."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")

    def run(how: str, shell: str) -> str:
        monkeypatch.setenv("SHELL", shell)
        (tmp_path / "end.py").write_text(f"import os, sys\nprint('cutting', flush=True)\n{how}\n")
        (tmp_path / "dvc.yaml").write_text(f"stages: {{prune: {{cmd: '{sys.executable} end.py'}}}}")
        with pytest.raises(StageFailed) as failure:
            dvc_repro(["prune"], tmp_path, Listener())
        return str(failure.value)

    return run


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_crash_is_named_by_its_signal_and_told_how_to_go_on(dies_by, shell: str) -> None:  # type: ignore[no-untyped-def]
    said = dies_by("os.kill(os.getpid(), 11)", shell)
    assert "stage prune was killed by signal SIGSEGV (11). A library crashed" in said
    assert "PYTHONFAULTHANDLER=1 faircompress stage prune" in said


def test_whom_the_system_kills_for_memory_is_told_to_take_smaller_batches(dies_by) -> None:  # type: ignore[no-untyped-def]
    said = dies_by("os.kill(os.getpid(), 9)", "/bin/sh")
    assert "killed by signal SIGKILL (9)" in said
    assert "runs out of memory" in said
    assert "prune.scoring_batch" in said


def test_a_stage_that_ends_by_itself_was_not_killed(dies_by) -> None:  # type: ignore[no-untyped-def]
    said = dies_by("sys.exit(3)", "/bin/sh")
    assert said.startswith("stage prune failed: ")
    assert "killed" not in said


@pytest.mark.parametrize(
    ("words", "name"),
    [("x, exited with -6", "SIGABRT (6)"), ("x, exited with 134", "SIGABRT (6)"),
     ("x, exited with -4", "SIGILL (4)")],
)  # fmt: skip
def test_both_ways_of_telling_a_signal_are_understood(words: str, name: str) -> None:
    assert f"stage train was killed by signal {name}." in killed("train", words)


@pytest.mark.parametrize("words", ["", "x, exited with 1", "x, exited with 255", "128 pictures"])
def test_no_signal_is_made_up(words: str) -> None:
    assert killed("train", words) == ""
