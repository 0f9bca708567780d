"""What happens when champion or original champion is not what was recorded, or does harm.

The alias goes back to the last good version, and an attestation of type alarm says why.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from faircompress.orchestration.deployment import raise_unless_releasable
from faircompress.orchestration.registered_model import (
    Registry,
    decided,
    demoted,
    registry_of,
    take_back,
)
from faircompress.registry import attestations
from faircompress.registry import versions as registry
from faircompress.registry.policy import (
    ALARM,
    LET_OUT,
    MONITOR,
    TAKEN_BACK,
    Grounds,
    NotPromoted,
    taken_back,
)
from faircompress.registry.records import VerdictRecord
from faircompress.registry.verification import name_of
from faircompress.registry.versions import Version
from faircompress.support.errors import FaircompressError


@dataclass(frozen=True)
class AlarmRaised:
    """What an alarm did.

    Args:
        version: Number of the version that it is about.
        champion: Number of the version that the alias points to now; None: to none.
        news: Whether anything was done; not, if the version was taken back before.
        sentence: For readers: who raised it, why, and where the alias went.
    """

    version: str
    champion: str | None
    news: bool
    sentence: str


def raise_alarm(
    project: Path,
    *,
    reason: str,
    who: str = MONITOR,
    version: str | None = None,
    evidence: Mapping[str, float | str] | None = None,
) -> AlarmRaised:
    """Take a version out of service: for whoever watches the champion.

    Writes an attestation of type alarm, bars the file (no run promotes it again; a person's
    ``faircompress promote`` may), and moves the alias ``champion`` back to the last version that
    was made champion and is good; without one the alias is removed. Raised again about the same
    version it does nothing. It needs no key, so that nothing keeps a harmful file in service; it is
    signed if a key is named. Nobody is notified by it: that is for the caller.

    Args:
        project: Folder with ``params.yaml``.
        reason: Why, in a sentence; kept for good.
        who: Raises it.
        version: Number of the version; by default the champion.
        evidence: Numbers and words by name, such as ``{"group": "sex=f", "e_value": 1234.0}``.

    Raises:
        NotPromoted: If there is no champion, or ``who`` or ``reason`` is empty.
        StateError: If keys or attestations are not what they were, so that nothing can take its
            place; the alias was removed, and that is attested, all the same.
        InputError: If there is no such version.
    """
    where = registry_of(project)
    number = version or where.aliases().get("champion")
    if number is None:
        raise NotPromoted("there is no champion, so there is nothing to take back; name a version")
    if before := _withdrawn(where, where.find(number)):
        guard(where)
        words = f"version {number} of {where.model} was {before}"
        return AlarmRaised(number, where.aliases().get("champion"), False, words)
    known = {k: v if isinstance(v, str) else float(v) for k, v in (evidence or {}).items()}
    words = alarm(where, Grounds(who, reason), number, known)
    return AlarmRaised(number, where.aliases().get("champion"), True, words)


def guard(where: Registry) -> str:
    """Move both champions back where they are not what was recorded; say what was done.

    Asked again, it finds nothing to do and says nothing, unless there was no way back.
    """
    with registry.one_at_a_time(where.store):
        return " ".join(filter(None, [_champion(where), _original_champion(where)]))


def alarm(
    where: Registry,
    grounds: Grounds,
    number: str | None = None,
    evidence: Mapping[str, float | str] | None = None,
) -> str:
    """Take a version back on somebody's word; if it is the champion, its alias goes back.

    Args:
        where: The registered model.
        grounds: Who raises the alarm, and why.
        number: Of the version; by default the champion.
        evidence: Numbers and words by name.

    Raises:
        NotPromoted: If there is no champion, or reviewer or reason is missing.
        ValueError: If there is no such version.
    """
    if not (grounds.reviewer.strip() and grounds.reason.strip()):
        raise NotPromoted("an alarm needs --reviewer and --reason")
    with registry.one_at_a_time(where.store):
        number = number or where.aliases().get("champion")
        if number is None:
            raise NotPromoted("there is no champion; name a version")
        version = where.find(number)
        take_back(where, version, grounds, "withdrawn", evidence)
        registry.withdraw(where.store, version, "challenger")
        try:
            moved = _champion(where)
        except FaircompressError:  # nothing here can be trusted to take its place
            registry.withdraw(where.store, version, "champion")
            raise
        return moved or f"{name_of(version)} was taken back; it was not the champion"


def champions(where: Registry) -> list[Version]:
    """Return which versions were made champion and may still be, the last one last.

    Others than this registry has now are left out: it may have been emptied since.
    """
    known = attestations.decided(where.store.project, where.model)
    versions = {v.number: v for v in registry.versions(where.store, where.model)}
    found = [
        versions[d.version]
        for d in known
        if d.act in LET_OUT
        and d.version in versions
        and versions[d.version].tags.get("sha256") == d.sha256
    ]
    return [version for version in found if not _withdrawn(where, version)]


def fault_of(where: Registry, now: Version) -> str:
    """Say why a version is not the one that was made champion last and still may be; or nothing."""
    return _fault(where, now) or _moved(where, now, champions(where))


def _champion(where: Registry) -> str:
    """See that the champion is good, and the one that was made it; say what was done if not."""
    now, recorded = _named(where, "champion"), champions(where)
    bad = _fault(where, now) if now else ""
    why = bad or _moved(where, now, recorded)
    if not why:
        return ""
    if now and not recorded and not _known(where, now):
        return (
            f"ALARM: a champion is not to be used. {why} Its alias stays, since no champion was "
            f"ever recorded in {where.store.project / attestations.FILE}."
        )
    if now and bad:
        _mark(where, now, bad)
    back = next(_good(where, recorded, now if bad else None), None)
    if back is None:
        if now:
            registry.withdraw(where.store, now, "champion")
        return f"ALARM: {why} There is no version to go back to: the alias champion was removed."
    _bring_back(where, *back, why)
    return f"ALARM: {why} The alias champion went back to version {back[0].number}."


def _original_champion(where: Registry) -> str:
    """Point ``original_champion`` to the first champion, if it is good and the alias is not.

    A file that nothing is recorded of may have been the first champion before anything was: it is
    left there, and refused where it would be compared with.
    """
    _rename_alias(where)
    now, first = _named(where, "original_champion"), next(_ever_champion(where), None)
    if first is None or first == now or _fault(where, first, now=False):
        return ""
    if now and not _known(where, now):
        return ""
    registry.point(where.store, where.model, "original_champion", first.number)
    return (
        "ALARM: the alias original_champion "
        f"{f'points to version {now.number}' if now else 'is gone'}. It went back to version "
        f"{first.number}, the first champion."
    )


def _rename_alias(where: Registry) -> None:
    """Give the alias ``anchor``, as 0.2 called it, its name of today."""
    old = _named(where, "anchor")
    if old is not None:
        if "original_champion" not in where.aliases():
            registry.point(where.store, where.model, "original_champion", old.number)
        registry.withdraw(where.store, old, "anchor")


def _named(where: Registry, alias: str) -> Version | None:
    """Return the version that an alias points to, if there is such a one."""
    number = where.aliases().get(alias)
    known = registry.versions(where.store, where.model)
    return next((version for version in known if version.number == number), None)


def _ever_champion(where: Registry) -> Iterator[Version]:
    versions = {v.number: v for v in registry.versions(where.store, where.model)}
    for d in attestations.decided(where.store.project, where.model):
        version = versions.get(d.version)
        if d.act in LET_OUT and version and version.tags.get("sha256") == d.sha256:
            yield version


def _fault(where: Registry, version: Version, *, now: bool = True) -> str:
    """Say why a version is no champion; nothing if it is good.

    Args:
        where: The registered model.
        version: It.
        now: Whether it must not have been taken back; else only that it was let out once.
    """
    try:
        raise_unless_releasable(where, version)
    except NotPromoted as error:
        return str(error)
    back = _withdrawn(where, version) if now else ""
    return f"{name_of(version)} was {back}." if back else ""


def _withdrawn(where: Registry, version: Version) -> str:
    """Say who took a version or its file back, if nobody let it out since."""
    known = attestations.decided(where.store.project, where.model)
    back = taken_back(version.tags.get("sha256", ""), known) or demoted(where, version)
    return back.sentence if back else ""


def _moved(where: Registry, now: Version | None, recorded: list[Version]) -> str:
    """Say so if the alias is not where the last promotion put it, and could be."""
    last = recorded[-1] if recorded else None
    if last is None or (now and now.number == last.number) or _fault(where, last):
        return ""
    there = f"points to version {now.number}" if now else "is gone"
    return f"The alias champion {there}; version {last.number} was made champion last."


def _good(
    where: Registry, recorded: list[Version], bad: Version | None
) -> Iterator[tuple[Version, VerdictRecord]]:
    """Give the versions that may be champion: earlier ones, ``previous``, then the newest."""
    previous = where.aliases().get("previous")
    known = registry.versions(where.store, where.model)
    order = [*reversed(recorded), *(v for v in known if v.number == previous), *known]
    for version in {v.number: v for v in order}.values():
        if bad and version.number == bad.number or _withdrawn(where, version):
            continue
        with suppress(NotPromoted):
            yield version, raise_unless_releasable(where, version)


def _bring_back(where: Registry, version: Version, record: VerdictRecord, why: str) -> None:
    decision = decided(version, "brought back", record, Grounds(ALARM, why))
    attestations.add(where.store.project, decision)
    registry.point(where.store, where.model, "champion", version.number)
    others = (v for v in reversed(champions(where)) if v.number != version.number)
    registry.withdraw(where.store, version, "previous")
    if before := next((v for v in others if not _fault(where, v)), None):
        registry.point(where.store, where.model, "previous", before.number)
    registry.withdraw(where.store, version, "challenger")


def _mark(where: Registry, version: Version, why: str) -> None:
    """Record that a version is not to be chosen again, unless a person recorded as much."""
    registry.note(where.store, version, {"alarm": why})
    known = registry.decisions(where.store, version)
    if known and known[-1].act in TAKEN_BACK:
        return
    digest = version.tags.get("sha256", "none")
    latest = attestations.latest(where.store.project, where.model, digest)
    decision = decided(version, "demoted", latest, Grounds(ALARM, why), digest)
    attestations.add(where.store.project, decision)


def _known(where: Registry, version: Version) -> bool:
    digests = {version.tags.get("sha256", ""), registry.file_sha256(where.store, version)}
    return any(attestations.latest(where.store.project, where.model, d) for d in digests)
