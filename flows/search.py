"""How small may it be? Candidates side by side, each from the cache where it was made before."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.futures import wait
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from faircompress.config.overrides import overridden
from faircompress.config.params import Params, check
from faircompress.orchestration.search_candidates import Try, make_candidate, train_dense
from faircompress.report.remedies import untried
from faircompress.search.page import recommended, write
from faircompress.search.plan import By, Candidate, Ranked, next_speedups, overrides_of, ranked
from faircompress.support.errors import InputError, StateError
from faircompress.support.files import write_json

FOLDER = "search"  # under the project's variants/


@dataclass
class Board:
    """What is known so far.

    Args:
        first: A try, of which others are made.
        params: Of the project.
        by: What should be small.
        asked: Chance from which on a file is expected to pass.
        end: When no other try may begin, by ``time.monotonic``.
        found: Candidates.
        failed: Why others came to nothing, by name.
        longest: Seconds that a round of tries took, at most.
    """

    first: Try
    params: Params
    by: By
    asked: float
    end: float
    found: list[Candidate] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    longest: float = 0.0

    def run(self, tries: Sequence[Try]) -> None:
        """Make candidates side by side; a failure is noted, and the rest go on."""
        start = time.monotonic()
        futures = [(one, make_candidate.submit(one)) for one in tries]
        wait([future for _, future in futures])
        for one, future in futures:
            made: Any = future.result(raise_on_failure=False)
            if isinstance(made, Candidate):
                self.found.append(made)
            else:
                self.failed[one.key] = str(made).strip() or type(made).__name__
            self._tell(one)
        self.longest = max(self.longest, time.monotonic() - start)

    @property
    def in_time(self) -> bool:
        """Tell whether another round would end in time; the first is always made."""
        return not self.longest or time.monotonic() + self.longest <= self.end

    def ranking(self) -> list[Ranked]:
        """Return all files, the best first."""
        return ranked(self.found, asked=self.asked, by=self.by)

    def known(self, line: str) -> list[tuple[float, bool]]:
        """Return which speed-ups of a line are expected to pass in float32."""
        own = {
            one.candidate.speedup: one.expected
            for one in self.ranking()
            if one.candidate.line == line and one.file is one.candidate.files[0]
        }
        lost = [t for t in self.failed if t.partition(" ")[2] == line]
        return [*own.items(), *((float(t.partition("x")[0]), False) for t in lost)]

    def _tell(self, one: Try) -> None:
        words = self.failed.get(one.key, "").splitlines()[-1:]
        for of in (f for f in self.ranking() if _is(f.candidate, one)):
            words.append(
                f"{of.file.precision} {of.file.bytes:,} bytes, {of.file.ms:.2f} ms, "
                f"chance to pass {of.shrunk:.2f}"
            )
        print(f"  {one.key}: {'; '.join(words)}", file=sys.stderr, flush=True)


def _is(candidate: Candidate, one: Try) -> bool:
    return (candidate.line, candidate.speedup) == (one.line, one.speedup)


@flow(name="fairness-search", validate_parameters=False)
def search(
    first: Try, lines: Sequence[str], by: By, asked: float, minutes: float, workers: int
) -> Path:
    """Train candidates, rank them by their chance to pass, and show the frontier.

    Args:
        first: The first try, at the speed-up of ``params.yaml``.
        lines: Ways to prune, as ``section.key=value ...``; empty: as ``params.yaml`` has it.
        by: What should be small.
        asked: Chance from which on a file is expected to pass.
        minutes: After which no other candidate is begun.
        workers: Candidates at a time.

    Returns:
        The page to open.

    Raises:
        StateError: If no candidate came to an end.
    """
    params = check(overridden(first.project / "params.yaml", first.overrides))
    board = Board(first, params, by, asked, time.monotonic() + 60 * minutes)
    train_dense(first)
    while board.in_time:
        each = max(1, workers // len(lines))
        tries = [
            replace(first, line=line, speedup=speedup)
            for line in lines
            for speedup in next_speedups(first.speedup, board.known(line), at_once=each)
        ]
        if not tries:
            break
        board.run(tries)
    if not board.found:
        raise StateError("no candidate came to an end:\n" + "\n".join(board.failed.values()))
    return finish(board)


def finish(board: Board) -> Path:
    """Write what was found; return the page."""
    found, folder = board.ranking(), board.first.folder
    better = untried(board.params, [candidate.line for candidate in board.found])
    page = write(folder, found, board.asked, board.by, board.failed, better)
    write_json(folder / "search.json", _told(found, board) | {"untried": recommended(better)})
    return page


def _told(found: Sequence[Ranked], board: Board) -> dict[str, Any]:
    best = found[0]
    return {
        "expected_to_pass": best.expected,
        "overrides": overrides_of(best),
        "precision": best.file.precision,
        "bytes": best.file.bytes,
        "ms": best.file.ms,
        "dense_bytes": best.candidate.dense_bytes,
        "dense_ms": best.candidate.dense_ms,
        "chance": best.chance,
        "shrunk": best.shrunk,
        "by": board.by,
        "asked": board.asked,
        "candidates": len(board.found),
        "failed": board.failed,
    }


def run_search(
    project: Path,
    lines: Sequence[str],
    *,
    by: By,
    asked: float,
    minutes: float,
    workers: int | None,
    precisions: Sequence[str],
) -> Path:
    """Search on this machine's cores; return the page."""
    project = project.resolve()
    cores = os.cpu_count() or 1
    count = workers or cores
    params = check(overridden(project / "params.yaml", ()))
    if params.prune.target:
        raise InputError(
            f"prune.target is {params.prune.target}, and a search looks for the speed-up itself. "
            "Set prune.target: null"
        )
    first = Try(
        lines[0], params.prune.speedup, project, project / "variants" / FOLDER,
        params.export.latency_batches[0], tuple(precisions), max(cores // count, 1),
    )  # fmt: skip
    for line in lines:
        check(overridden(project / "params.yaml", replace(first, line=line).overrides))
    runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=count)
    chosen = search.with_options(task_runner=runner)
    return chosen(first, tuple(lines), by, asked, minutes, count)
