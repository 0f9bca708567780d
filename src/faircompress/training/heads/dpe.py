"""Diversified prototypes: sets of prototypes on balanced samples, each unlike those before it."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from faircompress.config.bounds import Count, NotNegative, Positive
from faircompress.networks.prototypes import Prototypes, distances, unit
from faircompress.training.balanced_rows import balanced_rows, cells_of
from faircompress.training.heads import Known

BATCH, MOMENTUM = 256, 0.9
START = 0.01 * 2048**0.5  # length of the first prototypes: the authors', of ResNet-50's features


def dpe(
    known: Known,
    *,
    seed: int,
    sets: Count = 15,
    balance: Literal["classes", "cells"] = "classes",
    columns: list[str] = [],  # noqa: B006 - params replace it
    epochs: Count = 20,
    lr: Positive = 0.001,
    sharpness: Positive = 30.0,
    shrink: NotNegative = 10.0,
    diversity: NotNegative = 25.0,
) -> Prototypes:
    """Return sets of prototypes, each fitted to a balanced sample of its own.

    Args:
        known: Rows; their groups are read where ``balance`` is ``cells`` alone.
        seed: Of first prototypes, samples and their order.
        sets: Of prototypes, whose probabilities are averaged.
        balance: What has as many rows as the rarest: ``classes``, or ``cells`` of group and label.
        columns: Group columns that make cells with the label; none: all, crossed.
        epochs: Passes over each sample.
        lr: Learning rate of SGD with momentum.
        sharpness: What distances are multiplied by in the loss, not afterwards.
        shrink: Weight of the mean squared length of a set's prototypes.
        diversity: Weight of the mean product of a set's prototypes with those of the sets before
            it; of the third set and those after it less and less, by ``1 + 0.05 k``.

    Raises:
        InputError: If cells are to be balanced, and there is one group, or hardly anybody of one.

    Source:
        To et al., Diverse Prototypical Ensembles Improve Robustness to Subpopulation Shift, ICML
        2025, arXiv:2505.23027, and the authors' code, whose loss this is on one batch.
        Departure: lengths and ``diversity`` are theirs at the 2,048 features of ResNet-50, whatever
        the width, since at the few features that pruning leaves theirs would not settle; of the
        validation rows those of half of the people; the last epoch's prototypes, where they take
        the epoch by the worst group, on rows among which may be those that were learnt from.
    """
    parts = known.labels if balance == "classes" else cells_of(known, columns, "dpe")
    rng, draw = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    features, labels = (
        unit(torch.from_numpy(known.features).float()),
        torch.from_numpy(known.labels),
    )
    found: list[tuple[Tensor, Tensor]] = []
    for number in range(sets):
        rows = torch.from_numpy(balanced_rows(parts, rng))
        weight = diversity / (1 + 0.05 * max(number - 1, 0))
        first = START * functional.normalize(
            torch.randn(known.classes, features.shape[1], generator=draw)
        )
        ours = first.requires_grad_(), torch.ones(1, requires_grad=True)
        optimizer = torch.optim.SGD(ours, lr, momentum=MOMENTUM)
        before = [prototypes for prototypes, _ in found]
        batch = min(BATCH, len(rows))
        for _ in range(epochs):
            order = rows[torch.randperm(len(rows), generator=draw)]
            for step in range(len(rows) // batch):
                some = order[step * batch : (step + 1) * batch]
                loss = prototype_loss(
                    features[some], labels[some], *ours, before,
                    sharpness=sharpness, shrink=shrink, diversity=weight,
                )  # fmt: skip
                optimizer.zero_grad()
                torch.autograd.backward(loss)
                optimizer.step()
        found.append((ours[0].detach(), ours[1].detach()))
    return as_layer(found)


def prototype_loss(
    features: Tensor,
    labels: Tensor,
    prototypes: Tensor,
    scale: Tensor,
    before: list[Tensor],
    *,
    sharpness: float,
    shrink: float,
    diversity: float,
) -> Tensor:
    """Return what a set of prototypes minimises: a cross-entropy, their length, their likeness.

    Args:
        features: With their mean taken off, of length 1, ``(batch, features)``.
        labels: Of them, ``(batch,)``.
        prototypes: One a class, of any length, ``(classes, features)``.
        scale: Of distances, ``(1,)``; its absolute value counts.
        before: Prototypes of the sets before, each as ``prototypes``.
        sharpness: As of ``dpe``.
        shrink: As of ``dpe``.
        diversity: Of this set.
    """
    apart = scale.abs() * distances(features, functional.normalize(prototypes))
    loss = functional.cross_entropy(-sharpness * apart, labels)
    loss = loss + shrink * prototypes.square().sum(1).mean()
    if before:
        products = (prototypes * torch.stack(before)).sum(2)
        loss = loss + diversity * (products.sum(0) / (len(before) + 1)).mean().abs()
    return loss


def as_layer(found: list[tuple[Tensor, Tensor]]) -> Prototypes:
    """Return sets of prototypes and their scales as a layer."""
    classes, width = found[0][0].shape
    layer = Prototypes(width, classes, len(found))
    with torch.no_grad():
        layer.weight.copy_(torch.cat([functional.normalize(one) for one, _ in found]))
        layer.bias.copy_(torch.cat([scale.abs().expand(classes) for _, scale in found]))
    return layer
