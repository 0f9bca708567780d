"""At equal accuracy on held-out pictures, is our file faster than Torch-Pruning's?

    python bench/equal_accuracy.py make OUT --device cuda --jobs 15 --minutes 9
    OMP_NUM_THREADS=1 python bench/equal_accuracy.py time OUT

Per seed a dense network is trained on CIFAR-10 from random weights. It is cut by our defaults
(Taylor, cross-entropy, ``round_to: auto``) to 2, 4 and 8 times fewer multiply-adds, and by
Torch-Pruning to 2 and 4 times, in four ways (``equal_cuts.py``); ours with free widths stands
beside. All are tuned alike, exported in the same wrapper, and timed in turns beside the dense file,
one thread, processor time.

Endpoint, written before the first run: the accuracy of ours where it is **as fast as** a file of
Torch-Pruning's, minus that file's. Ours is read off the line through the dense network and our
files, in the logarithm of how much faster they are than dense; a file faster than all of ours has
no such point and is counted; one slower than dense is compared with the dense network. Mean over a
seed's files, 95 % t interval over seeds. Above 0: at equal accuracy ours is the faster one. Nothing
is chosen on test pictures. Finished networks stay in OUT; a stopped `make` goes on with the rest.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from equal_cuts import ARMS
from latency import MEAN, STD, macs, opened
from paired import paired
from scipy import stats
from torch.nn.functional import interpolate

from faircompress.config.params import Params, load
from faircompress.data.dataset import Facts, Split
from faircompress.data.sources.cifar10 import CLASSES, cifar10
from faircompress.networks import network as networks
from faircompress.networks.network import Network, probabilities
from faircompress.support.files import read_json, write_json
from faircompress.training.fit import fabric_for, fit
from faircompress.training.objectives.cross_entropy import cross_entropy

ROOT = Path(__file__).parent.parent
OURS, DENSE = "ours", "dense"
SPEEDUPS = {arm: (2, 4, 8) if arm == OURS else (2, 4) for arm in ARMS}


@dataclass(frozen=True)
class Model:
    """A network: its name, pixels; pictures and epochs before a cut, and after it."""

    name: str
    side: int
    pictures: int
    epochs: int
    tuned_on: int
    tuning: int


@dataclass(frozen=True)
class Timed:
    """A network's file: multiply-adds and time against dense, and how many it decides rightly."""

    model: str
    seed: int
    arm: str
    asked: float
    macs: float
    accuracy: float
    milliseconds: float
    faster: float


MODELS = (
    Model("resnet56", 32, 40_000, 25, 20_000, 1),
    Model("mobilenet_v2", 64, 20_000, 30, 20_000, 10),
)


def main() -> None:
    """Make what is missing, or time what there is and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("make", "time"))
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", default=str(ROOT.parent / "shared/data/cifar10"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--models", nargs="+", default=[model.name for model in MODELS])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=ARMS)
    parser.add_argument("--device", default="cpu", help="of training and cutting")
    parser.add_argument("--jobs", type=int, default=1, help="networks made at a time")
    parser.add_argument("--liked", type=int, default=16, help="multiple, where files are timed")
    parser.add_argument("--minutes", type=float, default=10_000, help="after which all stops")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=60, help="of timed runs")
    parser.add_argument("--one", default="", help="the file to make in this process")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.one:
        make(Path(asked.one), asked)
    elif asked.what == "make":
        make_all(asked)
    else:
        models = [model for model in MODELS if model.name in asked.models]
        show([row for model in models for seed in asked.seeds for row in timed(model, seed, asked)])


def wanted(asked: argparse.Namespace) -> list[Path]:
    """Return all networks' files: the dense ones first, then seed by seed."""
    cuts = [f"{arm}@{speedup}" for arm in asked.arms for speedup in SPEEDUPS[arm]]
    folders = [asked.out / name / str(seed) for name in asked.models for seed in asked.seeds]
    return [f / f"{DENSE}.json" for f in folders] + [f / f"{c}.json" for f in folders for c in cuts]


