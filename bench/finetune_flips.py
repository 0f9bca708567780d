"""How many of the rarest people flip, by fine-tuning and seed, on people drawn anew?

The dense model of the embedded data is pruned 4x and tuned; 1,200 blond people with short hair are
drawn with another seed than the project's, so that its test split stays unseen. Both files decide
as often as the dense one does on validation. After `faircompress run`:

    OMP_NUM_THREADS=1 python bench/finetune_flips.py artifacts [--seeds 1 2 3]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from faircompress.config.params import load
from faircompress.data.dataset import load_split
from faircompress.data.sources.portraits import portraits
from faircompress.networks import network
from faircompress.stages.prune import prune

PARAMS = Path(__file__).parent.parent / "params.yaml"
FRESH = 999  # seed of the people drawn anew
SETTINGS = {
    "PW (.8, .5), the default": [],
    "PW (1, 1): targets alone": [
        f"prune.{part}.performance_weighted={{min_weight: 1.0, gamma: 1.0}}"
        for part in ("scoring", "finetune")
    ],
    "distillation": ["prune.finetune.name=distillation"],
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artifacts", type=Path, help="with the folders validate and train")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", help="a setting's name begins so", default="")
    asked = parser.parse_args()
    known, people = asked.artifacts.resolve(), fresh_people()
    print("| fine-tuning | seed | TPR, dense | TPR, pruned | flips | gained |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, changes in SETTINGS.items():
        for seed in asked.seeds if name.startswith(asked.only) else ():
            with tempfile.TemporaryDirectory() as folder:
                artifacts = Path(folder) / "artifacts"
                artifacts.mkdir()
                for stage in ("validate", "train"):
                    (artifacts / stage).symlink_to(known / stage)
                prune(load(PARAMS, [*changes, f"prune.seed={seed}"]), artifacts)
                dense, pruned = found(artifacts, people)
            lost, gained = (dense & ~pruned).mean(), (~dense & pruned).mean()
            print(f"| {name} | {seed} | {dense.mean():.3f} | {pruned.mean():.3f} | {lost:.3f} | "
                  f"{gained:.3f} |", flush=True)  # fmt: skip


def fresh_people() -> np.ndarray:
    """Return pictures of blond people with short hair, uint8 ``(rows, height, width, 3)``."""
    raw = portraits(seed=FRESH)
    rows = raw.rows
    chosen = (rows["split"] == "test") & (rows["hair"] == "short") & (rows["label"] == 1)
    return np.stack([np.asarray(raw.read(int(row))) for row in np.flatnonzero(chosen)])


def found(artifacts: Path, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell who is found to be blond by the dense and by the pruned network, booleans."""
    validation = load_split(artifacts / "validate", "validation").images
    files = [artifacts / stage / "model.pt" for stage in ("train", "prune")]
    scores = [
        [network.probabilities(network.load(file), pictures, "cpu", what="")[:, 1]
         for pictures in (validation, people)]
        for file in files
    ]  # fmt: skip
    selected = int((scores[0][0] > 0.5).sum())
    threshold = np.sort(scores[1][0])[::-1][selected - 1]
    return scores[0][1] > 0.5, scores[1][1] >= threshold


if __name__ == "__main__":
    main()
