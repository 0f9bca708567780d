"""What MLflow shows of a judged run: its name and status, few numbers, tables, and a view of all.

A chart for each of hundreds of numbers helps nobody: rates by group and checks are tables.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from faircompress.evaluation.results import Outcome
from faircompress.evaluation.verdict import Verdict
from faircompress.registry.descriptions import described
from faircompress.registry.mlflow_runs import Store, describe, log_tags

VIEWS, VIEW = "mlflow.sharedViewState.", "verdicts"  # what a view is called that MLflow shares
COLUMNS = (
    "tags.`verdict`", "tags.`worst`", "metrics.`prune.speedup`", "metrics.`export.size_ratio`",
    "metrics.`accuracy.candidate`", "attributes.`Models`",
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
    """Return all rates: a row for each group and metric."""
    columns = ("baseline", "candidate", "change", "lower", "upper")
    return pd.DataFrame(
        [
            {"group": group.group, "rows": group.rows, "metric": name}
            | {column: getattr(found, column) for column in columns}
            for group in verdict.groups
            for name, found in group.metrics.items()
        ]
    )


def headline(stage: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of a stage that runs are compared by: none of a group."""
    kept = {key: value for key, value in numbers.items() if not isinstance(value, dict | list)}
    validation = numbers.get("validation", {})
    kept |= {
        f"validation.{name}": value
        for name, value in validation.items()
        if name in ("loss", "accuracy/all", "auroc/all")
    }
    return {stage: kept}


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
