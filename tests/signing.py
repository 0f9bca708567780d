"""Keys for tests: in a configuration of their own, never the user's."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faircompress.registry import attestations, known_keys
from faircompress.registry.keys import FOLDER, VARIABLES, PublicKey, keys_of, new_key, role_of

MakeKey = Callable[..., PublicKey]


def at_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Have no key named, and known keys noted in a folder of the test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    for name in (*VARIABLES.values(), "FAIRCOMPRESS_KEY_PASSPHRASE", "FAIRCOMPRESS_KNOWN_KEYS"):
        monkeypatch.delenv(name, raising=False)


def make_key(
    monkeypatch: pytest.MonkeyPatch, project: Path, role: str, name: str, home: Path
) -> PublicKey:
    """Make a key as the command does, and name it in the environment."""
    private, public = new_key(project, role_of(role), name, home / "private")
    known_keys.note(keys_of(project))
    monkeypatch.setenv(VARIABLES[role], str(private))
    return public


def swap_public_key(project: Path, role: str, name: str, elsewhere: Path) -> Path:
    """Put another public key in the place of a project's; return the private one to it."""
    private, _ = new_key(elsewhere, role_of(role), name, elsewhere.parent / "eve")
    pem = (elsewhere / FOLDER / f"{role}-{name}.pub").read_bytes()
    (project / FOLDER / f"{role}-{name}.pub").write_bytes(pem)
    return private


def rewrite(project: Path, number: int, **changes: Any) -> None:
    """Change what a line attests (``predicate.KEY``), and leave its signatures as they are."""
    file = project / attestations.FILE
    lines = file.read_text().splitlines()
    envelope = json.loads(lines[number])
    statement = json.loads(base64.b64decode(envelope["payload"]))
    if digest := changes.pop("sha256", ""):
        statement["subject"][0]["digest"]["sha256"] = digest
    statement["predicate"] |= changes
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    envelope["payload"] = base64.b64encode(payload).decode()
    lines[number] = json.dumps(envelope)
    file.write_text("".join(f"{line}\n" for line in lines))


def strip(project: Path, number: int) -> None:
    """Take the signatures off a line."""
    file = project / attestations.FILE
    lines = file.read_text().splitlines()
    lines[number] = json.dumps({**json.loads(lines[number]), "signatures": []})
    file.write_text("".join(f"{line}\n" for line in lines))
