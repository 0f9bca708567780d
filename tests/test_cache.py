"""What is damaged in the DVC cache, or half written beside it, never becomes a result."""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from faircompress.orchestration import cache, leftovers, remote
from faircompress.orchestration.remote import pull, push
from faircompress.orchestration.stage_tasks import Listener, dvc_repro

pytestmark = pytest.mark.usefixtures("preloaded_interpreter")

CONTENT = {"a.txt": "seven\n" * 50, "b.txt": "eight\n"}


class Heard(Listener):
    """Keep the lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, stage: str, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a workspace of one stage that copies a folder, after it ran."""
    folder = tmp_path_factory.mktemp("computed")
    stage = {"cmd": "cp -r raw made", "deps": ["raw"], "outs": ["made"]}
    (folder / "raw").mkdir()
    for name, text in CONTENT.items():
        (folder / "raw" / name).write_text(text)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"copy": stage}}))
    (folder / ".dvc").mkdir()
    (folder / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    assert dvc_repro(["copy"], folder, Listener()) == "ran"
    return folder


@pytest.fixture
def workspace(computed: Path, tmp_path: Path) -> Path:
    """Give a copy of it that lost its result."""
    folder = tmp_path / "here"
    shutil.copytree(computed, folder)
    shutil.rmtree(folder / "made")
    return folder


def cached(folder: Path, name: str) -> Path:
    """Return where the cache keeps a file of the result, or the list of its files."""
    (listing,) = (folder / ".dvc/cache/files/md5").rglob("*.dir")
    if name == "made":
        return listing
    md5 = hashlib.md5(CONTENT[name].encode()).hexdigest()
    return folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def other(file: Path) -> None:
    file.write_text("[1, 2]")


def made(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "made").iterdir()}


@pytest.mark.parametrize(
    ("name", "harm"), [("a.txt", truncate), ("a.txt", flip), ("made", empty), ("made", other)]
)
def test_a_damaged_file_of_the_cache_is_dropped_and_its_stage_runs_again(
    workspace: Path, name: str, harm: Callable[[Path], None]
) -> None:
    harm(cached(workspace, name))
    heard = Heard()
    assert dvc_repro(["copy"], workspace, heard) == "ran"
    assert made(workspace) == CONTENT
    assert "1 damaged files dropped from the DVC cache" in heard.lines[0]


def test_what_is_not_damaged_is_restored(workspace: Path) -> None:
    assert dvc_repro(["copy"], workspace, Listener()) == "restored"
    assert made(workspace) == CONTENT


@pytest.mark.parametrize("harm", [truncate, other])
def test_a_damaged_memory_of_a_run_does_not_stop_the_next(
    workspace: Path, harm: Callable[[Path], None]
) -> None:
    (workspace / "dvc.lock").unlink()
    (remembered,) = [p for p in (workspace / ".dvc/cache/runs").rglob("*") if p.is_file()]
    harm(remembered)
    assert dvc_repro(["copy"], workspace, Listener()) == "ran"
    assert made(workspace) == CONTENT


def test_damage_is_mended_from_the_remote_where_there_is_one(
    workspace: Path, tmp_path: Path
) -> None:
    use_remote(workspace, tmp_path / "store")
    push.fn(workspace)
    flip(cached(workspace, "a.txt"))
    assert dvc_repro(["copy"], workspace, Listener()) == "restored"
    assert made(workspace) == CONTENT


def test_what_another_machine_computed_is_fetched_without_its_lock(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "AT_ONCE", 1)  # names of objects in one command
    other, store = tmp_path / "other", tmp_path / "store"
    shutil.copytree(workspace, other)
    for folder in (workspace, other):
        use_remote(folder, store)
    assert push.fn(workspace)
    shutil.rmtree(other / ".dvc/cache")  # another machine's clone of what git holds
    (other / "dvc.lock").unlink()
    assert pull.fn(other)
    heard = Heard()
    assert dvc_repro(["copy"], other, heard) == "restored"
    assert heard.lines == ["results of an earlier run fetched from the remote"]
    assert made(other) == CONTENT


def test_damage_in_the_remote_does_not_travel(workspace: Path, tmp_path: Path) -> None:
    use_remote(workspace, tmp_path / "store")
    push.fn(workspace)
    flip(tmp_path / "store/files/md5" / cached(workspace, "a.txt").relative_to(
        workspace / ".dvc/cache/files/md5"
    ))  # fmt: skip
    shutil.rmtree(workspace / ".dvc/cache")
    assert pull.fn(workspace)
    assert dvc_repro(["copy"], workspace, Listener()) == "ran"
    assert made(workspace) == CONTENT


def test_a_pull_does_not_bring_back_what_is_damaged_here(workspace: Path, tmp_path: Path) -> None:
    use_remote(workspace, tmp_path / "store")
    push.fn(workspace)
    truncate(cached(workspace, "b.txt"))
    pull.fn(workspace)
    assert made(workspace) == CONTENT


@pytest.mark.parametrize("text", ["", "[1, 2]", "schema: '2.0'\nstages:\n  copy:\n    cmd: 7\n"])
def test_a_damaged_lock_file_costs_nothing(workspace: Path, text: str) -> None:
    (workspace / "dvc.lock").write_text(text)
    leftovers.clear(workspace)
    assert (workspace / ".checkpoints/dvc.lock.damaged").read_text() == text
    assert dvc_repro(["copy"], workspace, Listener()) == "restored"
    assert made(workspace) == CONTENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"write": {"/x"',
        '{"write": {"/x/made": {"pid": 1, "cmd": "dvc repro copy"}}}',
    ],
    ids=["empty", "truncated", "of a process whose number another has now"],
)
def test_a_lock_of_dvc_that_nobody_holds_is_taken_away(workspace: Path, text: str) -> None:
    held = workspace / ".dvc/tmp/rwlock"
    held.write_text(text.replace("/x", str(workspace)))
    leftovers.clear(workspace)
    assert not held.exists()


def test_a_remembered_run_of_other_params_is_not_read_again(workspace: Path) -> None:
    flip(cached(workspace, "a.txt"))
    (workspace / "raw/b.txt").write_text("nine\n")
    assert cache.drop_damaged(workspace, ["other"]) == []


def use_remote(folder: Path, store: Path) -> None:
    cache.cache_of.cache_clear()
    with (folder / ".dvc/config").open("a") as config:
        config.write(f"    remote = store\n['remote \"store\"']\n    url = {store}\n")
    with chdir(folder):
        Repo().checkout()
    shutil.rmtree(folder / "made")
