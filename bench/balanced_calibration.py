"""Does calibration on as many pictures of each cell serve the rarest people better in int8?

Written before the first run. Of each of 8 data seeds the embedded data's dense model is trained and
pruned 4x as ``params.yaml`` says, and both are reduced to int8 with ``export.int8.balanced`` true
and false, on 500 pictures (the default) and on 32, where balance matters more. People drawn anew
are judged: of the rarest cell (blond, short hair) and of all others. Each file decides as often as
the dense float32 one does on validation, as the stage ``export`` has it.

Endpoint: of the pruned networks at 500 pictures, the share of the rarest people that int8 loses
(found by the float32 file, not by the int8 one), plain minus balanced, mean over data seeds with a
95 % t interval. All else is described, not tested. Five minutes a seed on one thread; what a folder
holds is not trained again, and the predictions are kept:

    OMP_NUM_THREADS=1 python bench/balanced_calibration.py FOLDER [--seeds 1 2 3 4 5 6 7 8]
"""

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from rarest_flips import PARAMS
from scipy import stats

from faircompress.config.params import load
from faircompress.data.dataset import load_facts, load_split
from faircompress.data.sources.portraits import portraits
from faircompress.export import runtime
from faircompress.export.quantize import calibration_pictures, to_int8
from faircompress.export.to_onnx import to_onnx
from faircompress.networks import network
from faircompress.stages.prune import prune
from faircompress.stages.source import source
from faircompress.stages.train import train
from faircompress.stages.validate import validate
from faircompress.support.files import write_bytes, write_json

FRESH = 900  # added to a seed: of the people who are judged
COUNTS = (500, 32)
WAYS = {"balanced": True, "plain": False}
PEOPLE = ("rarest", "others")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for what is trained")
    parser.add_argument("--seeds", type=int, nargs="+", default=[*range(1, 9)])
    asked = parser.parse_args()
    rows = [row for seed in asked.seeds for row in judged(asked.folder / str(seed), seed)]
    table = pd.DataFrame(rows)
    how = ["network", "pictures", "calibration"]
    means = table.groupby(how, sort=False)[[c for c in table if c not in (*how, "seed")]].mean()
    print(f"{len(asked.seeds)} data seeds, means\n\n{means.round(4).to_markdown()}\n")
    for net, count in product(("pruned", "dense"), COUNTS):
        of = table[(table["network"] == net) & (table["pictures"] == count)]
        lost = of.pivot_table(index="seed", columns="calibration", values="lost, rarest")
        gap = lost["plain"] - lost["balanced"]
        half = stats.t.ppf(0.975, len(gap) - 1) * gap.std(ddof=1) / np.sqrt(len(gap))
        words = f"{gap.mean():+.4f} ({gap.mean() - half:+.4f}, {gap.mean() + half:+.4f})"
        print(f"lost of the rarest, plain minus balanced, {net}, {count} pictures: {words}")


def judged(folder: Path, seed: int) -> list[dict[str, object]]:
    """Return a row for each int8 file of a data seed; made once."""
    kept = folder / "rows.json"
    if not kept.exists():
        data = [f"{section}={seed}" for section in ("data.portraits.seed", "train.seed")]
        params = load(PARAMS, [*data, f"prune.seed={seed}", "prune.round_to=1"])
        artifacts = folder / "artifacts"
        artifacts.mkdir(parents=True, exist_ok=True)
        for stage in (source, validate, train, prune):
            done = artifacts / f"{stage.__name__}.json"
            if not done.exists():
                write_json(done, stage(params, artifacts))
        write_json(kept, rows_of(artifacts, seed))
    return list(json.loads(kept.read_text()))


def rows_of(artifacts: Path, seed: int) -> list[dict[str, object]]:
    """Reduce both networks in each way, and judge people drawn anew."""
    raw = portraits(seed=FRESH + seed)
    test = raw.rows[raw.rows["split"] == "test"]
    pictures = np.stack([np.asarray(raw.read(int(row))) for row in test.index])
    rarest = ((test["hair"] == "short") & (test["label"] == 1)).to_numpy()
    validated, facts = artifacts / "validate", load_facts(artifacts / "validate")
    validation = load_split(validated, "validation").images
    rows: list[dict[str, object]] = []
    selected = 0
    for name, stage in (("dense", "train"), ("pruned", "prune")):
        net = network.load(artifacts / stage / "model.pt")
        whole = to_onnx(net, facts.size, opset=20, words={})
        scores, found, selected = decided(whole, artifacts, pictures, validation, selected)
        for count, (way, balanced) in product(COUNTS, WAYS.items()):
            on = calibration_pictures(validated, count=count, balanced=balanced)
            content = to_int8(whole, on, weight_bits=8)
            said, kept, _ = decided(content, artifacts, pictures, validation, selected)
            row: dict[str, object] = {
                "seed": seed, "network": name, "pictures": count, "calibration": way
            }  # fmt: skip
            for people, chosen in zip(PEOPLE, (rarest, ~rarest), strict=True):
                positive = chosen & (test["label"] == 1).to_numpy()
                row[f"n, {people}"] = int(positive.sum())
                row[f"TPR fp32, {people}"] = float(found[positive].mean())
                row[f"TPR int8, {people}"] = float(kept[positive].mean())
                row[f"lost, {people}"] = float((found & ~kept)[positive].mean())
                row[f"moved, {people}"] = float(np.abs(said - scores)[chosen].mean())
            rows.append(row)
    return rows


def decided(
    content: bytes, folder: Path, pictures: np.ndarray, validation: np.ndarray, selected: int
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return scores, decisions, and how many validation rows are selected (0: as 0.5 has it)."""
    write_bytes(folder / "tried.onnx", content)
    opened = runtime.session(folder / "tried.onnx", "cpu", threads=1)
    known, said = (runtime.predict(opened, of)[:, 1] for of in (validation, pictures))
    selected = selected or int((known > 0.5).sum())
    return said, said >= np.sort(known)[::-1][selected - 1], selected


if __name__ == "__main__":
    main()
