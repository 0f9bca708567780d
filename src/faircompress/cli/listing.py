"""``faircompress list``: what can be chosen, in a line each."""

import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from faircompress.cli import completion
from faircompress.cli.completion import ABOUT, KINDS
from faircompress.cli.versions import Project
from faircompress.config import plugins
from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

Kind = Annotated[
    str | None,
    typer.Argument(
        help=f"{', '.join(KINDS)}; left out: the kinds.",
        autocompletion=completion.kinds,
        show_default=False,
    ),
]
Long = Annotated[
    bool, typer.Option("--long", "-l", help="Describe each, also where this is no terminal.")
]


def list_(kind: Kind = None, long: Long = False, project: Project = Path()) -> None:
    """Name what can be chosen: metrics, criteria, presets, studies, ...

    A name a line, as params.yaml, --preset and study take it. On a terminal
    each has a description; elsewhere the names stand alone.
    """
    live = sys.stdout.isatty()
    if kind is None:
        _print(
            [(one, f"{len(_names(one, project)):>2} {ABOUT[one]}") for one in KINDS], long or live
        )
        if live:
            typer.echo("\nThe names of a kind: faircompress list KIND")
        return
    if kind not in KINDS:
        raise InputError(f"there is no list of {kind!r}; there are: {', '.join(KINDS)}")
    names = _names(kind, project)
    if not names:
        typer.echo(f"{project} has no {kind}.", err=True)
        return
    summary = _summaries(kind, project) if long or live else lambda name: ""
    _print([(name, summary(name)) for name in names], long or live)
    if live and kind == "models":
        typer.echo("\nAnd every classifier of torchvision, such as resnet18.")


def _names(kind: str, project: Path) -> list[str]:
    from faircompress.config.presets import names_of

    if kind == "presets":
        return names_of(project / "presets.yaml")
    if kind == "studies":
        return sorted(path.stem for path in (project / "studies").glob("*.yaml"))
    return list(plugins.names(kind))


def _summaries(kind: str, project: Path) -> Callable[[str], str]:
    """Return what says of a name what it is."""
    if kind == "presets":
        from faircompress.config.presets import summary

        return lambda name: summary(project / "presets.yaml", name)
    if kind == "studies":
        return lambda name: one_line(_about(project / "studies" / f"{name}.yaml"))
    return lambda name: plugins.summary(kind, name)


def _about(study: Path) -> str:
    from faircompress.config import yaml_text

    raw = yaml_text.read(study)
    return str(raw.get("about", "")) if isinstance(raw, dict) else ""


def _print(rows: Sequence[tuple[str, str]], long: bool) -> None:
    """Print names, or names with descriptions: in columns on a terminal, else with a tab."""
    if not long:
        typer.echo("\n".join(name for name, _ in rows))
    elif not sys.stdout.isatty():
        typer.echo("\n".join(f"{name}\t{words.strip()}" for name, words in rows))
    else:
        side = max(len(name) for name, _ in rows) + 2
        room = max(shutil.get_terminal_size().columns - side, 30)
        for name, words in rows:
            lines = textwrap.wrap(words, room) or [""]
            typer.echo(f"{name:<{side}}" + f"\n{' ' * side}".join(lines))
