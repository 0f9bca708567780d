"""A backup of what the services must not lose: both databases, the buckets, ledger and verdicts.

    python -m infra.backup FOLDER                  # of containers: compose.yaml
    python -m infra.backup FOLDER --of services    # of `make services`

The folder must not be there. It is complete as soon as it has its `manifest.json`, with the sha256
of each file. Servers may go on meanwhile: each database is dumped as of one moment; the buckets
come after the databases, so that no version is without its file.
"""

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from faircompress.support.errors import FaircompressError, InputError
from faircompress.support.files import new_folder, read_json, sha256, write_json
from infra.composed import PORTS
from infra.stores import DATABASES, OWN, Stores

MANIFEST = "manifest.json"


def backup(stores: Stores, project: Path, folder: Path) -> int:
    """Back up everything into a new folder; return how many bytes.

    Args:
        stores: Databases and buckets.
        project: Of the worker, whose ledger and verdicts are part of it.
        folder: To be made.

    Raises:
        InputError: If it is there already.
        StateError: If a store does not answer.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already; name a folder that is to be made")
    with new_folder(folder.resolve()) as aside:
        aside.chmod(0o700)  # it holds the data and the key of the ledger
        for database in DATABASES:
            stores.dump(database, aside / f"{database}.dump")
        stores.save(aside / "buckets.tar")
        for name in OWN:
            _copy(project / name, aside / "project" / name)
        files = {f.relative_to(aside).as_posix(): f for f in aside.rglob("*") if f.is_file()}
        write_json(aside / MANIFEST, {name: sha256(file) for name, file in files.items()})
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def checked(folder: Path) -> dict[str, str]:
    """Return the manifest of a backup, of which nothing is missing or changed.

    Raises:
        InputError: Naming what is.
    """
    manifest: dict[str, str] = read_json(folder / MANIFEST)
    for name, digest in manifest.items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise InputError(f"{folder / name} is missing or was changed since the backup was made")
    return manifest


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.lock", "*.part"))
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def stores_and_folder(about: str | None) -> tuple[Stores, argparse.Namespace]:
    """Read the command line of a command about a backup."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path, help="of the backup")
    parser.add_argument("--of", choices=("compose", "services"), default="compose")
    parser.add_argument("--services", type=Path, default=Path(".services"), help="their data")
    parser.add_argument("--offset", type=int, default=0, help="of their ports")
    parser.add_argument("--project", type=Path, default=Path(), help="the worker's clone")
    given = parser.parse_args()
    ports = {name: port + given.offset for name, port in PORTS.items()}
    return Stores(given.of, given.services, ports), given


def ending_well(step: Callable[[], object]) -> None:
    """Take a step; what is in its way is one line and exit code 3."""
    try:
        step()
    except (FaircompressError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(3)


def main() -> None:
    """Make a backup."""
    stores, given = stores_and_folder(__doc__)
    size = backup(stores, given.project, given.folder)
    back = f"python -m infra.restore {shlex.quote(str(given.folder))} --of {given.of}"
    print(f"{given.folder}: {size / 1e6:.1f} MB. Bring it back, into empty servers, with: {back}")


if __name__ == "__main__":
    ending_well(main)
