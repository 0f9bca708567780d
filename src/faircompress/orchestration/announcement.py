"""What is told of a verdict, an alarm or a crash: the words of a message, and the run's page."""

from dataclasses import dataclass, fields
from pathlib import Path

from faircompress.config.operation import Event
from faircompress.config.params import Params
from faircompress.evaluation.results import CheckResult, Outcome
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration.stage_words import gain_words
from faircompress.report.wording import worst_sentence
from faircompress.support.lines import one_line
from faircompress.support.number_text import signed

BY_OUTCOME: dict[str, Event] = {"pass": "pass", "fail": "fail", "inconclusive": "review"}
WORST_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)


@dataclass(frozen=True)
class Message:
    """What a receiver is told; empty: it is not known.

    Args:
        event: What happened.
        subject: In a few words.
        sentence: The verdict, or what happened.
        model: Name of the registered model.
        version: Its version in the registry.
        group: Where the verdict is decided, with numbers.
        gain: What was gained by compression.
        report: Where to read on.
    """

    event: Event
    subject: str
    sentence: str
    model: str = ""
    version: str = ""
    group: str = ""
    gain: str = ""
    report: str = ""

    @property
    def body(self) -> str:
        """Return the message as lines of text; a name that others chose begins none."""
        labels = {"model": "Model", "version": "Version", "group": "Worst group", "gain": "Gained",
                  "report": "Report"}  # fmt: skip
        lines = [f"{label}: {getattr(self, key)}" for key, label in labels.items()
                 if getattr(self, key)]  # fmt: skip
        return "\n".join(map(one_line, [self.sentence, *lines]))

    @property
    def title(self) -> str:
        """Return the subject as one line, which is all that a mail's header can be."""
        return one_line(self.subject)

    @property
    def values(self) -> dict[str, str]:
        """Return each part by its name."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}


def of_verdict(
    params: Params, artifacts: Path, verdict: Verdict, *, version: str = "", page: str = ""
) -> Message:
    """Return what is told of a verdict.

    Args:
        params: Of the run.
        artifacts: Folder of its results.
        verdict: Its verdict.
        version: Of the file in the registry, if it was registered.
        page: Address of the run in the MLflow UI, if there is one.
    """
    event = BY_OUTCOME[str(verdict.outcome)]
    return Message(
        event,
        f"faircompress: {params.title}: {_OUTCOMES[event]}",
        verdict.sentence,
        params.key,
        version,
        worst_sentence(verdict),
        gain_words(artifacts),
        page or str(artifacts / "gate" / "report.html"),
    )


def of_alarm(model: str, words: str, *, version: str = "", page: str = "") -> Message:
    """Return what is told of an alarm about a champion.

    Args:
        model: Name of the registered model.
        words: What happened.
        version: That was taken back, if it is known.
        page: Where to read on, if there is such a place.
    """
    subject = f"faircompress: {model}: ALARM"
    return Message("alarm", subject, words, model, version, report=page)


_OUTCOMES = {"pass": "passed", "fail": "failed", "review": "waits for a review"}


def bounds(check: CheckResult) -> str:
    """Return what was found in a place, with its bounds."""
    if check.estimate is None:
        return "undefined"
    if check.lower is None or check.upper is None:
        return signed(check.estimate)
    return f"{signed(check.estimate)} [{signed(check.lower)}, {signed(check.upper)}]"
