"""``faircompress keys``: make, list, retire and trust keys, and sign what lies here."""

from pathlib import Path
from typing import Annotated

import typer

from faircompress.cli.versions import Project
from faircompress.support.errors import InputError

ACTIONS = ("new", "list", "retire", "trust", "sign")
Action = Annotated[str, typer.Argument(metavar="ACTION", help=" | ".join(ACTIONS))]
Role = Annotated[str, typer.Argument(metavar="ROLE", help="gate or reviewer.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the machine or person.")]
Into = Annotated[
    Path | None, typer.Option("--to", help="Folder of the private key, outside the project.")
]
Compromised = Annotated[
    bool, typer.Option("--compromised", help="Nothing that it ever signed counts any more.")
]


def keys(
    action: Action = "list",
    role: Role = "",
    name: Name = "",
    to: Into = None,
    compromised: Compromised = False,
    project: Project = Path(),
) -> None:
    """Make, list, retire or trust keys that sign verdicts and decisions.

    new: a pair of keys; list: the project's public keys; retire: a key signs
    no more; trust: today's keys are the project's; sign: what lies here
    unsigned is right.
    """
    from faircompress.registry import known_keys
    from faircompress.registry.keys import keys_of

    if action not in ACTIONS:
        raise InputError(f"{action!r} is none of {', '.join(ACTIONS)}")
    if action in ("new", "retire") and not (role and name):
        raise InputError(f"keys {action} needs a role (gate or reviewer) and a name")
    if action == "trust":
        known_keys.note(keys_of(project))
        typer.echo("From now on these keys are the project's on this machine:")
    elif action != "list":
        known_keys.raise_unless_known(keys_of(project))
    if action == "new":
        _new(project, role, name, to)
    elif action == "retire":
        _retire(project, role, name, compromised)
    elif action == "sign":
        _sign(project)
    else:
        shown = known_keys.lines(keys_of(project))
        typer.echo("\n".join(shown) or "keys/ holds no public key: attestations are unsigned.")


def _new(project: Path, role: str, name: str, to: Path | None) -> None:
    from faircompress.registry import keys as made
    from faircompress.registry import known_keys

    folder = (to or made.default_folder() / "keys").expanduser()
    private, public = made.new_key(project, made.role_of(role), name, folder)
    known_keys.note(made.keys_of(project))
    variable = made.VARIABLES[public.role]
    typer.echo(f"public key  {project / made.FOLDER / f'{role}-{name}.pub'} ({public.keyid})")
    typer.echo(f"private key {private}")
    typer.echo(f"Commit keys/. Where {name} signs: export {variable}={private}")


def _retire(project: Path, role: str, name: str, compromised: bool) -> None:
    from faircompress.registry import known_keys
    from faircompress.registry.keys import keys_of, retire

    key = retire(project, role, name, compromised=compromised)
    known_keys.note(keys_of(project))
    what = "Nothing that it signed counts." if compromised else "What it signed before counts."
    typer.echo(f"{key.title} signs no more from now on. {what} Commit keys/retired.json.")


def _sign(project: Path) -> None:
    from faircompress.registry import attestations, signatures
    from faircompress.registry.keys import keys_of

    done, known = attestations.sign(project.resolve()), keys_of(project)
    for one in done:
        typer.echo(f"{one.place or 'added'}: {one.kind} of {one.record.time}")
    left = [one for one in attestations.read(project.resolve()) if signatures.fault(known, one)]
    typer.echo(f"{len(done)} signed; {len(left)} still lack a signature that they need.")
