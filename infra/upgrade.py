"""Both databases brought to the schema of the versions that are installed, after a backup.

    docker compose -f infra/compose.yaml stop worker prefect mlflow
    docker compose -f infra/compose.yaml build
    python -m infra.upgrade FOLDER                 # of the backup that it makes first
    docker compose -f infra/compose.yaml up -d --wait

An old server refuses a migrated database; MLflow's new one may refuse one that is not.
"""

from pathlib import Path

from infra.backup import backup, ending_well, stores_and_folder
from infra.stores import DATABASES, Stores


def upgrade(stores: Stores, project: Path, folder: Path) -> None:
    """Back up everything, then migrate both databases.

    Raises:
        InputError: If the folder of the backup is there already.
        StateError: With what the migration said; the backup is made by then.
    """
    backup(stores, project, folder)
    for database in DATABASES:
        stores.migrate(database)


def main() -> None:
    """Upgrade."""
    stores, given = stores_and_folder(__doc__)
    upgrade(stores, given.project, given.folder)
    print(f"Migrated. As it was before: {given.folder}")


if __name__ == "__main__":
    ending_well(main)
