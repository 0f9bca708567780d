"""What one run of a study leaves beside its plan: what is known of it, and what it predicted."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import pandas as pd

from faircompress.config.code_keys import stage_keys
from faircompress.config.operation import OPERATION
from faircompress.config.params import Params
from faircompress.data import predictions
from faircompress.data.dataset import Split, load_facts, load_split
from faircompress.data.predicting import predictions_of
from faircompress.export.runtime import has_gpu
from faircompress.networks import network as networks
from faircompress.study.cells import cell_counts
from faircompress.study.plan import Cell
from faircompress.support.files import read_json, sha256, write_json

SPLITS = ("validation", "test")
_LOADING, _KEPT = Lock(), dict[tuple[str, str], Split]()


def fingerprint(params: Params, data: str) -> str:
    """Return what must be equal for a run to be the same: choices, code and data."""
    choices = params.model_dump_json(exclude={"gate", "export", "card", *OPERATION})
    keys = stage_keys(params)
    code = [keys[stage] for stage in ("validate", "train", "prune")]
    return hashlib.sha256(f"{choices}{code}{data}".encode()).hexdigest()


def finish(
    study: Path, cell: Cell, params: Params, artifacts: Path, overrides: Sequence[str]
) -> dict[str, Any]:
    """Have a run's model predict, and write down that the run is done; return what is known.

    Args:
        study: Folder of the study's results.
        cell: The run, whose last stage has written ``artifacts/STAGE.json``.
        params: That it ran with.
        artifacts: Its folder of results.
        overrides: What its params change of params.yaml.
    """
    start, stage = time.monotonic(), "prune" if cell.method else "train"
    model = artifacts / stage / "model.pt"
    facts, digest = load_facts(artifacts / "validate"), sha256(model)
    network = networks.load(model)
    device = "cuda" if has_gpu(params.compute.device) else "cpu"
    for name in SPLITS:
        path = predictions_file(study, cell, name)
        if path.exists() and predictions.load(path).model == digest:
            continue
        split = _split(artifacts / "validate", name, facts.sha256)
        found = networks.probabilities(network, split.images, device)
        predictions.save(predictions_of(split, found, facts, digest), path)
    numbers = read_json(artifacts / f"{stage}.json")
    done = {
        "fingerprint": fingerprint(params, facts.sha256),
        "overrides": list(overrides),
        **{name: numbers[name] for name in ("parameters", "macs", "speedup") if name in numbers},
        "model_sha256": digest,
        "predicting_s": round(time.monotonic() - start, 2),
    }
    write_json(study / "cells" / f"{cell.key}.json", done)
    return done


def predictions_file(study: Path, cell: Cell, split: str) -> Path:
    """Return where a run's predictions on a split lie."""
    return study / "predictions" / f"{cell.key}-{split}.parquet"


def train_counts(study: Path, dense: Cell, validated: Path) -> "pd.Series[int]":
    """Return how many train rows each cell has; kept, for the page is issued without the data."""
    kept = study / "results" / "train-cells.json"
    known = dict(read_json(kept)) if kept.exists() else {}
    if dense.key not in known:
        facts = load_facts(validated)
        groups = [name for name in facts.groups if name != "label"]
        table = pd.read_parquet(validated / "data.parquet", columns=["split", "label", *groups])
        counts = cell_counts(table[table["split"] == "train"], facts.classes, facts.groups)
        known[dense.key] = {str(name): int(count) for name, count in counts.items()}
        write_json(kept, known)
    return pd.Series(known[dense.key])


def _split(folder: Path, name: str, data: str) -> Split:
    """Load a split once for the runs that share it; only the latest few stay in memory."""
    with _LOADING:
        if (data, name) not in _KEPT:
            for oldest in list(_KEPT)[: len(_KEPT) - 3]:
                del _KEPT[oldest]
            _KEPT[data, name] = load_split(folder, name)
        return _KEPT[data, name]
