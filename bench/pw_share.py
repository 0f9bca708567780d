"""What share of the loss does the performance-weighted objective give to the rarest cell?

For each finished run (a folder with artifacts/validate and artifacts/train, such as one of a study
under variants/) one epoch of train pictures is shown to the dense model, augmented as in training,
and the weights are summed. A share of weights, not of losses: what pruning does to the losses is
not known yet when the weights are. With --folds N the same by dense models that never saw the
picture's person, which are trained for it (N - 1 dense trainings). Seconds a folder without it:

    OMP_NUM_THREADS=1 python bench/pw_share.py variants/remedies,portraits,small,s301 [--folds 3]
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from faircompress.config.params import load
from faircompress.data.dataset import Facts, Split, load_facts, load_split
from faircompress.networks import network
from faircompress.study.cells import cell_counts
from faircompress.training.batch_loader import Batch, BatchLoader
from faircompress.training.cross_fitting import cross_fitted
from faircompress.training.fit import fabric_for

SETTINGS = {"thesis, Taylor on CelebA (.8, .5)": (0.8, 0.5), "default (.3, 1)": (0.3, 1.0),
            "no floor (0, 1)": (0.0, 1.0), "no floor, steep (0, 4)": (0.0, 4.0)}  # fmt: skip
SURE = 0.9


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--folds", type=int, default=0)
    asked = parser.parse_args()
    print("| run | probabilities | rarest cell | of rows | " + " | ".join(SETTINGS)
          + " | of dense mistakes | surer than .9 of the truth |")  # fmt: skip
    print("|---|---|---|" + "--:|" * (len(SETTINGS) + 3))
    for run in asked.runs:
        for name, served, right, rare, cell in _served(run, asked.folds):
            shares = [_share(_weights(served, *setting), rare) for setting in SETTINGS.values()]
            numbers = [rare.mean(), *shares, _share(~right, rare), (served > SURE).mean()]
            words = " | ".join(f"{number:.2%}" for number in numbers)
            print(f"| {run.name} | {name} | {cell} | {words} |", flush=True)


def _served(run: Path, folds: int) -> list[tuple[str, np.ndarray, np.ndarray, np.ndarray, str]]:
    """Return, by source: probability of the truth, right, whether a row is of the rarest cell."""
    artifacts, params = run / "artifacts", load(run / "params.yaml")
    facts, split = load_facts(artifacts / "validate"), load_split(artifacts / "validate", "train")
    dense = network.load(artifacts / "train" / "model.pt")
    rare, cell = _rarest(split, facts)
    feed = BatchLoader(split, dense, batch=min(500, len(split)), augment=params.train.augment,
                       seed=params.prune.seed)  # fmt: skip

    def of(
        name: str, say: Callable[[Any], Any]
    ) -> tuple[str, np.ndarray, np.ndarray, np.ndarray, str]:
        served, right, rows = [], [], []
        for batch in feed.epoch(0):
            probs = say(batch)
            served.append(probs[torch.arange(len(probs)), batch.labels].numpy())
            right.append((probs.argmax(1) == batch.labels).numpy())
            rows.append(batch.rows.numpy())
        return name, *map(np.concatenate, (served, right)), rare[np.concatenate(rows)], cell

    @torch.no_grad()
    def dense_says(batch: Batch) -> torch.Tensor:
        return dense.net(batch.images).softmax(1)

    found = [of("the dense model's", dense_says)]
    if folds:
        with tempfile.TemporaryDirectory() as kept:
            models = cross_fitted(
                params.train, facts, split, folds, fabric_for(params.compute), Path(kept)
            )
        found.append(of(f"held out, {folds} folds", models.probs))
    return found


def _rarest(split: Split, facts: Facts) -> tuple[np.ndarray, str]:
    """Return which rows are of the cell with the fewest, and its name."""
    counts = cell_counts(split.rows, facts.classes, facts.groups)
    cell = str(counts.idxmin())
    label, _, group = cell.rpartition(", ")
    column, _, value = group.partition("=")
    return (
        (split.rows[column] == value) & (split.labels == facts.classes.index(label))
    ).to_numpy(), cell


def _weights(served: np.ndarray, min_weight: float, gamma: float) -> np.ndarray:
    return np.asarray(min_weight + (1 - min_weight) * (1 - served) ** gamma)


def _share(weights: np.ndarray, rare: np.ndarray) -> float:
    return float(weights[rare].sum() / weights.sum())


if __name__ == "__main__":
    main()
