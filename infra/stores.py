"""How to reach what must not be lost: databases, buckets, the ledger; in containers or not.

Each step is one command that reads standard input or writes standard output. In containers Compose
runs it where the store is; without, it runs here. What goes through is the same.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from faircompress.support.errors import StateError
from infra import postgres
from infra.composed import COMPOSE, HERE, PORTS, services
from infra.services import values_of

DATABASES = ("mlflow", "prefect")
BUCKETS = ("mlflow", "dvc")
USER = "faircompress"
OWN = ("state", "artifacts/attestations.jsonl", "artifacts/judgements.jsonl")  # of the project
MIGRATIONS = {
    "mlflow": 'mlflow db upgrade "$MLFLOW_BACKEND_STORE_URI"',
    "prefect": "prefect server database upgrade -y",
}
Kind = Literal["compose", "services"]
Pipe = IO[bytes] | None


@dataclass(frozen=True)
class Stores:
    """Databases and buckets of one set of services.

    Args:
        kind: Whether they are containers or `make services`.
        folder: Of the data of `make services`.
        ports: Where those listen.
        major: Version of PostgreSQL's clients; the newest by default.
    """

    kind: Kind
    folder: Path = Path(".services")
    ports: Mapping[str, int] | None = None
    major: int | None = None

    def dump(self, database: str, into: Path) -> None:
        """Write a database to a file, whole, as of one moment."""
        with into.open("wb") as file:
            self._postgres(["pg_dump", "-Fc", "-d", database], "dumping", into=file)

    def fill(self, database: str, dumped: Path) -> None:
        """Fill an empty database from a file, all of it or nothing."""
        how = ["--no-owner", "--exit-on-error", "--single-transaction"]
        with dumped.open("rb") as file:
            self._postgres(["pg_restore", *how, "-d", database], "filling", given=file)

    def tables(self, database: str) -> int:
        """Return how many tables a database has."""
        asked = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
        return int(self._postgres(["psql", "-At", "-d", database, "-c", asked], "asking"))

    def save(self, into: Path) -> None:
        """Write all buckets to a tar file."""
        with into.open("wb") as file:
            self._objects(["save", *BUCKETS], "saving", into=file)

    def load(self, tar: Path) -> None:
        """Put saved objects into empty buckets."""
        with tar.open("rb") as file:
            self._objects(["load"], "loading", given=file)

    def migrate(self, name: str) -> None:
        """Bring a database to the schema of the version of its server that is installed."""
        words = ["sh", "-c", MIGRATIONS[name]]
        if self.kind == "compose":
            words = [*_compose(), "run", "--rm", "-T", "--no-deps", name, *words]
            _run(words, f"migrating {name}", {})
        else:
            _run(words, f"migrating {name}", self._env(name))

    def _postgres(self, words: list[str], what: str, given: Pipe = None, into: Pipe = None) -> str:
        name, rest = words[0], [*words[1:], "-U", USER]
        what = f"{what} a database"
        if self.kind == "compose":
            return _run([*_compose(), "exec", "-T", "postgres", name, *rest], what, {}, given, into)
        at = ["-h", "127.0.0.1", "-p", str(self._ports()["postgres"])]
        env = {"PGPASSWORD": self._env("postgres")["POSTGRES_PASSWORD"]}
        return _run([postgres.program(name, self.major), *rest, *at], what, env, given, into)

    def _objects(self, words: list[str], what: str, given: Pipe = None, into: Pipe = None) -> None:
        if self.kind == "compose":
            command = [*_compose(), "run", "--rm", "-T", "--no-deps", "buckets"]
            command += ["python", "/opt/objects.py"]
        else:
            command = [sys.executable, str(HERE / "objects.py")]
        env = {} if self.kind == "compose" else self._env("buckets")
        _run([*command, *words], f"{what} buckets", env, given, into)

    def _ports(self) -> Mapping[str, int]:
        return self.ports or PORTS

    def _env(self, name: str) -> Mapping[str, str]:
        return services(values_of(self.folder), self._ports())[name].env


def _compose() -> list[str]:
    return ["docker", "compose", "-f", str(COMPOSE)]


def _run(
    command: list[str], what: str, env: Mapping[str, str], given: Pipe = None, into: Pipe = None
) -> str:
    """Run a command to its end; return what it says, unless that goes into a file."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, env={**os.environ, "PATH": path, **env}, check=False, stderr=subprocess.PIPE,
        stdin=given or subprocess.DEVNULL, stdout=into or subprocess.PIPE,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise StateError(f"{what} failed: {' '.join(said[-3:]) or f'code {done.returncode}'}")
    return (done.stdout or b"").decode()
