"""At equal accuracy on held-out pictures, is our file faster than Torch-Pruning's?

    OMP_NUM_THREADS=1 python bench/equal_accuracy.py OUT --model resnet56
    OMP_NUM_THREADS=1 python bench/equal_accuracy.py OUT --model mobilenet_v2 --side 64

Per seed a dense network is trained on CIFAR-10 from random weights. It is cut by our defaults
(Taylor, cross-entropy, ``round_to: auto``) and by Torch-Pruning (magnitude, the same share of every
layer; and over all layers at once), each to every speed-up in multiply-adds. All are tuned alike,
exported in the same wrapper, and timed in turns beside the dense file.

Endpoint, written before the first run: the accuracy of ours where it is **as fast as** a file of
Torch-Pruning's, minus that file's. Ours is read off the line through the dense network and our
files, in the logarithm of how much faster they are than dense; a file faster than all of ours has
no such point and is counted. Mean over files and seeds, 95 % t interval over seeds. Above 0: at
equal accuracy ours is the faster one. Nothing is chosen on test pictures. Finished networks stay in
OUT, and a killed run goes on with the next one.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch_pruning as tp
from latency import MEAN, STD, like, macs, opened, uniform
from paired import paired
from scipy import stats
from torch.nn.functional import interpolate

from faircompress.compression.compress import compress
from faircompress.config.params import Params, load
from faircompress.data.dataset import Facts, Split
from faircompress.data.sources.cifar10 import CLASSES, cifar10
from faircompress.export.liked_width import liked_width
from faircompress.networks import network as networks
from faircompress.networks.layers import head
from faircompress.networks.network import Network, probabilities
from faircompress.support.files import read_json, write_json
from faircompress.training.fit import fabric_for, fit
from faircompress.training.objectives.cross_entropy import cross_entropy

ROOT = Path(__file__).parent.parent
OURS = "ours"


@dataclass(frozen=True)
class Made:
    """A network on disk: how fast against dense in multiply-adds and time, and how accurate."""

    seed: int
    arm: str
    asked: float
    macs: float
    accuracy: float
    milliseconds: float
    faster: float


def main() -> None:
    """Make what is missing, time all, print both tables."""
    asked = options()
    params = recipe(asked)
    torch.set_num_threads(asked.threads)
    splits = {name: split(asked, name) for name in ("train", "test")}
    facts = Facts(CLASSES, (), (asked.side,) * 2, MEAN, STD, "", {})
    made = []
    for seed in asked.seeds:
        folder = asked.out / f"{asked.model}-{asked.side}-{asked.pictures}" / str(seed)
        train_and_cut(folder, seed, params, splits, facts, asked)
        made += timed(folder, seed, facts, splits["test"].images, asked)
    show(made)


def options() -> argparse.Namespace:
    """Read the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="resnet56")
    parser.add_argument("--side", type=int, default=32, help="pixels")
    parser.add_argument("--data", default=str(ROOT.parent / "shared/data/cifar10"))
    parser.add_argument("--pictures", type=int, default=50_000, help="of the train split")
    parser.add_argument("--epochs", type=int, default=60, help="of the dense network")
    parser.add_argument("--tuning", type=int, default=20, help="epochs after a cut")
    parser.add_argument("--speedups", type=float, nargs="+", default=[2, 4, 8])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--device", default="cpu", help="of training and cutting")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=60, help="of timed runs")
    return parser.parse_args()


def recipe(asked: argparse.Namespace) -> Params:
    """Return how all are trained, cut and tuned."""
    alike = {"optimizer": "adamw", "schedule": "cosine", "batch": 128, "augment": "[flip, crop]"}
    return load(ROOT / "params.yaml", [
        f"compute.device={asked.device}", f"train.epochs={asked.epochs}", "train.lr=0.003",
        f"prune.epochs={asked.tuning}", "prune.lr=0.001", "prune.round_to=auto",
        "prune.scoring.name=cross_entropy", "prune.finetune.name=cross_entropy",
        *(f"{stage}.{key}={value}" for stage in ("train", "prune") for key, value in alike.items()),
    ])  # fmt: skip


