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

from faircompress.compression.channels import read_widths
from faircompress.config.params import Export, Params
from faircompress.config.precisions import PRECISIONS, Precision, stem
from faircompress.data import predictions
from faircompress.data.dataset import Facts, Split, load_facts, load_split
from faircompress.data.predicting import predictions_of
from faircompress.data.predictions import Predictions
from faircompress.evaluation.operating_point import OperatingPoint, with_constant
from faircompress.export import folding, quantize, runtime, timing, to_onnx
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.export.runtime import Parity
from faircompress.export.target_met import target_met
from faircompress.networks import network as networks
from faircompress.networks.network import Network
from faircompress.support.files import new_folder, read_json, sha256, write_bytes, write_json
from faircompress.training.hidden_groups import hidden_groups

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MADE_BY = {"dense": "train", "pruned": "prune"}  # model -> stage
SPLITS = ("validation", "test")
# Params that make a file; of the data it tells the hash of what it learnt from, whose words hold
# whatever rows come to the test split.
BEHIND = dict.fromkeys(("train", "prune", "compute"), True)


def export(params: Params, artifacts: Path) -> dict[str, Any]:
    """Write both models to ONNX, check and time them, let them predict; return the numbers.

    Of the pruned model there is a file in each precision asked for. All that is said of a file is
    said of it as it goes out: with its operating point at one half.

    Raises:
        ValueError: If a file is not as small as its network, or one in float32 predicts otherwise
            than torch.
    """
    how, validated = params.export, artifacts / "validate"
    facts = load_facts(validated)
    splits = {name: load_split(validated, name) for name in SPLITS}
    models = {side: networks.load(artifacts / by / "model.pt") for side, by in MADE_BY.items()}

    with new_folder(artifacts / "export") as folder:
        files = write_files(folder, models, facts, params, validated)
        points, before = fold_all(folder, files, splits["validation"], facts, params)
        opened = opened_files(folder, files, params)
        parity, predicted = {}, {}
        for side, name in itertools.product(models, SPLITS):
            expected = torchs(models[side], splits[name], params, f"{side}, {name}: torch")
            for file in files[side]:
                moved = with_constant(expected, points[file].constant) if points else expected
                what = f"{file}, {name}"
                found, far = compared(opened[file], moved, splits[name], how.tolerance, what)
                if file == side:
                    runtime.raise_unless_equivalent(far, how.tolerance, what=what)
                parity[f"{file}-{name}"] = far
                predicted[file, name] = predictions_of(
                    splits[name], found, facts, sha256(_path(folder, file))
                )
                predictions.save(
                    predicted[file, name], folder / "predictions" / f"{file}-{name}.parquet"
                )
        decided = {
            file: folding.described(
                file, point, before[file], *(predicted[file, s] for s in SPLITS)
            )
            for file, point in points.items()
        }
        times = timed(opened, splits["validation"].images, how)
        asked = artifacts / "prune" / "target.json"
        target = read_json(asked) if asked.exists() else {}
        met = target_met(target, opened, folder, splits["validation"].images, how.latency_repeats)
        where = timing.hardware(opened["dense"])
        hidden = _hidden(models["dense"], splits, predicted, _torchs_device(params))
        write_json(folder / "hidden_groups.json", hidden)
        write_json(folder / "operating_points.json", decided)
        write_json(folder / "parity.json", {key: asdict(found) for key, found in parity.items()})
        write_json(folder / "latency.json", {**where, "times": times})
    macs = {side: _macs(network, facts) for side, network in models.items()}
    speedup = macs["dense"] / macs["pruned"]
    return {
        **_sizes(artifacts / "export"),
        **_parity(parity),
        **_decided(decided),
        **{f"{side}_macs": int(found) for side, found in macs.items()},
        "speedup_macs": speedup,
        **_speed(times, speedup),
        **met,
        **where,
    }


def _hidden(
    dense: Network,
    splits: Mapping[str, Split],
    predicted: Mapping[tuple[str, str], Predictions],
    device: str,
) -> dict[str, Any]:
    """Return test rows in clusters that nobody wrote down; {} where there are none."""
    ours, theirs = (predicted[file, "validation"] for file in MADE_BY)
    right = [p.probabilities.argmax(1) == p.labels for p in (ours, theirs)]
    lost = right[0] & ~right[1]
    found = hidden_groups(dense, splits["validation"], splits["test"], lost, device=device)
    if found is None:
        return {}
    return {
        "stage": found.stage,
        "count": found.count,
        "found_on": found.found_on,
        "ids": [str(i) for i in splits["test"].rows["id"].to_numpy()[found.rows]],
        "cluster": found.cluster.tolist(),
        "distance": [round(float(far), 4) for far in found.distance],
    }


