"""SQLite databases of MLflow and Prefect: made whole or not at all, by one process at a time.

Both libraries migrate a new database step by step where it lies. Two processes that do so at once,
or one that is killed meanwhile, leave a half of one that no later process opens. The migrations of
an empty database take seconds and end the same each time, so it is kept in the user's cache, and
the next project gets a copy.
"""

import functools
import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from faircompress.support.errors import StateError
from faircompress.support.files import room, user_cache, write_bytes
from faircompress.support.locks import waiting

FRESH = 5.0  # seconds since a change: somebody may still be at work


Upgrade = tuple[Sequence[str], dict[str, str]]


class DatabaseUnfit(StateError):
    """A database cannot be used and holds what must not be lost; says what to do."""


@dataclass(frozen=True)
class Database:
    """A database and how it comes to be.

    Args:
        file: Where it lies.
        migrations: Folder with the Alembic scripts of the library that uses it.
        upgrade: Gives the command, and what it adds to the environment, that migrates a file.
        records: Tables with rows as soon as something would be lost.
        migrates: Whether a database with records is migrated where it lies, as its library does.
    """

    file: Path
    migrations: Path
    upgrade: Callable[[Path], Upgrade]
    records: tuple[str, ...]
    migrates: bool = False

    @property
    def template(self) -> Path:
        """Return where an empty one of this schema is kept, or would be."""
        return user_cache() / "databases" / f"{newest(self.migrations)}.db"


def of_mlflow(file: Path) -> Database:
    """Return what is to be known of a store of MLflow."""

    def upgrade(path: Path) -> Upgrade:
        return [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{path}"], {}

    migrations = _folder_of("mlflow") / "store/db_migrations/versions"
    return Database(file, migrations, upgrade, ("runs", "registered_models"))


def of_prefect(file: Path) -> Database:
    """Return what is to be known of the database of a Prefect server."""

    def upgrade(path: Path) -> Upgrade:
        where = {"PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{path}"}
        return [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"], where

    migrations = _folder_of("prefect") / "server/database/_migrations/versions/sqlite"
    records = ("flow_run", "deployment", "variable")
    return Database(file, migrations, upgrade, records, migrates=True)


def sqlite_file(uri: str) -> Path | None:
    """Return the file of an SQLite address of SQLAlchemy, None of any other address."""
    found = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", uri)
    return Path(found[1]) if found and ":memory:" not in uri else None


def ready(database: Database) -> None:
    """Make a database, or make it anew where a killed process left an empty half of one.

    Raises:
        DatabaseUnfit: If it is of another version, or half migrated, and not empty.
        RuntimeError: If it cannot be made, with the reason and the room on its disk.
        OSError: If its folder cannot be written.
    """
    file = database.file
    if _is_whole(database):
        return
    with waiting(file.with_name(f".{file.name}.lock"), f"makes {file}"):
        while not _is_whole(database) and _is_fresh(file):
            time.sleep(0.5)  # made by another program, say `mlflow server`
        if not _is_whole(database):
            if _may_be_made_anew(database):
                _make(database)
            else:
                _run(database, file)


def newest(migrations: Path) -> str:
    """Return the revision that no migration of a folder builds upon."""
    (head,) = _named(migrations, "revision") - _named(migrations, "down_revision")
    return head


@functools.cache
def _named(migrations: Path, variable: str) -> set[str]:
    """Return the revisions that the scripts of a folder assign to a variable."""
    texts = [script.read_text("utf-8") for script in migrations.glob("*.py")]
    lines = [x for text in texts for x in re.findall(rf"^{variable}\b.*$", text, re.MULTILINE)]
    return {revision for line in lines for revision in re.findall(r"[\"'](\w+)[\"']", line)}


def _is_whole(database: Database) -> bool:
    return database.file.exists() and _revision(database.file) == newest(database.migrations)


def _revision(file: Path) -> str | None:
    """Return the schema revision of a file, None if it has none (yet).

    Raises:
        DatabaseUnfit: If it is no database.
    """
    try:
        rows = _ask(file, "SELECT version_num FROM alembic_version")
    except sqlite3.OperationalError:  # no such table
        return None
    except sqlite3.DatabaseError as error:
        raise DatabaseUnfit(
            f"{file} is damaged: {error}. Put a copy of it in its place, or move it away; the next "
            "run makes a new one and records there what it finds computed."
        ) from None
    return str(rows[0][0]) if rows else None


def _ask(file: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)) as opened:
        return opened.execute(question).fetchall()


def _is_fresh(file: Path) -> bool:
    return file.exists() and time.time() - file.stat().st_mtime < FRESH


def _may_be_made_anew(database: Database) -> bool:
    """Tell whether nothing would be lost; False if the file may be migrated as it is.

    Raises:
        DatabaseUnfit: If neither.
    """
    file = database.file
    if not file.exists():
        return True
    found, known = _revision(file), _named(database.migrations, "revision")
    counts = {table: _rows(file, table) for table in database.records}
    if (found is None or found in known) and not any(counts.values()):
        return True
    if database.migrates and found in known:
        return False
    held = ", ".join(f"{count} {table}" for table, count in counts.items() if count)
    command, more = database.upgrade(file)
    words = " ".join([*(f"{name}={value}" for name, value in more.items()), *command])
    raise DatabaseUnfit(
        f"{file} holds {held or 'no records'}, and its schema is {found or 'unfinished'}; "
        f"{newest(database.migrations)} is needed. Copy the file, then migrate it: {words}"
    )


def _rows(file: Path, table: str) -> int:
    try:
        return int(str(_ask(file, f"SELECT count(*) FROM {table}")[0][0]))
    except sqlite3.OperationalError:  # no such table yet
        return 0


def _make(database: Database) -> None:
    """Make a database aside, then put it in its place."""
    file = database.file
    aside = file.with_name(f".{file.name}.part")
    for left in (aside, *_beside(aside)):
        left.unlink(missing_ok=True)
    if not _copied(database.template, aside):
        _run(database, aside)
        _ask(aside, "PRAGMA wal_checkpoint(TRUNCATE)")  # so that all of it is in one file
        _keep(aside, database.template)
    for left in _beside(file):
        left.unlink(missing_ok=True)
    aside.rename(file)


def _copied(template: Path, file: Path) -> bool:
    """Copy an empty database; False if none is kept, it is damaged, or there is no room."""
    try:
        shutil.copyfile(template, file)
        return _ask(file, "PRAGMA integrity_check") == [("ok",)]
    except (OSError, sqlite3.Error):
        file.unlink(missing_ok=True)
        return False


def _keep(file: Path, template: Path) -> None:
    """Keep an empty database for the next project; where that fails it is made each time."""
    with suppress(OSError):
        write_bytes(template, file.read_bytes())


def _run(database: Database, file: Path) -> None:
    command, more = database.upgrade(file)
    done = subprocess.run(
        command, env={**os.environ, **more}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode or not file.exists() or _revision(file) != newest(database.migrations):
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines()]
        reasons = [line for line in lines if "Error" in line] or lines[-1:] or ["no reason given"]
        raise StateError(f"{database.file} could not be made: {reasons[-1]} ({room(file)})")


def _folder_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


def _beside(file: Path) -> tuple[Path, ...]:
    return tuple(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))