def make_all(asked: argparse.Namespace) -> None:
    """Make what is missing, each in a process of its own, a dense network before its cuts."""
    asked.out.mkdir(parents=True, exist_ok=True)
    pictures(asked)
    start = time.monotonic()
    running: dict[Path, subprocess.Popen[bytes]] = {}
    todo = [path for path in wanted(asked) if not path.exists()]
    while (todo or running) and (late := time.monotonic() - start) < 60 * asked.minutes:
        for path in [p for p in todo if p.stem == DENSE or p.with_stem(DENSE).exists()]:
            if len(running) < asked.jobs:
                todo.remove(path)
                running[path] = subprocess.Popen(
                    [sys.executable, __file__, *sys.argv[1:], "--one", str(path)],
                    env=os.environ | {"OMP_NUM_THREADS": str(asked.threads)},
                )
        for path in [p for p, process in running.items() if process.poll() is not None]:
            failed = running.pop(path).returncode
            print(f"{late:6.1f} s  {path}", "failed" if failed else path.read_text(), flush=True)
        time.sleep(0.1)
    for process in running.values():
        process.kill()


def pictures(asked: argparse.Namespace) -> None:
    """Write the pictures as arrays, once: train rows in the order of their files, and test."""
    if (asked.out / "test.npz").exists():
        return
    raw = cifar10(root=asked.data)
    for name in ("train", "test"):
        here = np.flatnonzero((raw.rows["split"] == name).to_numpy())
        here = here[: max(model.pictures for model in MODELS)]
        images = np.stack([np.asarray(raw.read(row)) for row in here.tolist()])
        labels = raw.rows["label"].to_numpy(np.int64)[here]
        np.savez(asked.out / f"{name}.npz", images=images, labels=labels)


def split(model: Model, name: str, asked: argparse.Namespace) -> Split:
    """Return a split at a network's size; its classes are its groups."""
    with np.load(asked.out / f"{name}.npz") as known:
        count = model.pictures if name == "train" else None
        images, labels = known["images"][:count], known["labels"][:count]
    if model.side != images.shape[1]:
        planes = torch.as_tensor(images).permute(0, 3, 1, 2)
        larger = interpolate(planes, (model.side,) * 2, mode="bilinear", antialias=True)
        images = larger.permute(0, 2, 3, 1).contiguous().numpy()
    return Split(pd.DataFrame({"label": labels}), images, labels, labels, len(CLASSES))


def make(path: Path, asked: argparse.Namespace) -> None:
    """Train a dense network, or cut and tune one; its JSON file says that it is whole."""
    model = next(m for m in MODELS if m.name == path.parent.parent.name)
    seed, arm, _, speedup = int(path.parent.name), *path.stem.partition("@")
    params, facts = recipe(model, float(speedup or 2), seed, asked.device), facts_of(model)
    train = split(model, "train", asked)
    if arm == DENSE:
        torch.manual_seed(seed)
        net = networks.build(model.name, len(CLASSES))
        network, stage, fewer = Network(net, model.name, len(CLASSES), MEAN, STD), "train", 1.0
    else:
        dense, stage = networks.load(path.with_name(f"{DENSE}.pt")), "prune"
        train = train.part(np.arange(model.tuned_on))
        network = ARMS[arm](dense, train, facts, params, asked.liked)
        fewer = macs(dense, facts) / macs(network, facts)
    how = getattr(params, stage)
    fit(network, train, cross_entropy, how, fabric_for(params.compute), seed=seed, what=stage)
    test = split(model, "test", asked)
    right = probabilities(network, test.images, asked.device).argmax(1) == test.labels
    path.parent.mkdir(parents=True, exist_ok=True)
    networks.save(network, path.with_suffix(".pt"))
    write_json(path, {"macs": fewer, "accuracy": float(right.mean())})


def recipe(model: Model, speedup: float, seed: int, device: str) -> Params:
    """Return how all are trained, cut and tuned."""
    alike = {"optimizer": "adamw", "schedule": "cosine", "batch": 256, "augment": "[flip, crop]"}
    return load(ROOT / "params.yaml", [
        f"compute.device={device}", f"train.epochs={model.epochs}", "train.lr=0.003",
        f"prune.epochs={model.tuning}", "prune.lr=0.001", "prune.round_to=auto",
        f"prune.speedup={speedup:g}", f"prune.seed={seed}", f"train.seed={seed}",
        f"compute.precision={'32-true' if device == 'cpu' else 'bf16-mixed'}",
        "prune.scoring.name=cross_entropy", "prune.finetune.name=cross_entropy",
        *(f"{stage}.{key}={value}" for stage in ("train", "prune") for key, value in alike.items()),
    ])  # fmt: skip


