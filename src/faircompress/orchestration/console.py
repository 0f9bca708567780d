"""What a person sees while the chain works: one line a stage, and a bar for what takes long."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from faircompress.orchestration import durations
from faircompress.orchestration.durations import Taken
from faircompress.orchestration.stage_words import epoch_words

WORDS = {"ran": "done", "restored": "restored from the cache", "unchanged": "unchanged"}
PATIENCE = 5.0  # seconds after which a log names what takes long


class _Left(ProgressColumn):
    """How long the run still takes, said anew while a stage is silent."""

    max_refresh = 1.0  # seconds

    def __init__(self, console: "Console") -> None:
        super().__init__()
        self.console = console

    def render(self, task: Task) -> Text:
        """Return it in words; nothing before a stage runs."""
        return Text(self.console.left())


class Console:
    """Writes to standard error, so that standard output stays free for what is asked for.

    Args:
        project: Where it is remembered how long stages take.
        epochs: That stages train.
        like: As ``durations.likeness``: whose other runs tell how long a first one takes.
    """

    def __init__(self, project: Path, epochs: Mapping[str, int], like: str = "") -> None:
        self.console = RichConsole(stderr=True, highlight=False)
        self.live = sys.stderr.isatty()
        self.project, self.epochs, self.like = project, epochs, like
        self.before = durations.load(project, like)
        self.since = self.what_since = 0.0
        self.what = self.numbers = self.running = ""
        self.told = False  # how long all of it takes
        self.share: float | None = None
        self.bars = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), _Left(self),
            console=self.console, transient=True, disable=not self.live,
        )  # fmt: skip
        self.bar = self.bars.add_task("", total=None, visible=False)

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
        self.since, self.numbers, self.share, self.running = time.monotonic(), "", None, ""
        self.bars.reset(self.bar, description=stage, total=None, visible=True)

    def runs(self, stage: str) -> None:
        """Say once how long the run takes, now that a stage really runs."""
        self.running = stage
        left = self.left()
        if left and not self.told:
            self.told = True
            self.console.print(f"  {left}, as far as earlier runs tell", style=self._quiet())

    def waits(self, what: str) -> None:
        """Show what is done between two stages, which may take a while."""
        self.share, self.running = None, ""
        self.bars.reset(self.bar, description=what, total=None, visible=True)

    def progress(
        self, stage: str, what: str, done: int, total: int, epoch: tuple[int, int] | None = None
    ) -> None:
        """Move the bar; without a terminal, name once what takes long.

        Args:
            stage: At work.
            what: It is at.
            done: Parts of that.
            total: All of them.
            epoch: Which one it is, from 1, and of how many, in a training.
        """
        if epoch:
            self.share = (epoch[0] - 1 + done / max(total, 1)) / epoch[1]
        words, self.running = f"{stage}: {what}{self.numbers}", stage
        self.bars.update(self.bar, description=words, completed=done, total=total)
        self._log(what, self.left())

    def _log(self, what: str, left: str) -> None:
        now = time.monotonic()
        if what != self.what:
            self.what, self.what_since = what, now
        elif not self.live and now - self.what_since > PATIENCE:
            self.console.print(f"  {what}{f' ({left})' if left else ''}", markup=False)
            self.what_since = float("inf")

    def epoch(self, stage: str, number: int, numbers: Mapping[str, Any]) -> None:
        """Show loss and accuracy after an epoch."""
        words = epoch_words(numbers)
        if not words:
            return
        self.numbers = f", {words}"
        if not self.live:
            left = self.left()
            of = f" of {self.epochs[stage]}" if stage in self.epochs else ""
            end = f" ({left})" if left else ""
            self.console.print(f"  epoch {number}{of}: {words}{end}", markup=False)

    def line(self, line: str) -> None:
        """Show a line."""
        self.console.print(f"  {line}", style=self._quiet(), markup=False)

    def ends(self, stage: str, outcome: str, words: str = "") -> None:
        """Say what became of a stage, how long it took, and what it came to."""
        seconds = time.monotonic() - self.since
        if outcome == "ran":
            self.before[stage] = Taken(seconds, self.epochs.get(stage, 0))
            durations.keep(self.project, stage, self.before[stage], self.like)
        self.bars.update(self.bar, visible=False)
        line = f"{stage:<9} {WORDS[outcome]:<24} {seconds:6.1f} s  {words}".rstrip()
        self.console.print(line, markup=False, soft_wrap=True)

    def fails(self, stage: str) -> None:
        """Say which stage failed."""
        self.bars.update(self.bar, visible=False)
        self.console.print(f"{stage:<9} failed", style="bold red")

    def left(self) -> str:
        """Return how long the run still takes, in words; nothing if no stage runs."""
        seconds = time.monotonic() - self.since
        found = durations.left(self.before, self.epochs, self.running, seconds, self.share)
        return str(found) if found else ""

    def _quiet(self) -> str | None:
        return "dim" if self.live else None
