"""What ``export`` left of the files that ``gate`` evaluates: predictions, sizes and times."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.config.precisions import PRECISIONS, Precision, stem
from faircompress.data import predictions
from faircompress.data.predictions import Predictions, taken
from faircompress.evaluation.costs import Costs
from faircompress.support.errors import InputError
from faircompress.support.files import read_json, sha256

Json = dict[str, Any]


@dataclass(frozen=True)
class Files:
    """What ``export`` left.

    Args:
        folder: Where it is.
        precisions: Of the pruned files, in the order of evaluation.
        latency: As ``latency.json``.
        parity: As ``parity.json``.
        look: As ``look.json``.
    """

    folder: Path
    precisions: tuple[Precision, ...]
    latency: Json
    parity: Json
    look: Json

    @classmethod
    def of(cls, artifacts: Path, *, booked: bool = True) -> "Files":
        """Read what lies in the folder of a run's results, with its look if it is booked."""
        folder = artifacts / "export"
        latency, parity = (read_json(folder / f"{name}.json") for name in ("latency", "parity"))
        precisions = tuple(p for p in PRECISIONS if p in latency["times"])
        look = read_json(artifacts / "look.json") if booked else {}
        return cls(folder, precisions, latency, parity, look)

    def bytes(self, precision: Precision) -> int:
        """Return the size of a pruned file."""
        return (self.folder / f"{stem(precision)}.onnx").stat().st_size

    def costs(self, precision: Precision) -> Costs:
        """Return size and times of a pruned file beside the dense one's."""
        return Costs.of_files(self.sizes(precision), self.times(precision))

    def sizes(self, precision: Precision) -> dict[str, int]:
        """Return the bytes of the dense file and of a pruned one."""
        dense = (self.folder / "dense.onnx").stat().st_size
        return {"dense": dense, "pruned": self.bytes(precision)}

    def times(self, precision: Precision) -> Json:
        """Return a pruned file's latency, as ``latency.json`` has one file's."""
        return {**self.latency, "times": self.latency["times"][precision]}

    def operating_points(self, precision: Precision) -> dict[str, Json]:
        """Return where the dense file and a pruned one decide; {} of several classes."""
        found = read_json(self.folder / "operating_points.json")
        names = {"baseline": "dense", "candidate": stem(precision)}
        return {model: found[name] for model, name in names.items()} if found else {}

    def predictions(self, name: str, split: str) -> Predictions:
        """Return one file's predictions, and refuse those of any other file."""
        loaded = predictions.load(self.folder / "predictions" / f"{name}-{split}.parquet")
        file = self.folder / f"{name}.onnx"
        found = sha256(file) if file.exists() else "missing"
        if loaded.model != found:
            raise InputError(
                f"predictions {name}-{split} are of file {loaded.model}, but {name}.onnx is "
                f"{found}; "
                "the verdict must be about the file that goes out. Run export again."
            )
        return self.evaluated(loaded) if split == "test" else loaded

    def evaluated(self, test: Predictions) -> Predictions:
        """Return those of the test rows that are evaluated: all, or the fresh ones of a part."""
        ids = self.look.get("part", {}).get("rows")
        if ids is None:
            return test
        rows = np.flatnonzero(np.isin(test.ids, ids))
        if len(rows) < len(ids):
            raise InputError(
                f"look.json names {len(ids):,} rows that top up a look, and the test split holds "
                f"{len(rows):,} of them. The flow writes it: use faircompress run."
            )
        return taken(test, rows)
