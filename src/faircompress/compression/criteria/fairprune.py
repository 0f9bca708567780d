"""The criterion that gives up what only the well-served groups need. It needs group labels."""

from itertools import islice

import torch
from torch import Generator, nn

from faircompress.compression.criteria import Batches, Loss, Scores
from faircompress.compression.fisher import fisher_effects
from faircompress.config.bounds import Count, NotNegative
from faircompress.training.groupwise import require_groups


def fairprune(
    net: nn.Module,
    batches: Batches,
    loss: Loss,
    *,
    rng: Generator,
    steps: Count = 8,
    beta: NotNegative = 0.5,
) -> Scores:
    """Score each channel by what the worst-served group loses without it, less what others lose.

    With ``S = sum(w^2 * H) / 2`` over the filter's weights the score is ``S(worst) - beta *
    S(rest)``. The worst-served group is the one with the highest loss; ``S(rest)`` is the mean
    over the other groups, each counting alike.

    Args:
        net: Network to score.
        batches: Calibration pictures, labels and groups.
        loss: Objective to be protected.
        rng: Not used.
        steps: Batches taken.
        beta: How much the other groups' need speaks for letting a channel go; 0: not at all.

    Returns:
        For each layer, scores in nats of either sign, ``(out_channels,)``.

    Raises:
        ValueError: If the batches show fewer than two groups.

    Source:
        Wu et al., FairPrune: Achieving Fairness Through Pruning for Dermatological Disease
        Diagnosis, MICCAI 2022.
        Departure: the empirical Fisher diagonal for the Hessian's; whole filters; more than two
        groups, as said above; the worst group is found by loss, not by accuracy.
    """
    effects, losses = _by_group(net, batches, loss, steps)
    worst = max(losses, key=lambda group: losses[group])
    rest = [group for group in effects if group != worst]
    scores = {}
    for name, needed in effects[worst].items():
        others = sum(effects[group][name] for group in rest) / len(rest)
        scores[name] = (needed - beta * others) / 2
    return scores


def _by_group(
    net: nn.Module, batches: Batches, loss: Loss, steps: int
) -> tuple[dict[int, Scores], dict[int, float]]:
    """Return each group's mean effects and mean loss, for the groups that were seen."""
    effects: dict[int, Scores] = {}
    losses: dict[int, float] = {}
    seen: dict[int, int] = {}
    net.eval()
    for batch in islice(batches, steps):
        for group in torch.unique(batch.groups).tolist():
            part = batch.part(batch.groups == group)
            new, value = fisher_effects(net, part, loss)
            size = len(part.labels)
            seen[group] = seen.get(group, 0) + size
            share = size / seen[group]
            old = effects.get(group, new)
            effects[group] = {n: old[n] + share * (new[n] - old[n]) for n in new}
            losses[group] = losses.get(group, 0.0) * (1 - share) + value * share
    require_groups(len(seen), "fairprune")
    return effects, losses
