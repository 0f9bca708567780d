"""Tell whoever waits how far a long step is, and keep its numbers.

A stage run by hand shows a bar on the terminal. A stage run by a flow appends each word as one
line of JSON to the file named in ``FAIRCOMPRESS_EVENTS``; the flow shows and records it.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

EVENTS = "FAIRCOMPRESS_EVENTS"
T = TypeVar("T")


class Log(Protocol):
    """Takes numbers as they come to be, by name; ``step`` orders them."""

    def __call__(self, numbers: dict[str, float], *, step: int) -> None:
        """Take numbers of a step."""


def log(numbers: dict[str, float], *, step: int) -> None:
    """Hand numbers to the flow that runs this stage, if one does."""
    _emit({"metrics": numbers, "step": step, "time": time.time()})


def silent(numbers: dict[str, float], *, step: int) -> None:
    """Take numbers and keep none."""


def show_line(words: str) -> None:
    """Tell one line: on the terminal, or to the flow."""
    print(words, file=sys.stderr, flush=True)


def track(
    items: Iterable[T],
    what: str,
    total: int | None = None,
    epoch: tuple[int, int] | None = None,
) -> Iterator[T]:
    """Pass items on, showing how many of them are done.

    Args:
        items: Passed on.
        what: They are.
        total: How many; None: items have a length.
        epoch: Of a training, which one it is, from 1, and of how many.
    """
    # without a total, items have a length
    count = total if total is not None else len(items)  # type: ignore[arg-type]
    if os.environ.get(EVENTS):
        yield from _report(items, what, count, epoch)
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track as bar

        yield from bar(items, what, count, console=Console(stderr=True), transient=True)
    elif "ipykernel" in sys.modules:
        yield from _in_notebook(items, what, count)
    else:
        yield from items


def _in_notebook(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Show a bar of text that is written over itself, which needs no widgets."""
    last = 0.0
    for done, item in enumerate(items):
        if time.monotonic() - last > 0.25:
            last = time.monotonic()
            _draw(what, done, total)
        yield item
    _draw(what, total, total)
    print(file=sys.stderr)


def _draw(what: str, done: int, total: int) -> None:
    full = 30 * done // max(total, 1)
    bar = "=" * full + "." * (30 - full)
    print(f"\r{what}  [{bar}]  {done} of {total}", end="", file=sys.stderr, flush=True)


def _report(
    items: Iterable[T], what: str, total: int, epoch: tuple[int, int] | None
) -> Iterator[T]:
    last, known = 0.0, {"what": what} | ({"epoch": epoch} if epoch else {})
    for done, item in enumerate(items):
        if time.monotonic() - last > 0.25:
            last = time.monotonic()
            _emit({"progress": [done, total], **known})
        yield item
    _emit({"progress": [total, total], **known})


def _emit(event: dict[str, Any]) -> None:
    if path := os.environ.get(EVENTS):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(event) + "\n")
