"""A database is whole or absent, whoever makes it and however that ends."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from faircompress.support.databases import (
    Database,
    DatabaseUnfit,
    newest,
    of_mlflow,
    of_prefect,
    ready,
    sqlite_file,
)

MAKE = "import sys; from pathlib import Path; from faircompress.support.databases import *; "
MAKE += "ready(of_{}(Path(sys.argv[1])))"


def making(kind: str, file: Path) -> "subprocess.Popen[str]":
    """Begin to make a database, of which the user's cache holds no copy before."""
    command = [sys.executable, "-c", MAKE.format(kind), str(file)]
    env = {**os.environ, "XDG_CACHE_HOME": str(file.parent / "cache")}
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True, env=env
    )


def half(file: Path, revision: str | None, *tables: str) -> None:
    """Write a database as one leaves it who is killed while he makes it."""
    with closing(sqlite3.connect(file)) as opened:
        for table in tables:
            opened.execute(f"CREATE TABLE {table} (id)")
        opened.execute("CREATE TABLE alembic_version (version_num)")
        if revision:
            opened.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
        opened.commit()
    os.utime(file, (0, 0))  # nobody is at work on it


def revision(file: Path) -> str:
    with closing(sqlite3.connect(file)) as opened:
        return str(opened.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.mark.parametrize("kind", ["mlflow", "prefect"])
def test_after_a_kill_two_at_once_make_one_and_one_of_them_waits(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    database: Database = {"mlflow": of_mlflow, "prefect": of_prefect}[kind](file)
    half(file, None, "runs")
    first = making(kind, file)
    while not (tmp_path / ".a.db.part").exists():
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    both = [making(kind, file) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(bool("Waiting: process" in words) for words in said) == [False, True]
    assert revision(file) == newest(database.migrations)
    assert not list(tmp_path.glob("*.part*"))
    ready(database)  # at once
    (kept,) = (tmp_path / "cache/faircompress/databases").iterdir()
    assert kept.read_bytes() == file.read_bytes()  # for the next project


def test_a_kept_copy_is_taken_and_a_damaged_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first, second, third = (of_mlflow(tmp_path / f"{n}.db") for n in range(3))
    ready(first)
    with closing(sqlite3.connect(first.template)) as opened:
        opened.execute("CREATE TABLE mark (id)")
        assert not opened.execute("SELECT * FROM experiments").fetchall()
    ready(second)
    with closing(sqlite3.connect(second.file)) as opened:
        assert opened.execute("SELECT count(*) FROM mark").fetchone() == (0,)  # it is the copy
    first.template.write_bytes(first.template.read_bytes()[:50_000])
    ready(third)
    with closing(sqlite3.connect(third.file)) as opened:  # made anew, since the copy was cut off
        assert not opened.execute("SELECT * FROM sqlite_master WHERE name = 'mark'").fetchall()
    assert revision(third.file) == newest(third.migrations)


def test_one_that_holds_runs_is_not_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    half(file, None, "runs")
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("INSERT INTO runs VALUES (1)")
        opened.commit()
    os.utime(file, (0, 0))
    before = file.read_bytes()
    with pytest.raises(DatabaseUnfit, match=r"holds 1 runs, .* mlflow db upgrade sqlite:///"):
        ready(of_mlflow(file))
    assert file.read_bytes() == before


def test_one_of_a_later_version_is_not_made_anew(tmp_path: Path) -> None:
    half(tmp_path / "mlflow.db", "fedcba987654", "runs")
    with pytest.raises(DatabaseUnfit, match="its schema is fedcba987654"):
        ready(of_mlflow(tmp_path / "mlflow.db"))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseUnfit, match=r"mlflow\.db is damaged: file is not a database"):
        ready(of_mlflow(tmp_path / "mlflow.db"))


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:////a/b.db", "/a/b.db"),
        ("sqlite+aiosqlite:///b.db?x=1", "b.db"),
        ("sqlite:///:memory:", None),
        ("http://127.0.0.1:5000", None),
    ],
)
def test_only_addresses_of_files_are_files(uri: str, file: str | None) -> None:
    assert sqlite_file(uri) == (Path(file) if file else None)


def test_one_that_cannot_be_made_is_told_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "disk" / "mlflow.db"
    file.parent.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(file.parent)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        with pytest.raises(RuntimeError, match=r"mlflow\.db could not be made: .*full.*0 MB are"):
            ready(of_mlflow(file))
        assert not file.exists()
    finally:
        subprocess.run(["umount", "--lazy", file.parent], check=True)
