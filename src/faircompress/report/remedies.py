"""What was shown to spare the rarest subgroup, by name and number; docs/findings.md has all."""

from collections.abc import Collection
from dataclasses import dataclass

from faircompress.config.params import Params


@dataclass(frozen=True)
class Remedy:
    """A way to fine-tune that helped in a study whose question was written before the run.

    Args:
        name: Of the method in the study.
        objective: As ``prune.finetune.name``.
        mix: As ``prune.finetune.mix``.
        gain: Share of the rarest subgroup that is found beyond plain fine-tuning: mean, and the
            ends of the 95 % interval over people and seeds.
        at: Where the classes part.
        study: Its name.
        setting: On what it was measured.
        reads_groups: Does it need group labels in training?
    """

    name: str
    objective: str
    mix: float
    gain: tuple[float, float, float]
    at: str
    study: str
    setting: str = "on the embedded portraits, network small, pruned 16x"
    reads_groups: bool = False

    @property
    def settings(self) -> str:
        """Return what sets it, as ``section.key=value ...``."""
        return f"prune.finetune.name={self.objective} prune.finetune.mix={self.mix:g}"

    @property
    def evidence(self) -> str:
        """Return what it was found to do, in a clause."""
        mean, low, high = (f"{value:.3f}".lstrip("0") for value in self.gain)
        return (
            f"in the study {self.study}, {self.setting}, threshold at {self.at}, it found {mean} "
            f"more of the rarest subgroup than plain fine-tuning ({low} to {high}); elsewhere it "
            "may find less"
        )


SHOWN = (  # the best first, of those that read no groups
    Remedy(
        "pseudo-cells", "pseudo_cell_dro", 0.8, (0.153, 0.099, 0.206),
        "the dense model's selection rate", "remedies",
    ),
    Remedy(
        "group-dro", "group_dro", 0.0, (0.293, 0.229, 0.356), "0.5", "portraits", reads_groups=True
    ),
)  # fmt: skip


def untried(params: Params, lines: Collection[str] = ()) -> list[Remedy]:
    """Return the remedies that neither the params nor other lines of a search use.

    Args:
        params: Of the chain.
        lines: Ways to prune that were tried beside it, as ``section.key=value ...``.
    """
    used = {params.prune.finetune.name}
    return [
        one
        for one in SHOWN
        if one.objective not in used
        and not any(f"finetune.name={one.objective}" in line for line in lines)
    ]
