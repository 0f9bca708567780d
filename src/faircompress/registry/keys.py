"""Keys that sign attestations: public ones in the project, private ones outside it.

``keys/ROLE-NAME.pub`` holds a public key (PEM, ed25519); git holds it. ``keys/retired.json`` lists
keys that sign no more. A private key lies outside the project; an environment variable names it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from faircompress.support.errors import InputError, MissingFileError, StateError
from faircompress.support.files import read_json, write_bytes, write_json

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

Role = Literal["gate", "reviewer"]
ROLES: tuple[Role, ...] = ("gate", "reviewer")
FOLDER, RETIRED = Path("keys"), Path("keys") / "retired.json"
VARIABLES = {"gate": "FAIRCOMPRESS_GATE_KEY", "reviewer": "FAIRCOMPRESS_REVIEWER_KEY"}
PASSPHRASE = "FAIRCOMPRESS_KEY_PASSPHRASE"
NAME = re.compile(r"[a-z0-9][a-z0-9_.]{0,39}")
TIME = "%Y%m%dT%H%M%S.%fZ"
SHORT = 12  # hex digits of a key id that people compare


@dataclass(frozen=True)
class PublicKey:
    """A public key of a project.

    Args:
        role: ``gate`` signs verdicts, ``reviewer`` decisions.
        name: Of the machine or person.
        keyid: sha256 by which signatures name it.
        pem: The key.
        retired: Since when it signs no more, in UTC; empty: it signs.
        compromised: Whether nothing that it ever signed counts.
    """

    role: Role
    name: str
    keyid: str
    pem: bytes
    retired: str = ""
    compromised: bool = False

    @property
    def title(self) -> str:
        """Return role, name and the first digits, as messages show it."""
        return f"{self.role} {self.name} ({self.keyid[:SHORT]})"


@dataclass(frozen=True)
class Keys:
    """The public keys of a project; none: attestations are unsigned."""

    project: Path
    all: tuple[PublicKey, ...]

    def has(self, role: str) -> bool:
        """Tell whether a role has keys, retired ones too: who had one signs from then on."""
        return any(key.role == role for key in self.all)

    def of(self, keyid: str) -> PublicKey | None:
        """Return the key with this id, if the project has it."""
        return next((key for key in self.all if key.keyid == keyid), None)


def keys_of(project: Path) -> Keys:
    """Return the public keys of a project.

    Raises:
        InputError: If a file of ``keys/`` is no such key, or names a retired one that is another.
    """
    files = sorted((project / FOLDER).glob("*.pub"))
    gone: dict[str, Any] = read_json(project / RETIRED) if (project / RETIRED).exists() else {}
    return Keys(project, tuple(_read(file, gone) for file in files))


def new_key(project: Path, role: Role, name: str, into: Path) -> tuple[Path, PublicKey]:
    """Make a pair of keys; return where the private one lies, and the public one.

    Args:
        project: Gets the public key.
        role: Of its holder.
        name: Of the machine or person; never used again.
        into: Folder of the private key, outside the project.

    Raises:
        InputError: If the name is none or taken, or the folder lies in the project.
    """
    _raise_if_unfit(project, role, name, into)
    private, public = into / f"{role}-{name}.pem", project / FOLDER / f"{role}-{name}.pub"
    for file in (private, public):
        if file.exists():
            raise InputError(f"{file} is there already, and no key is overwritten. Choose a name.")
    secret, pem = _generated()
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(secret)
    write_bytes(public, pem)
    return private, _read(public, {})


def retire(project: Path, role: str, name: str, *, compromised: bool) -> PublicKey:
    """Note that a key signs no more from now on; return it.

    Args:
        project: Whose key.
        role: Of its holder.
        name: Of the machine or person.
        compromised: Whether somebody else may have it: then nothing it ever signed counts.

    Raises:
        InputError: If there is no such key.
    """
    known = keys_of(project)
    key = next((k for k in known.all if (k.role, k.name) == (role, name)), None)
    if key is None:
        there = ", ".join(f"{k.role} {k.name}" for k in known.all) or "none"
        raise InputError(f"keys/ holds no {role} {name}; there are: {there}")
    gone = read_json(project / RETIRED) if (project / RETIRED).exists() else {}
    entry = gone.setdefault(key.keyid, {"key": f"{role} {name}", "time": now()})
    entry["compromised"] = compromised or entry.get("compromised", False)
    write_json(project / RETIRED, gone)
    return key


def signer(known: Keys, role: Role) -> "CryptoSigner | None":
    """Return what signs for a role here; None: no private key is named, or the role has no key.

    Raises:
        MissingFileError: If the named file is not there.
        StateError: If it is no key of this project's, or one that is retired.
    """
    place = os.environ.get(VARIABLES[role], "")
    if not place or not known.has(role):
        return None
    found = _opened(Path(place).expanduser(), VARIABLES[role])
    key = known.of(found.public_key.keyid)
    if key is None or key.role != role:
        there = ", ".join(k.title for k in known.all if k.role == role)
        raise StateError(
            f"the private key of {VARIABLES[role]} ({place}) has the id "
            f"{found.public_key.keyid[:SHORT]}, and {known.project / FOLDER} holds: {there}. Name "
            "the key of this project."
        )
    if key.retired:
        raise StateError(f"the key {key.title} was retired on {key.retired}. Name another one.")
    return found


def of_library(pem: bytes) -> "SSlibKey":
    """Return a public key as securesystemslib takes it."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    return SSlibKey.from_crypto(load_pem_public_key(pem))


