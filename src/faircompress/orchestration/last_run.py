"""What the last run of a workspace left in the registry, as a file beside its checkpoints.

It is for the terminal alone, which says it again at the end and knows where to look in MLflow.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from faircompress.support.files import read_json, sha256, write_json

FILE = Path(".checkpoints") / "last_run.json"


@dataclass(frozen=True)
class LastRun:
    """The last run that was registered.

    Args:
        verdict_sha256: Of its ``verdict.json``.
        registered: What became of its file, in words.
        run_id: Its run in MLflow.
    """

    verdict_sha256: str
    registered: str
    run_id: str


def keep(folder: Path, registered: str, run_id: str) -> None:
    """Remember what became of the file whose verdict lies in a workspace."""
    digest = sha256(folder / "artifacts" / "gate" / "verdict.json")
    (folder / FILE).parent.mkdir(exist_ok=True)
    write_json(folder / FILE, asdict(LastRun(digest, registered, run_id)))


def last_run(folder: Path) -> LastRun | None:
    """Return what became of the file whose verdict lies in a workspace; None: it is not known."""
    file, verdict = folder / FILE, folder / "artifacts" / "gate" / "verdict.json"
    if not file.exists() or not verdict.exists():
        return None
    try:
        found = LastRun(**read_json(file))
    except (ValueError, TypeError):  # half written or of another version: no loss
        return None
    return found if found.verdict_sha256 == sha256(verdict) else None
