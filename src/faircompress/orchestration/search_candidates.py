"""One candidate of a search: pruned in a workspace of its own, and seen on validation rows alone.

The chain's stages up to ``prune`` run as ever, from the shared cache. The files are written here
and not by the stage ``export``, because that predicts test rows too, which a search must not.
"""

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress.config.code_keys import key_of, stage_keys
from faircompress.config.precisions import stem
from faircompress.data.dataset import TABLE, Facts, Split, load_facts, load_split
from faircompress.data.predicting import predictions_of
from faircompress.data.predictions import Predictions
from faircompress.export import runtime, timing
from faircompress.export.folding import unfitted
from faircompress.networks import network as networks
from faircompress.orchestration.stage_tasks import Listener, dvc_repro
from faircompress.orchestration.workspace import Workspace, prepare, slug
from faircompress.search.chance import chances
from faircompress.search.plan import Candidate, File
from faircompress.stages.export import MADE_BY, fold_all, opened_files, write_files
from faircompress.support.files import read_json, sha256, write_json

EXPORTING = Lock()  # torch traces one network at a time


@dataclass(frozen=True)
class Try:
    """A candidate to be made.

    Args:
        line: What it changes beside the speed-up, as ``section.key=value ...``.
        speedup: Asked for.
        project: Folder with ``params.yaml`` and ``dvc.yaml``.
        folder: Of the search's results.
        batch: Pictures a run that is timed.
        precisions: Of its files.
        threads: That its stages may compute with.
    """

    line: str
    speedup: float
    project: Path
    folder: Path
    batch: int
    precisions: tuple[str, ...]
    threads: int

    @property
    def overrides(self) -> tuple[str, ...]:
        """Return what it changes of params.yaml."""
        precisions = f"export.precisions=[{','.join(self.precisions)}]"
        return (f"prune.speedup={self.speedup:g}", precisions, *self.line.split())

    @property
    def key(self) -> str:
        """Return its name."""
        return " ".join([f"{self.speedup:g}x", self.line]).strip()


@task(task_run_name="dense", cache_policy=NO_CACHE)
def train_dense(one: Try) -> None:
    """Bring data and dense model up to date, before candidates need them side by side."""
    space = prepare(one.project, one.overrides, _name(one))
    dvc_repro(["source", "code", "validate", "train"], space.folder, Listener(), one.threads)


@task(task_run_name="{one.key}", cache_policy=NO_CACHE)
def make_candidate(one: Try) -> Candidate:
    """Prune, write the files and predict their chances, unless that was done before."""
    space = prepare(one.project, one.overrides, _name(one))
    stages = ["source", "code", "validate", "train", "prune"]
    dvc_repro(stages, space.folder, Listener(), one.threads)
    known = one.folder / "candidates" / f"{slug([one.key])}.json"
    mark = fingerprint(space, one)
    if known.exists() and read_json(known)["fingerprint"] == mark:
        return _read(read_json(known)["candidate"])
    found = seen(space, one)
    write_json(known, {"fingerprint": mark, "candidate": asdict(found)})
    return found


def fingerprint(space: Workspace, one: Try) -> str:
    """Return what must be equal for a candidate to be the same: its network, rules and code."""
    params = space.params()
    keys = stage_keys(params)
    code = [keys["export"], keys["gate"], key_of("search.chance", params)]
    data = load_facts(space.artifacts / "validate").sha256
    made = [sha256(space.artifacts / by / "model.pt") for by in MADE_BY.values()]
    choices = params.model_dump_json(include={"export", "gate", "prune"})
    return hashlib.sha256(json.dumps([choices, code, data, made, one.batch]).encode()).hexdigest()


def seen(space: Workspace, one: Try) -> Candidate:
    """Return a candidate as it is on validation rows."""
    params, validated = space.params(), space.artifacts / "validate"
    facts, split = load_facts(validated), load_split(validated, "validation")
    models = {
        side: networks.load(space.artifacts / by / "model.pt") for side, by in MADE_BY.items()
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with EXPORTING:
            files = write_files(folder, models, facts, params, validated)
        fold_all(folder, files, split, facts, params)
        opened = opened_files(folder, files, params)
        said = {
            file: _said(session, split, facts, folder / f"{file}.onnx")
            for file, session in opened.items()
        }
        if params.prune.head.name != "keep":
            said = {file: unfitted(found) for file, found in said.items()}
        names = [stem(precision) for precision in params.export.precisions]
        expected = chances(
            said["dense"], [said[file] for file in names], counts(validated, facts), params.gate,
            seed=int(facts.fit_sha256[:8], 16),
        )  # fmt: skip
        made, dense = [], []
        for precision, file, chance in zip(params.export.precisions, names, expected, strict=True):
            taken = timing.latency(
                opened["dense"], opened[file], split.images, batch=one.batch,
                repeats=params.export.latency_repeats,
            )  # fmt: skip
            size = (folder / f"{file}.onnx").stat().st_size
            ms = taken.pruned["median"] or 0.0
            dense.append(taken.dense["median"] or 0.0)
            made.append(File(precision, size, ms, **vars(chance)))
        whole = (folder / "dense.onnx").stat().st_size
    macs = float(read_json(space.artifacts / "prune.json")["macs"])
    return Candidate(
        one.line, one.speedup, macs, space.folder.name, tuple(made), whole, median(dense)
    )


def counts(validated: Path, facts: Facts) -> Predictions:
    """Return the test split's rows without pictures: labels, groups, weights, whose they are."""
    columns = [name for name in pq.read_schema(validated / TABLE).names if name != "image"]
    test = [("split", "==", "test")]
    rows = pq.read_table(validated / TABLE, columns=columns, filters=test).to_pandas()
    labels = rows["label"].to_numpy(np.int64, copy=True)
    nothing = np.zeros((len(rows), 0, 0, 3), np.uint8)
    split = Split(rows, nothing, labels, labels, 1)
    even = np.full((len(rows), len(facts.classes)), 1 / len(facts.classes))
    return predictions_of(split, even, facts, "none")


def _said(session: Any, split: Split, facts: Facts, file: Path) -> Predictions:
    return predictions_of(split, runtime.predict(session, split.images), facts, sha256(file))


def _name(one: Try) -> str:
    return slug([f"search,{one.key}"])


def _read(told: dict[str, Any]) -> Candidate:
    files = tuple(
        File(**{**file, "passes": tuple(file["passes"]), "used": tuple(file["used"])})
        for file in told["files"]
    )
    return Candidate(**{**told, "files": files})
