"""Plug-ins that say which output channel of which convolution matters; the lowest go first.

Contract: ``criteria/NAME.py`` gives ``NAME(net, batches, loss, *, rng, **options) -> Scores``.
``net`` is a working copy which the criterion may train: its weights are thrown away.
``batches`` yields training batches, ``loss(net, batch)`` is the objective to be protected,
``rng`` is the only source of chance. Every ``nn.Conv2d`` gets one score per output channel.
"""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

from faircompress.feed import Batch

Scores = dict[str, Tensor]
Batches = Iterable[Batch]
Loss = Callable[[nn.Module, Batch], Tensor]


def convolutions(net: nn.Module) -> dict[str, nn.Conv2d]:
    """Return the convolutions of a network by name."""
    return {n: m for n, m in net.named_modules() if isinstance(m, nn.Conv2d)}
