"""Plug-ins that say what is minimised, while channels are scored and while weights are tuned.

Contract: ``objectives/NAME.py`` gives ``NAME(logits, labels, ..., **options) -> loss``, a scalar
in nats. ``logits`` is ``(batch, classes)``, ``labels`` ``(batch,)``. What else it needs, it names
as a further parameter without default:

- ``dense_probs``: the frozen dense model's probabilities on the same augmented pictures,
  ``(batch, classes)``, without gradient;
- ``held_out_probs``: likewise, of dense models that were not trained on the picture's person;
- ``features`` and ``dense_features``: what the last layer of either model is given,
  ``(batch, any)``, the latter without gradient;
- ``pseudo_groups``: cluster of each picture among the dense model's middle features, ``(batch,)``,
  and ``pseudo_group_count``, how many there are;
- ``groups``: index of each picture's group, ``(batch,)``, and ``group_count``, how many there are;
- ``state``: tensors by name, empty at first, its own to keep from step to step (multipliers,
  buffers); kept in the checkpoint, so that a killed run goes on with them. A step puts new
  tensors, without gradient, in the old ones' place: the loss may still need those.
"""

from collections.abc import Callable

from torch import Tensor

Objective = Callable[..., Tensor]
State = dict[str, Tensor]
