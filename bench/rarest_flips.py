"""How many of the rarest people flip at 4x, by their share, fine-tuning and seed?

The embedded data's dense model is trained, pruned 4x and fine-tuned; 1,200 blond people with short
hair are drawn with another seed than the project's, so that its test split stays unseen. Both
files decide as often as the dense one does on validation. About 3 minutes a row, 2 a dense model;
what a folder holds is not trained again:

    OMP_NUM_THREADS=1 python bench/rarest_flips.py FOLDER [--seeds 1 2 3] [--only NAME]
"""

import argparse
from pathlib import Path

import numpy as np

from faircompress.config.params import load
from faircompress.data.dataset import load_split
from faircompress.data.sources.portraits import portraits
from faircompress.networks import network
from faircompress.orchestration.workspace import slug
from faircompress.stages.prune import prune
from faircompress.stages.source import source
from faircompress.stages.train import train
from faircompress.stages.validate import validate
from faircompress.support.files import write_json

PARAMS = Path(__file__).parent.parent / "params.yaml"
FRESH = 999  # seed of the people drawn anew
FREE = "prune.round_to=1"  # the same network on every machine
SETTINGS = {  # name -> what differs from params.yaml in the data, and in pruning
    "1 %, PW": (["data.portraits.rare_share=0.01"], []),
    "1 %, distillation": (["data.portraits.rare_share=0.01"], ["prune.finetune.name=distillation"]),
    "1.5 %, PW": ([], []),
    "1.5 %, PW, 16x": ([], ["prune.speedup=16"]),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for what is trained")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", help="a setting's name begins so", default="")
    asked = parser.parse_args()
    people = fresh_people()
    print("| rarest, fine-tuning | seed | TPR, dense | TPR, pruned | flips | gained |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, (shares, pruning) in SETTINGS.items():
        for seed in asked.seeds if name.startswith(asked.only) else ():
            data = [*shares, f"train.seed={seed}", f"prune.seed={seed}"]
            artifacts = trained(asked.folder.resolve(), data)
            prune(load(PARAMS, [*data, FREE, *pruning]), artifacts)
            dense, pruned = found(artifacts, people)
            lost, gained = (dense & ~pruned).mean(), (~dense & pruned).mean()
            print(f"| {name} | {seed} | {dense.mean():.3f} | {pruned.mean():.3f} | {lost:.3f} | "
                  f"{gained:.3f} |", flush=True)  # fmt: skip


def trained(folder: Path, data: list[str]) -> Path:
    """Train the dense model unless that was done; return the folder of results."""
    params = load(PARAMS, data)
    artifacts = folder / slug(data) / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    if not (artifacts / "train" / "model.pt").exists():
        for stage in (source, validate, train):
            numbers = stage(params, artifacts)
            write_json(artifacts / f"{stage.__name__}.json", numbers)
    return artifacts


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
