"""``faircompress open``: a page in the browser, or its address where there is none."""

import os
import sys
import webbrowser
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faircompress.cli import completion
from faircompress.cli.versions import Project
from faircompress.support.errors import MissingFileError, StateError
from faircompress.support.lines import one_line

LOCAL = "http://127.0.0.1:{port}"  # where `faircompress ui` listens


class Page(StrEnum):
    """What can be opened."""

    REPORT = "report"
    CARD = "model-card"
    MLFLOW = "mlflow"


FILES = {Page.REPORT: "report.html", Page.CARD: "card.md"}


def open_(
    page: Annotated[Page, typer.Argument(help="What to open.")] = Page.REPORT,
    variant: Annotated[
        str | None,
        typer.Option(
            help="Of this folder under variants/, instead of the project's own.",
            autocompletion=completion.variants,
            show_default=False,
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Of `faircompress ui`, for mlflow.")] = 5000,
    project: Project = Path(),
) -> None:
    """Open the newest report, its model card, or MLflow in the browser.

    Prints where it is, and no more where there is no browser.
    """
    address = _mlflow(port) if page is Page.MLFLOW else _file(project.resolve(), page, variant)
    typer.echo(address)
    if _has_browser():
        url = address if page is Page.MLFLOW else Path(address).as_uri()
        webbrowser.open(url)


def _file(project: Path, page: Page, variant: str | None) -> str:
    """Return where a page of a verdict lies."""
    folder = project / "variants" / variant if variant else project
    path = folder / "artifacts" / "gate" / FILES[page]
    if path.is_file():
        return str(path)
    found = sorted(
        p.parents[2].name for p in project.glob(f"variants/*/artifacts/gate/{path.name}")
    )
    beside = f" Variants with one: {one_line(', '.join(found))} (--variant NAME)." if found else ""
    run = "faircompress run -S ... or --preset ..." if variant else "faircompress run"
    raise MissingFileError(f"{path} is not there: nothing was judged yet. Run {run}.{beside}")


def _mlflow(port: int) -> str:
    """Return where MLflow answers."""
    from faircompress.support.servers import trouble

    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    address = uri.rstrip("/") if uri.startswith("http") else LOCAL.format(port=port)
    if why := trouble(f"{address}/health", patience=2):
        start = "see docs/operation.md" if uri.startswith("http") else "start it: faircompress ui"
        raise StateError(f"MLflow does not answer at {address} ({why}); {start}")
    return address


def _has_browser() -> bool:
    """Tell whether a browser can show something to whoever typed this."""
    if os.environ.get("BROWSER"):
        return True
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if sys.platform == "linux" and not shown:
        return False  # a text browser would take the terminal
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
