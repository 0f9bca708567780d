"""The criterion of the thesis that learns which channels to shut, under a budget."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice

import torch
from torch import Generator, Tensor, nn

from faircompress.compression.channels import Budget, ChannelWidths
from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.config.bounds import Count, NotNegative, Positive
from faircompress.networks.layers import norms_behind, scored

OPEN = 2.1972  # logit of 0.9, at which every bottleneck starts
SETTLED = 0.6  # share of the iterations after which the best state is looked for


def autobot(
    net: nn.Module,
    batches: Batches,
    loss: Loss,
    *,
    rng: Generator,
    budget: Budget,
    iterations: Count = 200,
    lr: Positive = 0.7,
    beta: NotNegative = 5.3,
    gamma_ab: NotNegative = 0.0,
) -> Scores:
    """Score each channel by how far open a trained bottleneck leaves it.

    A channel's maps are multiplied by ``sigma = sigmoid(logit)``, after the batch normalisation
    that follows the layer, if one does, and before the activation. The logits alone are trained,
    on ``loss + beta * g + gamma_ab * h``: ``g`` is ``overspending``, ``h`` the mean distance of
    the sigmas from 0 or 1. The scores are the sigmas with the lowest sum after 60 % of the
    iterations.

    Args:
        net: Working copy; its weights stay, its running batch statistics move.
        batches: Pictures and labels, one batch an iteration.
        loss: Objective to be protected; the plain method takes the dense model's probabilities.
        rng: Not used.
        budget: What is to be left.
        iterations: Steps of Adam.
        lr: Adam's learning rate, in logits.
        beta: Weight of the budget.
        gamma_ab: Weight of the sigmas' distance from 0 or 1.

    Returns:
        For each layer, scores in (0, 1), ``(out_channels,)``; 1 where no channel can go.

    Source:
        Castells and Yeom, Automatic Neural Network Pruning that Efficiently Preserves the Model
        Accuracy, arXiv:2111.09635, as in the released code of Meyer and Wong, arXiv:2211.10285:
        batch statistics of the batch, start, g, h, 60 %. Departures: MACs are those of the
        network that would be left, not a sum over convolutions in the order of definition; the
        state kept is the one whose loss was the lowest, not the next one; dropout is off;
        depth-wise convolutions have a bottleneck, too; ``pruning.cut`` ranks the scores of all
        layers together and bisects for the target, instead of a threshold on sigma.
    """
    layers = scored(net)
    logits = {
        name: torch.full((len(layers[name].weight),), OPEN, device=layers[name].weight.device)
        for group in budget.widths.groups
        for name in group.writers
    }
    descent = torch.optim.Adam([logit.requires_grad_() for logit in logits.values()], lr=lr)
    macs_of, sigmas = counter(budget.widths), dict(logits)
    best, lowest = logits, math.inf
    batches = iter(batches)
    first = next(batches)
    with _bottlenecks(net, sigmas, first.images[:1]):
        for number, batch in enumerate(islice(chain([first], batches), iterations), 1):
            sigmas.update({name: logit.sigmoid() for name, logit in logits.items()})
            undecided = torch.cat([(s - s.round()).abs() for s in sigmas.values()]).mean()
            total = loss(net, batch) + gamma_ab * undecided
            total = total + beta * overspending(macs_of(_staying(budget.widths, sigmas)), budget)
            if number > SETTLED * iterations and total.item() < lowest:
                best, lowest = {n: s.detach() for n, s in sigmas.items()}, total.item()
            descent.zero_grad()
            torch.autograd.backward(total)
            descent.step()
    return {n: best[n] if n in best else torch.ones(len(m.weight)) for n, m in layers.items()}


def counter(widths: ChannelWidths) -> Callable[[Tensor], Tensor]:
    """Return a function from how many channels of each group stay to multiply-adds.

    It counts as ``ChannelWidths.macs`` does, but takes fractions, ``(groups,)``, and can be
    differentiated.
    """
    cost, outputs, inputs = (
        torch.tensor([float(getattr(layer, what)) for layer in widths.layers.values()])
        for what in ("macs_a_pair", "outputs", "inputs")
    )
    size = torch.tensor([float(group.size) for group in widths.groups])
    less_out, less_in = (
        torch.tensor([[float(each.get(name, 0)) for each in sides] for name in widths.layers])
        for sides in ([g.outputs for g in widths.groups], [g.inputs for g in widths.groups])
    )
    less_in[[layer.depthwise for layer in widths.layers.values()]] = 0

    def macs(staying: Tensor) -> Tensor:
        gone = size - staying
        return (cost * (outputs - less_out @ gone) * (inputs - less_in @ gone)).sum()

    return macs


def overspending(macs: Tensor, budget: Budget) -> Tensor:
    """Return how far the expected multiply-adds are from the budget.

    From 1 (nothing saved) to 0 (on target) as a share of what is to be saved; below the target
    from 0 to 1 as a share of the target.
    """
    if macs > budget.macs:
        return (macs - budget.macs) / (budget.widths.macs() - budget.macs)
    return 1 - macs / budget.macs


def _staying(widths: ChannelWidths, sigmas: Scores) -> Tensor:
    """Return the expected channels of each group, counting as ``pruning.reduced`` ranks them."""
    means = [
        torch.stack(
            [sigmas[name][group.parts[f"{name}.weight", 0]].mean(1) for name in group.writers]
        ).mean(0)
        for group in widths.groups
    ]
    return torch.stack([mean.sum() for mean in means]).cpu()


@contextmanager
def _bottlenecks(net: nn.Module, sigmas: Scores, picture: Tensor) -> Iterator[None]:
    """Multiply maps by sigmas, with frozen weights and the statistics of each batch."""
    frozen = [p for p in net.parameters() if p.requires_grad]
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d) and not m.training]
    outlets = {**scored(net), **norms_behind(net, picture)}
    hooks = [outlets[name].register_forward_hook(_shut(sigmas, name)) for name in sigmas]
    try:
        for parameter in frozen:
            parameter.requires_grad_(False)
        for norm in norms:
            norm.train()
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)
        for norm in norms:
            norm.eval()
        for hook in hooks:
            hook.remove()


def _shut(sigmas: Scores, name: str) -> Callable[[nn.Module, object, Tensor], Tensor]:
    def hook(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        by_place = sigmas[name] if isinstance(module, nn.Linear) else sigmas[name].view(-1, 1, 1)
        return output * by_place

    return hook
