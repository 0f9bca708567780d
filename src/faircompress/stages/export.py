"""both models -> artifacts/export: ONNX files, checked against torch, and what they predict."""

import hashlib
import itertools
import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from faircompress import networks, onnx_export, onnx_run, predictions
from faircompress.channels import read_widths
from faircompress.dataset import Facts, Split, load_facts, load_split
from faircompress.files import new_folder, sha256, write_bytes, write_json
from faircompress.networks import Network
from faircompress.onnx_run import Latency, Parity
from faircompress.params import Params
from faircompress.predicting import told

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MADE_BY = {"dense": "train", "pruned": "prune"}  # model -> stage
SPLITS = ("validation", "test")
BEHIND = {"data", "train", "prune", "export", "compute"}  # sections of the params behind a file


def export(params: Params, artifacts: Path) -> dict[str, Any]:
    """Write both models to ONNX, check and time them, let them predict; return the numbers.

    Raises:
        ValueError: If a file is not as small as its network, or predicts otherwise than torch.
    """
    how, validated = params.export, artifacts / "validate"
    facts, git = load_facts(validated), git_commit(artifacts.parent)
    splits = {name: load_split(validated, name) for name in SPLITS}
    models = {side: networks.load(artifacts / by / "model.pt") for side, by in MADE_BY.items()}

    with new_folder(artifacts / "export") as folder:
        opened = {}
        for side, network in models.items():
            write_bytes(folder / f"{side}.onnx", onnx_bytes(network, facts, params, git))
            opened[side] = onnx_run.session(folder / f"{side}.onnx", params.compute.device)
        parity = {}
        for side, name in itertools.product(models, SPLITS):
            found, parity[f"{side}-{name}"] = checked(
                models[side], opened[side], splits[name], params, f"{side}, {name}"
            )
            model = sha256(folder / f"{side}.onnx")
            said = told(splits[name], found, facts, model)
            predictions.save(said, folder / "predictions" / f"{side}-{name}.parquet")
        pictures = splits["validation"].images
        times = [
            onnx_run.latency(**opened, images=pictures, batch=batch, repeats=how.latency_repeats)
            for batch in how.latency_batches
        ]
        where = onnx_run.hardware(opened["dense"])
        write_json(folder / "parity.json", {key: asdict(found) for key, found in parity.items()})
        write_json(folder / "latency.json", {**where, "times": [asdict(time) for time in times]})
    return {
        **_sizes(artifacts / "export"),
        **_parity(list(parity.values())),
        **_speed(times, _macs(models["dense"], facts) / _macs(models["pruned"], facts)),
        **where,
    }


def onnx_bytes(network: Network, facts: Facts, params: Params, git: str) -> bytes:
    """Return a network's file, which is as small as the network."""
    words = onnx_export.words(network, facts, git=git, params=params_hash(params))
    content = onnx_export.to_onnx(network, facts.size, opset=params.export.opset, words=words)
    onnx_export.refuse_wrong_shape(content, network)
    return content


def checked(
    network: Network, opened: "InferenceSession", split: Split, params: Params, what: str
) -> tuple[np.ndarray, Parity]:
    """Return a file's probabilities on a split, which are torch's, and how nearly so."""
    images = split.images
    found = onnx_run.predict(opened, images, what=f"{what}: ONNX Runtime")
    device = "cuda" if onnx_run.has_gpu(params.compute.device) else "cpu"
    expected = networks.probabilities(network, images, device, what=f"{what}: torch")
    ids = list(split.rows["id"])
    return found, onnx_run.compare(
        expected, found, ids, tolerance=params.export.tolerance, what=what
    )


def git_commit(folder: Path) -> str:
    """Return the commit that is checked out, or ``unknown`` where there is none."""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def params_hash(params: Params) -> str:
    """Return the sha256 of the choices that make a file; the gate's are not among them."""
    chosen = json.dumps(params.model_dump(mode="json", include=BEHIND), sort_keys=True)
    return hashlib.sha256(chosen.encode()).hexdigest()


def _sizes(folder: Path) -> dict[str, Any]:
    files = {side: folder / f"{side}.onnx" for side in MADE_BY}
    sizes = {side: file.stat().st_size for side, file in files.items()}
    return {
        **{f"{side}_sha256": sha256(file) for side, file in files.items()},
        **{f"{side}_bytes": size for side, size in sizes.items()},
        "size_ratio": sizes["dense"] / sizes["pruned"],
    }


def _parity(found: list[Parity]) -> dict[str, Any]:
    return {
        "max_difference": max(parity.max_difference for parity in found),
        "flips": sum(parity.flips for parity in found),
        "near_ties": sum(parity.near_ties for parity in found),
    }


def _macs(network: Network, facts: Facts) -> float:
    blank = network.normalised(torch.zeros(1, *facts.size, 3, dtype=torch.uint8))
    return read_widths(network.net, blank).macs()


def _speed(times: list[Latency], speedup: float) -> dict[str, Any]:
    """Return medians and measured speed-ups, which are shares of what multiply-adds promise."""
    numbers: dict[str, Any] = {"speedup_macs": speedup}
    for time in times:
        numbers |= {
            f"dense_ms_batch_{time.batch}": time.dense["median"],
            f"pruned_ms_batch_{time.batch}": time.pruned["median"],
            f"speedup_batch_{time.batch}": time.speedup,
            f"speedup_share_batch_{time.batch}": time.speedup / speedup,
        }
    return numbers
