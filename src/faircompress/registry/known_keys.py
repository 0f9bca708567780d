"""Which public keys this machine has seen in a project: others are refused until somebody agrees.

Who can write to a project could put another key into ``keys/`` and sign everything anew, or take
all keys away. So the first keys that are seen are noted in ``known_keys.json`` of the user's
configuration, by the project's folder. A new, another, missing or revived key is then refused.
``FAIRCOMPRESS_KNOWN_KEYS`` names such a list for machines without a home: only its keys count.
"""

import os
from pathlib import Path

from faircompress.registry.keys import Keys, PublicKey, default_folder
from faircompress.support.errors import MissingFileError, StateError
from faircompress.support.files import read_json, write_json

LIST = "FAIRCOMPRESS_KNOWN_KEYS"


def raise_unless_known(keys: Keys) -> None:
    """See that a project's keys are those that were seen here before; the first ones are noted.

    Raises:
        StateError: If they are others.
        MissingFileError: If the list that is named is not there.
    """
    named = os.environ.get(LIST)
    if named:
        _compare(keys, _listed(Path(named)), f"the list {named}")
        return
    known = _noted(keys.project)
    if known is None:
        if keys.all:
            note(keys)
        return
    _compare(keys, known, f"{_file()}, where they were noted")


def note(keys: Keys) -> None:
    """Note that a person knows these keys to be the project's."""
    found = _all()
    found[str(keys.project.resolve())] = {_name(key): _state(key) for key in keys.all}
    write_json(_file(), found)


def lines(keys: Keys) -> list[str]:
    """Return the list of keys as ``FAIRCOMPRESS_KNOWN_KEYS`` takes it."""
    return [f"{_name(key)} {_state(key)}" for key in keys.all]


def _compare(keys: Keys, known: dict[str, str], where: str) -> None:
    here = {_name(key): _state(key) for key in keys.all}
    for name in sorted({*here, *known}):
        if here.get(name) != known.get(name):
            raise StateError(
                f"the key {name} of {keys.project} is {here.get(name, 'missing')}, and by {where} "
                f"it was {known.get(name, 'not there')}. If its holder changed it, ask them for "
                "the digits, then: faircompress keys trust. If not, somebody swapped it: bring "
                "keys/ back from git."
            )


def _noted(project: Path) -> dict[str, str] | None:
    return _all().get(str(project.resolve()))


def _all() -> dict[str, dict[str, str]]:
    return dict(read_json(_file())) if _file().exists() else {}


def _file() -> Path:
    return default_folder() / "known_keys.json"


def _listed(file: Path) -> dict[str, str]:
    if not file.is_file():
        raise MissingFileError(f"{LIST} names {file}, which is not there")
    rows = [line.split(" ", 2) for line in file.read_text("utf-8").splitlines() if line.strip()]
    return {" ".join(row[:2]): row[2] for row in rows if len(row) == 3}


def _name(key: PublicKey) -> str:
    return f"{key.role} {key.name}"


def _state(key: PublicKey) -> str:
    if not key.retired:
        return key.keyid
    return f"{key.keyid} {'compromised' if key.compromised else 'retired'} {key.retired}"
