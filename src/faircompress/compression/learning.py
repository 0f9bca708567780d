"""Whether a network can take a step of training, seen before hours depend on it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from faircompress.networks.copies import copied
from faircompress.networks.layers import MISFITS
from faircompress.networks.place import Place
from faircompress.support.errors import InputError
from faircompress.support.lines import one_line


def refuse_unable_to_learn(net: nn.Module, pictures: Tensor, *, when: str = "") -> None:
    """Raise if a network cannot take a step of training.

    Args:
        net: Gives logits; left as it is.
        pictures: Some, as it takes them.
        when: What was done to it before, for messages.

    Raises:
        InputError: Naming the layer in which it stops.
    """
    trial = copied(net)
    if not any(parameter.requires_grad for parameter in trial.parameters()):
        raise InputError(
            "none of its weights learns: requires_grad is False for all. Call requires_grad_(True) "
            "on the layers that may learn, or give epochs=0"
        )
    trial.train()
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), told(trial, f"{when}a step"):
        torch.autograd.backward(trial(pictures).float().logsumexp(1).sum())


@contextmanager
def told(net: nn.Module, what: str, more: str = "") -> Iterator[None]:
    """Say in which layer a network stops while it trains, if it does.

    Args:
        net: The network.
        what: Was to be done, for messages.
        more: What may be done about it.
    """
    place = Place()
    try:
        with place.watching(net):
            yield
    except InputError:
        raise
    except MISFITS as error:
        raise InputError(
            f"{what} of training stops{place.words()} ({type(error).__name__}: "
            f"{one_line(str(error), 200)}), though in evaluation mode it runs. "
            + (more or "See what its forward does where self.training is true, or give epochs=0")
        ) from error
