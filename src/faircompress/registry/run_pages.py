"""What MLflow shows of a judged run: its name and status, few numbers, tables, and a view of all.

A chart for each of hundreds of numbers helps nobody: rates by group and checks are tables.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from mlflow.entities import Run

from faircompress.evaluation.results import Outcome
from faircompress.evaluation.verdict import Verdict
from faircompress.registry.descriptions import described
from faircompress.registry.mlflow_runs import Store, describe, log_tags

VIEWS, VIEW = "mlflow.sharedViewState.", "verdicts"  # what a view is called that MLflow shares
SAID = "verdict.sha256"  # tag of a run on one file
FEW = {  # keys of the numbers of each stage
    "validate": "rows_test|smallest_cell|dropped|warnings",
    "train": "parameters|validation.accuracy/all|validation.auroc/all",
    "prune": "speedup|parameters|macs|validation.accuracy/all|validation.auroc/all",
    "export": r"size_ratio|max_difference|.*_flips|.*_bytes|.*_ms_batch_\d+|.*_speedup_batch_\d+",
    "gate": "",
}
COLUMNS = (
    "tags.`verdict`", "tags.`worst`", "metrics.`prune.speedup`", "metrics.`export.size_ratio`",
)  # fmt: skip


def run_name(outcome: str, name: str) -> str:
    """Return a run's name with its verdict: a list of names tells what failed."""
    return f"{outcome.upper()} {name}"


def status_of(outcome: str) -> str:
    """Return the status of a run with this verdict: MLflow draws a red cross or a green tick."""
    return "FAILED" if outcome == Outcome.FAIL else "FINISHED"


def show_verdict(store: Store, run_id: str, verdict: Verdict, precision: str, worst: str) -> None:
    """Give a run the verdict as tags, description and tables.

    Args:
        store: Where the run is.
        run_id: The run.
        verdict: On the file.
        precision: Of the file.
        worst: Who is served worst, in words.
    """
    tags = {"verdict": verdict.outcome, "verdict.sentence": verdict.sentence, "worst": worst}
    log_tags(store, run_id, tags)
    describe(store, run_id, described(verdict, precision))
    for name, table in {"rates": rates(verdict), "checks": verdict.to_frame()}.items():
        if len(table):
            store.client.log_table(run_id, table, f"gate/{name}.json")


def rates(verdict: Verdict) -> pd.DataFrame:
    """Return all rates: a row for each group, by which MLflow compares runs; changes first.

    Beside the changes that a rule limits stand their bounds.
    """
    names = dict.fromkeys(name for group in verdict.groups for name in group.metrics)
    bounded = {
        name
        for group in verdict.groups
        for name, found in group.metrics.items()
        if found.confidence is not None
    }
    sides = [("change", "change"), ("lower", "change, lower bound"),
             ("upper", "change, upper bound"), ("candidate", "candidate"),
             ("baseline", "baseline")]  # fmt: skip
    return pd.DataFrame(
        [
            {"group": group.group}
            | {
                f"{name} {title}": _rounded(getattr(group.metrics.get(name), side, None))
                for side, title in sides
                for name in names
                if name in bounded or side not in ("lower", "upper")
            }
            | {"rows": group.rows}
            for group in verdict.groups
        ]
    )


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 5)


def headline(stage: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of a stage that chains are compared by: few, and none of a group."""
    found = dict(numbers) | {
        f"validation.{name}": value for name, value in numbers.get("validation", {}).items()
    }
    return {stage: {key: value for key, value in found.items() if re.fullmatch(FEW[stage], key)}}


def add_view(store: Store, experiment: str, columns: Sequence[str] = COLUMNS) -> None:
    """Keep a view of an experiment whose columns are verdict, worst group and gain."""
    view = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(columns),
    }
    store.client.set_experiment_tag(experiment, f"{VIEWS}{VIEW}", json.dumps(view))


def view_address(server: str, store: Store, name: str) -> str:
    """Return where a server shows the verdicts of an experiment; the list of all, if it has none.

    Args:
        server: Address of the server.
        store: What it serves.
        name: Of the experiment.
    """
    found = store.client.get_experiment_by_name(name)
    if found is None:
        return f"{server}/#/experiments?workflowType=machine_learning"
    view = f"&viewStateShareKey={VIEW}" if f"{VIEWS}{VIEW}" in found.tags else ""
    runs = f"{server}/#/experiments/{found.experiment_id}/runs"
    return f"{runs}?workflowType=machine_learning{view}"


@dataclass(frozen=True)
class FileRun:
    """What MLflow holds of one file that was judged.

    Args:
        run_id: Of its run.
        worst: Who is served worst, in words.
        numbers: As ``gated_numbers``, and what the file costs.
        params: Of its chain, by dotted name.
    """

    run_id: str
    worst: str
    numbers: Mapping[str, float]
    params: Mapping[str, str]


def file_runs(store: Store, name: str) -> dict[str, FileRun]:
    """Return what MLflow holds of each judged file, by the sha256 of its verdict.

    Args:
        store: Where it is held.
        name: Of the experiment.
    """
    found = store.client.get_experiment_by_name(name)
    runs = (
        store.client.search_runs(
            [found.experiment_id],
            f"tags.`{SAID}` LIKE '%'",
            max_results=10_000,
            order_by=["attributes.start_time ASC"],
        )
        if found
        else []
    )
    return {run.data.tags[SAID]: _file_run(run) for run in runs}


def file_run(store: Store, run_id: str) -> FileRun:
    """Return what a run holds."""
    return _file_run(store.client.get_run(run_id))


def _file_run(run: Run) -> FileRun:
    data = run.data
    return FileRun(run.info.run_id, data.tags.get("worst", ""), data.metrics, data.params)
