"""What an attestation can say of a file: the outcome it had. Decisions are in ``policy``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from faircompress.registry.policy import WITHDRAWING, Decision

NOT_EVALUATED = "not evaluated"  # of a file after one that did not pass
SHORT = 12  # hex digits of a hash that messages show


@dataclass(frozen=True)
class VerdictRecord:
    """What the gate found of a file.

    Args:
        time: In UTC, as a decision's.
        model: Name of the registered model.
        sha256: Of the file.
        precision: It is in.
        workspace: ``project``, or the name of the variant under whose params it was evaluated.
        outcome: Of the verdict, or ``not evaluated``.
        verdict_sha256: Of the bytes of ``verdict.json``; empty if it was not evaluated.
        test: sha256 of the test split.
        against: For ``champion`` and ``original_champion`` the version and sha256 that it was
            compared with.
        restoring: sha256 of each small file that brings the results back, by its path.
        rules: sha256 of the rules, as ``evaluation.rule_limits`` writes them.
        limits: Their limits by name.
        loosened: What these rules allow that the last agreed ones did not; a reviewer must agree.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    time: str
    model: str
    sha256: str
    precision: str
    workspace: str
    outcome: str
    verdict_sha256: str
    test: str = ""
    against: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    restoring: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    loosened: tuple[str, ...] = ()


@dataclass(frozen=True)
class LedgerHead:
    """Where the ledger of test-set use stood.

    Args:
        length: Lines.
        head: sha256 of the last one.
        first: sha256 of the first one, by which a ledger is known.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    length: int
    head: str
    first: str


Record = VerdictRecord | Decision


@dataclass(frozen=True)
class Attestation:
    """A record, and what was signed with it.

    Args:
        record: What is attested.
        payload: The bytes that are signed, an in-toto Statement.
        signatures: By key id, in hex; empty: it is unsigned.
        previous: sha256 of the payload before it in its file; empty: there is none.
        ledger: Where the ledger stood; None: there was none, or it could not be read.
        place: Where it stands, for messages.
    """

    record: Record
    payload: bytes
    signatures: Mapping[str, str] = field(default_factory=dict)
    previous: str = ""
    ledger: LedgerHead | None = None
    place: str = ""

    @property
    def kind(self) -> str:
        """Return what it is: ``verdict``, ``decision`` or ``alarm``."""
        return kind_of(self.record)


VERDICT = TypeAdapter(VerdictRecord)
DECISION = TypeAdapter(Decision)


def record_of(values: Mapping[str, Any], *, verdict: bool) -> Record:
    """Return what is attested; each value must be of its type, since others may have written it.

    Raises:
        ValueError: If a value is missing, too much, or of another type.
    """
    text = json.dumps(values)
    record: Record = (VERDICT if verdict else DECISION).validate_json(text, strict=True)
    return record


def kind_of(record: Record) -> str:
    """Return ``verdict``, ``decision`` or ``alarm``."""
    if isinstance(record, VerdictRecord):
        return "verdict"
    return "alarm" if record.act in WITHDRAWING else "decision"


def same(one: VerdictRecord, other: VerdictRecord) -> bool:
    """Tell whether two records differ in their time alone."""
    return replace(one, time=other.time) == other


def from_old_values(values: dict[str, Any]) -> Record:
    """Return what a line of ``judgements.jsonl``, the record of 0.2, says.

    Raises:
        KeyError: If it is of no known kind.
        ValueError: If a value is missing, too much, or of another type.
    """
    kind = values.pop("kind")
    if kind == "decided":
        return record_of(values, verdict=False)
    if kind != "judged":
        raise KeyError(kind)
    against = values.get("against", {})
    if "anchor" in against:  # as 0.2 called it
        against["original_champion"] = against.pop("anchor")
    outcome = values.pop("verdict")
    values["outcome"] = NOT_EVALUATED if outcome == "not judged" else outcome
    return record_of(values, verdict=True)
