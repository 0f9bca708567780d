"""What a look at the champion came to, as machines and the page read it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from faircompress.monitoring.drift import Drift
from faircompress.monitoring.watch import Process, Settings


@dataclass(frozen=True, eq=False)
class Watched:
    """A version, all that is watched of it, and what new rows say.

    Args:
        model: Name of the registered model.
        version: Number of the version.
        settings: What is watched.
        processes: Each group under each rule.
        drift: Columns that were compared.
        rows: What became of the rows of the table, by name.
        days: First and last day of labels; empty: there is none.
        labelled: Moment -> last day of its labels.
        notes: What else a reader must know.
    """

    model: str
    version: str
    settings: Settings
    processes: Sequence[Process]
    drift: Sequence[Drift]
    rows: Mapping[str, int]
    days: tuple[str, str]
    labelled: Mapping[int, str]
    notes: Sequence[str]

    @property
    def alarms(self) -> list[Process]:
        """Return what raised an alarm, the greatest wealth first."""
        found = [process for process in self.processes if process.alarm is not None]
        return sorted(found, key=lambda process: -process.wealth.max())

    @property
    def sentence(self) -> str:
        """Say what it comes to."""
        name = f"version {self.version} of {self.model}"
        if not self.alarms:
            return f"No alarm: {self.rows['counted']:,} new rows of {name}."
        groups = ", ".join(dict.fromkeys(p.group for p in self.alarms))
        return f"ALARM: {name} serves {groups} worse than its verdict said. {self.why}."

    @property
    def why(self) -> str:
        """Say what the strongest alarm rests on; nothing if there is none."""
        return _why(self.alarms[0]) if self.alarms else ""


def _why(process: Process) -> str:
    metric = process.metric.replace("_", " ")
    return (
        f"{process.group}: {metric} {process.rate:.3f} on {process.units:,} new people or pairs "
        f"against {process.reference:.3f} at the verdict; the limit of the fall is "
        f"{process.limit:g}, evidence {process.wealth.max():.3g}"
    )


def as_json(watched: Watched) -> dict[str, Any]:
    """Return it as JSON holds it."""
    return {
        "model": watched.model,
        "version": watched.version,
        "sentence": watched.sentence,
        "alpha": watched.settings.alpha,
        "weeks": watched.settings.weeks,
        "rows": dict(watched.rows),
        "days": list(watched.days),
        "notes": list(watched.notes),
        "drift": [asdict(one) for one in watched.drift],
        "processes": [
            {
                **{k: v for k, v in vars(p).items() if k not in ("moments", "wealth")},
                "moments": p.moments.tolist(),
                "wealth": p.wealth.tolist(),
            }
            for p in watched.processes
        ],
    }


def metrics(watched: Watched, moment: int) -> dict[str, float]:
    """Return what MLflow shows of one moment: the wealth of each process after it."""
    found = {}
    for process in watched.processes:
        at = (process.moments <= moment).sum() - 1
        if at >= 0:
            found[f"wealth/{process.metric}/{process.group}"] = float(process.wealth[at])
    return found
