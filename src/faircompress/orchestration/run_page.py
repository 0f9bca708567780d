"""What Prefect's page of a run shows: its name, how far it is, and the verdict.

The page is for readers: where the server does not answer, the run goes on without it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from httpx import HTTPError
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run

from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration.announcement import WORST_FIRST, Message, bounds
from faircompress.orchestration.news import params_at
from faircompress.report.markdown import plain_text
from faircompress.support.errors import FaircompressError
from faircompress.support.files import read_json, write_json
from faircompress.support.lines import one_line
from faircompress.support.locks import waiting

ROWS = 100  # of the table of checks
TAG = 100  # characters of a tag
COUNT = Path(".checkpoints") / "runs.json"
Answer = TypeVar("Answer")


def run_name() -> str:
    """Return the name of the flow run that begins: data, method, speed-up and its number."""
    given = dict(flow_run.parameters or {})
    project = Path(given.get("project") or ".").resolve()
    try:
        known = params_at(project, given.get("commit") or "").title
        words = " ".join(filter(None, [known, given.get("name") if _is_variant(given) else ""]))
        return f"{words} #{_number(project)}"
    except (FaircompressError, OSError):  # the run itself says what is wrong
        return project.name


def _is_variant(given: dict[str, Any]) -> bool:
    return bool(given.get("overrides"))


def _number(project: Path) -> int:
    """Return how many runs began in a project, this one included."""
    file = project / COUNT
    with waiting(file.with_suffix(".lock"), "counts the runs"):
        try:
            count = int(read_json(file)) + 1
        except (ValueError, TypeError):
            count = 1
        write_json(file, count)
    return count


class RunPage:
    """The page of the flow run that is at work."""

    def __init__(self) -> None:
        self._answers = True
        self._progress: Any = None

    def progress(self, done: int, total: int, stage: str) -> None:
        """Show how many stages are up to date, and which is next."""
        self._progressed(100 * done / total, f"{done} of {total} stages; {stage}")

    def runs(self, done: int, total: int, words: str) -> None:
        """Show how many runs of a study came to an end, and what is said of the last."""
        self._progressed(min(100 * done / total, 100.0), f"{done} of {total} runs; {words}")

    def _progressed(self, share: float, words: str) -> None:
        if self._progress is None:
            key = "progress"
            self._progress = self._try(lambda: create_progress_artifact(share, key, words))
        else:
            self._try(lambda: update_progress_artifact(self._progress, share, words))

    def verdict(self, message: Message, verdict: Verdict) -> None:
        """Show the verdict, where it was decided, what was gained, and all checks."""
        lines = [f"# {plain_text(message.subject.partition(': ')[2])}", ""]
        lines += [f"**{plain_text(message.sentence, 800)}**", ""]
        lines += [
            f"- {label}: {plain_text(value, 400)}"
            for label, value in (
                ("Worst group", message.group),
                ("Gained", message.gain),
                ("Model", message.model),
                ("Version", message.version),
            )
            if value
        ]
        lines.append(f"- Report: {_link(message.report)}")
        lines += [
            "",
            *(f"{n}. {plain_text(one, 400)}" for n, one in enumerate(verdict.reasons[:5], 1)),
        ]
        told = [("", message.subject), ("Worst: ", message.group), ("Gained: ", message.gain)]
        short = ". ".join(f"{name}{words}" for name, words in told if words)
        self._try(lambda: create_markdown_artifact("\n".join(lines), "verdict", short))
        self._try(lambda: _tag(verdict.outcome, message.group))
        table = checks(verdict)
        self._try(lambda: create_table_artifact(table, "checks", "Every check, worst first"))

    def study(self, page: Path, failed: Mapping[str, str]) -> None:
        """Show what a study found, which runs of it failed, and where its page is."""
        self._progressed(100.0, "every run that came to an end is compared")
        lines = [f"# {plain_text(page.parents[1].name)}", "", f"- Page: {_link(str(page))}"]
        lines += [
            f"- Failed: {plain_text(key)}: {plain_text(why.strip().splitlines()[-1], 400)}"
            for key, why in failed.items()
        ]
        lines += ["", page.with_name("summary.md").read_text("utf-8")]
        short = f"{len(failed)} runs failed" if failed else "every run came to an end"
        self._try(lambda: create_markdown_artifact("\n".join(lines), "study", short))

    def _try(self, step: Callable[[], Answer]) -> Answer | None:
        """Take a step at the server; the first that fails is the last."""
        if not self._answers:
            return None
        try:
            return step()
        except (HTTPError, PrefectException, RuntimeError, OSError):
            self._answers = False
            return None


def _tag(*words: str) -> None:
    """Put words below the run's name, where the list of runs shows them, too."""
    known = [*(flow_run.tags or []), *(one_line(word, TAG) for word in words if word)]
    with get_client(sync_client=True) as client:
        client.update_flow_run(UUID(str(flow_run.id)), tags=known)


def checks(verdict: Verdict) -> list[dict[str, Any]]:
    """Return a row for each check, worst first."""
    found = [(rule, check) for rule in verdict.rules for check in rule.checks]
    found.sort(key=lambda pair: WORST_FIRST.index(pair[1].outcome))
    return [
        {
            "outcome": str(check.outcome), "rule": rule.rule, "metric": rule.metric,
            "group": check.place, "against": rule.against, "found": bounds(check),
            "limit": rule.limit, "rows": check.n,
        }
        for rule, check in found[:ROWS]
    ]  # fmt: skip


def _link(report: str) -> str:
    return f"[{report}]({report})" if report.startswith("http") else f"`{report}`"