def write_files(
    folder: Path, models: Mapping[str, Network], facts: Facts, params: Params, validated: Path
) -> dict[str, list[str]]:
    """Write both models, the pruned one in each precision; return the names of each one's files."""
    for side, network in models.items():
        write_bytes(_path(folder, side), onnx_bytes(network, facts, params))
    how = params.export
    for precision in how.precisions[1:]:
        content = reduced(precision, _path(folder, "pruned"), models["pruned"], validated, how)
        write_bytes(_path(folder, stem(precision)), content)
    return {side: [file.stem for file in sorted(folder.glob(f"{side}*.onnx"))] for side in models}


def fold_all(
    folder: Path, files: Mapping[str, list[str]], split: Split, facts: Facts, params: Params
) -> tuple[dict[str, OperatingPoint], dict[str, Predictions]]:
    """Make one half the operating point of each file; return the points, and what was said before.

    Several classes have no operating point: the most probable is decided for.
    """
    choice, before = params.export.threshold, {}
    if len(facts.classes) > 2:
        folding.refuse_threshold(choice, len(facts.classes))
        return {}, {}
    for file, opened in opened_files(folder, files, params).items():
        found = runtime.predict(opened, split.images, what=f"{file}, validation: where it decides")
        before[file] = predictions_of(split, found, facts, sha256(_path(folder, file)))
    points = folding.operating_points(choice, before, baseline="dense")
    folding.fold_files(folder, points)
    return points, before


def opened_files(
    folder: Path, files: Mapping[str, list[str]], params: Params
) -> dict[str, "InferenceSession"]:
    """Open all files."""
    names = itertools.chain(*files.values())
    return {
        name: runtime.session(_path(folder, name), params.compute.device, half=name == stem("fp16"))
        for name in names
    }


def onnx_bytes(network: Network, facts: Facts, params: Params) -> bytes:
    """Return a network's file, which is as small as the network."""
    words = to_onnx.words(network, facts, params=params_hash(params))
    content = to_onnx.to_onnx(network, facts.size, opset=params.export.opset, words=words)
    refuse_wrong_shape(content, network)
    return content


def reduced(
    precision: Precision, origin: Path, network: Network, validated: Path, how: Export
) -> bytes:
    """Return a network's file in fewer bits."""
    content, int8 = origin.read_bytes(), how.int8
    if precision == "fp16":
        content = quantize.to_fp16(content)
    else:
        pictures = quantize.calibration_pictures(
            validated, count=int8.pictures, balanced=int8.balanced
        )
        content = quantize.to_int8(content, pictures, weight_bits=int8.weight_bits)
    refuse_wrong_shape(content, network)
    return content


def torchs(network: Network, split: Split, params: Params, what: str) -> np.ndarray:
    """Return a network's probabilities on a split."""
    return networks.probabilities(network, split.images, _torchs_device(params), what=what)


def _torchs_device(params: Params) -> str:
    return "cuda" if runtime.has_gpu(params.compute.device) else "cpu"


def compared(
    opened: "InferenceSession", expected: np.ndarray, split: Split, tolerance: float, what: str
) -> tuple[np.ndarray, Parity]:
    """Return a file's probabilities on a split, and how near torch's they are."""
    found = runtime.predict(opened, split.images, what=f"{what}: ONNX Runtime")
    ids = list(split.rows["id"])
    return found, runtime.compare(expected, found, ids, tolerance=tolerance, what=what)


def timed(
    opened: Mapping[str, "InferenceSession"], pictures: np.ndarray, how: Export
) -> dict[str, list[dict[str, Any]]]:
    """Return how long each pruned file takes beside the dense one, by precision and batch."""
    times: dict[str, list[dict[str, Any]]] = {}
    for precision, batch in itertools.product(how.precisions, how.latency_batches):
        pair = opened["dense"], opened[stem(precision)]
        taken = timing.latency(*pair, pictures, batch=batch, repeats=how.latency_repeats)
        times.setdefault(precision, []).append(asdict(taken))
    return times


def params_hash(params: Params) -> str:
    """Return the sha256 of the choices that make a network in float32.

    The gate's are not among them, nor where the file decides, which its metadata tell apart.
    """
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


def _path(folder: Path, file: str) -> Path:
    return folder / f"{file}.onnx"


def _decided(points: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return where each file decided before one half was it, and how often it says class 1."""
    numbers = {
        f"{file}_{name}": point[key]
        for file, point in points.items()
        for name, key in (
            ("threshold", "threshold"),
            ("selection_rate_decide", "rate_on_decide"),
            ("selection_rate_test", "rate_on_test"),
        )
    }
    rows = {point["rows"] for point in points.values()}
    return {**numbers, **({"decide_rows": rows.pop()} if rows else {})}


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