def split(asked: argparse.Namespace, name: str) -> Split:
    """Return pictures of CIFAR-10 at the side asked for; the same ones for every seed."""
    raw = cifar10(root=asked.data)
    here = np.flatnonzero((raw.rows["split"] == name).to_numpy())
    if name == "train":
        here = np.sort(np.random.default_rng(0).permutation(here)[: asked.pictures])
    images = np.stack([np.asarray(raw.read(row)) for row in here.tolist()])
    if asked.side != images.shape[1]:
        planes = torch.as_tensor(images).permute(0, 3, 1, 2)
        larger = interpolate(planes, (asked.side,) * 2, mode="bilinear", antialias=True)
        images = larger.permute(0, 2, 3, 1).contiguous().numpy()
    labels = raw.rows["label"].to_numpy(np.int64)[here]
    return Split(raw.rows.iloc[here].reset_index(drop=True), images, labels, labels, len(CLASSES))


def train_and_cut(
    folder: Path,
    seed: int,
    params: Params,
    splits: dict[str, Split],
    facts: Facts,
    asked: argparse.Namespace,
) -> None:
    """Make what a seed lacks: the dense network, and each cut of it, tuned."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dense.json").exists():
        torch.manual_seed(seed)
        fresh = networks.build(asked.model, len(CLASSES))
        dense = Network(fresh, asked.model, len(CLASSES), MEAN, STD)
        teach(dense, splits["train"], params, "train", seed)
        keep(folder / "dense", dense, splits["test"], 1.0)
    dense = networks.load(folder / "dense.pt")
    whole = macs(dense, facts)
    for arm, speedup, cut in arms(dense, splits["train"], params, facts, asked):
        path = folder / f"{arm}@{speedup:g}"
        if path.with_suffix(".json").exists() or (folder / f"{path.name}.json").exists():
            continue
        smaller = cut()
        teach(smaller, splits["train"], params, "prune", seed)
        keep(path, smaller, splits["test"], whole / macs(smaller, facts))


def arms(
    dense: Network, train: Split, params: Params, facts: Facts, asked: argparse.Namespace
) -> Iterator[tuple[str, float, Callable[[], Network]]]:
    """Give each way to cut, how far, and what does it."""
    liked = liked_width("cpu")  # files are timed there
    for speedup in asked.speedups:
        how = params.prune.model_copy(update={"speedup": speedup})
        yield OURS, speedup, lambda how=how: compress(dense, train, how, asked.device, liked=liked)[0]  # type: ignore[misc]  # fmt: skip
        yield "uniform", speedup, lambda s=speedup: like(dense, uniform(dense, facts, s))  # type: ignore[misc]
        yield "global", speedup, lambda s=speedup: over_all(dense, facts, s)  # type: ignore[misc]


def over_all(dense: Network, facts: Facts, speedup: float) -> Network:
    """Return what Torch-Pruning leaves when all layers' channels compete, in steps of 1 %."""
    import copy

    net, example, whole = copy.deepcopy(dense.net), dense.blank(facts.size), macs(dense, facts)
    pruner = tp.pruner.MetaPruner(
        net, example, importance=tp.importance.MagnitudeImportance(p=2), global_pruning=True,
        pruning_ratio=0.99, max_pruning_ratio=0.95, iterative_steps=99, ignored_layers=[head(net)],
    )  # fmt: skip
    for _ in range(99):
        pruner.step()
        if whole / macs(like(dense, net), facts) >= speedup:
            break
    return like(dense, net)


def teach(network: Network, train: Split, params: Params, stage: str, seed: int) -> None:
    """Train or tune in place."""
    fabric = fabric_for(params.compute)
    fit(network, train, cross_entropy, getattr(params, stage), fabric, seed=seed, what=stage)


