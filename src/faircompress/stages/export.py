"""both models -> artifacts/export: ONNX files, checked against torch, and what they predict."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from faircompress import networks, onnx_export, onnx_run, predictions, quantizing
from faircompress.channels import read_widths
from faircompress.dataset import Facts, Split, load_facts, load_split
from faircompress.files import new_folder, sha256, write_bytes, write_json
from faircompress.networks import Network
from faircompress.onnx_run import Parity
from faircompress.params import Export, Params
from faircompress.precisions import PRECISIONS, Precision, stem
from faircompress.predicting import told

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MADE_BY = {"dense": "train", "pruned": "prune"}  # model -> stage
SPLITS = ("validation", "test")
BEHIND = dict.fromkeys(("data", "train", "prune", "compute"), True)  # params that make a file


def export(params: Params, artifacts: Path) -> dict[str, Any]:
    """Write both models to ONNX, check and time them, let them predict; return the numbers.

    Of the pruned model there is a file in each precision asked for.

    Raises:
        ValueError: If a file is not as small as its network, or one in float32 predicts otherwise
            than torch.
    """
    how, validated = params.export, artifacts / "validate"
    facts = load_facts(validated)
    splits = {name: load_split(validated, name) for name in SPLITS}
    models = {side: networks.load(artifacts / by / "model.pt") for side, by in MADE_BY.items()}

    with new_folder(artifacts / "export") as folder:
        for side, network in models.items():
            write_bytes(folder / f"{side}.onnx", onnx_bytes(network, facts, params))
        for precision in how.precisions[1:]:
            content = reduced(precision, folder / "pruned.onnx", models["pruned"], validated, how)
            write_bytes(folder / f"{stem(precision)}.onnx", content)
        files = {side: [file.stem for file in sorted(folder.glob(f"{side}*.onnx"))]
                 for side in models}  # fmt: skip
        opened = {name: onnx_run.session(folder / f"{name}.onnx", params.compute.device)
                  for name in itertools.chain(*files.values())}  # fmt: skip
        parity = {}
        for side, name in itertools.product(models, SPLITS):
            expected = torchs(models[side], splits[name], params, f"{side}, {name}: torch")
            for file in files[side]:
                found, far = compared(
                    opened[file], expected, splits[name], how.tolerance, f"{file}, {name}"
                )
                if file == side:
                    onnx_run.insist_on_parity(far, how.tolerance, what=f"{file}, {name}")
                parity[f"{file}-{name}"] = far
                said = told(splits[name], found, facts, sha256(folder / f"{file}.onnx"))
                predictions.save(said, folder / "predictions" / f"{file}-{name}.parquet")
        times = timed(opened, splits["validation"].images, how)
        where = onnx_run.hardware(opened["dense"])
        write_json(folder / "parity.json", {key: asdict(found) for key, found in parity.items()})
        write_json(folder / "latency.json", {**where, "times": times})
    speedup = _macs(models["dense"], facts) / _macs(models["pruned"], facts)
    return {
        **_sizes(artifacts / "export"),
        **_parity(parity),
        "speedup_macs": speedup,
        **_speed(times, speedup),
        **where,
    }


def onnx_bytes(network: Network, facts: Facts, params: Params) -> bytes:
    """Return a network's file, which is as small as the network."""
    words = onnx_export.words(network, facts, params=params_hash(params))
    content = onnx_export.to_onnx(network, facts.size, opset=params.export.opset, words=words)
    onnx_export.refuse_wrong_shape(content, network)
    return content


def reduced(
    precision: Precision, origin: Path, network: Network, validated: Path, how: Export
) -> bytes:
    """Return a network's file in fewer bits."""
    content, int8 = origin.read_bytes(), how.int8
    if precision == "fp16":
        content = quantizing.to_fp16(content)
    else:
        pictures = quantizing.calibration_pictures(
            validated, count=int8.pictures, balanced=int8.balanced
        )
        content = quantizing.to_int8(content, pictures, weight_bits=int8.weight_bits)
    onnx_export.refuse_wrong_shape(content, network)
    return content


def torchs(network: Network, split: Split, params: Params, what: str) -> np.ndarray:
    """Return a network's probabilities on a split."""
    device = "cuda" if onnx_run.has_gpu(params.compute.device) else "cpu"
    return networks.probabilities(network, split.images, device, what=what)


def compared(
    opened: "InferenceSession", expected: np.ndarray, split: Split, tolerance: float, what: str
) -> tuple[np.ndarray, Parity]:
    """Return a file's probabilities on a split, and how near torch's they are."""
    found = onnx_run.predict(opened, split.images, what=f"{what}: ONNX Runtime")
    ids = list(split.rows["id"])
    return found, onnx_run.compare(expected, found, ids, tolerance=tolerance, what=what)


def timed(
    opened: Mapping[str, "InferenceSession"], pictures: np.ndarray, how: Export
) -> dict[str, list[dict[str, Any]]]:
    """Return how long each pruned file takes beside the dense one, by precision and batch."""
    times: dict[str, list[dict[str, Any]]] = {}
    for precision, batch in itertools.product(how.precisions, how.latency_batches):
        pair = opened["dense"], opened[stem(precision)]
        taken = onnx_run.latency(*pair, pictures, batch=batch, repeats=how.latency_repeats)
        times.setdefault(precision, []).append(asdict(taken))
    return times


def params_hash(params: Params) -> str:
    """Return the sha256 of the choices that make a float32 file; the gate's are not among them."""
    chosen = params.model_dump(mode="json", include={**BEHIND, "export": {"opset"}})
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


def _sizes(folder: Path) -> dict[str, Any]:
    files = {file.stem: file for file in sorted(folder.glob("*.onnx"))}
    sizes = {name: file.stat().st_size for name, file in files.items()}
    return {
        **{f"{name}_sha256": sha256(file) for name, file in files.items()},
        **{f"{name}_bytes": size for name, size in sizes.items()},
        "size_ratio": sizes["dense"] / sizes["pruned"],
    }


def _parity(found: Mapping[str, Parity]) -> dict[str, Any]:
    """Return the worst of the files in float32, and how far each of fewer bits is on test."""
    exact = [p for key, p in found.items() if key.rpartition("-")[0] in MADE_BY]
    fewer = {key.removesuffix("-test"): p for key, p in found.items() if key.endswith("-test")}
    return {
        "max_difference": max(parity.max_difference for parity in exact),
        "flips": sum(parity.flips for parity in exact),
        "near_ties": sum(parity.near_ties for parity in exact),
        **{
            f"{file}_flips": p.flips + p.near_ties
            for file, p in fewer.items()
            if file not in MADE_BY
        },
    }


def _macs(network: Network, facts: Facts) -> float:
    blank = network.normalised(torch.zeros(1, *facts.size, 3, dtype=torch.uint8))
    return read_widths(network.net, blank).macs()


def _speed(times: Mapping[str, list[dict[str, Any]]], speedup: float) -> dict[str, Any]:
    """Return medians and measured speed-ups; in float32 also as shares of what was promised."""
    numbers: dict[str, Any] = {}
    for precision, time in ((p, time) for p, taken in times.items() for time in taken):
        end = f"batch_{time['batch']}"
        numbers |= {
            f"{stem(precision)}_ms_{end}": time["pruned"]["median"],
            f"{stem(precision)}_speedup_{end}": time["speedup"],
        }
        if precision == PRECISIONS[0]:
            numbers |= {
                f"dense_ms_{end}": time["dense"]["median"],
                f"speedup_share_{end}": time["speedup"] / speedup,
            }
    return numbers
