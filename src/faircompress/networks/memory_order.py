"""In which order of memory a network is computed: channels last where it can, which is faster.

Where a network of others spreads maps with ``view``, convolves in three dimensions, or takes a
Fourier transform, torch wants them contiguous. Which it is is found by trying, once a network.
"""

from weakref import WeakKeyDictionary

import torch
from torch import nn

from faircompress.networks.copies import copied, evaluating
from faircompress.networks.layers import MISFITS

_FOUND: "WeakKeyDictionary[nn.Module, torch.memory_format]" = WeakKeyDictionary()


def memory_order(net: nn.Module, size: tuple[int, ...]) -> torch.memory_format:
    """Return the order of memory for a network's weights and pictures.

    Args:
        net: Takes normalised pictures; left as it is.
        size: Their height and width, pixels.

    Returns:
        Channels last, but where a network runs in contiguous order alone.
    """
    if net not in _FOUND:
        quick, plain = torch.channels_last, torch.contiguous_format
        needs_plain = not _runs(net, size, quick) and _runs(net, size, plain)
        _FOUND[net] = plain if needs_plain else quick
    return _FOUND[net]


@torch.no_grad()
def _runs(net: nn.Module, size: tuple[int, ...], order: torch.memory_format) -> bool:
    """Tell whether a copy says anything of two black pictures."""
    try:
        with torch.random.fork_rng(devices=[]):
            trial = evaluating(copied(net).cpu()).to(memory_format=order)
            trial(torch.zeros(2, 3, *size).contiguous(memory_format=order))
    except MISFITS:
        return False
    return True
