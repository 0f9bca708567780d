"""How a project stands, from its files alone: no server is asked, and no torch is loaded."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from faircompress.config import params
from faircompress.config.precisions import PRECISIONS
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.record import LEDGER, Ledger
from faircompress.ledger.standing import Standing, standing
from faircompress.orchestration.pending import Pending, pending_stages
from faircompress.registry import attestations, signatures
from faircompress.registry.keys import keys_of
from faircompress.registry.policy import Decision, made_champion
from faircompress.registry.records import VerdictRecord
from faircompress.support.files import read_json, sha256
from faircompress.support.locks import is_held
from faircompress.support.times import iso

RUN_LOCK = Path(".checkpoints") / "run.lock"
TRAINING = ("train", "prune")  # stages, and sections with their epochs


@dataclass(frozen=True)
class LastVerdict:
    """A verdict that lies in a folder.

    Args:
        outcome: ``pass``, ``fail`` or ``inconclusive``.
        sentence: The verdict in one.
        decides: The check that decides, in words; empty: it passed.
        time: When it was judged, in UTC, ISO 8601.
        speedup: Dense over pruned multiply-adds.
        precisions: Outcome of each file that was judged.
    """

    outcome: str
    sentence: str
    decides: str
    time: str
    speedup: float | None
    precisions: dict[str, str]


@dataclass(frozen=True)
class Unfinished:
    """A training that was stopped, or is at work.

    Args:
        stage: Whose.
        epochs_done: Finished epochs.
        epochs: That the params want.
    """

    stage: str
    epochs_done: int
    epochs: int


@dataclass(frozen=True)
class Variant:
    """A variant of the project, and its verdict; None: it was not judged."""

    name: str
    verdict: LastVerdict | None


@dataclass(frozen=True)
class Status:
    """How a project stands.

    Args:
        name: Key of experiment and registered model.
        folder: Of the project.
        running: Whether a process runs the chain here now.
        pending: Stages that the next run would compute; None: not asked while one is at work.
        verdict: The last; None: nothing was judged.
        looks: At the test set; None: none yet.
        champion: Decision that made it, by the record in the project; None: there is none.
        signed: By whom that decision is signed, or ``unsigned``; empty: there is none.
        unfinished: Trainings that were stopped.
        variants: By name.
    """

    name: str
    folder: str
    running: bool
    pending: list[Pending] | None
    verdict: LastVerdict | None
    looks: Standing | None
    champion: Decision | None
    signed: str
    unfinished: list[Unfinished]
    variants: list[Variant]


def status(project: Path) -> Status:
    """Return how a project stands.

    Raises:
        BadParams: If its params cannot be used.
        BrokenLedgerError: If its ledger cannot be trusted.
    """
    project = project.resolve()
    chosen = params.load(project / "params.yaml")
    evaluated = [r for r in attestations.records(project) if isinstance(r, VerdictRecord)]
    made = made_champion(attestations.decided(project, chosen.key))
    running = is_held(project / RUN_LOCK)
    folders = sorted(p.parent for p in project.glob("variants/*/params.yaml"))
    return Status(
        name=chosen.key,
        folder=str(project),
        running=running,
        pending=None if running else pending_stages(project, chosen),
        verdict=_last_verdict(project, evaluated),
        looks=_looks(project),
        champion=made,
        signed=_signed(project, chosen.key, made) if made else "",
        unfinished=list(_unfinished(project, chosen)),
        variants=[Variant(folder.name, _last_verdict(folder, evaluated)) for folder in folders],
    )


def _last_verdict(folder: Path, evaluated: list[VerdictRecord]) -> LastVerdict | None:
    artifacts = folder / "artifacts"
    file = artifacts / "gate" / "verdict.json"
    if not file.exists():
        return None
    verdict = Verdict.from_json(read_json(file))
    digest = sha256(file)
    outcomes = read_json(artifacts / "gate.json")["precisions"]
    times = [iso(one.time) for one in evaluated if one.verdict_sha256 == digest]
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return LastVerdict(
        str(verdict.outcome),
        verdict.sentence,
        verdict.reasons[0] if verdict.reasons else "",
        times[0] if times else written,
        _number(artifacts / "prune.json", "speedup"),
        {name: outcomes[name] for name in PRECISIONS if name in outcomes},
    )


def _signed(project: Path, model: str, decision: Decision) -> str:
    known = attestations.decisions(project, model)
    found = next(one for one in known if one.record == decision)
    return signatures.described(keys_of(project), found)


def _number(file: Path, key: str) -> float | None:
    return float(read_json(file)[key]) if file.exists() else None


def _looks(project: Path) -> Standing | None:
    def earned(number: int, released: int) -> float:
        from faircompress.auditing.looks import levels  # here, because only `earn` needs scipy

        return levels(number, released)

    return standing(Ledger(project / LEDGER), earned)


def _unfinished(project: Path, chosen: params.Params) -> Iterator[Unfinished]:
    for stage in TRAINING:
        for curve in (project / ".checkpoints" / stage).glob("*/curve.json"):
            with suppress(ValueError):  # a damaged one is no news: the run begins it anew
                yield Unfinished(stage, len(read_json(curve)), getattr(chosen, stage).epochs)
