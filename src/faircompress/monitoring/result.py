"""What a look at the champion came to, as machines and the page read it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from faircompress.monitoring.drift import Drift
from faircompress.monitoring.units import LOWER_IS_BETTER
from faircompress.monitoring.watch import EVERYONE, Process, Settings
from faircompress.support.number_text import plain_points, share, unsigned

SCORE = "auroc"  # the other metrics are shares
MOST = 1_000_000  # evidence beyond is no more


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
        return f"ALARM: {self.harm}. {self.why}."

    @property
    def harm(self) -> str:
        """Say who is served worse; of alarms alone."""
        groups = list(dict.fromkeys(named(p.group) for p in self.alarms))
        more = f"{', '.join(groups[:-1])} and {groups[-1]}" if len(groups) > 1 else groups[0]
        version = f"version {self.version} of {self.model}"
        return f"{version} serves {more} worse than its verdict said"

    @property
    def why(self) -> str:
        """Say what the strongest alarm rests on; nothing if there is none."""
        return _why(self.alarms[0]) if self.alarms else ""


def named(group: str) -> str:
    """Name a group as people do."""
    return "everyone" if group == EVERYONE else group


def rate(process: Process, value: float) -> str:
    """Write a rate as people say it: a share as percent, AUROC as a score."""
    return unsigned(value) if process.metric == SCORE else share(value)


def counted(process: Process, units: int) -> str:
    """Say what so many units of a process are."""
    return f"{units:,} pairs of people" if process.metric == SCORE else f"{units:,} people"


def fall(process: Process, size: float) -> str:
    """Write a fall: of a share in points."""
    return f"{size:g}" if process.metric == SCORE else plain_points(size)


def evidence(wealth: float) -> str:
    """Write evidence without digits that say nothing."""
    if wealth >= MOST:
        return f"over {MOST:,}"
    return f"{wealth:,.0f}" if wealth >= 10 else f"{wealth:.2g}" if wealth >= 0.01 else "below 0.01"


def words(metric: str) -> str:
    """Return a metric as a reader says it."""
    return "AUROC" if metric == SCORE else metric.replace("_", " ")


def _why(process: Process) -> str:
    now = "not known" if process.rate is None else rate(process, process.rate)
    return (
        f"{named(process.group)}: {words(process.metric)} {now} of "
        f"{counted(process, process.units)} since, {rate(process, process.reference)} at the "
        f"verdict; a {_worse(process)} of {fall(process, process.limit)} is allowed, evidence "
        f"{evidence(float(process.wealth.max()))}"
    )


def _worse(process: Process) -> str:
    return "rise" if process.metric in LOWER_IS_BETTER else "fall"


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
