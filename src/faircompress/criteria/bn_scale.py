"""The criterion that reads how far batch normalisation scales each channel."""

from contextlib import ExitStack

import torch
from torch import Generator, Tensor, nn

from faircompress.criteria import Batches, Loss, Scores
from faircompress.layers import filters, scored


def bn_scale(net: nn.Module, batches: Batches, loss: Loss, *, rng: Generator) -> Scores:
    """Score each channel by the scale of the batch normalisation right behind its layer.

    A layer without one is scored by the Euclidean norm of its filters, scaled so that its mean is
    the mean of all scales found in the network (1 if there are none).

    Args:
        net: Network to score.
        batches: One picture is shown to the network, to see what follows what.
        loss: Not used.
        rng: Not used.

    Returns:
        For each layer, scores >= 0, ``(out_channels,)``.

    Source:
        Liu et al., Learning Efficient Convolutional Networks through Network Slimming, ICCV 2017.
        Departure: the dense model is trained without the paper's L1 penalty on the scales.
    """
    picture = next(iter(batches)).images[:1]
    scales = {n: norm.weight.detach().abs() for n, norm in _normalised(net, picture).items()}
    mean = torch.cat([*scales.values()]).mean() if scales else 1.0
    norms = {name: filters(layer).norm(dim=1) for name, layer in scored(net).items()}
    return {
        name: scales.get(name, mean * norm / norm.mean().clamp_min(1e-12))
        for name, norm in norms.items()
    }


def _normalised(net: nn.Module, picture: Tensor) -> dict[str, nn.BatchNorm2d]:
    """Return the batch normalisation, if it has scales, that takes what each layer gave."""
    given: dict[str, Tensor] = {}
    found: dict[str, nn.BatchNorm2d] = {}

    def keep(name: str):  # type: ignore[no-untyped-def]
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            given[name] = output

        return hook

    def match(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        found.update({name: norm for name, output in given.items() if output is inputs[0]})

    with ExitStack() as hooks, torch.no_grad():
        for name, layer in scored(net).items():
            hooks.enter_context(layer.register_forward_hook(keep(name)))
        for norm in net.modules():
            if isinstance(norm, nn.BatchNorm2d) and norm.affine:
                hooks.enter_context(norm.register_forward_pre_hook(match))
        net.eval()(picture)
    return found
