"""Who is the champion: promotion, rollback, and a guard against hands that skip both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from faircompress import params, registry, tracking
from faircompress.registry import Version
from faircompress.review import (
    PROJECT,
    Decision,
    NotPromoted,
    Said,
    after_failure,
    decide,
    may_go_out,
)
from faircompress.tracking import Store


class BadChampion(RuntimeError):
    """The alias champion points to a file that no verdict and no person let out."""


@dataclass(frozen=True)
class Registry:
    """The registered model of a project."""

    store: Store
    model: str

    def find(self, number: str) -> Version:
        """Return a version; see ``registry.find``."""
        return registry.find(self.store, self.model, number)

    def aliases(self) -> dict[str, str]:
        """Return alias -> number of the version it points to."""
        return registry.aliases(self.store, self.model)


def registry_of(project: Path) -> Registry:
    """Return the registered model of the project in a folder, named after its data set."""
    project = project.resolve()
    name = params.load(project / "params.yaml").data.name
    return Registry(tracking.open_store(project), f"faircompress-{name}")


def promote(where: Registry, number: str | None = None, override: Said | None = None) -> str:
    """Do what the verdict, or a person's recorded word, says of a version; return what was done.

    Args:
        where: The registered model.
        number: Of the version; by default the challenger.
        override: Someone's word against the verdict.

    Raises:
        NotPromoted: If the word or the file is not what it must be.
        ValueError: If there is no such version.
    """
    with registry.one_at_a_time(where.store):
        version = where.find(number or _challenger(where))
        word, digest = _word_on_intact_file(where, version)
        act, said = decide(_name(version), word, version.tags, override)
        decision = Decision(_now(), act, digest, word, said.reviewer, said.reason)
        _keep_news(where, version, decision)
        if override:
            say(where, version, "approve", override)
        if act == "rejected":
            registry.withdraw(where.store, version, "challenger")
            return f"{_name(version)} was {decision.sentence}"
        return f"{_name(version)} {_crown(where, version)} ({decision.sentence})"


def rollback(where: Registry, said: Said) -> str:
    """Let champion and previous change places; return what was done.

    The one that goes is marked as rejected, so that the next run does not bring it back.

    Raises:
        NotPromoted: If there is no previous one, or it may not go out.
    """
    with registry.one_at_a_time(where.store):
        named = where.aliases()
        if len({named.get("champion"), named.get("previous")} - {None}) < 2:
            raise NotPromoted("there is no previous champion to go back to")
        going, coming = (where.find(named[alias]) for alias in ("champion", "previous"))
        _insist_on_good(where, coming)
        tags = going.tags
        digest, word = tags.get("sha256", "unknown"), tags.get("verdict", "unknown")
        decision = Decision(_now(), "rolled back", digest, word, said.reviewer, said.reason)
        registry.keep(where.store, going, decision)
        say(where, going, "reject", said)
        if coming.tags.get("review") == "reject":
            say(where, coming, "approve", said)
        _make_previous(where, going)
        registry.point(where.store, where.model, "champion", coming.number)
        return f"{_name(coming)} is the champion again; version {going.number} was rolled back"


def champion(where: Registry) -> Version | None:
    """Return the champion, if there is one.

    Raises:
        BadChampion: If its file changed, or neither a verdict nor a person let it out.
    """
    number = where.aliases().get("champion")
    return None if number is None else trusted(where, number)


def trusted(where: Registry, number: str) -> Version:
    """Return a version that was let out.

    Raises:
        BadChampion: If its file changed, or neither a verdict nor a person let it out.
    """
    try:
        version = where.find(number)
        _insist_on_good(where, version)
    except (NotPromoted, ValueError) as error:
        raise BadChampion(
            f"ALARM: a champion is not to be used, its alias was set past the gate. {error} "
            "Use `faircompress rollback` or `faircompress promote VERSION`."
        ) from error
    return version


def challenge(where: Registry, version: Version) -> str:
    """Point ``challenger`` to an inconclusive version, unless a person spoke; say what to do."""
    if "review" in version.tags:
        return f"{_name(version)} was reviewed before: {version.tags['review']}"
    with registry.one_at_a_time(where.store):
        registry.point(where.store, where.model, "challenger", version.number)
    return (
        f"{_name(version)} is the challenger. Set its tags review, reviewer and reason in MLflow, "
        "then: faircompress promote"
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
                _insist_on_good(where, version)
            except NotPromoted:
                return ""
            return f"{_name(version)} stays the champion: it was {acts[-1]} by a person"
    return ""


def stop(where: Registry, version: Version) -> str:
    """See that a version that failed waits for nobody; say whether a person let it out."""
    with registry.one_at_a_time(where.store):
        registry.withdraw(where.store, version, "challenger")
        said = registry.decisions(where.store, version)
    return after_failure(_name(version), version.tags.get("sha256", ""), said)


def say(where: Registry, version: Version, word: str, said: Said) -> None:
    """Put a person's word, ``approve`` or ``reject``, into a version's tags."""
    tags = {"review": word, "reviewer": said.reviewer, "reason": said.reason}
    registry.note(where.store, version, tags)


def _crown(where: Registry, version: Version) -> str:
    """Move the aliases; ``previous`` first, so that there is a way back at every moment."""
    named = where.aliases()
    registry.withdraw(where.store, version, "challenger")
    if named.get("champion") == version.number:
        return "is the champion already"
    if "champion" in named:
        _make_previous(where, where.find(named["champion"]))
    if "anchor" not in named:
        registry.point(where.store, where.model, "anchor", version.number)
    registry.point(where.store, where.model, "champion", version.number)
    before = f"after version {named['champion']}" if "champion" in named else "the first one"
    return f"is the champion, {before}"


def _make_previous(where: Registry, version: Version) -> None:
    """Keep a version as the way back, unless it should never have been the champion."""
    try:
        _insist_on_good(where, version)
    except NotPromoted:
        return
    registry.point(where.store, where.model, "previous", version.number)


def _insist_on_good(where: Registry, version: Version) -> None:
    """Raise unless a verdict or a person let a version out, and its file is the one they meant."""
    word, digest = _word_on_intact_file(where, version)
    own = version.tags.get("workspace") == PROJECT
    if not may_go_out(word, digest, registry.decisions(where.store, version), own_params=own):
        under = "" if own else " under a variant's params"
        raise NotPromoted(
            f"{_name(version)} is {word}{under}, and no approval or override of it is on record."
        )


def _word_on_intact_file(where: Registry, version: Version) -> tuple[str, str]:
    """Return the verdict's word and the sha256 of the file it is about, which is the one kept."""
    try:
        verdict = registry.verdict(where.store, version)
    except ValueError as error:
        raise NotPromoted(str(error)) from error
    judged, found = verdict["models"]["pruned"], registry.file_sha256(where.store, version)
    if not judged == found == version.tags.get("sha256"):
        raise NotPromoted(
            f"{_name(version)}: the registered file has sha256 {found}, its tag says "
            f"{version.tags.get('sha256')}, and {judged} was judged; they must be equal. "
            "The file or its tag was changed: run again to register what was judged."
        )
    return str(verdict["verdict"]), found


def _keep_news(where: Registry, version: Version, decision: Decision) -> None:
    """Keep a decision unless the latest one says the same."""
    earlier = registry.decisions(where.store, version)
    if not earlier or earlier[-1].sentence != decision.sentence:
        registry.keep(where.store, version, decision)


def _challenger(where: Registry) -> str:
    number = where.aliases().get("challenger")
    if number is None:
        raise NotPromoted("nothing waits for a decision: there is no challenger. Name a version.")
    return number


def _name(version: Version) -> str:
    return f"version {version.number} of {version.model}"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
