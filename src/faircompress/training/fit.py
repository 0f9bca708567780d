"""Move a network's weights until the objective is low; resume where a killed run stopped."""

import io
import logging
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from faircompress.config.params import Compute, Optimisation
from faircompress.data.dataset import Split
from faircompress.networks.convolutions import mend_convolutions
from faircompress.networks.copies import copied, evaluating
from faircompress.networks.memory_order import memory_order
from faircompress.networks.network import Network
from faircompress.networks.tensors import extras_of, give_extras, tensors_of
from faircompress.support.absent import without
from faircompress.support.errors import InputError
from faircompress.support.files import write_bytes
from faircompress.support.progress import track
from faircompress.training.batch_loader import Batch, BatchLoader
from faircompress.training.hints import NONE, Hints
from faircompress.training.loss_function import LossFunction, needs
from faircompress.training.objectives import Objective, State
from faircompress.training.sharpness import worst_nearby

if TYPE_CHECKING:
    from lightning_fabric import Fabric

AfterEpoch = Callable[[int, float, nn.Module], None]


def fabric_for(compute: Compute) -> "Fabric":
    """Return what places networks and batches on the devices of ``compute``.

    From then on kernels of a GPU give the same numbers each time, as those of the CPU do.
    """
    # it asks which torchmetrics there is, and to import that takes 3 s
    with without("torchmetrics"):
        from lightning_fabric import Fabric

    if torch.cuda.is_available():
        repeat_numbers()
    fabric = Fabric(
        accelerator=compute.device,
        devices=compute.devices,
        strategy=compute.strategy,
        precision=compute.precision,
    )
    fabric.launch()
    return fabric


def repeat_numbers() -> None:
    """Have a GPU give the same numbers each time it is asked, where it has kernels that do.

    Where it has none, torch computes all the same, and says so once.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before the first product
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Fabric advises fewer bits of float32, which is a choice of `compute.precision`
    logging.getLogger("lightning_fabric.utilities.rank_zero").setLevel(logging.WARNING)


def fit(
    network: Network,
    split: Split,
    objective: Objective,
    how: Optimisation,
    fabric: "Fabric",
    *,
    seed: int,
    what: str,
    dense: nn.Module | None = None,
    hints: Hints = NONE,
    checkpoint: Path | None = None,
    after_epoch: AfterEpoch = lambda epoch, loss, net: None,
) -> None:
    """Train ``network.net`` in place.

    Args:
        network: What is trained; ends on the CPU, in evaluation mode.
        split: Pictures and labels.
        objective: Minimised; gets what it names, see ``objectives``.
        how: Optimizer, schedule, batch size, epochs, augmentation.
        fabric: Device, precision and strategy.
        seed: Of order and augmentation.
        what: Named on the progress bar.
        dense: The frozen dense model, for objectives that ask for it.
        hints: What else objectives may ask for; of the rows of ``split``.
        checkpoint: Written after each epoch and read at the start, so that a killed run
            loses at most an epoch and ends with the same weights.
        after_epoch: Told the epoch's number from 1, its mean loss in nats, and the network.

    Raises:
        ValueError: If the loss is no longer a number.
    """
    mend_convolutions()
    order = memory_order(network.net, split.images.shape[1:3])
    network.net.to(memory_format=order)  # channels last: 1.3 times as fast, here and on a GPU
    optimizer = _optimizer(network.net, how)
    net, optimizer = fabric.setup(network.net, optimizer)
    asked = any(needs(objective, name) for name in ("dense_probs", "dense_features"))
    frozen = _frozen(dense, fabric) if dense is not None and asked else None
    goal = LossFunction(objective, frozen, hints=hints)
    done = _resume(checkpoint, network.net, optimizer, goal.state, fabric)
    feed = BatchLoader(
        split,
        network,
        batch=min(how.batch, len(split) // fabric.world_size),
        augment=how.augment,
        device=fabric.device,
        seed=seed,
        balance=how.balance,
        rank=fabric.global_rank,
        world=fabric.world_size,
    )
    for epoch in range(done, how.epochs):
        net.train()
        place = (epoch + 1, how.epochs)
        said = f"{what}, epoch {place[0]} of {place[1]}"
        batches = track(feed.epoch(epoch), said, len(feed), place)
        losses = []
        for step, batch in enumerate(batches):
            _set_lr(optimizer, how, (epoch + step / len(feed)) / how.epochs)
            losses.append(_gradients(net, batch, goal, optimizer, fabric, how.sam))
            optimizer.step()
        mean = torch.stack(losses).mean().item()
        if not math.isfinite(mean):
            raise InputError(
                f"{what}: the loss of epoch {epoch + 1} is {mean}; "
                f"a lower lr than {how.lr} may help"
            )
        if fabric.is_global_zero:
            after_epoch(epoch + 1, mean, network.net)  # first: a kill in between repeats an epoch
            _remember(checkpoint, network.net, optimizer, goal.state, epoch + 1)
    evaluating(network.net).cpu().to(memory_format=torch.contiguous_format)


def _gradients(
    net: nn.Module,
    batch: Batch,
    goal: LossFunction,
    optimizer: torch.optim.Optimizer,
    fabric: "Fabric",
    radius: float,
) -> Tensor:
    """Leave the gradients of a step in the weights; return the loss at them, in nats.

    With a radius they are those of the same objective, its memory included, where it is worst near
    the weights. Memory and normalisation learn from the batch once, at the weights themselves.
    """
    before = goal.state.copy()
    loss = goal(net, batch)
    optimizer.zero_grad()
    fabric.backward(loss)
    if radius > 0:
        with worst_nearby(net, radius):
            fabric.backward(replace(goal, state=before)(net, batch))
    return loss.detach()


def _frozen(dense: nn.Module, fabric: "Fabric") -> nn.Module:
    return evaluating(copied(dense).requires_grad_(False)).to(fabric.device)


def _optimizer(net: nn.Module, how: Optimisation) -> torch.optim.Optimizer:
    if how.optimizer == "sgd":
        return torch.optim.SGD(
            net.parameters(), how.lr, momentum=how.momentum, weight_decay=how.weight_decay
        )
    return torch.optim.AdamW(net.parameters(), how.lr, weight_decay=how.weight_decay)


def _set_lr(optimizer: torch.optim.Optimizer, how: Optimisation, progress: float) -> None:
    """Set the learning rate that ``how`` wants at a share ``progress`` of all steps."""
    factor = 1.0
    if how.schedule == "cosine":
        factor = (1 + math.cos(math.pi * progress)) / 2
    elif how.schedule == "step":
        factor = 0.1 ** sum(progress >= step for step in how.steps)
    for group in optimizer.param_groups:
        group["lr"] = how.lr * factor


def _remember(
    checkpoint: Path | None,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    memory: State,
    epochs: int,
) -> None:
    if checkpoint is None:
        return
    buffer = io.BytesIO()
    state = {"net": tensors_of(net), "optimizer": optimizer.state_dict(), "epochs": epochs}
    torch.save({**state, "extra": extras_of(net), "objective": memory}, buffer)
    write_bytes(checkpoint, buffer.getvalue())


def _resume(
    checkpoint: Path | None,
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    memory: State,
    fabric: "Fabric",
) -> int:
    if checkpoint is None or not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, map_location=fabric.device, weights_only=True)
    for name, tensor in tensors_of(net).items():
        tensor.copy_(state["net"][name])
    give_extras(net, state["extra"])
    optimizer.load_state_dict(state["optimizer"])
    memory |= state["objective"]
    return int(state["epochs"])
