"""The project was moved or copied: its MLflow database still names the place where it was.

MLflow writes the absolute place of artifacts into each row. Where the files came along, the rows
are made to name the place where they are now.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from faircompress.support import databases
from faircompress.support.locks import waiting

ARTIFACTS = "mlartifacts"  # folder of the project
PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
KEPT = "before-move"


def follow(project: Path, uri: str) -> None:
    """Have the project's own SQLite store name the places where its artifacts are.

    A copy of it as it was is kept beside it. Any other store is left alone.

    Args:
        project: Its folder.
        uri: Of the store.
    """
    project, file = project.resolve(), databases.sqlite_file(uri)
    if file is None or not file.exists() or file.resolve() != project / "mlflow.db":
        return
    if not any(_places_before(file, project)):
        return
    with waiting(file.with_name(f".{file.name}.lock"), f"follows the move of {file}"):
        before = sorted(set(_places_before(file, project)))
        if not before:
            return
        kept = file.with_name(f"{file.name}.{KEPT}")
        count = _rewrite(file, kept, before, project)
    words = f"{project} was moved or copied from {', '.join(unquote(b) for b in before)}"
    print(
        f"{words}: {count} places in {file.name} were corrected; {kept.name} is as it was.",
        file=sys.stderr,
    )


def _places_before(file: Path, project: Path) -> Iterator[str]:
    """Give the path, quoted as in URIs, of each place from which artifacts came along."""
    with closing(sqlite3.connect(file, timeout=60)) as opened:
        rows = opened.execute("SELECT name, artifact_location FROM experiments").fetchall()
    for name, location in rows:
        path, end = urlsplit(location or "").path, f"/{ARTIFACTS}/{quote(name)}"
        if not (location or "").startswith("file:") or not path.endswith(end):
            continue
        before, here = path.removesuffix(end), project / ARTIFACTS / name
        came_along = here.is_dir() or not Path(unquote(path)).exists()
        if before != quote(str(project)) and came_along:
            yield before


def _rewrite(file: Path, kept: Path, before: list[str], project: Path) -> int:
    """Correct all places at once or none; return how many."""
    pairs = [
        pair
        for old in before
        for pair in (
            (f"file://{old}/{ARTIFACTS}/", f"file://{quote(str(project))}/{ARTIFACTS}/"),
            (f"{unquote(old)}/mlruns/", f"{project}/mlruns/"),  # of an experiment of MLflow's own
        )
    ]
    with closing(sqlite3.connect(file, timeout=60)) as opened:
        with closing(sqlite3.connect(kept)) as copy:
            opened.backup(copy)
        with opened:
            return sum(
                opened.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, len(old), old),
                ).rowcount
                for table, column in PLACES
                for old, new in pairs
            )
