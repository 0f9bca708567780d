"""What could mend a network that harms a group: its own settings, and what to set them to."""

from faircompress.config.params import Params, Prune
from faircompress.report.remedies import untried


def levers(params: Params, *, weak: bool = False) -> list[str]:
    """Return three settings that could mend harm, most promising first, with numbers.

    Args:
        params: Of the chain that made the network; the objective in use is among them.
        weak: Is the dense model too weak for that objective?
    """
    prune = params.prune
    found = [
        _prune_less(prune),
        _objective(params),
        f"fine-tune longer: prune.epochs from {prune.epochs} to {2 * prune.epochs}",
    ]
    return [_better_dense(params), *found[1::-1]] if weak else found


def _better_dense(params: Params) -> str:
    epochs, why = params.train.epochs, "it is too weak for performance_weighted"
    if not epochs:
        return f"bring a better dense model (train.from): {why}"
    return f"train the dense model longer: train.epochs from {epochs} to {2 * epochs} ({why})"


def _prune_less(prune: Prune) -> str:
    if prune.target:
        return f"prune less: prune.target above {prune.target}"
    less = float(f"{1 + (prune.speedup - 1) / 2:.2g}")
    return f"prune less: prune.speedup from {prune.speedup:g} to {less:g}"


def in_a_clause(params: Params, *, weak: bool = False) -> str:
    """Return the same as one clause, for the verdict's sentences."""
    first, second, third = levers(params, weak=weak)
    return f"{first}; {second}; or {third}"


def _objective(params: Params) -> str:
    """Say which objective of fine-tuning to try, given the one in use, and on what evidence."""
    prune, first = params.prune, untried(params)[0]
    whom = "reads group labels" if first.reads_groups else "reads no group labels"
    mix = f", prune.finetune.mix from {prune.finetune.mix:g} to {first.mix:g}"
    return (
        f"fine-tune by {first.name}, which {whom}: prune.finetune.name from {prune.finetune.name} "
        f"to {first.objective}{mix if first.mix != prune.finetune.mix else ''} ({first.evidence})"
    )
