"""Every verdict that a file had, with its rules; and whether rules got looser."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faircompress.ledger import limits as ledger_limits
from faircompress.registry import attestations, signatures
from faircompress.registry.keys import keys_of
from faircompress.registry.policy import PROJECT, Decision
from faircompress.registry.records import Attestation, VerdictRecord

AGREEING = ("approved", "overridden")


@dataclass(frozen=True)
class Entry:
    """What was attested of a file, for readers.

    Args:
        time: In UTC.
        kind: ``verdict``, ``decision`` or ``alarm``.
        what: Outcome, or what was decided by whom and why.
        rules: sha256 of the rules; empty of a decision.
        loosened: What these rules allow that those agreed on before did not.
        signed: By whom, or what is wrong with it, or ``unsigned``.
    """

    time: str
    kind: str
    what: str
    rules: str
    loosened: tuple[str, ...]
    signed: str


def history(project: Path, model: str, digest: str) -> list[Entry]:
    """Return what was attested of the file with this sha256, the oldest first."""
    keys = keys_of(project)
    found = [
        one
        for one in attestations.read(project)
        if (one.record.model, one.record.sha256) == (model, digest)
    ]
    return [_entry(one, signatures.described(keys, one)) for one in found]


def loosened(project: Path, model: str, limits: Mapping[str, float]) -> tuple[str, ...]:
    """Say what limits allow that the last agreed ones of a model did not; nothing: no more."""
    before = agreed(project, model)
    return () if before is None else ledger_limits.loosened(before.limits, limits)


def agreed(project: Path, model: str) -> VerdictRecord | None:
    """Return the last verdict whose rules are agreed on: looser than none, or a reviewer's word.

    Rules of variants, and verdicts that are not signed as they must be, do not count.
    """
    keys = keys_of(project)
    decisions = attestations.decided(project, model)
    for one in reversed(attestations.verdicts(project, model)):
        record = one.record
        if not isinstance(record, VerdictRecord) or signatures.fault(keys, one):
            continue
        if record.workspace == PROJECT and _is_agreed(record, decisions):
            return record
    return None


def _is_agreed(record: VerdictRecord, decisions: list[Decision]) -> bool:
    about = [(d.sha256, d.verdict_sha256) for d in decisions if d.act in AGREEING]
    agreed_on = not record.loosened or (record.sha256, record.verdict_sha256) in about
    return bool(record.limits) and agreed_on


def _entry(one: Attestation, by: str) -> Entry:
    record = one.record
    if isinstance(record, Decision):
        return Entry(record.time, one.kind, record.sentence, "", (), by)
    own = "" if record.workspace == PROJECT else f" under the params of {record.workspace}"
    what = f"{record.outcome}{own} ({record.precision})"
    return Entry(record.time, one.kind, what, record.rules, record.loosened, by)
