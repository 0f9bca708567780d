"""How long a run takes is known from the start, from earlier runs here or of the same kind."""

from pathlib import Path

import pytest

from faircompress.config import params
from faircompress.orchestration import durations
from faircompress.orchestration.console import Console
from faircompress.orchestration.durations import CHAIN, Taken, likeness

PARAMS = Path(__file__).parent.parent / "params.yaml"


def test_a_new_project_hears_how_long_the_same_data_and_network_took_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    like = likeness(params.load(PARAMS))
    (tmp_path / "old").mkdir()
    for stage in CHAIN:
        durations.keep(tmp_path / "old", stage, Taken(60, 0), like)
    assert durations.load(tmp_path / "new", "another") == {}
    console = Console(tmp_path / "new", {}, like)
    console.begins("validate")
    console.runs("validate")
    assert "about 6 min left, as far as earlier runs tell" in capsys.readouterr().err
    console.ends("validate", "unchanged")
    console.begins("train")
    console.runs("train")
    assert capsys.readouterr().err.count("left") == 0  # said once
    assert console.left() == "about 5 min left"


def test_a_projects_own_runs_count_more_and_damage_is_no_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    durations.keep(tmp_path, "train", Taken(60, 8), "alike")
    (tmp_path / "mine").mkdir()
    durations.keep(tmp_path / "mine", "train", Taken(30, 8))
    assert durations.load(tmp_path / "mine", "alike")["train"].seconds == 30
    (tmp_path / "cache/faircompress/durations.json").write_text("{half")
    (tmp_path / "mine" / durations.FILE).write_text('{"train": 3}')
    assert durations.load(tmp_path / "mine", "alike") == {}


def test_speedup_and_rules_leave_the_kind_of_a_project_alone_and_data_do_not() -> None:
    known = likeness(params.load(PARAMS))
    assert likeness(params.load(PARAMS, ["prune.speedup=8", "gate.power=0.9"])) == known
    assert likeness(params.load(PARAMS, ["data.portraits.seed=2"])) != known
    assert likeness(params.load(PARAMS, ["train.model=resnet18"])) != known