def role_of(text: str) -> Role:
    """Return a role by its name.

    Raises:
        InputError: If there is none.
    """
    for role in ROLES:
        if role == text:
            return role
    raise InputError(f"a key is of a {' or a '.join(ROLES)}, not of {text!r}")


def default_folder() -> Path:
    """Return where private keys and known public ones lie, unless another place is named."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return Path(home) / "faircompress"


def without_keys() -> dict[str, str]:
    """Return the environment without what names or opens a private key: for code of others."""
    secret = (*VARIABLES.values(), PASSPHRASE)
    return {name: value for name, value in os.environ.items() if name not in secret}


def now() -> str:
    """Return the time as attestations name it."""
    return datetime.now(UTC).strftime(TIME)


def after(time: str) -> str:
    """Return the moment after a time, as attestations name both.

    Raises:
        ValueError, OverflowError: If it is none, or there is none after it.
    """
    return (datetime.strptime(time, TIME) + timedelta(microseconds=1)).strftime(TIME)


def _raise_if_unfit(project: Path, role: str, name: str, into: Path) -> None:
    if not NAME.fullmatch(name):
        raise InputError(f"a key has a name of small letters, digits, _ and .; not {name!r}")
    place, root = into.expanduser().resolve(), project.resolve()
    if place == root or root in place.parents:
        raise InputError(
            f"{place} lies in the project {root}, whose files git and MLflow copy. Name a folder "
            "outside, on a medium that you can take away."
        )
    if f"{role} {name}" in _retired_names(project):
        raise InputError(f"a key {role} {name} was retired; names are not used again. Choose one.")


def _retired_names(project: Path) -> Iterator[str]:
    if (project / RETIRED).exists():
        yield from (str(entry["key"]) for entry in read_json(project / RETIRED).values())


def _generated() -> tuple[bytes, bytes]:
    """Return a private and a public key as PEM; the private one is sealed by the passphrase."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, words = Ed25519PrivateKey.generate(), os.environ.get(PASSPHRASE, "")
    seal = form.BestAvailableEncryption(words.encode()) if words else form.NoEncryption()
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, seal)
    shown = form.PublicFormat.SubjectPublicKeyInfo
    return secret, key.public_key().public_bytes(form.Encoding.PEM, shown)


def _opened(file: Path, variable: str) -> "CryptoSigner":
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    if not file.is_file():
        raise MissingFileError(f"{variable} names {file}, which is not there. Is its medium in?")
    words = os.environ.get(PASSPHRASE, "").encode() or None
    try:
        return CryptoSigner(load_pem_private_key(file.read_bytes(), words))
    except (ValueError, TypeError) as error:
        raise StateError(
            f"{variable} names {file}, which cannot be opened: {error}. Is {PASSPHRASE} right?"
        ) from error


def _read(file: Path, gone: dict[str, Any]) -> PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm

    role, _, name = file.stem.partition("-")
    pem = file.read_bytes()
    try:
        keyid = str(of_library(pem).keyid)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{file} is no public key ({error}). Bring it back from git.") from error
    if role not in ROLES or not name:
        raise InputError(f"{file} must be called gate-NAME.pub or reviewer-NAME.pub")
    entry = gone.get(keyid, {})
    return PublicKey(
        role_of(role), name, keyid, pem,
        str(entry.get("time", "")), bool(entry.get("compromised", False)),
    )  # fmt: skip
