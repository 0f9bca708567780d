"""What a verdict and a person's word allow. No file, no clock, no MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict

from faircompress.support.errors import StateError
from faircompress.support.lines import one_line

PROJECT = "project"
Act = Literal[
    "promoted", "approved", "overridden", "brought back",
    "rejected", "rolled back", "withdrawn", "demoted",
]  # fmt: skip
LET_OUT: tuple[Act, ...] = ("promoted", "approved", "overridden", "brought back")
TAKEN_BACK: tuple[Act, ...] = ("rejected", "rolled back", "withdrawn")  # the file, whatever version
WITHDRAWING: tuple[Act, ...] = ("withdrawn", "demoted")  # by an alarm
GATE, ALARM, MONITOR = "the gate", "the alarm", "the monitor"
PROCESSES = (GATE, ALARM, MONITOR)  # who decides and is no person


class NotPromoted(StateError):
    """A file may not go out; says what is missing."""


@dataclass(frozen=True)
class Grounds:
    """On whose word something is decided, and why.

    Args:
        reviewer: Who speaks.
        reason: Why.
    """

    reviewer: str
    reason: str


Said = Grounds  # its name in the flows of projects that exist


@dataclass(frozen=True)
class Decision:
    """What was done about a file, by whom and why.

    Args:
        time: In UTC, as ``20260131T120000.000000Z``.
        act: ``promoted`` by its verdict; ``approved`` or ``rejected`` by a reviewer; ``overridden``
            against its verdict; ``rolled back``; ``withdrawn``, since it does harm;
            ``demoted``, since it is not what was recorded; ``brought back`` in the place of such
            a one.
        sha256: Of the file.
        verdict: Word on the file at that time.
        reviewer: Who decided.
        reason: Why.
        version: Number of the version.
        verdict_sha256: Of the bytes of the verdict that was decided about.
        model: Name of the registered model.
        evidence: Of an alarm: numbers and words by name.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    time: str
    act: Act
    sha256: str
    verdict: str
    reviewer: str
    reason: str
    version: str = ""
    verdict_sha256: str = ""
    model: str = ""
    evidence: Mapping[str, float | str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what is written of it; an earlier one, without evidence, is written as it was."""
        values = asdict(self)
        return values if self.evidence else {k: v for k, v in values.items() if k != "evidence"}

    @property
    def sentence(self) -> str:
        """Return the decision for readers."""
        return one_line(f"{self.act} by {self.reviewer}, verdict {self.verdict}: {self.reason}")


def may_go_out(
    verdict: str,
    sha256: str,
    decisions: Sequence[Decision],
    *,
    own_params: bool,
    loosened: bool = False,
) -> bool:
    """Tell whether a file may be the champion: by its verdict, an approval or an override.

    An approval answers an open question, so it does not outlive a later verdict that fails.

    Args:
        verdict: Latest word on the file.
        sha256: Of the file.
        decisions: About its version.
        own_params: Whether it was evaluated under the project's own params, not a variant's.
        loosened: Whether its rules allow more than those that were agreed on: then a pass needs
            an approval, too.
    """
    acts = {d.act for d in decisions if d.sha256 == sha256}
    approved = verdict in ("pass", "inconclusive") and "approved" in acts
    enough = approved or (verdict == "pass" and not loosened)
    return "overridden" in acts or (own_params and enough)


def taken_back(sha256: str, decisions: Sequence[Decision]) -> Decision | None:
    """Return who took a file back, if nobody let it out since.

    Args:
        sha256: Of the file.
        decisions: About all versions, oldest first.
    """
    about = [d for d in decisions if d.sha256 == sha256 and d.act != "demoted"]
    return about[-1] if about and about[-1].act in TAKEN_BACK else None


def made_champion(decisions: Sequence[Decision]) -> Decision | None:
    """Return the decision that made the champion, by the record alone; None: there is none.

    Args:
        decisions: About all versions of a model, oldest first.
    """
    for decision in reversed(decisions):
        about = [
            d for d in decisions if (d.version, d.sha256) == (decision.version, decision.sha256)
        ]
        back = taken_back(decision.sha256, decisions) or about[-1].act == "demoted"
        if decision.act in LET_OUT and not back:
            return decision
    return None


def after_failure(name: str, sha256: str, decisions: Sequence[Decision]) -> str:
    """Say whether a file that failed may go out: not by itself, but someone may have let it.

    Args:
        name: Of the version.
        sha256: Of the file.
        decisions: About the version, oldest first.
    """
    about = [d for d in decisions if d.sha256 == sha256]
    overrides = [d for d in about if d.act == "overridden"]
    if not overrides:
        return f"{name} failed; only an override lets it out"
    if about[-1].act in TAKEN_BACK:
        return f"{name} failed, and was {about[-1].sentence}; only a new override lets it out"
    return f"{name} failed, but may go out: it was {overrides[-1].sentence}"


def decide(
    name: str,
    verdict: str,
    tags: Mapping[str, str],
    override: Grounds | None,
    loosened: Sequence[str] = (),
) -> tuple[Act, Grounds]:
    """Return what is to be done with a version, by whose word.

    Args:
        name: Of the version, for messages.
        verdict: Latest word on its file.
        tags: Of the version: ``review``, ``reviewer`` and ``reason`` are a person's word;
            ``workspace`` is ``project`` if it was evaluated under the project's own params.
        override: Someone's word against the verdict.
        loosened: What its rules allow that those agreed on did not.

    Raises:
        NotPromoted: If a word is missing, or would not suffice.
    """
    if override:
        return "overridden", _complete(name, override, "give --reviewer and --reason")
    word = tags.get("review", "")
    if word not in ("", "approve", "reject"):
        raise NotPromoted(f"{name}: its tag review is {word!r}; needed is approve or reject")
    grounds = Grounds(tags.get("reviewer", ""), tags.get("reason", ""))
    if word == "reject":
        return "rejected", _complete(name, grounds, "set the tags reviewer and reason")
    if tags.get("workspace") != PROJECT:
        raise NotPromoted(
            f"{name} was evaluated under the changed params of {tags.get('workspace')!r}, not "
            "under the project's own. Put the change into params.yaml and run again."
        )
    if verdict == "fail":
        raise NotPromoted(
            f"{name} failed, and no tag changes that. Only "
            '`faircompress promote VERSION --override --reviewer NAME --reason "..."` does; '
            "it is recorded for good."
        )
    if verdict == "pass" and not loosened:
        by_gate = Grounds(GATE, "it passed")
        return "promoted", Grounds(
            grounds.reviewer or by_gate.reviewer, grounds.reason or by_gate.reason
        )
    if word != "approve":
        what = "inconclusive" if verdict != "pass" else f"a pass, but {loosened_words(loosened)}"
        raise NotPromoted(
            f"{name} is {what} and waits for a person: in MLflow set its tags review "
            "(approve or reject), reviewer and reason, then promote it again."
        )
    return "approved", _complete(name, grounds, "set the tags reviewer and reason")


def loosened_words(loosened: Sequence[str]) -> str:
    """Say what later rules allow that earlier ones did not, as part of a sentence."""
    return f"its rules allow more than those agreed on ({'; '.join(loosened)})"


def _complete(name: str, grounds: Grounds, what_to_do: str) -> Grounds:
    missing = [key for key in ("reviewer", "reason") if not getattr(grounds, key).strip()]
    if missing:
        raise NotPromoted(f"{name}: {' and '.join(missing)} missing; {what_to_do}.")
    return grounds
