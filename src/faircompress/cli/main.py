"""The command line: every command in its panel. Nothing heavy is imported before it is needed."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from faircompress import __version__
from faircompress.cli import chain, versions
from faircompress.cli.audit import audit
from faircompress.cli.compare import compare
from faircompress.cli.help import EXAMPLES, PANELS, examples
from faircompress.cli.history import history
from faircompress.cli.init import init
from faircompress.cli.keys import keys
from faircompress.cli.listing import list_
from faircompress.cli.monitor import monitor
from faircompress.cli.once import OneValueEach
from faircompress.cli.open import open_
from faircompress.cli.search import search
from faircompress.cli.status import status
from faircompress.cli.verify import verify
from faircompress.config.bad_params import BadParams
from faircompress.support import environment
from faircompress.support.errors import FaircompressError
from faircompress.support.exit_codes import ERROR
from faircompress.support.extras import advice
from faircompress.support.files import CURES, room
from faircompress.support.interrupts import INTERRUPTS
from faircompress.support.lines import all_seen

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
COMMANDS: Mapping[str, Callable[..., Any]] = {
    "init": init, "params": chain.params, "audit": audit, "verify": verify,
    "run": chain.run, "search": search, "study": chain.study, "serve": chain.serve,
    "monitor": monitor, "notify": chain.notify, "backfill": chain.backfill,
    "status": status, "history": history, "compare": compare, "open": open_,
    "list": list_, "ui": chain.ui,
    "promote": versions.promote, "rollback": versions.rollback, "alarm": versions.alarm,
    "champion": versions.champion, "versions": versions.versions, "checkout": versions.checkout,
    "keys": keys,
    "setup": chain.setup, "clean": versions.clean, "stage": chain.stage,
}  # fmt: skip
NEED_ARGUMENTS = (
    "init", "audit", "verify", "compare", "study", "backfill", "checkout", "stage",
)  # fmt: skip
BUG = "This is a bug in faircompress: please report it with the lines above."


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"faircompress {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Say it and exit.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Fair compression of vision models, let out only with statistical evidence."""


for panel, names in PANELS.items():
    for name in names:
        app.command(
            name,
            rich_help_panel=panel,
            epilog=examples(*EXAMPLES[name]),
            no_args_is_help=name in NEED_ARGUMENTS,
            cls=OneValueEach,
        )(COMMANDS[name])


def main() -> None:
    """Run a command; tell an expected error in words, without a traceback, and exit with 3."""
    environment.configure()
    try:
        sys.exit(app(standalone_mode=False))
    except typer.Abort:  # what becomes of Ctrl-C here
        raise KeyboardInterrupt from None
    except ModuleNotFoundError as error:
        words = advice(error.name)
        if words is None or os.environ.get("FAIRCOMPRESS_DEBUG"):
            raise
        _exit_with(f"error: {words}")
    except BadParams as error:
        _exit_with(f"params.yaml cannot be used:\n{error}")
    except (FaircompressError, OSError) as error:
        if os.environ.get("FAIRCOMPRESS_DEBUG"):
            raise
        _exit_with(f"error: {error}{_room(error)}")
    except Exception as error:  # Typer's usage errors have no public class
        if type(error).__module__.partition(".")[0] in ("httpx", "prefect"):
            _exit_with(f"error: Prefect's server does not answer as it should: {error}")
        if not hasattr(error, "format_message"):
            if INTERRUPTS.came.is_set():
                raise KeyboardInterrupt from None
            traceback.print_exc()
            print(BUG, file=sys.stderr)
            sys.exit(ERROR)  # not Python's 1, which says that a model failed
        _exit_with(error.format_message())


def _room(error: Exception) -> str:
    """Say of a full disk how full it is, unless that was said."""
    if not isinstance(error, OSError) or error.errno not in CURES or "run again" in str(error):
        return ""
    return f" ({room(Path(error.filename or '.'))}). {CURES[error.errno]} and run again."


def _exit_with(words: str) -> None:
    if INTERRUPTS.came.is_set():
        raise KeyboardInterrupt
    if words:  # where a command's help was shown there are none
        print(all_seen(words.replace("\r", " ")), file=sys.stderr)
    sys.exit(ERROR)
