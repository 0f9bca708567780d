"""What MLflow remembers of an execution."""

import hashlib
import logging
import os
import re
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import mlflow
from mlflow.entities import FileInfo, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from faircompress.config.code_keys import written_keys
from faircompress.registry import moved_project
from faircompress.registry.mlflow_client import Client
from faircompress.support import databases, servers

URI = "MLFLOW_TRACKING_URI"
NAME_LIMIT, VALUE_LIMIT, BATCH_LIMIT = 250, 5000, 900
NO_SUCH_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class Store:
    """The tracking store of a project; variants write to their project's."""

    client: MlflowClient
    uri: str
    project: Path
    places: dict[str, str] = field(default_factory=dict, compare=False)  # of runs' files, as asked

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made at first use."""
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        local = self.uri.startswith("sqlite:")
        place = (
            (self.project.resolve() / moved_project.ARTIFACTS / name).as_uri() if local else None
        )
        return str(self.client.create_experiment(name, artifact_location=place))


def open_store(project: Path) -> Store:
    """Open the store named by ``MLFLOW_TRACKING_URI``, by default SQLite in the project.

    Raises:
        DatabaseUnfit: If it is SQLite that cannot be used and holds what must not be lost.
        StoreFailed: If it is a server that does not answer.
    """
    uri = os.environ.get(URI) or f"sqlite:///{project / 'mlflow.db'}"
    if file := databases.sqlite_file(uri):
        databases.ready(databases.of_mlflow(file))
        moved_project.follow(project, uri)
    servers.require_mlflow(uri)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # we tell it
    return Store(cast(MlflowClient, Client(uri)), uri, project)


def use(store: Store) -> None:
    """Point MLflow's module-level functions to a store, this process only.

    MLflow tells the environment as well, where the next project would take it for the user's word.
    """
    given = os.environ.get(URI)
    mlflow.set_tracking_uri(store.uri)
    if given is None:
        os.environ.pop(URI, None)


def answering(store: Store) -> AbstractContextManager[None]:
    """Guard what goes past the client, through MLflow's module-level functions."""
    client: object = store.client
    return client.answering() if isinstance(client, Client) else nullcontext()


def begin(store: Store, experiment: str, name: str, tags: dict[str, str]) -> str:
    """Open a run and return its id."""
    found = store.client.create_run(store.experiment(experiment), run_name=name, tags=tags)
    return str(found.info.run_id)


def find(store: Store, experiment: str, tags: dict[str, str]) -> str | None:
    """Return the run with these tags, if there is one."""
    runs = _search(store, experiment, tags, 1)
    return str(runs[0].info.run_id) if runs else None


def page(store: Store, run_id: str) -> str:
    """Return the address of a run in the MLflow UI; nothing where the store is no server."""
    found = store.client.get_run(run_id).info
    there = f"{store.uri.rstrip('/')}/#/experiments/{found.experiment_id}/runs/{run_id}"
    return there if there.startswith("http") else ""


def tags_of(store: Store, experiment: str, tags: dict[str, str], name: str) -> set[str]:
    """Return the values that the tag ``name`` has in runs with these tags."""
    return {run.data.tags[name] for run in _search(store, experiment, tags, 10_000)}


def _search(store: Store, experiment: str, tags: dict[str, str], most: int) -> list[Run]:
    words = " and ".join(f"tags.`{key}` = '{value}'" for key, value in tags.items())
    where = [store.experiment(experiment)]
    return list(store.client.search_runs(where, filter_string=words, max_results=most))


def rename(store: Store, run_id: str, name: str) -> None:
    """Give a run another name."""
    store.client.update_run(run_id, name=name)


def end(store: Store, run_id: str, status: str) -> None:
    """Close a run as ``FINISHED`` or ``FAILED``."""
    store.client.set_terminated(run_id, status)


def log_numbers(store: Store, run_id: str, events: Iterable[dict[str, Any]]) -> None:
    """Record numbers with their step and time, many at once."""
    log_metrics(
        store,
        run_id,
        [
            Metric(name, value, int(1000 * event.get("time", time.time())), event["step"])
            for event in events
            for name, value in named(flat(event["metrics"])).items()
        ],
    )


def log_metrics(store: Store, run_id: str, metrics: list[Metric]) -> None:
    """Record metrics, many at once."""
    for start in range(0, len(metrics), BATCH_LIMIT):
        store.client.log_batch(run_id, metrics=metrics[start : start + BATCH_LIMIT])


