"""What MLflow keeps of a version, held against what was recorded in the project."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from faircompress.registry import judgements, versions
from faircompress.registry.judgements import NOT_JUDGED, Judgement
from faircompress.registry.mlflow_runs import Store
from faircompress.registry.policy import Decision, NotPromoted
from faircompress.registry.versions import Version
from faircompress.support.files import json_bytes, sha256

RUN_AGAIN = "Run again: what was judged here is then kept anew."
NAMED = {"verdict": "verdict", "verdict.sha256": "verdict_sha256", "workspace": "workspace"}


def verified(store: Store, version: Version) -> Judgement:
    """Return what was recorded of a version's file, after all that MLflow says of it agreed.

    Raises:
        NotPromoted: If the file, its verdict, its tags or a decision is not what was recorded.
    """
    judgement = intact(store, version)
    if judgement.verdict == NOT_JUDGED:
        raise NotPromoted(
            f"{name_of(version)} is not judged under the latest rules: an earlier precision of its "
            "network did not pass."
        )
    _check_verdict(store, version, judgement)
    _check_tags(version, judgement)
    return judgement


def intact(store: Store, version: Version) -> Judgement:
    """Return what was recorded of a version's file, which must be the one that was judged.

    Raises:
        NotPromoted: If it is another, or somebody laid a decision to it that was never taken.
    """
    found, said = versions.file_sha256(store, version), version.tags.get("sha256")
    judgement = next((j for j in (_latest(store, version, d) for d in (said, found)) if j), None)
    judged = judgement.sha256 if judgement else "nothing"
    if not found == said == judged:
        raise NotPromoted(
            f"{name_of(version)}: the registered file has sha256 {found}, its tag says {said}, and "
            f"{judged} was judged; they must be equal. {_record(store)} knows what was judged. "
            "The file or its tag was changed, or the file was registered past the gate, or judged "
            "where another record is kept: run again, or bring the record back from git."
        )
    assert judgement is not None
    _check_decisions(store, version)
    return judgement


def kept_verdict(store: Store, version: Version, judgement: Judgement) -> bytes | None:
    """Return the ``verdict.json`` that was recorded, if MLflow still has these bytes."""
    kept = versions.verdicts(store, version)
    return next((one for one in kept if _hash(one) == judgement.verdict_sha256), None)


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
    known = judgements.about(store.project, version.model, digest)
    if hashes in [dict(one.restoring) for one in known]:
        return
    wrong = [p for p, h in hashes.items() if h not in {one.restoring.get(p) for one in known}]
    raise NotPromoted(
        f"{name_of(version)}: {', '.join(wrong) or 'the set of files'} kept to restore it is not "
        f"what {_record(store)} says was kept. It was changed on the server, or judged where "
        f"another record is kept. {RUN_AGAIN}"
    )


def name_of(version: Version) -> str:
    """Return what messages call a version."""
    return f"version {version.number} of {version.model}"


def _check_verdict(store: Store, version: Version, judgement: Judgement) -> None:
    if kept_verdict(store, version, judgement) is None:
        kept = [_hash(one) for one in versions.verdicts(store, version)] or ["none"]
        raise NotPromoted(
            f"{name_of(version)}: when it was judged {judgement.verdict}, verdict.json had sha256 "
            f"{judgement.verdict_sha256}; the run that is said to have judged it keeps "
            f"{', '.join(kept)}. The verdict or the tag judged_by was changed on the server. "
            f"{RUN_AGAIN}"
        )


def _check_tags(version: Version, judgement: Judgement) -> None:
    for tag, key in NAMED.items():
        said, recorded = version.tags.get(tag), getattr(judgement, key)
        if said != recorded:
            raise NotPromoted(
                f"{name_of(version)} is {judgement.verdict} by what was recorded when it was "
                f"judged: its tag {tag} says {said}, {recorded} was recorded. The tag was changed "
                f"on the server. {RUN_AGAIN}"
            )


def _check_decisions(store: Store, version: Version) -> None:
    """Raise if a file among a version's decisions is none that was taken about it."""
    taken = {_bytes(one) for one in versions.decisions(store, version)}
    for path, content in versions.decision_files(store, version).items():
        if content not in taken:
            others = judgements.decided(store.project, version.model)
            other = next((d for d in others if _bytes(d) == content), None)
            what = f"is about version {other.version}" if other else "was made by hand"
            raise NotPromoted(
                f"{name_of(version)}: {path} with its run {what}; {_record(store)} has no such "
                "decision about it. Take that file away, or run again: the file is then "
                "registered anew."
            )


def _latest(store: Store, version: Version, digest: str | None) -> Judgement | None:
    return judgements.latest(store.project, version.model, digest) if digest else None


def _record(store: Store) -> str:
    return str(judgements.file(store.project))


def _bytes(decision: Decision) -> bytes:
    return json_bytes(asdict(decision))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
