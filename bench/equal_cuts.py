"""The ways to cut of ``equal_accuracy.py``: ours, and Torch-Pruning's as its users call it."""

import copy
import itertools
from collections.abc import Callable

import torch
import torch_pruning as tp
from latency import like, macs, uniform
from torch import nn
from torch.nn.functional import cross_entropy

from faircompress.compression.compress import compress
from faircompress.config.params import Params
from faircompress.data.dataset import Facts, Split
from faircompress.networks.layers import head
from faircompress.networks.network import Network
from faircompress.training.batch_loader import BatchLoader

BATCHES = 8  # of gradients, as many as our criterion takes a round
STEP = 0.01  # of all channels, at a time


def ours(dense: Network, train: Split, facts: Facts, params: Params, liked: int) -> Network:
    """Cut by the defaults: Taylor in rounds, channels in blocks that the machine likes."""
    return compress(dense, train, params.prune, params.compute.device, liked=liked)[0]


def free(dense: Network, train: Split, facts: Facts, params: Params, liked: int) -> Network:
    """Cut in the same way, with widths of any number of channels."""
    how = params.prune.model_copy(update={"round_to": 1})
    return compress(dense, train, how, params.compute.device)[0]


def even(dense: Network, train: Split, facts: Facts, params: Params, liked: int) -> Network:
    """Cut the same share of every layer, lowest magnitude first."""
    return like(dense, uniform(dense, facts, params.prune.speedup))


def together(
    round_to: int | None, taylor: bool
) -> Callable[[Network, Split, Facts, Params, int], Network]:
    """Return a cut of all layers' channels together, by Torch-Pruning's own scores of groups."""

    def cut(dense: Network, train: Split, facts: Facts, params: Params, liked: int) -> Network:
        net, example = copy.deepcopy(dense.net).eval(), dense.blank(facts.size)
        importance: tp.importance.Importance = tp.importance.MagnitudeImportance(p=2)
        if taylor:
            gradients(Network(net, *of(dense)), train, params)
            importance = tp.importance.TaylorImportance()
        whole = macs(dense, facts)
        pruner = tp.pruner.MetaPruner(
            net, example, importance=importance, global_pruning=True, round_to=round_to,
            pruning_ratio=1 - STEP, max_pruning_ratio=0.95, iterative_steps=round(1 / STEP),
            ignored_layers=[head(net)],
        )  # fmt: skip
        for _ in range(round(1 / STEP)):
            pruner.step()
            if whole / macs(like(dense, net), facts) >= params.prune.speedup:
                break
        net.zero_grad(set_to_none=True)
        return like(dense, net)

    return cut


def of(dense: Network) -> tuple[str, int, tuple[float, ...], tuple[float, ...]]:
    """Return what a network is besides its layers."""
    return dense.architecture, dense.classes, dense.mean, dense.std


def gradients(network: Network, train: Split, params: Params) -> None:
    """Leave gradients of the cross-entropy in the weights, on the CPU."""
    net, device = network.net.to(params.compute.device), params.compute.device
    feed = BatchLoader(train, network, batch=128, device=device, seed=params.prune.seed)
    for batch in itertools.islice(feed.epoch(0), BATCHES):
        torch.autograd.backward(cross_entropy(net(batch.images), batch.labels))
    on_the_cpu(net)


def on_the_cpu(net: nn.Module) -> None:
    """Move weights and their gradients."""
    found = {name: weight.grad for name, weight in net.named_parameters()}
    net.cpu()
    for name, weight in net.named_parameters():
        weight.grad = None if (grad := found[name]) is None else torch.as_tensor(grad).cpu()


ARMS: dict[str, Callable[[Network, Split, Facts, Params, int], Network]] = {
    "ours": ours,
    "ours, free widths": free,
    "even": even,
    "magnitude": together(None, taylor=False),
    "taylor": together(None, taylor=True),
    "taylor, in eights": together(8, taylor=True),
}
