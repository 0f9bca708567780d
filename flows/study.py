"""Many runs, side by side: each survives the others' failure, and none is made twice."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from prefect import State, Task, flow
from prefect.futures import as_completed
from prefect.states import Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from faircompress.config.overrides import overridden
from faircompress.config.params import BadParams, check
from faircompress.data import predictions
from faircompress.data.predictions import Predictions
from faircompress.orchestration.run_page import RunPage
from faircompress.orchestration.study_cells import Job, prune_one, train_dense
from faircompress.orchestration.study_files import SPLITS, predictions_file
from faircompress.orchestration.study_results import issue, publish, runs_known
from faircompress.study import plan as plans
from faircompress.study.comparison import balanced
from faircompress.study.plan import Cell, Plan
from faircompress.study.power import sentence
from faircompress.support.errors import StateError
from faircompress.support.files import write_json

Runner = Literal["threads", "ray"]
Known = dict[Cell, dict[str, Any]]
Chosen = dict[tuple[str, str, str], int]


class RunsFailed(StateError):
    """Some runs of a study failed; the others were compared."""


@dataclass
class Board:
    """What is known so far, and whom to tell.

    Args:
        project: Folder with ``params.yaml``.
        folder: Of the study's results.
        plan: The study.
        threads: That each run may compute with.
        done: What is known of each run that came to an end.
        failed: Why others did not.
    """

    project: Path
    folder: Path
    plan: Plan
    threads: int
    done: Known
    failed: dict[Cell, str]
    page: RunPage = field(default_factory=RunPage)

    def run(self, work: Task[..., dict[str, Any]], cells: Iterable[Cell]) -> None:
        """Bring runs up to date, several at a time; a failure is noted, and the rest go on."""
        wanted = [cell for cell in dict.fromkeys(cells) if cell.dense not in self.failed]
        futures = {work.submit(self.job(cell)): cell for cell in wanted}
        for number, future in enumerate(as_completed(list(futures)), start=1):
            cell = futures[future]
            found: Any = future.result(raise_on_failure=False)
            if isinstance(found, BaseException):
                self.failed[cell] = str(found) or type(found).__name__
            else:
                self.done[cell] = found
            self._tell(f"{number} of {len(wanted)}", cell)

    def recall(self, cells: Iterable[Cell]) -> None:
        """Note the runs that an earlier study finished and whose predictions were kept."""
        facts = runs_known(self.folder)
        for cell in cells:
            kept = (predictions_file(self.folder, cell, split) for split in SPLITS)
            if cell.key in facts and all(path.exists() for path in kept):
                self.done[cell] = facts[cell.key]

    def job(self, cell: Cell) -> Job:
        """Return a run with all it needs."""
        changed = plans.changes(self.plan, cell, self.project / "presets.yaml")
        return Job(cell, tuple(changed), self.project, self.folder, self.threads)

    def said(self, cell: Cell, split: str) -> Predictions:
        """Return what a run's model said about a split."""
        return predictions.load(predictions_file(self.folder, cell, split))

    def _tell(self, count: str, cell: Cell) -> None:
        why = self.failed.get(cell)
        word = "done" if why is None else f"failed: {why.strip().splitlines()[-1]}"
        print(f"  {count}  {cell.key}  {word}", file=sys.stderr, flush=True)
        ended = len(self.done) + len(self.failed)
        self.page.runs(ended, plans.count(self.plan), f"{cell.key} {word}")


@flow(name="fairness-study", flow_run_name="{file.stem}", validate_parameters=False)
def study(
    project: Path, file: Path, threads: int = 1, at_once: int = 1, only: tuple[str, ...] = ()
) -> Path | State[Any]:
    """Train, choose settings on validation rows, prune by every method, compare.

    Args:
        project: Folder with ``params.yaml`` and ``dvc.yaml``.
        file: The study's plan; results go into a folder beside it, of the same name.
        threads: That each run may compute with.
        at_once: Seeds that are begun together; one after the other, those that are done can be
            compared before the last is.
        only: Methods that are run and compared; none: all of the plan.

    Returns:
        The page to open; if runs failed, the state ``RunsFailed``, which is raised where the flow
        is called.

    Raises:
        RunsFailed: After everything else was compared, naming what failed and why.
    """
    plan = plans.only(plans.read(file), only)
    board = Board(project, file.with_suffix(""), plan, threads, {}, {})
    _refuse_bad_choices(board)
    if words := sentence(plan):
        print(words, file=sys.stderr, flush=True)

    dense = plans.dense_cells(plan)
    first = list({cell.data: cell for cell in reversed(dense)}.values())  # ingests each data once
    board.run(train_dense, first)
    tuned = [cell for cell in dense if cell.seed not in plan.seeds]
    board.run(train_dense, [cell for cell in tuned if cell not in first])

    board.run(prune_one, plans.tuning_cells(plan))
    chosen = choose(board)
    for seeds in plans.in_turn(plan, at_once):
        board.run(train_dense, [c for c in dense if c.seed in seeds and c not in board.done])
        board.run(prune_one, [c for c in plans.cells(plan, chosen) if c.seed in seeds])

    page = publish(project, board.folder, plan, chosen, board.done, board.failed, board.said)
    board.page.study(page, {cell.key: why for cell, why in board.failed.items()})
    return _failed(board, page) if board.failed else page


