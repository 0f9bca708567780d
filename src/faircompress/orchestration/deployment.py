"""Who is the champion: promotion, rollback, and a guard against hands that skip both."""

from collections.abc import Sequence
from dataclasses import replace

from faircompress.orchestration.registered_model import (
    Registry,
    decided,
    demoted,
    raise_unless_signable,
    take_back,
)
from faircompress.orchestration.registered_model import note_review as note_review
from faircompress.orchestration.registered_model import registry_of as registry_of
from faircompress.registry import attestations, keys
from faircompress.registry import versions as registry
from faircompress.registry.history import loosened
from faircompress.registry.ledger_heads import check_ledger
from faircompress.registry.policy import (
    GATE,
    PROJECT,
    Decision,
    Grounds,
    NotPromoted,
    after_failure,
    decide,
    loosened_words,
    may_go_out,
    taken_back,
)
from faircompress.registry.records import VerdictRecord
from faircompress.registry.verification import attested, name_of, verified
from faircompress.registry.versions import Version
from faircompress.support.errors import StateError


class BadChampion(StateError):
    """The alias champion points to a file that no verdict and no person let out."""


def promote(
    where: Registry,
    number: str | None = None,
    override: Grounds | None = None,
    *,
    by_person: bool = True,
) -> str:
    """Do what the verdict, or a person's recorded word, says of a version; return what was done.

    Args:
        where: The registered model.
        number: Of the version; by default the challenger.
        override: Someone's word against the verdict.
        by_person: Whether somebody asked for it; else what was taken back stays so.

    Raises:
        NotPromoted: If verdict, word, signature or file is not what was recorded, or does not
            suffice.
        BrokenLedgerError: If the ledger is not the one that the verdict was attested with.
        ValueError: If there is no such version.
    """
    with registry.one_at_a_time(where.store):
        version = where.find(number or _challenger(where))
        record = verified(where.store, version)
        tags = {**version.tags, "workspace": record.workspace}
        looser = _looser_than_agreed(where, record)
        act, grounds = decide(name_of(version), record.outcome, tags, override, looser)
        if act != "rejected":
            check_ledger(where.store.project, attested(where.store, version))
        if act == "promoted" and not by_person:
            grounds = Grounds(GATE, "it passed")
        if act != "rejected" and override is None:
            _refuse_taken_back(where, version, by_person=by_person)
        decision = decided(version, act, record, grounds)
        raise_unless_signable(where, decision)
        _keep_news(where, version, decision)
        if override:
            note_review(where, version, "approve", override)
        if act == "rejected":
            registry.withdraw(where.store, version, "challenger")
            return f"{name_of(version)} was {decision.sentence}"
        return f"{name_of(version)} {_set_champion(where, version)} ({decision.sentence})"


def rollback(where: Registry, grounds: Grounds) -> str:
    """Let champion and previous change places; return what was done.

    The one that goes is marked as rejected, so that the next run does not bring it back.

    Raises:
        NotPromoted: If there is no previous one, it may not go out, or a reviewer must sign.
    """
    with registry.one_at_a_time(where.store):
        named = where.aliases()
        if len({named.get("champion"), named.get("previous")} - {None}) < 2:
            raise NotPromoted("there is no previous champion to go back to")
        going, coming = (where.find(named[alias]) for alias in ("champion", "previous"))
        back = decided(coming, "brought back", raise_unless_releasable(where, coming), grounds)
        raise_unless_signable(where, back)
        take_back(where, going, grounds)
        _make_previous(where, going)
        registry.keep(where.store, coming, replace(back, time=keys.now()))
        if coming.tags.get("review") == "reject":
            note_review(where, coming, "approve", grounds)
        registry.point(where.store, where.model, "champion", coming.number)
        return f"{name_of(coming)} is the champion again; version {going.number} was rolled back"


def champion(where: Registry) -> Version | None:
    """Return the champion, if there is one.

    Raises:
        BadChampion: If it is not as it was recorded, or neither a verdict nor a person let it out.
    """
    number = where.aliases().get("champion")
    return None if number is None else trusted(where, number)


def trusted(where: Registry, number: str) -> Version:
    """Return a version that was let out.

    Raises:
        BadChampion: If it is not as it was recorded, or neither a verdict nor a person let it out.
    """
    try:
        version = where.find(number)
        raise_unless_releasable(where, version)
    except (NotPromoted, ValueError) as error:
        raise BadChampion(
            f"ALARM: a champion is not to be used, its alias was set past the gate. {error} "
            "Use `faircompress rollback` or `faircompress promote VERSION`."
        ) from error
    return version


