"""Every command with its help, from the command line itself."""

import inspect
from typing import Any

import typer
from schema_words import cell

from faircompress.cli.main import app


def commands_page() -> str:
    """Return the page: a heading for each command, a row for each option."""
    group: Any = typer.main.get_command(app)  # of Typer's own copy of click, which is not public
    commands = group.commands
    return "\n".join(_command(name, commands[name]) for name in commands)


def _command(name: str, command: Any) -> str:
    context = typer.Context(command, info_name=f"faircompress {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    words = inspect.cleandoc(command.help or "").replace("\f", "")
    records = [one.get_help_record(context) for one in command.get_params(context)]
    rows = [
        f"| `{cell(record[0])}` | {cell(record[1]).replace('[', '(').replace(']', ')')} |"
        for record in records
        if record and not record[0].startswith("--help")
    ]
    table = ["| argument or option | meaning |", "|---|---|", *rows, ""] if rows else []
    return "\n".join(
        [f"## `faircompress {name}` {{ #{name} }}", "", words, "", "```text"]
        + [f"faircompress {name} {usage}", "```", "", *table]
    )
