"""A backup brought back into empty servers; what is not empty is never written over.

    docker compose -f infra/compose.yaml up -d --wait postgres objects
    python -m infra.restore FOLDER
    docker compose -f infra/compose.yaml up -d --wait

Without containers: `python -m infra.services --without prefect mlflow worker` in one terminal,
`python -m infra.restore FOLDER --of services` in another; then end the former, and `make services`.
"""

from pathlib import Path

from faircompress.support.errors import StateError
from infra.backup import checked, ending_well, stores_and_folder
from infra.stores import DATABASES, OWN, Stores


def restore(stores: Stores, project: Path, folder: Path) -> None:
    """Fill empty databases, buckets and project from a backup.

    Raises:
        InputError: If the backup is not whole.
        StateError: If something is there that would be lost, or a store does not answer.
    """
    manifest = checked(folder)
    for database in DATABASES:
        if count := stores.tables(database):
            raise StateError(
                f"the database {database} has {count} tables, and a backup is brought back into an "
                "empty one only. Start PostgreSQL on a new volume, before Prefect and MLflow."
            )
    there = [name for name in OWN if (project / name).exists()]
    if there:
        raise StateError(f"{project} has {', '.join(there)}; move it away first")
    for database in DATABASES:
        stores.fill(database, folder / f"{database}.dump")
    stores.load(folder / "buckets.tar")
    for name in manifest:
        if name.startswith("project/"):
            target = project / name.removeprefix("project/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((folder / name).read_bytes())


def main() -> None:
    """Bring a backup back."""
    stores, given = stores_and_folder(__doc__)
    restore(stores, given.project, given.folder)
    print(f"{given.folder} is back. Start Prefect, MLflow and worker.")


if __name__ == "__main__":
    ending_well(main)