def keep(path: Path, network: Network, test: Split, fewer: float) -> None:
    """Write a network, then its figures, which say that it is whole."""
    networks.save(network, path.parent / f"{path.name}.pt")
    right = probabilities(network, test.images).argmax(1) == test.labels
    write_json(path.parent / f"{path.name}.json", {"macs": fewer, "accuracy": float(right.mean())})


def timed(
    folder: Path, seed: int, facts: Facts, pictures: np.ndarray, asked: argparse.Namespace
) -> list[Made]:
    """Time each file beside the dense one."""
    first = opened(networks.load(folder / "dense.pt"), facts, folder / "dense.onnx", asked)
    made = []
    for path in sorted(folder.glob("*.json")):
        if path.name == "times.json":
            continue
        found, name = read_json(path), path.name.removesuffix(".json")
        arm, _, speedup = name.partition("@")
        network = networks.load(folder / f"{name}.pt")
        second = opened(network, facts, folder / f"{name}.onnx", asked)
        time = paired(first, second, pictures, batch=1, pairs=asked.pairs)
        faster = 1.0 if arm == "dense" else time.faster
        row = Made(seed, arm, float(speedup or 1), **found, milliseconds=time.milliseconds, faster=faster)  # fmt: skip
        print(json.dumps(row.__dict__), flush=True)
        made.append(row)
    return made


def show(made: list[Made]) -> None:
    """Print files by means over seeds, and the endpoint."""
    print("\n| cut | asked | MACs | accuracy | ms, batch 1 | faster than dense |")
    print("|---|--:|--:|--:|--:|--:|")
    for arm, asked in sorted({(m.arm, m.asked) for m in made}):
        rows = [m for m in made if (m.arm, m.asked) == (arm, asked)]
        means = [float(np.mean([getattr(m, key) for m in rows])) for key in Made.__annotations__ if key not in ("seed", "arm", "asked")]  # fmt: skip
        print(f"| {arm} | {asked:g} | {means[0]:.2f} | {means[1]:.3f} | {means[2]:.3f} | {means[3]:.2f} |")  # fmt: skip
    print("\n| beside | accuracy at equal time, ours minus theirs (95 %) | files | faster than all of ours |")  # fmt: skip
    print("|---|--:|--:|--:|")
    for arm in sorted({m.arm for m in made} - {OURS, "dense"}):
        gains, beyond = gains_of(made, arm)
        seeds = [float(np.mean(g)) for g in gains.values() if g]
        files = sum(map(len, gains.values()))
        print(f"| Torch-Pruning, {arm} | {interval(seeds)} | {files} | {beyond} |")


def gains_of(made: list[Made], arm: str) -> tuple[dict[int, list[float]], int]:
    """Return by seed what ours is more accurate at each file's speed, and how many are beyond."""
    gains: dict[int, list[float]] = {m.seed: [] for m in made}
    beyond = 0
    for seed, found in gains.items():
        own = sorted((m for m in made if m.seed == seed and m.arm in (OURS, "dense")), key=lambda m: m.faster)  # fmt: skip
        speeds, accuracies = np.log([m.faster for m in own]), [m.accuracy for m in own]
        for other in (m for m in made if m.seed == seed and m.arm == arm):
            place = np.log(other.faster)
            if place > speeds[-1]:
                beyond += 1
            else:  # slower than dense: the dense network, which is as fast and more accurate
                found.append(float(np.interp(place, speeds, accuracies)) - other.accuracy)
    return gains, beyond


def interval(values: list[float]) -> str:
    """Return mean and t interval."""
    mean = float(np.mean(values)) if values else float("nan")
    if len(values) < 2:
        return f"{mean:+.3f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{mean:+.3f} ({mean - half:+.3f}, {mean + half:+.3f})"


if __name__ == "__main__":
    main()
