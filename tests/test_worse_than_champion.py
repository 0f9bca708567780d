"""A real candidate that does worse than the champion: it is told, and the champion stays."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import WIDE, Project, commit
from receivers import http
from registered import moved

Finished = tuple[Project, subprocess.CompletedProcess[str]]
HELD = [{**WIDE, "against": name} for name in ("champion", "original_champion")]
RUINOUS = {"speedup": 40, "rounds": 1, "min_channels": 0.01, "epochs": 1, "lr": 1e-9}


@pytest.mark.installs  # a minute: it prunes and exports anew
def test_a_file_that_fails_against_the_champion_moves_no_alias_and_is_told(
    finished: Finished, tmp_path: Path
) -> None:
    where = moved(finished[0].folder, tmp_path)
    project = Project(tmp_path, finished[0].env)
    with http() as (address, got):
        path = tmp_path / "params.yaml"
        receiver = '{"when": ["fail"], "to": "webhook", "env": "TEAM"}'
        path.write_text(path.read_text().replace("notify: []", f"notify: [{receiver}]"))
        project.set(prune=RUINOUS, gate={"rules": [WIDE, *HELD]})
        commit(project, "a cut that leaves nothing; held against both champions")
        project.env = {**project.env, "TEAM": address}
        said = project.call(
            "python", "-c", "from flows.retrain import retrain; retrain(return_state=True)"
        )
    verdict = json.loads(
        (tmp_path / ".checkpoints/scheduled/work/artifacts/gate/verdict.json").read_text()
    )
    found = {rule["against"]: rule["outcome"] for rule in verdict["rules"]}
    assert found["champion"] == found["original_champion"] == "fail", said.stderr
    (message,) = got
    assert (message["event"], message["version"]) == ("fail", "2")
    assert where.aliases() == {"champion": "1", "original_champion": "1"}
