"""What a study leaves behind: tables, figures, a page, runs in MLflow, DVC's fingerprint."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from faircompress.data.predictions import Predictions
from faircompress.orchestration.stage_tasks import dvc_add
from faircompress.orchestration.study_cells import workspace_name
from faircompress.orchestration.study_files import train_counts
from faircompress.registry import mlflow_runs
from faircompress.study import pages
from faircompress.study.cells import rarest, rates
from faircompress.study.comparison import Comparison
from faircompress.study.plan import Cell, Plan, cells, complete_seeds, dense_cells, settings
from faircompress.support.errors import InputError
from faircompress.support.files import read_json, write_json

EXPERIMENT = "faircompress-studies"
KEPT = Path("results") / "runs.json"
FAILED = Path("results") / "failed.json"
Said = Callable[[Cell, str], Predictions]


def publish(
    project: Path,
    folder: Path,
    plan: Plan,
    chosen: dict[tuple[str, str, str], int],
    done: dict[Cell, dict[str, Any]],
    failed: dict[Cell, str],
    said: Said,
) -> Path:
    """Compare what came to an end, write it down, and tell MLflow and DVC; return the page."""
    page = issue(project, folder, plan, chosen, done, failed, said)
    _remember(project, folder, plan, done, said)
    dvc_add(folder / "predictions")
    return page


def issue(
    project: Path,
    folder: Path,
    plan: Plan,
    chosen: dict[tuple[str, str, str], int],
    done: dict[Cell, dict[str, Any]],
    failed: dict[Cell, str],
    said: Said,
) -> Path:
    """Compare the seeds that came to an end and write it down; return the page.

    Raises:
        InputError: If no seed did.
    """
    compared = []
    failed = _failures_known(folder, plan, chosen, done) | failed
    pruned = [cell for cell in done if cell.method and cell.seed in plan.seeds]
    for data, model in dict.fromkeys((cell.data, cell.model) for cell in pruned):
        seeds = complete_seeds(plan, data, model, {*done, *failed})
        mine = [c for c in pruned if (c.data, c.model) == (data, model) and c.seed in seeds]
        if mine:
            dense = mine[0].dense
            validated = project / "variants" / workspace_name(folder, dense) / "artifacts/validate"
            counts = train_counts(folder, dense, validated)
            rare = rarest(counts, said(mine[0], "test"))
            compared.append(Comparison(plan, data, model, mine, said, rare))
    if not compared:
        raise InputError(
            f"{folder.name}: no seed has all its runs yet. Go on with: faircompress study "
            f"{folder.name}, or name the methods that have: --only plain,..."
        )
    write_json(folder / KEPT, runs_known(folder) | {cell.key: done[cell] for cell in done})
    ended = {cell.key for cell in done}
    others = {key: why for key, why in _kept_failures(folder).items() if key not in ended}
    write_json(folder / FAILED, others | {cell.key: why for cell, why in failed.items()})
    words = {
        f"{data}, {model}, {method}": settings(plan, method, tried)
        for (data, model, method), tried in chosen.items()
    }
    return pages.write(folder / "results", plan, compared, done, failed, words)


def _failures_known(
    study: Path, plan: Plan, chosen: dict[tuple[str, str, str], int], done: Collection[Cell]
) -> dict[Cell, str]:
    """Return why runs of the plan failed, as kept; those that came to an end since are left out."""
    known = _kept_failures(study)
    planned = [*dense_cells(plan), *cells(plan, chosen)]
    return {one: known[one.key] for one in planned if one.key in known and one not in done}


def _kept_failures(study: Path) -> dict[str, str]:
    """Return why runs failed, by their keys, also of methods that are left out this time."""
    kept = study / FAILED
    return dict(read_json(kept)) if kept.exists() else {}


def runs_known(study: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of each finished run by its key: of this machine, else as it was kept.

    ``cells/`` is this machine's; what git holds beside the predictions is enough for the page.
    """
    kept = study / KEPT
    found = dict(read_json(kept)) if kept.exists() else {}
    here = sorted((study / "cells").glob("*.json"))
    return found | {path.stem: dict(read_json(path)) for path in here}


def _remember(
    project: Path, folder: Path, plan: Plan, done: dict[Cell, dict[str, Any]], said: Said
) -> None:
    """Give the study a run in MLflow, and each of its runs one below it, once."""
    store = mlflow_runs.open_store(project)
    name = {"study": folder.name}
    parent = mlflow_runs.find(store, EXPERIMENT, {**name, "study.role": "study"})
    if parent is None:
        tags = {**name, "study.role": "study", "about": plan.about}
        parent = mlflow_runs.begin(store, EXPERIMENT, folder.name, tags)
    known = mlflow_runs.tags_of(store, EXPERIMENT, {**name, "study.role": "run"}, "fingerprint")
    for cell, facts in done.items():
        if cell.method and facts["fingerprint"] not in known:
            _remember_cell(store, parent, folder.name, cell, facts, said)
    mlflow_runs.log_files(store, parent, sorted((folder / "results").glob("*.*")))
    mlflow_runs.end(store, parent, "FINISHED")


def _remember_cell(
    store: mlflow_runs.Store, parent: str, study: str, cell: Cell, facts: dict[str, Any], said: Said
) -> None:
    tags = {"study": study, "study.role": "run", "mlflow.parentRunId": parent}
    tags |= {"fingerprint": facts["fingerprint"]}
    run_id = mlflow_runs.begin(store, EXPERIMENT, cell.key, tags)
    mlflow_runs.log_params(store, run_id, {**vars(cell), "overrides": " ".join(facts["overrides"])})
    table = rates(said(cell.dense, "test"), said(cell, "test"))
    numbers = {
        f"{line.metric}/{line.part}/{side}": getattr(line, side)
        for line in table.itertuples()
        for side in ("dense", "pruned", "change")
    }
    numbers |= {name: facts[name] for name in ("speedup", "parameters", "macs")}
    mlflow_runs.log_numbers(store, run_id, [{"metrics": numbers, "step": 0}])
    mlflow_runs.end(store, run_id, "FINISHED")
