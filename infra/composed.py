"""What compose.yaml starts, as commands for this machine: read from it, so that the two stay one.

Containers find each other by name; here everything is on the loopback. Three things are not the
same: PostgreSQL is what is installed, the S3 store is moto's, and a program is Python's module. A
secret is the file itself that Compose would mount.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from faircompress.support.errors import InputError

HERE = Path(__file__).parent
COMPOSE = HERE / "compose.yaml"
PORTS = {"postgres": 5432, "objects": 8333, "prefect": 4200, "mlflow": 5000}  # inside Compose
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:[?+-])([^}]*))?\}")
MODULES = ("mlflow", "prefect")
INSTEAD = {"/opt/buckets.py": str(HERE / "buckets.py")}  # paths in the images


@dataclass(frozen=True)
class Service:
    """One service.

    Args:
        name: As in compose.yaml.
        command: To run; empty where the image knows it.
        env: That it adds to the environment.
        health: Command that succeeds as soon as it is ready; empty if there is none.
        needs: Name -> what must be true of it first.
        once: Whether it ends by itself.
    """

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    health: tuple[str, ...]
    needs: Mapping[str, str]
    once: bool


def services(values: Mapping[str, str], ports: Mapping[str, int] = PORTS) -> dict[str, Service]:
    """Return the services of compose.yaml for the loopback, in the order to start them in.

    Args:
        values: Of the variables that compose.yaml names.
        ports: Where each server is to listen, by its name.

    Raises:
        InputError: If a variable has no value.
    """
    files = secrets(values)
    found = {n: _service(n, said, ports, files) for n, said in resolved(values).items()}
    order: dict[str, Service] = {}
    while len(order) < len(found):
        ready = {
            n: s for n, s in found.items() if n not in order and s.needs.keys() <= order.keys()
        }
        if not ready:
            raise InputError(f"{COMPOSE}: services wait for each other: {sorted(set(found))}")
        order |= ready
    return order


def resolved(values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services as Compose reads them, each variable replaced by its value."""
    raw = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return {str(name): _filled(service, values) for name, service in raw.items()}


def secrets(values: Mapping[str, str]) -> dict[str, str]:
    """Return the file of each secret, by the path at which a container finds it."""
    raw = _filled(yaml.safe_load(COMPOSE.read_text("utf-8"))["secrets"], values)
    return {f"/run/secrets/{name}": str(secret["file"]) for name, secret in raw.items()}


def _filled(found: Any, values: Mapping[str, str]) -> Any:
    if isinstance(found, dict):
        return {key: _filled(value, values) for key, value in found.items()}
    if isinstance(found, list):
        return [_filled(value, values) for value in found]
    return VARIABLE.sub(lambda m: _value(m, values), found) if isinstance(found, str) else found


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    name, how, more = match.groups()
    if name is None:
        return "$"
    value = values.get(name, "")
    if how == ":+":
        return str(more) if value else ""
    if value:
        return value
    if how == ":-":
        return str(more)
    raise InputError(f"{COMPOSE}: {name} has no value; {more or 'set it'}")


def _service(
    name: str, said: Mapping[str, Any], ports: Mapping[str, int], files: Mapping[str, str]
) -> Service:
    given = {key: str(value) for key, value in said.get("environment", {}).items() if value != ""}
    env = {key: _here(files.get(value, value), ports) for key, value in given.items()}
    if name == "prefect":
        env["PREFECT_SERVER_API_PORT"] = str(ports[name])  # no word of its command names it
    return Service(
        name,
        _program(_here(word, ports) for word in said.get("command", ())),
        env,
        _program(_here(word, ports) for word in said.get("healthcheck", {}).get("test", ())[1:]),
        {other: how["condition"] for other, how in said.get("depends_on", {}).items()},
        said.get("restart") == "no",
    )


def _here(text: str, ports: Mapping[str, int]) -> str:
    """Return a word or an address for the loopback."""
    for name, port in PORTS.items():
        text = re.sub(rf"\b(?:{name}|127\.0\.0\.1|localhost):{port}\b", _at(ports[name]), text)
        text = re.sub(rf"^--port={port}$", f"--port={ports[name]}", text)
    text = re.sub(r"@postgres\b", f"@{_at(ports['postgres'])}", text)
    return INSTEAD.get(text, text).replace("0.0.0.0", "127.0.0.1")


def _at(port: int) -> str:
    return f"127.0.0.1:{port}"


def _program(words: Any) -> tuple[str, ...]:
    """Return a command whose program is the one that is installed with this Python."""
    first, *rest = [*words] or [""]
    if first in MODULES:
        return (sys.executable, "-m", first, *rest)
    return (sys.executable if first == "python" else first, *rest) if first else ()
