"""A network of one's own, cut and tuned in one call."""

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from faircompress.compression.channel_groups import ChannelGroup
from faircompress.compression.channels import Budget
from faircompress.compression.cut import Repair, cut
from faircompress.compression.feed import Feed
from faircompress.compression.learning import refuse_unable_to_learn, told
from faircompress.compression.repair import repaired
from faircompress.config import plugins
from faircompress.networks.convolutions import mend_convolutions
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.fitness import refuse_batch_bound, refuse_compiled, refuse_unfit
from faircompress.networks.layers import MISFITS
from faircompress.networks.outputs import adapt, as_given, logits_in
from faircompress.networks.own_parts import refuse_foreign_parts
from faircompress.support.arguments import (
    Kind,
    is_count,
    is_number,
    is_text,
    of_kinds,
)
from faircompress.support.errors import InputError
from faircompress.support.lines import one_line
from faircompress.support.progress import track
from faircompress.training.loss_function import LossFunction, needs
from faircompress.training.objectives import Objective
from faircompress.training.sharpness import worst_nearby


def _is_device(value: Any) -> bool:
    try:
        return isinstance(value, str | torch.device) and torch.device(value) is not None
    except RuntimeError:
        return False


NUMBER = Kind(is_number, "a finite number", must=True)
COUNT = Kind(is_count, "a whole number", must=True)
KINDS = {
    **dict.fromkeys(("speedup", "lr", "sam", "min_channels"), NUMBER),
    **dict.fromkeys(("epochs", "rounds", "round_to", "repair", "seed"), COUNT),
    "loss": Kind(
        lambda v: is_text(v) or callable(v), "the name of an objective, or a function", must=True
    ),
    "criterion": Kind(is_text, "the name of a criterion", must=True),
    "classes": Kind(lambda v: is_count(v) and v > 0, "a whole number above 0"),
    "device": Kind(_is_device, "a device of torch, such as cpu or cuda:0"),
}


