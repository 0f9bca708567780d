"""The life of a network within seconds, on two made-up pictures; started by ``rehearsal``.

Each step is told as it begins, what goes wrong as ``why``: one JSON value a line.
"""

import ctypes
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faircompress.compression import cut
from faircompress.compression.channels import Budget
from faircompress.config.brought_names import project_path
from faircompress.export import quantize, runtime, to_onnx
from faircompress.export.right_shape import refuse_wrong_shape
from faircompress.networks import network as networks
from faircompress.networks.convolutions import mend_convolutions
from faircompress.networks.fitness import refuse_batch_bound, refuse_unfit
from faircompress.networks.layers import filters, scored
from faircompress.networks.network import Network
from faircompress.networks.place import Place
from faircompress.networks.weights import load_weights
from faircompress.support.errors import InputError

PICTURES = 4
ALIKE = 0.05  # probabilities of a file and of torch; untrained networks may blow rounding up


def main() -> None:
    """Build, train, cut, save, load and export."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # when whoever waits for it has died
    given, place = json.loads(sys.argv[1]), Place()
    sys.excepthook = lambda kind, error, trace: _report_why(error, place)
    torch.manual_seed(0)
    torch.set_num_threads(min(2, torch.get_num_threads()))
    mend_convolutions()
    classes, size = given["classes"], tuple(given["size"])
    _report(step="building it")
    net = networks.build(given["model"], classes)
    pictures = np.random.default_rng(0).integers(0, 256, (PICTURES, *size, 3), np.uint8)
    network = Network(net, given["model"], classes, (0.5,) * 3, (0.25,) * 3)

    _report(step="looking at it")
    normal = network.normalised(torch.from_numpy(pictures))
    refuse_unfit(net, normal)
    if given["from"]:
        _report(step="reading its weights")
        load_weights(net, project_path(given["from"]), fresh_head=given["epochs"] > 0)

    _report(step="a step of training")
    with place.watching(net):
        learn(network, pictures)

    refuse_batch_bound(net, normal)
    _report(step="cutting it")
    how = {key: given[key] for key in ("speedup", "floor", "round_to", "choices")}
    smaller, _ = cut.cut(net, by_size, network.blank(size), **how)
    pruned = Network(smaller, given["model"], classes, network.mean, network.std)
    _report(step="training it once it is cut")
    learn(pruned, pictures)

    _report(step="saving and loading it")
    pruned = saved_and_loaded(pruned, pictures)
    _report(step="exporting it")
    export(pruned, pictures, given)
    _report(done="yes")


def learn(network: Network, pictures: np.ndarray) -> None:
    """Take a step of training, and refuse what cannot be trained or judged."""
    net = network.net
    net.train()
    for norm in (m for m in net.modules() if isinstance(m, nn.BatchNorm2d)):
        norm.momentum = 1.0  # statistics of the batch, as after long training
    logits = net(network.normalised(torch.from_numpy(pictures)))
    if not isinstance(logits, Tensor):
        kind = type(logits).__name__
        raise InputError(f"while it trains it gives {kind}, not one tensor of logits")
    if logits.shape != (len(pictures), network.classes):
        raise InputError(
            f"it gives {list(logits.shape[1:])} numbers a picture; needed: one a class, "
            f"{network.classes}"
        )
    labels = torch.arange(len(pictures)) % network.classes
    torch.autograd.backward(F.cross_entropy(logits, labels))
    net.zero_grad()
    net.eval()


def by_size(net: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
    """Score channels by the norm of their filters, which takes no data."""
    return {name: filters(layer).norm(dim=1) for name, layer in scored(net).items()}


def saved_and_loaded(network: Network, pictures: np.ndarray) -> Network:
    """Write a network and read it again, as stages do; refuse one that then says otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        networks.save(network, Path(folder) / "model.pt")
        loaded = networks.load(Path(folder) / "model.pt")
    said, again = (networks.probabilities(one, pictures) for one in (network, loaded))
    if not np.allclose(said, again, atol=ALIKE / 50, equal_nan=True):
        raise InputError(
            "what it says changes when it is saved and loaded: something that it computes with is "
            "drawn at random, or learnt, and is no part of its state. Use register_buffer for "
            "tensors, without persistent=False, and nn.ModuleList for lists of layers"
        )
    return loaded


def export(network: Network, pictures: np.ndarray, given: dict[str, Any]) -> None:
    """Write a network as the files that are asked for, which must say what torch says."""
    content = to_onnx.to_onnx(network, tuple(given["size"]), opset=given["opset"], words={})
    refuse_wrong_shape(content, network)
    expected = networks.probabilities(network, pictures)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        file.write_bytes(content)
        found = runtime.predict(runtime.session(file, "cpu", threads=1), pictures, what="")
        ids = [str(number) for number in range(len(pictures))]
        far = runtime.compare(expected, found, ids, tolerance=ALIKE, what="its file")
        runtime.raise_unless_equivalent(far, ALIKE, what="its file")
        for precision in given["precisions"]:
            if precision == "fp16":
                file.write_bytes(quantize.to_fp16(content))
            elif precision == "int8":
                bits = given["weight_bits"]
                file.write_bytes(quantize.to_int8(content, pictures, weight_bits=bits))
            runtime.predict(runtime.session(file, "cpu", threads=1), pictures[:1], what="")


def _report(**what: str) -> None:
    print(json.dumps(what), flush=True)


def _report_why(error: BaseException, place: Place) -> None:
    words = " ".join(str(error).split())[:400]
    if not isinstance(error, ValueError):
        words = f"{type(error).__name__}{place.words()}: {words}"
    _report(why=words + ("" if words.endswith((".", "?")) else "."))


if __name__ == "__main__":
    main()