def facts_of(model: Model) -> Facts:
    """Return what a file's wrapper must know of the pictures."""
    return Facts(CLASSES, (), (model.side,) * 2, MEAN, STD, "", {})


def timed(model: Model, seed: int, asked: argparse.Namespace) -> list[Timed]:
    """Time each file of a seed beside the dense one."""
    folder, facts = asked.out / model.name / str(seed), facts_of(model)
    known = [path for path in wanted(asked) if path.parent == folder and path.exists()]
    images = split(model, "test", asked).images[:64] if known else np.empty(0)
    rows: list[Timed] = []
    for path in known:
        arm, _, speedup = path.stem.partition("@")
        network = networks.load(path.with_suffix(".pt"))
        session = opened(network, facts, path.with_suffix(".onnx"), asked)
        if arm == DENSE:
            dense = session
        time = paired(dense, session, images, batch=1, pairs=asked.pairs)
        faster = 1.0 if arm == DENSE else time.faster
        found = read_json(path)
        rows.append(
            Timed(model.name, seed, arm, float(speedup or 1), found["macs"], found["accuracy"],
                  time.milliseconds, faster)
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def show(rows: list[Timed]) -> None:
    """Print each file by its means over seeds, and the endpoint."""
    for model in [model for model in MODELS if any(row.model == model.name for row in rows)]:
        here = [row for row in rows if row.model == model.name]
        seeds = len({row.seed for row in here})
        print(f"\n| {model.name}, {model.side} px, {seeds} seeds | MACs | accuracy "
              "| ms, batch 1 | faster than dense |\n|---|--:|--:|--:|--:|")  # fmt: skip
        for arm, asked in dict.fromkeys((row.arm, row.asked) for row in here):
            alike = [row for row in here if (row.arm, row.asked) == (arm, asked)]
            mac, right, ms, faster = (
                float(np.mean([getattr(row, key) for row in alike]))
                for key in ("macs", "accuracy", "milliseconds", "faster")
            )
            print(f"| {arm} {asked:g}x | {mac:.2f} | {right:.3f} | {ms:.3f} | {faster:.2f} |")
        print("\n| other cut | at equal time, ours minus its accuracy (95 %) | seeds "
              "| files | faster than all of ours |\n|---|--:|--:|--:|--:|")  # fmt: skip
        for arm in [arm for arm in ARMS if arm != OURS and any(row.arm == arm for row in here)]:
            gains, beyond = gains_of(here, arm)
            files = sum(map(len, gains))
            print(f"| {arm} | {interval([float(np.mean(g)) for g in gains if g])} "
                  f"| {sum(map(bool, gains))} | {files} | {beyond} |")  # fmt: skip


def gains_of(rows: list[Timed], arm: str) -> tuple[list[list[float]], int]:
    """Return by seed what ours is more accurate at each file's speed; how many are beyond."""
    gains, beyond = [], 0
    for seed in sorted({row.seed for row in rows}):
        own = [row for row in rows if row.seed == seed and row.arm in (OURS, DENSE)]
        own.sort(key=lambda row: row.faster)
        found: list[float] = []
        for other in (row for row in rows if (row.seed, row.arm) == (seed, arm)):
            if other.faster > own[-1].faster:
                beyond += 1
                continue
            speeds, right = np.log([r.faster for r in own]), [r.accuracy for r in own]
            found.append(float(np.interp(np.log(other.faster), speeds, right)) - other.accuracy)
        gains.append(found)
    return gains, beyond


def interval(values: list[float]) -> str:
    """Return mean and t interval."""
    if len(values) < 2:
        return f"{np.mean(values):+.4f}" if values else "none"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    mean = float(np.mean(values))
    return f"{mean:+.4f} ({mean - half:+.4f}, {mean + half:+.4f})"


if __name__ == "__main__":
    main()
