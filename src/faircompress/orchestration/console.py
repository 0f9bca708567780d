"""What a person sees while the chain works: one line a stage, and a bar for what takes long."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

WORDS = {"ran": "done", "restored": "restored from the cache", "unchanged": "unchanged"}


class Console:
    """Writes to standard error, so that standard output stays free for what is asked for."""

    def __init__(self) -> None:
        self.console = RichConsole(stderr=True, highlight=False)
        self.live = sys.stderr.isatty()
        self.bars = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(),
            console=self.console, transient=True, disable=not self.live,
        )  # fmt: skip
        self.bar = self.bars.add_task("", total=None, visible=False)
        self.since = 0.0
        self.what = ""

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def begins(self, stage: str) -> None:
        """Show which stage is looked at."""
        self.since = time.monotonic()
        self.bars.reset(self.bar, description=stage, total=None, visible=True)

    def progress(self, stage: str, what: str, done: int, total: int) -> None:
        """Move the bar; without a terminal, say once what is being done."""
        self.bars.update(self.bar, description=f"{stage}: {what}", completed=done, total=total)
        if not self.live and what != self.what:
            self.console.print(f"  {what}")
        self.what = what

    def line(self, line: str) -> None:
        """Show a line."""
        self.console.print(f"  [dim]{line}[/dim]" if self.live else f"  {line}", markup=self.live)

    def ends(self, stage: str, outcome: str) -> None:
        """Say what became of a stage and how long it took."""
        seconds = time.monotonic() - self.since
        self.bars.update(self.bar, visible=False)
        self.console.print(f"{stage:<9} {WORDS[outcome]:<24} {seconds:6.1f} s")

    def fails(self, stage: str) -> None:
        """Say which stage failed."""
        self.bars.update(self.bar, visible=False)
        self.console.print(f"{stage:<9} failed")
