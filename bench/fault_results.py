"""What each step leaves that must not depend on what happened to it."""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any


def _hashes(folder: Path, *patterns: str) -> dict[str, str]:
    files = sorted(f for pattern in patterns for f in folder.glob(pattern))
    return {
        f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files
    }


def _looks(folder: Path) -> Any:
    from faircompress.ledger.entries import Booked
    from faircompress.ledger.record import Ledger

    book = Ledger(folder / "state" / "ledger.jsonl")
    book.verify()
    booked = [entry for entry in book.entries() if isinstance(entry, Booked)]
    return [(entry.candidate, entry.number, entry.share, entry.alpha) for entry in booked]


def _attested(folder: Path) -> Any:
    """Return what is attested, in order, and whether each line is signed as it must be."""
    from faircompress.registry import attestations, signatures
    from faircompress.registry.keys import keys_of

    project = folder / "project"
    attestations.raise_unless_complete(project)
    return [
        (one.kind, one.record.sha256, signatures.fault(keys_of(project), one))
        for one in attestations.read(project)
    ]


def _runs(folder: Path) -> Any:
    """Return what MLflow's own file says of finished runs: metrics, and the file that it keeps."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as opened:
        sound = opened.execute("PRAGMA integrity_check").fetchone()[0]
        ids = "(SELECT run_uuid FROM runs WHERE status = 'FINISHED')"
        metrics = f"SELECT key, value, step FROM metrics WHERE run_uuid IN {ids} ORDER BY 1, 3"
        found = opened.execute(metrics).fetchall()
        (place,) = opened.execute(
            f"SELECT artifact_uri FROM runs WHERE run_uuid IN {ids}"
        ).fetchone()
    return sound, found, len((Path(place.removeprefix("file://")) / "note.txt").read_text())


RESULTS: Mapping[str, Callable[[Path], Any]] = {
    "ledger": _looks,
    "numbers": lambda folder: _hashes(folder, "*.json"),
    "curve": lambda folder: _hashes(folder, "artifacts/train/*"),
    "dvc": lambda folder: _hashes(folder, "dvc.lock", "[0-9]"),
    "mlflow": _runs,
    "attest": _attested,
}