def challenge(where: Registry, version: Version, why: str = "") -> str:
    """Point ``challenger`` to an open version, unless a person spoke; say why and what to do."""
    if "review" in version.tags:
        return f"{name_of(version)} was reviewed before: {version.tags['review']}"
    with registry.one_at_a_time(where.store):
        registry.point(where.store, where.model, "challenger", version.number)
    return (
        f"{name_of(version)} is the challenger{f': {why}' if why else ''}. Set its tags review, "
        "reviewer and reason in MLflow, then: faircompress promote"
    )


def kept_by_person(where: Registry, versions: Sequence[Version]) -> str:
    """Say so if the champion is one of these versions, and a person let it out who still may.

    A run whose other precision passed does not take back what somebody decided about this network.
    """
    named = where.aliases().get("champion")
    for version in (v for v in versions if v.number == named):
        acts = [d.act for d in registry.decisions(where.store, version)]
        if acts and acts[-1] in ("approved", "overridden"):
            try:
                raise_unless_releasable(where, version)
            except NotPromoted:
                return ""
            return f"{name_of(version)} stays the champion: it was {acts[-1]} by a person"
    return ""


def stop(where: Registry, version: Version) -> str:
    """See that a version that failed waits for nobody; say whether a person let it out."""
    with registry.one_at_a_time(where.store):
        registry.withdraw(where.store, version, "challenger")
        known = registry.decisions(where.store, version)
    return after_failure(name_of(version), version.tags.get("sha256", ""), known)


def _set_champion(where: Registry, version: Version) -> str:
    """Move the aliases; ``previous`` first, so that there is a way back at every moment."""
    named = where.aliases()
    registry.withdraw(where.store, version, "challenger")
    if named.get("champion") == version.number:
        return "is the champion already"
    if "champion" in named:
        _make_previous(where, where.find(named["champion"]))
    if "original_champion" not in named:
        registry.point(where.store, where.model, "original_champion", version.number)
    registry.point(where.store, where.model, "champion", version.number)
    before = f"after version {named['champion']}" if "champion" in named else "the first one"
    return f"is the champion, {before}"


def _make_previous(where: Registry, version: Version) -> None:
    """Keep a version as the way back, unless it should never have been the champion."""
    try:
        raise_unless_releasable(where, version)
    except NotPromoted:
        return
    registry.point(where.store, where.model, "previous", version.number)


def raise_unless_releasable(where: Registry, version: Version) -> VerdictRecord:
    """Return what was recorded of a version that a verdict or a person let out.

    Raises:
        NotPromoted: If none did, or what MLflow keeps of it is not what was recorded.
    """
    record = verified(where.store, version)
    own = record.workspace == PROJECT
    about = [
        decision
        for decision in registry.decisions(where.store, version)
        if decision.verdict_sha256 == record.verdict_sha256
    ]
    looser = bool(record.loosened)
    if not may_go_out(record.outcome, record.sha256, about, own_params=own, loosened=looser):
        under = "" if own else " under a variant's params"
        under += f", and {loosened_words(record.loosened)}" if looser else ""
        raise NotPromoted(
            f"{name_of(version)} is {record.outcome}{under}, and no approval or override of it "
            "is on record."
        )
    return record


def _looser_than_agreed(where: Registry, record: VerdictRecord) -> tuple[str, ...]:
    """Say what a verdict's rules allow that those agreed on did not, before it or since.

    An old pass under rules that were tightened later would else be a way around them.
    """
    since = loosened(where.store.project, where.model, record.limits)
    return tuple(dict.fromkeys([*record.loosened, *since]))


def _refuse_taken_back(where: Registry, version: Version, *, by_person: bool) -> None:
    """Raise if somebody took a file back, or an alarm did, and nobody says that it may return."""
    known = attestations.decided(where.store.project, where.model)
    digest = version.tags.get("sha256", "")
    back = taken_back(digest, known) or demoted(where, version)
    if back and not (by_person and version.tags.get("review") == "approve"):
        raise NotPromoted(
            f"{name_of(version)} was {back.sentence}. If it may go out again, set its tags review "
            f"(approve), reviewer and reason in MLflow, then: faircompress promote {version.number}"
        )


def _keep_news(where: Registry, version: Version, decision: Decision) -> None:
    """Keep a decision unless the latest one says the same, and it changes no alias."""
    earlier = registry.decisions(where.store, version)
    moves = decision.act != "rejected" and where.aliases().get("champion") != version.number
    if moves or not earlier or earlier[-1].sentence != decision.sentence:
        registry.keep(where.store, version, decision)


def _challenger(where: Registry) -> str:
    number = where.aliases().get("challenger")
    if number is None:
        raise NotPromoted("nothing waits for a decision: there is no challenger. Name a version.")
    return number
