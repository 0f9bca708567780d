"""Whether channels can really go: they are taken out on trial, and the network must not notice.

Torch-Pruning may follow channels wrongly, through chunks, slices, buffers or views with numbers
written into them. Then a cut network no longer runs, or runs and mixes channels up. A cut is sound
if the cut network says of any picture what the dense one says without these channels: as many
numbers, in the same order, of the same meaning. That is a matter of connections, not of values,
and is seen in a network of random weights (``shaken.py``) on random pictures. Where a network goes
another way for some pictures, or clips what is large, values matter, too: so the same is asked of
real pictures with the network's own weights, where there are any.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn

from faircompress.compression.channel_groups import ChannelGroup
from faircompress.compression.channels import ChannelWidths, take_out
from faircompress.compression.masked import Gone, masked
from faircompress.compression.shaken import Precisions, shaken
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.layers import MISFITS, forget
from faircompress.networks.outputs import outputs_of
from faircompress.networks.tensors import tensors_of
from faircompress.support.errors import InputError

REAL, FEW = 16, 4  # pictures of the data of which a trial is made, and of costly networks
WORK = 4e9  # multiply-adds above which fewer are taken


@torch.no_grad()
def sound(trials: Sequence["Trial"], widths: ChannelWidths) -> ChannelWidths:
    """Return the widths without groups whose channels cannot go after all, which become fixed.

    Args:
        trials: Of the network; see ``trials_of``.
        widths: As they were read.
    """
    bad: list[tuple[ChannelGroup, str]] = []
    for trial in trials:
        known = {group.root for group, _ in bad}
        bad += trial.bad([g for g in widths.groups if g.size > 1 and g.root not in known])
    if not bad:
        return widths
    reasons = {name: why for group, why in bad for name in group.outputs}
    roots = {group.root for group, _ in bad}
    groups = [group for group in widths.groups if group.root not in roots]
    return replace(widths, groups=groups, fixed={**widths.fixed, **reasons})


@torch.no_grad()
def prove(
    dense: nn.Module,
    pruned: nn.Module,
    start: ChannelWidths,
    gone: Gone,
    trials: Sequence["Trial"],
) -> None:
    """See that a pruned network is the dense one without some channels, and sound.

    Args:
        dense: Left as it is.
        pruned: What was made of it, before anything is tuned.
        start: Widths of the dense network.
        gone: All channels that went, as they are numbered in the dense network.
        trials: Of the dense network.

    Raises:
        InputError: If it is not.
    """
    wanted = copied(dense)
    take_out(wanted, start.groups, gone)
    kept, found = tensors_of(wanted), tensors_of(pruned)
    same = kept.keys() == found.keys() and all(
        torch.equal(kept[name], found[name]) for name in kept
    )
    why = "its weights are not those of the dense network"
    if same:
        groups = [group for group in start.groups if gone.get(group.root)]
        why = next(filter(None, (trial.objection(groups, gone) for trial in trials)), "")
    if why:
        raise InputError(
            f"{type(dense).__name__} cannot be cut this way: {why}. Choose another speed-up, "
            "prune.round_to 2 or more, or another architecture."
        )


@torch.no_grad()
def trials_of(
    net: nn.Module, example: Tensor, macs: float, pictures: Tensor | None = None
) -> list["Trial"]:
    """Return a trial of random weights, and one of the network's own if there are pictures.

    Args:
        net: Left as it is.
        example: One normalised picture, ``(1, 3, height, width)``.
        macs: Multiply-adds of a picture.
        pictures: Real ones, if there are, of which the same is asked with the weights as they are.
    """
    rng = Generator().manual_seed(0)
    noise = torch.rand(2, *example.shape[1:], generator=rng) - 0.5
    try:
        drawn = Trial(*shaken(net, noise, macs=macs))
    except MISFITS as error:
        raise InputError(
            f"{type(net).__name__} takes one picture, but not two ({_first_line(error)}). Is "
            "the size of a batch written into it?"
        ) from error
    if pictures is None:
        return [drawn]
    few = spread(pictures, max(FEW, min(REAL, int(WORK / max(macs, 1)))))
    try:
        own = Trial(evaluating(forget(copied(net))), few, where="on pictures of the data ")
    except MISFITS as error:
        raise InputError(
            f"{type(net).__name__} stops on pictures of the data ({_first_line(error)})"
        ) from error
    # scores of a network that gives no finite numbers are refused
    return [drawn, own] if torch.isfinite(own.whole).all() else [drawn]


class Trial:
    """A network from which channels are taken, and pictures of which is asked what it says."""

    def __init__(self, net: nn.Module, pictures: Tensor, where: str = "") -> None:
        self.net, self.pictures, self.where = net, pictures, where
        with Precisions() as precisions:  # type: ignore[no-untyped-call]  # of torch
            self.whole, self.beside = outputs_of(net, pictures)
        exact = 1e-6 if precisions.lower else 1e-8  # where parts of it compute in float32
        is_double = self.whole.dtype == torch.float64
        self.tolerance = (exact, 1e-11) if is_double else (0.01, 1e-4)

    def bad(self, groups: list[ChannelGroup]) -> list[tuple[ChannelGroup, str]]:
        """Return the groups that cannot lose channels, and why; halving finds them among many."""
        gone = {g.root: _some(g.size, number) for number, g in enumerate(groups)}
        why = self.objection(groups, gone) if groups else ""
        if not why:
            return []
        if len(groups) == 1:
            return [(groups[0], why)]
        half = len(groups) // 2
        bad = [*self.bad(groups[:half]), *self.bad(groups[half:])]
        return bad or [(group, why) for group in groups]  # only together do they do harm

    def objection(self, groups: Sequence[ChannelGroup], gone: Gone) -> str:
        """Return what goes wrong if some channels go; nothing if all is well."""
        why = self._objection(groups, gone)
        return why and self.where + why

    def _objection(self, groups: Sequence[ChannelGroup], gone: Gone) -> str:
        cut = forget(copied(self.net))
        try:
            take_out(cut, list(groups), gone)
            found, beside = outputs_of(cut, self.pictures)
        except MISFITS as error:
            return f"without some of its channels the network stops ({_first_line(error)})"
        try:
            wanted = masked(self.net, self.pictures, groups, gone)(self.pictures)
        except InputError as error:
            return str(error)
        except MISFITS as error:
            return f"what it says without some of its channels is not known ({_first_line(error)})"
        if found.shape != wanted.shape:
            return f"without some of its channels the network gives {list(found.shape[1:])} numbers"
        if beside != self.beside:
            return "it also gives its channels beside the logits"
        effect, scale = (self.whole - wanted).abs().max(), wanted.abs().max()
        share, rounding = self.tolerance
        if not (found - wanted).abs().max() <= share * effect + rounding * scale:
            return "without some of its channels others are mixed up"
        return ""


def spread(pictures: Tensor, most: int) -> Tensor:
    """Return pictures from all of a batch or split, which may be in order of their classes."""
    return pictures[:: -(-len(pictures) // most)]


def _some(size: int, number: int) -> list[int]:
    """Return about a quarter of the channels, others for each group; an odd number stays."""
    count = -(-size // 4)
    count += (size - count) % 2 == 0 and size > count + 1
    return torch.randperm(size, generator=Generator().manual_seed(number))[:count].tolist()


def _first_line(error: BaseException) -> str:
    words = str(error).strip().splitlines()
    return f"{type(error).__name__}: {words[0][:150]}" if words else type(error).__name__
