"""Who is the champion: promotion, rollback, and a guard against hands that skip both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from faircompress.config import params
from faircompress.registry import judgements, mlflow_runs
from faircompress.registry import versions as registry
from faircompress.registry.judgements import Judgement
from faircompress.registry.mlflow_runs import Store
from faircompress.registry.policy import (
    PROJECT,
    Act,
    Decision,
    NotPromoted,
    Said,
    after_failure,
    decide,
    may_go_out,
    taken_back,
)
from faircompress.registry.verification import name_of, verified
from faircompress.registry.versions import Version
from faircompress.support.errors import StateError


class BadChampion(StateError):
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
    """Return the registered model of the project in a folder, under the project's key."""
    project = project.resolve()
    key = params.load(project / "params.yaml").key
    return Registry(mlflow_runs.open_store(project), key)


def promote(
    where: Registry,
    number: str | None = None,
    override: Said | None = None,
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
        NotPromoted: If verdict, word or file is not what was recorded, or does not suffice.
        ValueError: If there is no such version.
    """
    with registry.one_at_a_time(where.store):
        version = where.find(number or _challenger(where))
        judgement = verified(where.store, version)
        tags = {**version.tags, "workspace": judgement.workspace}
        act, said = decide(name_of(version), judgement.verdict, tags, override)
        if act != "rejected" and override is None:
            _refuse_taken_back(where, version, by_person=by_person)
        decision = decided(version, act, judgement, said)
        _keep_news(where, version, decision)
        if override:
            note_review(where, version, "approve", override)
        if act == "rejected":
            registry.withdraw(where.store, version, "challenger")
            return f"{name_of(version)} was {decision.sentence}"
        return f"{name_of(version)} {_set_champion(where, version)} ({decision.sentence})"


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
        back = raise_unless_releasable(where, coming)
        take_back(where, going, said)
        _make_previous(where, going)
        registry.keep(where.store, coming, decided(coming, "brought back", back, said))
        if coming.tags.get("review") == "reject":
            note_review(where, coming, "approve", said)
        registry.point(where.store, where.model, "champion", coming.number)
        return f"{name_of(coming)} is the champion again; version {going.number} was rolled back"


def take_back(where: Registry, version: Version, said: Said) -> None:
    """Record that a person took a version back: only a person's word lets its file out again."""
    found = registry.file_sha256(where.store, version)
    judgement = judgements.latest(where.store.project, where.model, found)
    decision = decided(version, "rolled back", judgement, said, found)
    registry.keep(where.store, version, decision)
    note_review(where, version, "reject", said)


def decided(
    version: Version, act: Act, judgement: Judgement | None, said: Said, digest: str = ""
) -> Decision:
    """Return a decision that is taken now.

    Args:
        version: About which.
        act: What is done.
        judgement: The last word on its file, if there is one.
        said: Who decides, and why.
        digest: sha256 of the file, if it was never judged.
    """
    word, seen = (judgement.verdict, judgement.verdict_sha256) if judgement else ("unknown", "")
    return Decision(
        now(), act, judgement.sha256 if judgement else digest, word, said.reviewer, said.reason,
        version.number, seen, version.model,
    )  # fmt: skip


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


def challenge(where: Registry, version: Version) -> str:
    """Point ``challenger`` to an inconclusive version, unless a person spoke; say what to do."""
    if "review" in version.tags:
        return f"{name_of(version)} was reviewed before: {version.tags['review']}"
    with registry.one_at_a_time(where.store):
        registry.point(where.store, where.model, "challenger", version.number)
    return (
        f"{name_of(version)} is the challenger. Set its tags review, reviewer and reason in "
        "MLflow, then: faircompress promote"
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
        said = registry.decisions(where.store, version)
    return after_failure(name_of(version), version.tags.get("sha256", ""), said)


def note_review(where: Registry, version: Version, word: str, said: Said) -> None:
    """Put a person's word, ``approve`` or ``reject``, into a version's tags."""
    tags = {"review": word, "reviewer": said.reviewer, "reason": said.reason}
    registry.note(where.store, version, tags)


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


def raise_unless_releasable(where: Registry, version: Version) -> Judgement:
    """Return what was recorded of a version that a verdict or a person let out.

    Raises:
        NotPromoted: If none did, or what MLflow keeps of it is not what was recorded.
    """
    judgement = verified(where.store, version)
    own = judgement.workspace == PROJECT
    about = [
        decision
        for decision in registry.decisions(where.store, version)
        if decision.verdict_sha256 == judgement.verdict_sha256
    ]
    if not may_go_out(judgement.verdict, judgement.sha256, about, own_params=own):
        under = "" if own else " under a variant's params"
        raise NotPromoted(
            f"{name_of(version)} is {judgement.verdict}{under}, and no approval or override of it "
            "is on record."
        )
    return judgement


def _refuse_taken_back(where: Registry, version: Version, *, by_person: bool) -> None:
    """Raise if somebody took a file back, or an alarm did, and nobody says that it may return."""
    known = judgements.decided(where.store.project, where.model)
    digest = version.tags.get("sha256", "")
    back = taken_back(digest, known) or demoted(where, version)
    if back and not (by_person and version.tags.get("review") == "approve"):
        raise NotPromoted(
            f"{name_of(version)} was {back.sentence}. If it may go out again, set its tags review "
            f"(approve), reviewer and reason in MLflow, then: faircompress promote {version.number}"
        )


def demoted(where: Registry, version: Version) -> Decision | None:
    """Return the alarm that took a version back, if nobody let it out since."""
    known = judgements.decided(where.store.project, where.model)
    file = (version.number, version.tags.get("sha256", "none"))
    about = [d for d in known if (d.version, d.sha256) == file]
    return about[-1] if about and about[-1].act == "demoted" else None


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


def now() -> str:
    """Return the time as decisions name it."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
