"""Plug-ins that say which output channel of which layer matters; the lowest go first.

Contract: ``criteria/NAME.py`` gives ``NAME(net, batches, loss, *, rng, **options) -> Scores``.
``net`` is a working copy which the criterion may train: its weights are thrown away.
``batches`` yields training batches without end; a criterion takes as many as its options say.
``loss(net, batch)`` is the objective to be protected, ``rng`` is the only source of chance. A
criterion that must know how much is to go names ``budget``, too. Every layer of ``layers.scored``
gets one score per output channel.
"""

from collections.abc import Callable, Iterable

from torch import Tensor, nn

from faircompress.training.batch_loader import Batch

Scores = dict[str, Tensor]
Batches = Iterable[Batch]
Loss = Callable[[nn.Module, Batch], Tensor]
