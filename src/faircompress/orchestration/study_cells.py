"""One run of a study: the chain as far as the pruned network, in a workspace of its own."""

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress.config.code_keys import stage_keys
from faircompress.config.operation import OPERATION
from faircompress.data import predictions
from faircompress.data.dataset import Split, load_facts, load_split
from faircompress.data.predicting import predictions_of
from faircompress.export.runtime import has_gpu
from faircompress.networks import network as networks
from faircompress.orchestration.stage_tasks import Listener, dvc_repro
from faircompress.orchestration.workspace import Workspace, prepare, slug
from faircompress.study.plan import Cell
from faircompress.support.files import read_json, sha256, write_json

SPLITS = ("validation", "test")
_LOADING, _KEPT = Lock(), dict[tuple[str, str], Split]()


@dataclass(frozen=True)
class Job:
    """A run and where it goes.

    Args:
        cell: What is run.
        overrides: What that changes of params.yaml.
        project: Folder with ``params.yaml`` and ``dvc.yaml``.
        study: Folder of the study's results; named after it.
        threads: That its stages may compute with.
    """

    cell: Cell
    overrides: tuple[str, ...]
    project: Path
    study: Path
    threads: int

    @property
    def key(self) -> str:
        """Return the run's name."""
        return self.cell.key

    def workspace(self, cell: Cell | None = None) -> Path:
        """Return the folder of this run, or of the dense model it starts from."""
        return self.project / "variants" / workspace_name(self.study, cell or self.cell)


def workspace_name(study: Path, cell: Cell) -> str:
    """Return the name of a run's folder under ``variants/``."""
    return slug([f"{study.name},{cell.key}"])


@task(task_run_name="{job.key}", cache_policy=NO_CACHE)
def train_dense(job: Job) -> dict[str, Any]:
    """Train a dense model, unless that was done before; return what is known of it."""
    workspace = prepare(job.project, job.overrides, workspace_name(job.study, job.cell))
    dvc_repro(["source", "code", "validate", "train"], workspace.folder, Listener(), job.threads)
    return _finish(job, workspace, "train")


@task(task_run_name="{job.key}", cache_policy=NO_CACHE)
def prune_one(job: Job) -> dict[str, Any]:
    """Prune a dense model by one method, unless that was done before; return what is known."""
    workspace = prepare(job.project, job.overrides, workspace_name(job.study, job.cell))
    dense = job.workspace(job.cell.dense) / "artifacts"
    known = job.study / "cells" / f"{job.key}.json"
    mark = fingerprint(workspace, load_facts(dense / "validate").sha256)
    if known.exists() and read_json(known)["fingerprint"] == mark:
        return dict(read_json(known))
    workspace.artifacts.mkdir(exist_ok=True)
    shutil.copy(dense / "source.json", workspace.artifacts / "source.json")
    dvc_repro(["code", "validate", "train", "prune"], workspace.folder, Listener(), job.threads)
    return _finish(job, workspace, "prune")


def fingerprint(workspace: Workspace, data: str) -> str:
    """Return what must be equal for a run to be the same: choices, code and data."""
    params = workspace.params()
    choices = params.model_dump_json(exclude={"gate", "export", "card", *OPERATION})
    keys = stage_keys(params)
    code = [keys[stage] for stage in ("validate", "train", "prune")]
    return hashlib.sha256(f"{choices}{code}{data}".encode()).hexdigest()


def _finish(job: Job, workspace: Workspace, stage: str) -> dict[str, Any]:
    """Have the model predict, and write down that the run is done."""
    start, artifacts = time.monotonic(), workspace.artifacts
    model = artifacts / stage / "model.pt"
    facts, digest = load_facts(artifacts / "validate"), sha256(model)
    network = networks.load(model)
    device = "cuda" if has_gpu(workspace.params().compute.device) else "cpu"
    for name in SPLITS:
        path = predictions_file(job.study, job.cell, name)
        if path.exists() and predictions.load(path).model == digest:
            continue
        split = _split(artifacts / "validate", name, facts.sha256)
        found = networks.probabilities(network, split.images, device)
        predictions.save(predictions_of(split, found, facts, digest), path)
    numbers = read_json(artifacts / f"{stage}.json")
    done = {
        "fingerprint": fingerprint(workspace, facts.sha256),
        "overrides": list(job.overrides),
        **{name: numbers[name] for name in ("parameters", "macs", "speedup") if name in numbers},
        "model_sha256": digest,
        "predicting_s": round(time.monotonic() - start, 2),
    }
    write_json(job.study / "cells" / f"{job.key}.json", done)
    return done


def predictions_file(study: Path, cell: Cell, split: str) -> Path:
    """Return where a run's predictions on a split lie."""
    return study / "predictions" / f"{cell.key}-{split}.parquet"


def _split(folder: Path, name: str, data: str) -> Split:
    """Load a split once for the runs that share it; only the latest few stay in memory."""
    with _LOADING:
        if (data, name) not in _KEPT:
            for oldest in list(_KEPT)[: len(_KEPT) - 3]:
                del _KEPT[oldest]
            _KEPT[data, name] = load_split(folder, name)
        return _KEPT[data, name]
