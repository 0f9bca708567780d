"""What the branch of scheduled runs attests beyond a clone's own files: real git, no chain."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from faircompress.cli.main import app
from faircompress.orchestration.commits import git
from faircompress.orchestration.runs_branch import not_here
from faircompress.registry import attestations
from faircompress.registry.records import VerdictRecord
from faircompress.support.errors import InputError

PASS = VerdictRecord("1", "m", "a" * 64, "fp32", "project", "pass", "v" * 64)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give an unsigned project with three verdicts, all of them on the branch ``runs``."""
    git(tmp_path, "init", "-q")
    for number in "123":
        attestations.add(tmp_path, replace(PASS, time=number))
    git(tmp_path, "add", "-A")
    git(tmp_path, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "all")
    git(tmp_path, "branch", "runs")
    return tmp_path


def checked(project: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["verify", "--project", str(project), "--without-ledger"])
    return done.exit_code, done.stdout


def cut(project: Path) -> None:
    path = project / attestations.FILE
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))


def test_a_last_verdict_that_a_worker_lacks_and_its_branch_has_was_taken_out(project: Path) -> None:
    (project / attestations.SCHEDULED).mkdir(parents=True)
    assert checked(project)[0] == 0
    cut(project)
    code, shown = checked(project)
    assert code == 1 and "the branch runs holds 1 attestations" in shown and "taken out" in shown


def test_where_nothing_runs_by_the_clock_the_branch_is_only_not_merged_yet(project: Path) -> None:
    cut(project)
    code, shown = checked(project)
    assert code == 0 and "git merge runs brings them" in shown


def test_a_verdict_that_was_written_after_the_branch_is_no_fault(project: Path) -> None:
    (project / attestations.SCHEDULED).mkdir(parents=True)
    attestations.add(project, replace(PASS, time="4"))
    code, shown = checked(project)
    assert code == 0 and "4 attestations" in shown and "branch" not in shown


def test_a_line_of_the_branch_that_is_no_attestation_is_named(project: Path) -> None:
    path = project / attestations.FILE
    whole = path.read_text()
    path.write_text(f"{whole}{{}}\n")
    git(project, "add", "-A")
    git(project, "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "bad")
    git(project, "branch", "-f", "runs")
    path.write_text(whole)
    with pytest.raises(InputError, match=r"runs:artifacts/attestations.jsonl, line 4 is no attest"):
        not_here(project)
