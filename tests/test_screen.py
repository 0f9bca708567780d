"""The dense model's own minimums, tested on real validation pictures before anything is pruned."""

import subprocess
from pathlib import Path

import pytest
from conftest import Project
from finished_runs import copied, parents

from faircompress.config import params
from faircompress.config.params import Params
from faircompress.evaluation.minimums import MinimumMissed
from faircompress.export.folding import deciding_rows
from faircompress.stages.screen import dense_predictions, screen
from faircompress.support.files import read_json

Finished = tuple[Project, subprocess.CompletedProcess[str]]


def asking(project: Project, *rules: str) -> Params:
    """Return the project's params with other rules."""
    return params.load(project.folder / "params.yaml", [f"gate.rules=[{', '.join(rules)}]"])


def minimum(limit: float, metric: str = "accuracy") -> str:
    return f"{{rule: minimum, metric: {metric}, limit: {limit}, because: a test}}"


def test_a_dense_model_that_misses_a_minimum_is_refused_and_group_bound_and_cure_are_named(
    finished: Finished,
) -> None:
    project, _ = finished
    with pytest.raises(MinimumMissed) as error:
        screen(asking(project, minimum(0.9999)), project.folder / "artifacts")
    words = str(error.value)
    assert "the dense model itself misses a minimum on the validation pictures" in words
    assert "accuracy in hair=" in words and "97.5 % bounds" in words
    assert "at least 0.9999 is needed" in words
    assert "train.epochs" in words and "gate.rules" in words


def test_what_is_reached_passes_and_what_is_merely_not_shown_is_a_warning(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    project, _ = finished
    artifacts = project.folder / "artifacts"
    easy = screen(asking(project, minimum(0.01)), artifacts)
    assert easy["checks"] >= 3 and easy["not_shown"] == 0
    assert capsys.readouterr().err == ""
    rates = read_json(artifacts / "train.json")["validation"]
    least = min(rate for name, rate in rates.items() if name.startswith("accuracy/"))
    found = screen(asking(project, minimum(least)), artifacts)  # neither shown nor missed there
    assert found["not_shown"] >= 1
    warned = capsys.readouterr().err
    assert "the dense model itself is not shown to reach a minimum: accuracy" in warned


def test_without_minimums_nothing_is_read(finished: Finished, tmp_path: Path) -> None:
    project, _ = finished
    chosen = params.load(project.folder / "params.yaml")
    assert screen(chosen, tmp_path) == {"checks": 0, "not_shown": 0}


def test_rows_on_which_a_threshold_was_chosen_are_not_tested(finished: Finished) -> None:
    project, _ = finished
    found = {}
    for choice in ("baseline", "validation"):
        chosen = params.load(project.folder / "params.yaml", [f"export.threshold={choice}"])
        found[choice] = dense_predictions(chosen, project.folder / "artifacts")
    (every, half), (others, cut) = found["baseline"], found["validation"]
    assert half == 0.5 and cut is not None
    chosen_on = set(every.ids[deciding_rows(every)])
    assert set(others.ids) == set(every.ids) - chosen_on and chosen_on


def test_the_chain_stops_before_pruning(finished: Finished, tmp_path: Path) -> None:
    project = copied(finished, tmp_path)
    said = project.run("-S", f"gate.rules=[{minimum(0.9999)}]")
    assert said.returncode == 3, said.stdout + said.stderr
    assert "the dense model itself misses a minimum" in said.stderr
    (variant,) = (project.folder / "variants").iterdir()
    assert (variant / "artifacts/train.json").exists()
    assert not (variant / "artifacts/prune.json").exists()
    assert parents(project)[-1].info.status == "FAILED"