def log_params(store: Store, run_id: str, params: dict[str, Any]) -> None:
    """Record every choice of a run by its dotted name."""
    words = [
        Param(_name(key), str(value)[:VALUE_LIMIT])
        for key, value in flat(params, lists=False).items()
    ]
    for start in range(0, len(words), 100):
        store.client.log_batch(run_id, params=words[start : start + 100])


def log_tags(store: Store, run_id: str, tags: dict[str, str]) -> None:
    """Set tags on a run."""
    store.client.log_batch(run_id, tags=[RunTag(k, v[:VALUE_LIMIT]) for k, v in tags.items()])


def describe(store: Store, run_id: str, markdown: str) -> None:
    """Set the text that the UI shows for a run."""
    log_tags(store, run_id, {MLFLOW_RUN_NOTE: markdown})


def log_files(store: Store, run_id: str, files: Iterable[Path], folder: str | None = None) -> None:
    """Keep copies of files with a run."""
    for path in files:
        store.client.log_artifact(run_id, str(path), folder)


def kept_files(store: Store, run_id: str, folder: str) -> list[str]:
    """Return the paths of the files kept with a run in one of its folders; none of no run."""
    return [str(f.path) for f in _kept(store, run_id, folder) if not f.is_dir]


def kept_folders(store: Store, run_id: str, folder: str) -> list[str]:
    """Return the paths of the folders kept with a run in one of its folders; none of no run."""
    return [str(f.path) for f in _kept(store, run_id, folder) if f.is_dir]


def _kept(store: Store, run_id: str, folder: str) -> list[FileInfo]:
    try:
        with answering(store):
            return list(_files_of(store, run_id).list_artifacts(folder)) if run_id else []
    except MlflowException as error:
        if error.error_code not in NO_SUCH_RUN:
            raise
        return []


def _files_of(store: Store, run_id: str) -> ArtifactRepository:
    """Return where a run's own files lie.

    MLflow's ``list_artifacts(run_id)`` asks the store four times a call, and lays files of a logged
    model over those of its run where the model has the name of their folder.
    """
    if run_id not in store.places:
        store.places[run_id] = str(store.client.get_run(run_id).info.artifact_uri)
    return get_artifact_repository(store.places[run_id], tracking_uri=store.uri)


def fetch(store: Store, run_id: str, path: str, into: Path) -> Path:
    """Copy a file or folder kept with a run; return where it lies."""
    with answering(store):
        files: Any = _files_of(store, run_id)  # untyped methods
        return Path(files.download_artifacts(path, str(into)))


def flat(values: Any, prefix: str = "", *, lists: bool = True) -> dict[str, Any]:
    """Return nested keys joined by dots; ``lists`` opens lists too."""
    if isinstance(values, dict):
        items: Iterable[tuple[Any, Any]] = values.items()
    elif lists and isinstance(values, list):
        items = enumerate(values)
    else:
        return {prefix: values}
    found: dict[str, Any] = {}
    for key, value in items:
        found |= flat(value, f"{prefix}.{key}" if prefix else str(key), lists=lists)
    return found


def provenance(folder: Path, commit: str) -> dict[str, str]:
    """Return the tags that say which code and which files a run stands on."""
    lock = folder / "dvc.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "none"
    keys = {f"code.{name}": key for name, key in written_keys(folder / "artifacts").items()}
    return {"git.commit": commit, "dvc.lock.sha256": digest, **keys}


def named(numbers: dict[str, Any]) -> dict[str, float]:
    """Return numbers by names that MLflow takes; no two are merged because theirs look alike."""
    alike = Counter(_name(name) for name in numbers)
    return {
        _name(name) if alike[_name(name)] == 1 else _marked(name): value
        for name, value in numbers.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _marked(words: str) -> str:
    digest = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{_name(words)[: NAME_LIMIT - 9]}-{digest}"


def _name(words: str) -> str:
    """Return words as MLflow's name of a metric or param, which it takes for a path."""
    safe = re.sub(r"[^\w\-. :/]", "_", words)
    parts = ["_" if part in ("", ".", "..") else part for part in safe.split("/")]
    return "/".join(parts)[:NAME_LIMIT].rstrip("/")
