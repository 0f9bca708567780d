"""Which clone this is: two of one folder name may meet on one Prefect server."""

import uuid
from pathlib import Path

from faircompress.support.files import read_json, write_json
from faircompress.support.locks import waiting


def name_of(project: Path) -> str:
    """Return the name of a project's folder with what tells this clone from all others.

    It is kept in the clone, outside git, together with the place it holds for: a copied folder
    becomes a clone of its own.

    Raises:
        OSError: If the folder cannot be written.
    """
    project = project.resolve()
    file = project / ".checkpoints" / "clone.json"
    place = {"folder": str(project), "inode": project.stat().st_ino}
    with waiting(file.with_suffix(".lock"), f"names the clone in {project}"):
        known = _known(file)
        if known.get("place") != place:
            known = {"place": place, "id": uuid.uuid4().hex[:8]}
            write_json(file, known)
    return f"{project.name}-{known['id']}"


def _known(file: Path) -> dict[str, object]:
    try:
        found = read_json(file)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "id" in found else {}
