"""The registered model of a project, and decisions about its versions as they are written down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from faircompress.config import params
from faircompress.registry import attestations, keys, mlflow_runs, signatures
from faircompress.registry import versions as registry
from faircompress.registry.mlflow_runs import Store
from faircompress.registry.policy import Act, Decision, Grounds
from faircompress.registry.records import VerdictRecord
from faircompress.registry.versions import Version


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


def take_back(
    where: Registry, version: Version, grounds: Grounds, act: Act = "rolled back",
    evidence: Mapping[str, float | str] | None = None,
) -> None:  # fmt: skip
    """Record that a version was taken back: only a person's word lets its file out again."""
    found = registry.file_sha256(where.store, version)
    record = attestations.latest(where.store.project, where.model, found)
    decision = decided(version, act, record, grounds, found)
    registry.keep(where.store, version, replace(decision, evidence=evidence or {}))
    note_review(where, version, "reject", grounds)


def decided(
    version: Version, act: Act, record: VerdictRecord | None, grounds: Grounds, digest: str = ""
) -> Decision:
    """Return a decision that is taken now.

    Args:
        version: About which.
        act: What is done.
        record: The last one of its file, if there is one.
        grounds: Who decides, and why.
        digest: sha256 of the file, if it was never evaluated.
    """
    outcome, seen = (record.outcome, record.verdict_sha256) if record else ("unknown", "")
    return Decision(
        keys.now(), act, record.sha256 if record else digest, outcome, grounds.reviewer,
        grounds.reason, version.number, seen, version.model,
    )  # fmt: skip


def raise_unless_signable(where: Registry, decision: Decision) -> None:
    """See that a decision can be signed here if it must be, before anything is done.

    Raises:
        NotSigned: Naming the key that is needed.
    """
    signatures.raise_unless_signable(keys.keys_of(where.store.project), decision)


def note_review(where: Registry, version: Version, word: str, grounds: Grounds) -> None:
    """Put a person's word, ``approve`` or ``reject``, into a version's tags."""
    tags = {"review": word, "reviewer": grounds.reviewer, "reason": grounds.reason}
    registry.note(where.store, version, tags)


def demoted(where: Registry, version: Version) -> Decision | None:
    """Return the alarm that took a version back, if nobody let it out since."""
    known = attestations.decided(where.store.project, where.model)
    file = (version.number, version.tags.get("sha256", "none"))
    about = [d for d in known if (d.version, d.sha256) == file]
    return about[-1] if about and about[-1].act == "demoted" else None
