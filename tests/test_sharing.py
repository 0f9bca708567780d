"""Several workers meet at one git remote: no commit is lost, and nobody's push fails."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, Project, commit, new_project
from hair_rates import put

from faircompress.orchestration import sharing
from faircompress.orchestration.commits import GitFailed, git, head
from faircompress.orchestration.publishing import publish
from faircompress.orchestration.workspace import Workspace, prepare
from faircompress.registry import attestations
from faircompress.registry.records import VerdictRecord
from faircompress.support.files import write_json

RATES = {"a": (100, 90), "b": (100, 90)}
VERDICT = put(RATES, RATES).to_json()
WORK = """
import sys, time
from pathlib import Path
from test_sharing import result_of
from faircompress.orchestration.sharing import share
project, name, start = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
print("ready", flush=True)
while not start.exists():
    time.sleep(0.01)
for number in range(int(sys.argv[4])):
    print(result_of(project, f"{name}{number}"), flush=True)
    share(project, "origin")
"""


def result_of(project: Path, name: str) -> str:
    """Leave in a clone what a scheduled run does, with an attestation; return its commit."""
    space = prepare(project, commit=head(project))
    write_json(space.artifacts / "gate.json", {"evaluated": "fp32", "by": name})
    write_json(space.artifacts / "prune.json", {"speedup": 3.0})
    write_json(space.artifacts / "gate/verdict.json", VERDICT)
    digest = (name.encode().hex() * 64)[:64]
    found = VerdictRecord(f"2026 {name}", "m", digest, "fp32", "project", "pass", "b" * 64)
    attestations.add(project, found)
    publish(space)
    return git(project, "rev-parse", "runs").strip()


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Give two clones of a project and the bare remote that both push to."""
    first = new_project(tmp_path / "a")
    git(tmp_path, "clone", "-q", "--bare", str(first.folder), str(tmp_path / "remote.git"))
    for name in ("one", "two"):
        git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), str(tmp_path / name))
    return tmp_path / "one", tmp_path / "two", tmp_path / "remote.git"


def work(clone: Path, start: Path, count: int) -> "subprocess.Popen[str]":
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}:{ROOT / 'tests'}"}
    command = [sys.executable, "-c", WORK, str(clone), clone.name, str(start), str(count)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "ready\n"
    return process


def commits(remote: Path) -> set[str]:
    return set(git(remote, "rev-list", "runs").split())


def attested(remote: Path) -> set[str]:
    lines = git(remote, "show", f"runs:{attestations.FILE}").splitlines()
    return {attestations._parsed(line).record.time for line in lines}


def by(folder: Path, ref: str = "runs") -> str:
    return str(json.loads(git(folder, "show", f"{ref}:artifacts/gate.json"))["by"])


def test_two_workers_that_push_at_once_lose_nothing(clones: tuple[Path, Path, Path]) -> None:
    one, two, remote = clones
    both = [work(clone, one.parent / "start", 3) for clone in (one, two)]
    (one.parent / "start").touch()
    said = [process.communicate()[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    made = {commit for words in said for commit in words}
    assert len(made) == 6 and made <= commits(remote)
    assert attested(remote) == {f"2026 {name}{n}" for name in ("one", "two") for n in range(3)}
    assert by(remote) in ("one2", "two2")
    last = next(clone for clone in (one, two) if clone.name == by(remote)[:3])
    for clone in (last, two if last == one else one):  # what the other promoted is known here
        sharing.hear(clone, "origin")
        assert len(attestations.records(clone)) == 6
        assert git(clone, "status", "--porcelain") == ""


def test_a_worker_that_is_killed_between_commit_and_push_loses_nothing(
    clones: tuple[Path, Path, Path],
) -> None:
    one, two, remote = clones
    hook, reached = one / ".git/hooks/pre-push", one.parent / "reached"
    hook.write_text(f"#!/bin/sh\ntouch {reached}\nsleep 60\n")
    hook.chmod(0o755)
    killed = work(one, one, 1)  # starts at once
    while not reached.exists():
        time.sleep(0.05)
    killed.kill()
    made = killed.communicate()[0].strip()
    assert git(remote, "branch", "--list", "runs") == ""
    result_of(two, "two")
    sharing.share(two, "origin")
    hook.unlink()
    assert "was pushed to origin" in sharing.share(one, "origin")
    assert made in commits(remote) and by(remote) == "one0"
    assert attested(remote) == {"2026 one0", "2026 two"}
    assert sharing.share(one, "origin") == "" and sharing.share(two, "origin") == ""
    assert git(two, "rev-parse", "runs") == git(one, "rev-parse", "runs")


def test_results_of_older_code_undo_no_newer_code(clones: tuple[Path, Path, Path]) -> None:
    one, two, remote = clones
    project = Project(two)
    (two / "note.txt").write_text("newer")
    project.set(prune={"speedup": 2})
    commit(project, "newer code")
    result_of(two, "two")
    sharing.share(two, "origin")
    result_of(one, "one")  # this clone was not brought up to date
    sharing.share(one, "origin")
    assert by(remote) == "two" and git(remote, "show", "runs:note.txt") == "newer"
    result_of(one, "late")
    sharing.share(one, "origin")
    assert git(remote, "show", "runs:note.txt") == "newer"
    assert "speedup: 2" in git(remote, "show", "runs:params.yaml")
    assert attested(remote) == {"2026 one", "2026 two", "2026 late"}
    git(two, "pull", "-q", "--no-rebase", "origin", "runs")  # a user takes the results: no conflict
    assert (two / "note.txt").read_text() == "newer"


def test_code_that_contradicts_itself_is_named_and_the_results_stay(
    clones: tuple[Path, Path, Path],
) -> None:
    one, two, _ = clones
    for clone in (one, two):
        (clone / "own.py").write_text(clone.name)
        commit(Project(clone), "code")
        result_of(clone, clone.name)
    sharing.share(one, "origin")
    with pytest.raises(GitFailed, match=r"contradicts this clone's in own\.py"):
        sharing.share(two, "origin")
    assert by(two) == "two"


def test_a_remote_that_is_away_is_said_and_the_commit_stays(
    clones: tuple[Path, Path, Path],
) -> None:
    one, _, remote = clones
    made = result_of(one, "one")
    remote.rename(remote.with_suffix(".away"))
    with pytest.raises(GitFailed, match="git ls-remote failed"):
        sharing.share(one, "origin")
    assert git(one, "rev-parse", "runs").strip() == made
    remote.with_suffix(".away").rename(remote)
    git(one, "switch", "-q", "-c", "other")
    sharing.share(one, "origin")
    assert made in commits(remote)


def test_an_old_worker_publishes_on_top_of_what_it_heard(clones: tuple[Path, Path, Path]) -> None:
    one, two, remote = clones
    for clone in (one, two, one):
        result_of(clone, f"{clone.name}-{time.time_ns()}")
        sharing.share(clone, "origin")
    assert by(remote).startswith("one-")
    assert len(attested(remote)) == 3
    space = prepare(one, commit=head(one))
    assert publish(Workspace(space.folder, one, commit=head(one))) == ""  # nothing is new