def _failed(board: Board, page: Path) -> State[Any]:
    """Return the state of a study of which runs failed: a result, without a traceback."""
    lines = [f"{cell.key}: {why}" for cell, why in board.failed.items()]
    error = RunsFailed(f"{len(lines)} runs failed, the rest are in {page}:\n" + "\n".join(lines))
    return Failed(name="RunsFailed", message=str(error), data=error)


def page_only(project: Path, file: Path, only: tuple[str, ...] = ()) -> Path:
    """Write the page anew from predictions that were kept; nothing is trained.

    Seeds whose runs are not all done are left out, and the page says how many are in.

    Args:
        project: Folder with ``params.yaml``.
        file: The study's plan.
        only: Methods that are compared; none: all of the plan.
    """
    plan = plans.only(plans.read(file), only)
    board = Board(project, file.with_suffix(""), plan, 1, {}, {})
    board.recall([*plans.dense_cells(plan), *plans.tuning_cells(plan)])
    chosen = choose(board)
    board.recall(plans.cells(plan, chosen))
    return issue(project, board.folder, plan, chosen, board.done, {}, board.said)


def choose(board: Board) -> Chosen:
    """Return which settings of each method did best on validation rows, for each data and model.

    Best is the highest rate decided rightly, averaged over all cells of class and group, so that
    a rare cell counts as much as a large one, and over the tuning seeds.
    """
    scores: dict[tuple[str, str, str], dict[int, list[float]]] = {}
    for cell in plans.tuning_cells(board.plan):
        if cell in board.done:
            value = balanced(*(board.said(c, "validation") for c in (cell.dense, cell)))
            tries = scores.setdefault((cell.data, cell.model, cell.method), {})
            tries.setdefault(cell.tried, []).append(value)
    means = {key: {t: float(np.mean(v)) for t, v in of.items()} for key, of in scores.items()}
    named = {",".join(key): {str(t): m for t, m in of.items()} for key, of in means.items()}
    write_json(board.folder / "results" / "tuning.json", named)
    return {key: max(of, key=lambda tried: (of[tried], -tried)) for key, of in means.items()}


def _refuse_bad_choices(board: Board) -> None:
    """Find a mistake in any run's params before the first hour is spent."""
    wanted = [*plans.dense_cells(board.plan), *plans.tuning_cells(board.plan)]
    for cell in [*wanted, *plans.cells(board.plan, {})]:
        try:
            check(overridden(board.project / "params.yaml", board.job(cell).overrides))
        except BadParams as error:
            raise BadParams(f"run {cell.key}:\n{error}") from None


def run_study(
    project: Path, file: Path, runner: Runner, workers: int | None, only: tuple[str, ...] = ()
) -> Path:
    """Run a study on this machine's cores, or on a Ray cluster.

    Args:
        project: Folder with ``params.yaml``; on a cluster one that every machine sees.
        file: The study's plan.
        runner: ``threads``: here. ``ray``: on the cluster of ``RAY_ADDRESS``, or a local one.
        workers: Runs at a time; None: one a core.
        only: Methods that are run and compared; none: all of the plan.
    """
    cores = os.cpu_count() or 1
    count = workers or cores
    threads = min(max(cores // count, 1), int(os.environ.get("OMP_NUM_THREADS") or cores))
    chosen = study.with_options(task_runner=_runner(runner, count))
    found: Any = chosen(project.resolve(), file.resolve(), threads, count, only)
    return Path(found)


def _runner(runner: Runner, workers: int) -> TaskRunner[Any]:
    if runner == "threads":
        return ThreadPoolTaskRunner(max_workers=workers)
    try:
        from prefect_ray import RayTaskRunner
    except ImportError:
        raise StateError("Ray is not installed; install the extra: faircompress[ray]") from None
    if address := os.environ.get("RAY_ADDRESS"):
        return RayTaskRunner(address=address)
    return RayTaskRunner(init_kwargs={"num_cpus": workers, "include_dashboard": False})
