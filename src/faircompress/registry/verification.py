"""What MLflow keeps of a version, held against what was attested in the project."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from faircompress.registry import attestations, known_keys, signatures, versions
from faircompress.registry.keys import keys_of
from faircompress.registry.mlflow_runs import Store
from faircompress.registry.policy import Decision, NotPromoted
from faircompress.registry.records import NOT_EVALUATED, Attestation, VerdictRecord
from faircompress.registry.versions import Version
from faircompress.support.errors import InputError
from faircompress.support.files import json_bytes, sha256

RUN_AGAIN = "Run again: what was evaluated here is then kept anew."
NAMED = {"verdict": "outcome", "verdict.sha256": "verdict_sha256", "workspace": "workspace"}
ENABLING = ("approved", "overridden")  # let a file out that its verdict alone does not


def verified(store: Store, version: Version) -> VerdictRecord:
    """Return what was recorded of a version's file, after all that MLflow says of it agreed.

    Raises:
        NotPromoted: If the file, its verdict, its tags, a decision or a signature is not what was
            recorded.
    """
    record = intact(store, version)
    if record.outcome == NOT_EVALUATED:
        raise NotPromoted(
            f"{name_of(version)} is not evaluated under the latest rules: an earlier precision of "
            "its network did not pass."
        )
    _check_verdict(store, version, record)
    _check_tags(version, record)
    return record


def intact(store: Store, version: Version) -> VerdictRecord:
    """Return what was recorded of a version's file, which must be the one that was evaluated.

    Raises:
        NotPromoted: If it is another, its attestation is not signed as it must be, or somebody
            laid a decision to it that was never taken.
    """
    found, stated = versions.file_sha256(store, version), version.tags.get("sha256")
    attested = next((a for a in (_latest(store, version, d) for d in (stated, found)) if a), None)
    evaluated = attested.record.sha256 if attested else "nothing"
    if not found == stated == evaluated:
        raise NotPromoted(
            f"{name_of(version)}: the registered file has sha256 {found}, its tag says {stated}, "
            f"and {evaluated} was evaluated; they must be equal. {_record(store)} knows what was "
            "evaluated. The file or its tag was changed, or the file was registered past the gate, "
            "or evaluated where another record is kept: run again, or bring the record back from "
            "git."
        )
    assert attested is not None and isinstance(attested.record, VerdictRecord)
    check_signatures(store.project, version, attested)
    _check_decisions(store, version)
    return attested.record


def check_signatures(project: Path, version: Version, attested: Attestation) -> None:
    """See that a verdict and what lets its file out are signed as the project's keys demand.

    Raises:
        NotPromoted: Naming the line, and what is wrong with it.
    """
    keys = keys_of(project)
    known_keys.raise_unless_known(keys)
    attestations.raise_unless_complete(project)
    enabling = [
        one
        for one in attestations.decisions(project, version.model)
        if isinstance(one.record, Decision) and one.record.act in ENABLING
        if one.record.sha256 == attested.record.sha256
    ]
    for one in (attested, *enabling):
        if words := signatures.fault(keys, one):
            raise NotPromoted(
                f"{name_of(version)}: its {one.kind} in {words}. If it is genuine, whoever has "
                "that key signs it: faircompress keys sign. If not, take the line out."
            )


def attested(store: Store, version: Version) -> Attestation:
    """Return the attestation of a version's file.

    Raises:
        InputError: If there is none.
    """
    found = _latest(store, version, version.tags.get("sha256"))
    if found is None:
        raise InputError(f"{name_of(version)}: {_record(store)} knows nothing of its file")
    return found


def kept_verdict(store: Store, version: Version, record: VerdictRecord) -> bytes | None:
    """Return the ``verdict.json`` that was recorded, if MLflow still has these bytes."""
    kept = versions.verdicts(store, version)
    return next((one for one in kept if _hash(one) == record.verdict_sha256), None)


def restorable(store: Store, version: Version, found: Mapping[str, Path]) -> None:
    """See that the small files kept with a version are those that its results need.

    Args:
        store: Where the version is.
        version: It.
        found: The files, by their path in the project.

    Raises:
        NotPromoted: If no run here recorded them together.
    """
    hashes = {path: sha256(file) for path, file in found.items()}
    digest = version.tags.get("sha256", "")
    known = attestations.about(store.project, version.model, digest)
    if hashes in [dict(one.restoring) for one in known]:
        return
    wrong = [p for p, h in hashes.items() if h not in {one.restoring.get(p) for one in known}]
    raise NotPromoted(
        f"{name_of(version)}: {', '.join(wrong) or 'the set of files'} kept to restore it is not "
        f"what {_record(store)} says was kept. It was changed on the server, or evaluated where "
        f"another record is kept. {RUN_AGAIN}"
    )


def name_of(version: Version) -> str:
    """Return what messages call a version."""
    return f"version {version.number} of {version.model}"


def _check_verdict(store: Store, version: Version, record: VerdictRecord) -> None:
    if kept_verdict(store, version, record) is None:
        kept = [_hash(one) for one in versions.verdicts(store, version)] or ["none"]
        raise NotPromoted(
            f"{name_of(version)}: when its outcome was {record.outcome}, verdict.json had sha256 "
            f"{record.verdict_sha256}; the run that is said to have evaluated it keeps "
            f"{', '.join(kept)}. The verdict or the tag evaluated_by was changed on the server. "
            f"{RUN_AGAIN}"
        )


def _check_tags(version: Version, record: VerdictRecord) -> None:
    for tag, key in NAMED.items():
        stated, recorded = version.tags.get(tag), getattr(record, key)
        if stated != recorded:
            raise NotPromoted(
                f"{name_of(version)} is {record.outcome} by what was recorded when it was "
                f"evaluated: its tag {tag} says {stated}, {recorded} was recorded. The tag was "
                f"changed on the server. {RUN_AGAIN}"
            )


def _check_decisions(store: Store, version: Version) -> None:
    """Raise if a file among a version's decisions is none that was taken about it."""
    taken = {_bytes(one) for one in versions.decisions(store, version)}
    for path, content in versions.decision_files(store, version).items():
        if content not in taken:
            others = attestations.decisions(store.project, version.model)
            known = [one.record for one in others if isinstance(one.record, Decision)]
            other = next((d for d in known if _bytes(d) == content), None)
            what = f"is about version {other.version}" if other else "was made by hand"
            if other and (other.version, other.sha256) == (version.number, version.tags["sha256"]):
                continue  # it is recorded, and does not count: what needs a signature has none
            raise NotPromoted(
                f"{name_of(version)}: {path} with its run {what}; {_record(store)} has no such "
                "decision about it. Take that file away, or run again: the file is then "
                "registered anew."
            )


def _latest(store: Store, version: Version, digest: str | None) -> Attestation | None:
    if not digest:
        return None
    return attestations.latest_attested(store.project, version.model, digest)


def _record(store: Store) -> str:
    return str(attestations.file(store.project))


def _bytes(decision: Decision) -> bytes:
    return json_bytes(decision.as_json())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
