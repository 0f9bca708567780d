"""Runs in MLflow that nothing stands on any more."""

from collections.abc import Iterator

from mlflow.exceptions import MlflowException

from faircompress.registry import mlflow_runs, versions
from faircompress.registry.mlflow_runs import NO_SUCH_RUN, Store

PROTECTED = ("champion", "original_champion", "previous", "challenger")


def protected_files(store: Store, model: str) -> set[str]:
    """Return the sha256 of each file that an alias points to, or that waits for a review."""
    named = versions.aliases(store, model)
    numbers = {named[alias] for alias in PROTECTED if alias in named}
    return {
        version.tags.get("sha256", "")
        for version in versions.versions(store, model)
        if version.number in numbers or _waits(version)
    } - {""}


def _waits(version: versions.Version) -> bool:
    return version.tags.get("verdict") == "inconclusive" and "review" not in version.tags


def remove(store: Store, model: str, workspace: str, count: int) -> int:
    """Remove all but the latest retrainings; return how many. `mlflow gc` then frees their room.

    A run stays as long as a registered version is of it, or was evaluated in it last: its files say
    what the version is.

    Args:
        store: Where they are.
        model: Name of experiment and registered model.
        workspace: Folder that retrainings work in.
        count: How many stay.
    """
    needed = {
        run
        for version in versions.versions(store, model)
        for run in (version.run_id, versions.evaluating_run(version))
    }
    where = [store.experiment(model)]
    of_workspace = f"tags.workspace = '{workspace}'"
    found = store.client.search_runs(where, of_workspace, order_by=["start_time DESC"])
    removed = 0
    for run in found[count:]:
        family = list(_family(store, where, run.info.run_id))
        if run.info.status == "RUNNING" or needed & set(family):
            continue
        for one in reversed(family):
            store.client.delete_run(one)
        removed += 1
    return removed


def end_dead(store: Store, run_id: str) -> None:
    """Close a run whose process is gone, and what is nested in it, as ``KILLED``.

    What came to an end stays as it is; a run that is not there (any more) is no error.
    """
    try:
        where = [str(store.client.get_run(run_id).info.experiment_id)]
    except MlflowException as error:
        if error.error_code not in NO_SUCH_RUN:
            raise
        return
    for one in _family(store, where, run_id):
        if store.client.get_run(one).info.status == "RUNNING":
            mlflow_runs.end(store, one, "KILLED")


def _family(store: Store, where: list[str], run_id: str) -> Iterator[str]:
    """Give a run and all that are nested in it."""
    yield run_id
    for one in store.client.search_runs(where, f"tags.`mlflow.parentRunId` = '{run_id}'"):
        yield from _family(store, where, str(one.info.run_id))
