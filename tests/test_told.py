"""Who must hear: of a new verdict on a file that was approved, and of an alarm by hand."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from auditing import run
from conftest import Project
from receivers import http
from registered import again, moved, registered_as
from test_registry import tag

from faircompress.orchestration import deployment
from faircompress.orchestration.registered_model import Registry
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import versions
from faircompress.registry.policy import NotPromoted
from faircompress.support.files import read_json, write_json

Finished = tuple[Project, subprocess.CompletedProcess[str]]
FIRST, NEXT = "1", "2"  # passed; registered by the test


@pytest.fixture
def where(finished: Finished, tmp_path: Path) -> Iterator[Registry]:
    """Give a project with a champion."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}):
        yield moved(finished[0].folder, tmp_path / "p")


def test_an_approval_of_one_verdict_is_none_of_the_next_and_that_one_is_asked_about(
    where: Registry,
) -> None:
    project = where.store.project
    registered_as(project, "inconclusive", words="judged twice")
    tag(where, NEXT, review="approve", reviewer="Ann", reason="few rows")
    verdict = project / "artifacts/gate/verdict.json"
    write_json(verdict, read_json(verdict) | {"sentence": "inconclusive: and now by far"})
    again(Workspace(project, project))
    assert not {"review", "reviewer", "reason"} & where.find(NEXT).tags.keys()
    assert where.aliases()["challenger"] == NEXT
    with pytest.raises(NotPromoted, match="is inconclusive and waits for a person"):
        deployment.promote(where, NEXT)


def test_an_alarm_from_the_command_line_is_told_to_whoever_asked_for_alarms(
    where: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = where.store.project
    params = project / "params.yaml"
    team = "notify: [{when: [alarm], to: webhook, env: TEAM}]"
    params.write_text(params.read_text().replace("notify: []", team))
    registered_as(project, "fail")
    command = f"faircompress alarm --project {project}"
    with http() as (address, got):
        monkeypatch.setenv("TEAM", address)
        assert run(command).code == 0 and got == []
        versions.point(where.store, where.model, "champion", NEXT)
        assert run(command).code == 1
    assert [one["event"] for one in got] == ["alarm"]
    assert f"went back to version {FIRST}" in got[0]["sentence"]
