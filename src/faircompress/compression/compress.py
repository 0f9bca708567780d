"""The dense model without the channels that matter least, as the params want it."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from faircompress.compression.channels import Budget, read_widths
from faircompress.compression.cut import Cut, Repair, cut
from faircompress.compression.limits import Limit
from faircompress.compression.repair import repaired
from faircompress.compression.soundness import REAL, spread
from faircompress.config import plugins
from faircompress.config.params import Prune
from faircompress.config.widths import widths_kept
from faircompress.data.dataset import Split
from faircompress.networks.convolutions import mend_convolutions
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.network import Network
from faircompress.support.progress import track
from faircompress.training.batch_loader import Batch, BatchLoader
from faircompress.training.hints import NONE, Hints
from faircompress.training.loss_function import LossFunction, needs
from faircompress.training.mixing import mixed

REPAIR_BATCH = 64  # pictures at once


def compress(
    dense: Network,
    split: Split,
    how: Prune,
    device: torch.device | str = "cpu",
    *,
    hints: Hints = NONE,
    liked: int = 1,
    limit: Limit | None = None,
) -> tuple[Network, Cut]:
    """Return a smaller network with the surviving dense weights, not tuned yet.

    Args:
        dense: Trained network, on the CPU; left as it is.
        split: Train split, on which channels are scored.
        how: Criterion, objective of scoring, speed-up, rounds.
        device: Where channels are scored.
        hints: What else the objective of scoring may ask for.
        liked: Multiple of channels that the machine likes, for ``round_to: auto``.
        limit: Of what the file may take, in place of the speed-up.

    Raises:
        ValueError: If the speed-up cannot be reached.
    """
    mend_convolutions()
    criterion = chosen(how.criterion, "criteria")
    frozen = evaluating(copied(dense.net)).to(device)
    loss = LossFunction(chosen(how.scoring, "objectives"), frozen, hints=hints)
    rng = Generator().manual_seed(how.seed)
    size = min(how.scoring_batch, len(split))
    feed = BatchLoader(
        split, dense, batch=size, augment=how.augment, device=device, seed=how.seed + 1
    )
    rounds = iter(track(range(how.rounds), "cutting channels", how.rounds))

    def score(working: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        next(rounds)
        more = {"budget": budget} if needs(criterion, "budget") else {}
        batches = _endless(feed, number)
        scores: dict[str, Tensor] = criterion(working.to(device), batches, loss, rng=rng, **more)
        working.cpu()
        return scores

    net, achieved = cut(
        dense.net,
        score,
        dense.blank(split.images.shape[1:3]),
        speedup=how.speedup,
        rounds=how.rounds,
        floor=how.min_channels,
        **widths_kept(how.round_to, liked),
        limit=limit,
        pictures=dense.normalised(spread(torch.as_tensor(split.images), REAL)),
        repair=_repair(frozen, dense, split, how.repair, device) if how.repair else None,
    )
    next(rounds, None)
    return Network(net, dense.architecture, dense.classes, dense.mean, dense.std), achieved


def _repair(
    frozen: nn.Module, dense: Network, split: Split, pictures: int, device: torch.device | str
) -> Repair:
    """Return what makes up for channels by so many pictures of the train split."""
    some = spread(torch.as_tensor(split.images), pictures)
    batches = (
        dense.normalised(some[first : first + REPAIR_BATCH]).to(device)
        for first in range(0, len(some), REPAIR_BATCH)
    )
    return lambda groups, gone: repaired(frozen, groups, gone, batches).cpu()


def chosen(section: Any, folder: str) -> Any:
    """Return the plug-in that a section of the params names, with its options set."""
    found = partial(plugins.find(folder, section.name), **plugins.options_of(section))
    return mixed(found, section.mix) if folder == "objectives" else found


def by_layer(dense: nn.Module, pruned: nn.Module, example: Tensor) -> list[dict[str, Any]]:
    """Return channels, parameters and multiply-adds of each layer, before and after."""
    nets = {"dense": dense, "pruned": pruned}
    widths = {side: read_widths(net, example) for side, net in nets.items()}
    macs = {side: found.macs_by_layer() for side, found in widths.items()}
    return [
        {
            "layer": name,
            **{f"{side}_channels": widths[side].layers[name].outputs for side in nets},
            **{f"{side}_macs": macs[side][name] for side in nets},
            **{
                f"{side}_parameters": _parameters(net.get_submodule(name))
                for side, net in nets.items()
            },
        }
        for name in widths["dense"].layers
    ]


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _endless(feed: BatchLoader, number: int) -> Iterator[Batch]:
    epoch = 1000 * number
    while True:
        yield from feed.epoch(epoch)
        epoch += 1
