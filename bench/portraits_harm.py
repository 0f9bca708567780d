"""Does plain pruning harm the rare group of `portraits`, and nobody in the neutral data?

For each seed a dense network is trained on the default data and on neutral data (label and hair
length independent, blond with short hair as common as it should be), cut 16x with the recipe of
params.yaml but under plain cross-entropy on hard labels, and tuned once. What a group lost is
measured on the test split. `python bench/portraits_harm.py --seeds 3` prints Markdown.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy import stats
from sklearn.metrics import roc_auc_score

from faircompress.compression import compress
from faircompress.dataset import Split, group_indices
from faircompress.datasets import SPLITS
from faircompress.datasets.portraits import portraits
from faircompress.networks import Network, build, probabilities
from faircompress.objectives.cross_entropy import cross_entropy
from faircompress.params import Params, load
from faircompress.training import fabric_for, fit

DATA = {"default": {}, "neutral": {"rare_share": 0.175, "correlation": 0.0}}
RECIPE = ("prune.speedup=16",)  # -S may say otherwise
PLAIN = (
    "prune.speedup=16",
    "prune.scoring.name=cross_entropy",
    "prune.tuning.name=cross_entropy",
)
GROUPS = {"hair": ("long", "short"), "skin": ("light", "medium", "dark")}
THRESHOLD = 0.5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 1")
    parser.add_argument("--data", nargs="+", choices=list(DATA), default=list(DATA))
    parser.add_argument("-S", action="append", default=[], metavar="section.key=value")
    asked = parser.parse_args()
    for data in asked.data:
        found = {}
        for seed in range(1, asked.seeds + 1):
            choices = [*RECIPE, *asked.S, *PLAIN, *_seeds(seed)]
            found[seed] = run(data, load(Path("params.yaml"), choices))
            print(f"{data}, seed {seed}: {found[seed]}", file=sys.stderr, flush=True)
        print(f"\n## {data} data\n\n{table(pd.DataFrame(found))}", flush=True)


def run(data: str, params: Params) -> dict[str, float]:
    """Train, cut and tune once; return what was measured on the test split, and seconds."""
    start = time.perf_counter()
    splits, classes = drawn(params.train.seed, DATA[data])
    fabric = fabric_for(params.compute)
    marks = [time.perf_counter()]
    how = params.train
    dense = untrained(how.model, classes, splits["train"], how.seed)
    fit(dense, splits["train"], cross_entropy, how, fabric, seed=how.seed, what="training")
    marks.append(time.perf_counter())
    pruned, cut = compress(dense, splits["train"], params.prune, fabric.device)
    tune = params.prune
    fit(pruned, splits["train"], cross_entropy, tune, fabric, seed=tune.seed, what="fine-tuning")
    marks.append(time.perf_counter())
    before, after = (
        probabilities(network, splits["test"].images)[:, 1] for network in (dense, pruned)
    )
    seconds = dict(zip(("draw", "train", "prune and tune"), np.diff([start, *marks]), strict=True))
    return {
        **harm(splits["test"].rows, before, after),
        "speed-up": cut.speedup,
        **{f"{what}, s": value for what, value in seconds.items()},
    }


def drawn(seed: int, options: dict[str, float]) -> tuple[dict[str, Split], int]:
    """Draw all splits into memory, as `validate` would hand them on."""
    raw = portraits(seed=seed, **options)  # type: ignore[arg-type]
    images = np.stack([np.asarray(raw.read(row)) for row in range(len(raw.rows))])
    splits = {}
    for name in SPLITS:
        here = (raw.rows["split"] == name).to_numpy()
        rows = raw.rows[here].reset_index(drop=True)
        groups, count = group_indices(raw.rows, raw.groups)
        labels = rows["label"].to_numpy(np.int64, copy=True)
        splits[name] = Split(rows, images[here], labels, groups[here], count)
    return splits, len(raw.classes)


def untrained(model: str, classes: int, train: Split, seed: int) -> Network:
    """Build the network that is to learn the train split, by whose moments it normalises."""
    torch.manual_seed(seed)
    pixels = train.images / np.float32(255)
    mean, std = (tuple(moment((0, 1, 2)).tolist()) for moment in (pixels.mean, pixels.std))
    return Network(build(model, classes), model, classes, mean, std)


def harm(rows: pd.DataFrame, before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    """Return dense rates, and changes (pruned minus dense), of groups and cells."""
    found: dict[str, float] = {}
    masks = {f"{c}={g}": (rows[c] == g).to_numpy() for c, gs in GROUPS.items() for g in gs}
    label, weight = rows["label"].to_numpy(), rows["weight"].to_numpy()
    for group, mask in masks.items():
        found[f"AUROC dense, {group}"] = _auroc(label, before, mask)
    for group, mask in masks.items():
        found[f"AUROC change, {group}"] = (
            _auroc(label, after, mask) - found[f"AUROC dense, {group}"]
        )
    right = {
        side: ((said >= THRESHOLD) == (label == 1)) for side, said in (("d", before), ("p", after))
    }
    for hair, name in (("short", "rare cell, blond short"), ("long", "majority, blond long")):
        cell = masks[f"hair={hair}"] & (label == 1)
        dense, pruned = (right[side][cell].mean() for side in "dp")
        found |= {f"TPR dense, {name}": dense, f"TPR pruned, {name}": pruned}
        found[f"TPR change, {name}"] = pruned - dense
    for hair in GROUPS["hair"]:
        cell = masks[f"hair={hair}"] & (label == 0)
        found[f"accuracy change, not blond, hair={hair}"] = (
            right["p"][cell].mean() - right["d"][cell].mean()
        )
    lost = right["d"].astype(float) - right["p"]
    pooled = np.average(lost, weights=weight)
    found["accuracy dense, pooled"] = np.average(right["d"], weights=weight)
    found["accuracy change, pooled"] = -pooled
    for group, mask in masks.items():
        found[f"excess harm, {group}"] = np.average(lost[mask], weights=weight[mask]) - pooled
    return found


def table(found: pd.DataFrame) -> str:
    """Return measures by seed as Markdown, with the mean and its 95 % t-interval."""
    lines = [
        "| measure | " + " | ".join(f"seed {seed}" for seed in found) + " | mean | 95 % interval |",
        "|---|" + "---:|" * (found.shape[1] + 2),
    ]
    for name, values in found.iterrows():
        digits = 1 if str(name).endswith(", s") or name == "speed-up" else 4
        cells = [f"{value:.{digits}f}" for value in (*values, values.mean())]
        lines.append(f"| {name} | {' | '.join(cells)} | {_interval(values.to_numpy(), digits)} |")
    return "\n".join(lines)


def _auroc(label: np.ndarray, said: np.ndarray, mask: np.ndarray) -> float:
    return float(roc_auc_score(label[mask], said[mask]))


def _interval(values: np.ndarray, digits: int) -> str:
    if len(values) < 2:
        return "needs two seeds"
    reach = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean() - reach:.{digits}f} to {values.mean() + reach:.{digits}f}"


def _seeds(seed: int) -> tuple[str, ...]:
    return f"train.seed={seed}", f"prune.seed={seed}"


if __name__ == "__main__":
    main()
