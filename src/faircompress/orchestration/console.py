"""What a person sees while the chain works: one line a stage, and a bar for what takes long."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console as RichConsole
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from faircompress.orchestration import durations
from faircompress.orchestration.durations import Taken
from faircompress.orchestration.stage_words import epoch_words

WORDS = {"ran": "done", "restored": "restored from the cache", "unchanged": "unchanged"}
PATIENCE = 5.0  # seconds after which a log names what takes long


class Console:
    """Writes to standard error, so that standard output stays free for what is asked for.

    Args:
        project: Where it is remembered how long stages take.
        epochs: That stages train.
    """

    def __init__(self, project: Path, epochs: Mapping[str, int]) -> None:
        self.console = RichConsole(stderr=True, highlight=False)
        self.live = sys.stderr.isatty()
        said, left = TextColumn("{task.description}"), TextColumn("{task.fields[left]}")
        self.bars = Progress(
            SpinnerColumn(), said, BarColumn(), left,
            console=self.console, transient=True, disable=not self.live,
        )  # fmt: skip
        self.bar = self.bars.add_task("", total=None, visible=False, left="")
        self.project, self.epochs = project, epochs
        self.before = durations.load(project)
        self.since = self.what_since = 0.0
        self.what = self.numbers = ""
        self.share: float | None = None

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
        self.since, self.numbers, self.share = time.monotonic(), "", None
        self.bars.reset(self.bar, description=stage, total=None, visible=True, left="")

    def runs(self, stage: str) -> None:
        """Show how long the run takes, now that a stage really runs."""
        self.bars.update(self.bar, left=self._left(stage))

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
        words = f"{stage}: {what}{self.numbers}"
        left = self._left(stage)
        self.bars.update(self.bar, description=words, completed=done, total=total, left=left)
        self._log(what, left)

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
            left = self._left(stage)
            of = f" of {self.epochs[stage]}" if stage in self.epochs else ""
            end = f" ({left})" if left else ""
            self.console.print(f"  epoch {number}{of}: {words}{end}", markup=False)

    def line(self, line: str) -> None:
        """Show a line."""
        self.console.print(f"  {line}", style="dim" if self.live else None, markup=False)

    def ends(self, stage: str, outcome: str, words: str = "") -> None:
        """Say what became of a stage, how long it took, and what it came to."""
        seconds = time.monotonic() - self.since
        if outcome == "ran":
            self.before[stage] = Taken(seconds, self.epochs.get(stage, 0))
            durations.keep(self.project, stage, self.before[stage])
        self.bars.update(self.bar, visible=False)
        line = f"{stage:<9} {WORDS[outcome]:<24} {seconds:6.1f} s  {words}".rstrip()
        self.console.print(line, markup=False, soft_wrap=True)

    def fails(self, stage: str) -> None:
        """Say which stage failed."""
        self.bars.update(self.bar, visible=False)
        self.console.print(f"{stage:<9} failed", style="bold red")

    def _left(self, stage: str) -> str:
        found = durations.left(
            self.before, self.epochs, stage, time.monotonic() - self.since, self.share
        )
        return str(found) if found else ""
