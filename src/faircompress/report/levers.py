"""What could mend a network that harms a group: its own settings, and what to set them to."""

from faircompress.config.params import Params, Prune

LEAST_WEIGHT = 0.3  # of a well-served picture: the performance-weighted loss's own default


def levers(params: Params) -> list[str]:
    """Return three settings that could mend harm, most promising first, with numbers.

    Args:
        params: Of the chain that made the network; the objective in use is among them.
    """
    prune = params.prune
    return [
        _prune_less(prune),
        _objective(params),
        f"fine-tune longer: prune.epochs from {prune.epochs} to {2 * prune.epochs}",
    ]


def _prune_less(prune: Prune) -> str:
    if prune.target:
        return f"prune less: prune.target above {prune.target}"
    less = round(1 + (prune.speedup - 1) / 2, 1)
    return f"prune less: prune.speedup from {prune.speedup:g} to {less:g}"


def in_a_clause(params: Params) -> str:
    """Return the same as one clause, for the verdict's sentences."""
    first, second, third = levers(params)
    return f"{first}; {second}; or {third}"


def _objective(params: Params) -> str:
    """Say which objective of fine-tuning to try, given the one in use."""
    finetune = params.prune.finetune
    if finetune.name != "performance_weighted":
        return (
            "fine-tune with more weight on badly served pictures: prune.finetune.name from "
            f"{finetune.name} to performance_weighted"
        )
    weight = finetune.performance_weighted.min_weight
    if weight > LEAST_WEIGHT:
        return (
            "count well-served pictures for less, since badly served ones have more weight "
            f"already: prune.finetune.performance_weighted.min_weight from {weight:g} to "
            f"{LEAST_WEIGHT:g}"
        )
    return (
        "fine-tune for the worst group, since more weight on badly served pictures did not do: "
        "prune.finetune.name from performance_weighted to group_dro"
    )
