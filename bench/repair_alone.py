"""What does the repair after a cut save before anything is tuned?

The dense networks of a study that was run (``python bench/study_alone.py NAME``) are cut as its
first method says, at several speed-ups, with and without the repair (docs/methods.md), and asked
about the test rows: the share decided as the dense network does, accuracy, and seconds of a
processor that the cut takes. Means over the seeds, and the least and most:

    OMP_NUM_THREADS=1 python bench/repair_alone.py [NAME] [--speedups 2 4 16] [--pictures 1000]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from faircompress.compression.compress import compress
from faircompress.config.params import Params, load
from faircompress.data.dataset import Split, load_split
from faircompress.networks import network
from faircompress.networks.network import Network
from faircompress.study import plan as plans

Scores = tuple[float, float, float]  # as dense, accuracy, seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", default="repair")
    parser.add_argument("--speedups", type=float, nargs="+", default=[2, 4, 16])
    parser.add_argument("--pictures", type=int, default=1000)
    asked = parser.parse_args()
    plan = plans.read(Path("studies") / f"{asked.study}.yaml")
    first = [cell for cell in plans.cells(plan, {}) if cell.method == next(iter(plan.methods))]
    runs = {}
    for cell in first:
        artifacts = Path("variants") / asked.study / cell.dense.key / "artifacts"
        overrides = plans.changes(plan, cell, Path("presets.yaml"))
        runs[artifacts] = load(Path("params.yaml"), overrides)
    print("| speed-up | repair | decided as dense | accuracy | s to cut |\n|--:|--:|--:|--:|--:|")
    for speedup in asked.speedups:
        for pictures in (0, asked.pictures):
            found = np.array([_scores(*run, speedup, pictures) for run in runs.items()])
            cells = [
                f"{mean:.3f} ({low:.3f} to {high:.3f})"
                for mean, low, high in zip(found.mean(0), found.min(0), found.max(0), strict=True)
            ]
            print(f"| {speedup:g}x | {pictures or '-'} | {' | '.join(cells)} |", flush=True)


def _scores(artifacts: Path, params: Params, speedup: float, pictures: int) -> Scores:
    train, test = (load_split(artifacts / "validate", name) for name in ("train", "test"))
    dense = network.load(artifacts / "train" / "model.pt")
    start = time.process_time()
    pruned = _cut(dense, train, params, speedup, pictures)
    took = time.process_time() - start
    answers = [network.probabilities(net, test.images).argmax(1) for net in (dense, pruned)]
    return float((answers[0] == answers[1]).mean()), float((answers[1] == test.labels).mean()), took


def _cut(dense: Network, train: Split, params: Params, speedup: float, pictures: int) -> Network:
    how = params.prune.model_copy(update={"speedup": speedup, "repair": pictures})
    return compress(dense, train, how)[0]


if __name__ == "__main__":
    main()