@of_kinds(KINDS)
def prune(
    model: nn.Module,
    loader: Iterable[Any],
    speedup: float = 4,
    criterion: str = "taylor",
    loss: str | Objective = "performance_weighted",
    epochs: int = 3,
    *,
    lr: float = 1e-3,
    sam: float = 0.0,
    repair: int = 0,
    rounds: int = 8,
    min_channels: float = 0.1,
    round_to: int = 1,
    classes: int | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> nn.Module:
    """Return a smaller network that does what a trained one does; the given one stays as it was.

    Whole channels go, those first that matter least to ``loss``. That the outputs are as many as
    before, in the same order and of the same meaning, is proved from the network and on pictures of
    the first batch. Channels that the network also gives beside its logits, such as features, stay.

    Args:
        model: Trained classifier; gives logits, also one of them, in a dict or a tuple.
        loader: Gives ``(pictures, labels)`` as the model takes them, the same pictures each time it
            is gone through; ``(pictures, labels, groups)`` for objectives that compare groups.
        speedup: Dense over pruned multiply-adds, > 1.
        criterion: Which channels matter; ``faircompress list criteria``.
        loss: What is minimised, and protected while channels are scored; ``faircompress list
            objectives``, or a function by the contract of ``faircompress.training.objectives``.
        epochs: Of tuning what is left; 0: none.
        lr: Learning rate of AdamW at the start; it falls along a cosine.
        sam: Radius of sharpness-aware steps, which take twice the work; 0: plain ones.
        repair: Pictures of the loader by which what stays makes up for what goes, in closed form,
            before tuning; 0: not at all.
        rounds: Cuts on the way; scores are taken anew before each.
        min_channels: Share of a layer's channels that stay, at least one.
        round_to: Channels stay in multiples of this.
        classes: Of the data; None: as many as logits, two where there is one.
        device: Where it is computed; None: a GPU if there is one.
        seed: Of what chance there is.

    Returns:
        The pruned network, on the CPU, in evaluation mode, of the model's own class.

    Raises:
        InputError: If it cannot be used or cut, naming the layer.
    """
    _refuse_numbers(speedup, epochs, lr, sam, repair, rounds, min_channels, round_to)
    refuse_compiled(model)
    mend_convolutions()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    feed = Feed(loader, device)
    first = feed.first()
    dense = evaluating(copied(model).cpu())
    refuse_foreign_parts(model, dense, first.images[:2])
    feed.know_classes(classes or _classes(dense, first.images[:2]), first.labels)
    adapt(dense, feed.classes)
    refuse_unfit(dense, first.images[:4])
    refuse_batch_bound(dense, first.images[:4])
    if epochs:
        refuse_unable_to_learn(dense, first.images[:4])
    objective = plugins.find("objectives", loss) if isinstance(loss, str) else loss
    feed.count_groups(needed=needs(objective, "groups"))
    frozen = copied(dense).requires_grad_(False).to(device)
    goal = LossFunction(objective, frozen)
    score = _score(plugins.find("criteria", criterion), feed, goal, rounds, seed)
    how: dict[str, Any] = {"floor": min_channels, "round_to": round_to, "rounds": rounds}
    how["repair"] = _repair(dense, feed, repair) if repair else None
    pruned, _ = cut(dense, score, first.images[:1], speedup=speedup, pictures=first.images, **how)
    if epochs:
        refuse_unable_to_learn(pruned, first.images[:4], when="once it is cut, ")
    torch.manual_seed(seed)
    _tune(pruned.to(device), feed, LossFunction(objective, frozen), epochs, lr, sam)
    return as_given(evaluating(pruned).cpu())


@torch.no_grad()
def _classes(net: nn.Module, pictures: Tensor) -> int:
    """Return how many classes the first output tells apart."""
    try:
        output = net(pictures)
    except MISFITS as error:
        weights = next((p.dtype for p in net.parameters() if p.is_floating_point()), None)
        types = (
            f": its weights are {weights} and the pictures {pictures.dtype}; give both in float32"
            if weights not in (None, pictures.dtype)
            else f", which are {list(pictures.shape[1:])}"
        )
        raise InputError(
            f"{type(net).__name__} stops on the loader's pictures{types} "
            f"({type(error).__name__}: {one_line(str(error), 200)})"
        ) from error
    logits = logits_in(output)
    return 2 if logits.ndim < 2 or logits.shape[1] == 1 else logits.shape[1]


def _refuse_numbers(
    speedup: float, epochs: int, lr: float, sam: float, repair: int, rounds: int,
    min_channels: float, round_to: int,
) -> None:  # fmt: skip
    """Refuse what no cut can be made by."""
    rules = (
        ("speedup", speedup, speedup > 1, "above 1, as 4 for a quarter of the multiply-adds"),
        ("epochs", epochs, epochs >= 0, "0 or more"),
        ("lr", lr, lr > 0, "above 0"),
        ("sam", sam, sam >= 0, "0 or more"),
        ("repair", repair, repair >= 0, "0 or more"),
        ("rounds", rounds, rounds >= 1, "1 or more"),
        ("min_channels", min_channels, 0 <= min_channels <= 1, "a share, from 0 to 1"),
        ("round_to", round_to, round_to >= 1, "1 or more"),
    )
    for name, value, good, needed in rules:
        if not good:
            raise InputError(f"{name} is {value}, and needed is {needed}")


def _score(
    criterion: Callable[..., dict[str, Tensor]],
    feed: Feed,
    goal: LossFunction,
    rounds: int,
    seed: int,
) -> Callable[[nn.Module, int, Budget], dict[str, Tensor]]:
    rng = Generator().manual_seed(seed)
    shown = iter(track(range(rounds), "cutting channels", rounds))

    def score(working: nn.Module, number: int, budget: Budget) -> dict[str, Tensor]:
        next(shown)
        more = {"budget": budget} if needs(criterion, "budget") else {}
        batches = itertools.chain.from_iterable(itertools.repeat(feed))
        scores = criterion(working.to(feed.device), batches, goal, rng=rng, **more)
        working.cpu()
        if number == rounds - 1:
            next(shown, None)
        return scores

    return score


def _repair(dense: nn.Module, feed: Feed, pictures: int) -> Repair:
    def repair(groups: list[ChannelGroup], gone: dict[str, list[int]]) -> nn.Module:
        net = copied(dense).to(feed.device)
        return repaired(net, groups, gone, feed.pictures(pictures)).cpu()

    return repair


def _tune(
    net: nn.Module, feed: Feed, goal: LossFunction, epochs: int, lr: float, sam: float
) -> None:
    optimizer, steps = torch.optim.AdamW(net.parameters(), lr), feed.length() if epochs else 0
    for epoch in range(epochs):
        net.train()
        for step, batch in enumerate(track(feed, f"tuning, epoch {epoch + 1} of {epochs}", steps)):
            done = (epoch + step / steps) / epochs
            optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * done)) / 2
            one = (
                "Leave out the last, smaller batch: drop_last=True"
                if len(batch.images) == 1
                else ""
            )
            before = goal.state.copy()
            with told(net, f"batch {step + 1} of epoch {epoch + 1}", one):
                value = goal(net, batch)
            if not torch.isfinite(value):
                raise InputError(
                    f"the loss of epoch {epoch + 1} is {value.item()}; lower lr than {lr}"
                )
            optimizer.zero_grad()
            torch.autograd.backward(value)
            if sam:
                with worst_nearby(net, sam):
                    torch.autograd.backward(replace(goal, state=before)(net, batch))
            optimizer.step()
