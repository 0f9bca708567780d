"""What a network of the benchmark costs: bytes of its file, and milliseconds of one picture."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.data.dataset import load_facts
from faircompress.export import runtime, timing
from faircompress.export.one_call import export
from faircompress.networks import network

Json = dict[str, Any]


def costs(dense: Path, pruned: Path) -> dict[str, Json]:
    """Return bytes of both networks' ONNX files, and the ms of one picture on one thread."""
    if not (dense.exists() and pruned.exists()):
        return {side: {"bytes": None, "ms": None} for side in ("dense", "pruned")}
    facts = load_facts(dense.parents[1] / "validate")
    pictures = np.random.default_rng(0).integers(0, 256, (8, *facts.size, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, path in enumerate((dense, pruned)):
            own = network.load(path)
            files.append(export(
                own.net, Path(folder) / f"{number}.onnx", size=facts.size, classes=facts.classes,
                mean=own.mean, std=own.std,
            ))  # fmt: skip
        opened = [runtime.session(file, "cpu", threads=1) for file in files]
        time = timing.latency(opened[0], opened[1], pictures, batch=1, repeats=60)
        sizes = [file.stat().st_size for file in files]
    return {
        "dense": {"bytes": sizes[0], "ms": time.dense["median"]},
        "pruned": {"bytes": sizes[1], "ms": time.pruned["median"]},
    }
