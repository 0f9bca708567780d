"""What one execution leaves in MLflow and shows on the terminal while it works."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from faircompress.config.precisions import Precision, verdict_folder
from faircompress.data.dataset import load_facts
from faircompress.evaluation.gated_numbers import gated_numbers
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration import dead_runs, last_run
from faircompress.orchestration.announcement import Message, of_alarm, of_verdict
from faircompress.orchestration.checkout import RESTORING, restoring
from faircompress.orchestration.commits import code_of
from faircompress.orchestration.console import Console
from faircompress.orchestration.durations import epochs_of, likeness
from faircompress.orchestration.stage_tasks import Listener, Outcome
from faircompress.orchestration.stage_words import costs, stage_words
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import logged_models, mlflow_runs, readiness, run_pages
from faircompress.report.about import COMMIT, RUN
from faircompress.report.wording import worst_sentence
from faircompress.support.files import read_json, sha256
from faircompress.support.servers import StoreFailed

KEPT = {
    "validate": ("findings.html", "findings.json"),
    "train": ("curve.png",),
    "prune": ("curve.png", "layers.png", "layers.json"),
    "export": ("latency.json", "operating_points.json", "parity.json"),
    "gate": ("**/report.html", "**/card.md", "**/verdict.json"),  # of each judged precision
}
SECTIONS = {"source": "data", "validate": "checks", "screen": "gate"}  # of params, else of the name
SHOWN_AS_TABLES = ("groups", "validation")  # the latter as a curve
SAID = ("report.html", "card.md", "verdict.json")


class Record(Listener):
    """One parent run, a nested run for each stage that really runs, and the terminal.

    Where MLflow stops answering, the chain goes on and ``lost`` says why: the next run finds all
    computed, and records it.
    """

    def __init__(self, workspace: Workspace, store: mlflow_runs.Store, run_id: str) -> None:
        self.workspace, self.store, self.run_id = workspace, store, run_id
        self.params = workspace.params()
        self.console = Console(workspace.project, epochs_of(self.params), likeness(self.params))
        self.nested: dict[str, str] = {}
        self.lost, self.status = "", "FINISHED"
        self.version, self.alarm = "", ""  # what became of the registry

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note that MLflow does not answer, instead of giving up for it."""
        try:
            yield
        except StoreFailed as error:
            if not self.lost:
                self.console.line(str(error))
            self.lost = str(error)

    @property
    def experiment(self) -> str:
        """Return the name under which runs on this data set are compared."""
        return self.params.key

    def begins(self, stage: str) -> None:
        """Show that a stage is looked at."""
        self.console.begins(stage)

    def runs(self, stage: str) -> None:
        """Open a nested run, unless nothing is chosen for the stage: keys of code are tags."""
        self.console.runs(stage)
        section = getattr(self.params, SECTIONS.get(stage, stage), None)
        if self.lost or section is None:
            return
        tags = {"stage": stage, "mlflow.parentRunId": self.run_id}
        with self._noting():
            self.nested[stage] = mlflow_runs.begin(self.store, self.experiment, stage, tags)
            mlflow_runs.log_params(self.store, self.nested[stage], section.model_dump())

    def event(self, stage: str, event: dict[str, Any]) -> None:
        """Record numbers, show progress."""
        if "progress" in event:
            done, total = event["progress"]
            self.console.progress(stage, event["what"], done, total, event.get("epoch"))
            return
        self.console.epoch(stage, event["step"], event["metrics"])
        if stage in self.nested and not self.lost:
            with self._noting():
                mlflow_runs.log_numbers(self.store, self.nested[stage], [event])

    def line(self, stage: str, line: str) -> None:
        """Show what a stage says."""
        self.console.line(line)

    def note(self, tag: str, words: str) -> None:
        """Say what became of the registry, and keep it as a tag of the run."""
        if tag == "registry":  # said at the end
            last_run.keep(self.workspace.folder, words, self.run_id)
        else:
            self.line("register", words)
        mlflow_runs.log_tags(self.store, self.run_id, {tag: words})

    def ends(self, stage: str, outcome: Outcome) -> None:
        """Keep the stage's numbers and files, and close its nested run."""
        self.console.ends(stage, outcome, stage_words(stage, self.workspace.artifacts))
        if self.lost:
            return
        with self._noting():
            if run_id := self.nested.get(stage):
                self._keep(run_id, stage)
                status = self._says_verdict(run_id) if stage == "gate" else "FINISHED"
                mlflow_runs.end(self.store, run_id, status)
            mlflow_runs.log_tags(self.store, self.run_id, {f"stage.{stage}": outcome})

    def _says_verdict(self, run_id: str) -> str:
        """Give the gate's own run its verdict as name, and return its status."""
        outcome = read_json(self.workspace.artifacts / "gate.json")["outcome"]
        mlflow_runs.rename(self.store, run_id, run_pages.run_name(outcome, "gate"))
        return run_pages.status_of(outcome)

    def fails(self, stage: str, error: BaseException) -> None:
        """Close the nested run as failed; one that somebody stopped did not fail of itself."""
        if isinstance(error, Exception):
            self.console.fails(stage)
        if (run_id := self.nested.get(stage)) and not self.lost:
            with self._noting():
                mlflow_runs.log_tags(self.store, run_id, {"error": str(error)})
                mlflow_runs.end(self.store, run_id, "FAILED")

    def conclude(self) -> Verdict:
        """Give the parent run the final numbers, report and verdict."""
        verdict_folder = self.workspace.artifacts / "gate" / "verdict.json"
        verdict = Verdict.from_json(read_json(verdict_folder))
        with self._noting():
            self._keep_results(verdict)
            self.status = run_pages.status_of(verdict.outcome)
        return verdict

    def messages(self, verdict: Verdict) -> list[Message]:
        """Return what is told: an alarm if there was one, then the verdict."""
        page = ""
        if not self.lost:
            with self._noting():
                page = mlflow_runs.page(self.store, self.run_id)
        artifacts = self.workspace.artifacts
        told = of_verdict(self.params, artifacts, verdict, version=self.version, page=page)
        return [*([of_alarm(self.params.key, self.alarm)] if self.alarm else []), told]

    def register(self, step: Callable[["Record"], None]) -> None:
        """Take a step that writes to the registry, unless MLflow did not take the results."""
        if not self.lost:
            with self._noting():
                step(self)

    def close(self, status: str) -> None:
        """Close the parent run; one that MLflow leaves open is closed by the next run here."""
        with self._noting():
            mlflow_runs.end(self.store, self.run_id, status)
            dead_runs.closed(self.workspace.folder)

    def _keep_results(self, verdict: Verdict) -> None:
        artifacts = self.workspace.artifacts
        for stage in KEPT:
            self._keep(self.run_id, stage)
        self._keep_what_restores()
        facts = load_facts(artifacts / "validate")
        logged_models.log_data(
            self.store, self.run_id, artifacts / "validate" / "data.parquet",
            self.params.data.name, facts.sha256,
        )  # fmt: skip
        known = mlflow_runs.provenance(
            self.workspace.folder, code_of(self.workspace.project, self.workspace.commit)
        )
        mlflow_runs.log_tags(self.store, self.run_id, known)
        precision = read_json(artifacts / "gate.json")["evaluated"]
        told = [{"metrics": gated_numbers(verdict), "step": 0}]
        mlflow_runs.log_numbers(self.store, self.run_id, told)
        worst = worst_sentence(verdict)
        run_pages.show_verdict(self.store, self.run_id, verdict, precision, worst)
        mlflow_runs.rename(
            self.store, self.run_id, run_pages.run_name(verdict.outcome, name_of(self.workspace))
        )
        run_pages.add_view(self.store, self.store.experiment(self.experiment))

    def of_precision(self, precision: str, verdict: Verdict) -> str:
        """Open a nested run with what the gate said of one file, and return its id.

        MLflow shows a logged model with the params of the run that logged it: one run for each
        file, so that none is shown with another's.
        """
        said = verdict_folder(self.workspace.artifacts, precision)
        tags = {
            "precision": precision,
            run_pages.SAID: sha256(said / "verdict.json"),
            "mlflow.parentRunId": self.nested.get("gate", self.run_id),
        }
        name = run_pages.run_name(verdict.outcome, precision)
        run_id = mlflow_runs.begin(self.store, self.experiment, name, tags)
        mlflow_runs.log_params(self.store, run_id, self.params.model_dump())
        run_pages.show_verdict(self.store, run_id, verdict, precision, worst_sentence(verdict))
        mlflow_runs.log_files(self.store, run_id, [said / name for name in SAID], "gate")
        return run_id

    def evaluated(
        self, run_id: str, precision: Precision, verdict: Verdict, model: str, version: str
    ) -> None:
        """Give a file's run and its logged model their numbers, on the test rows, and close it."""
        model_id = logged_models.logged_model(self.store, model, version)
        artifacts = self.workspace.artifacts
        if model_id:
            data = logged_models.log_data(
                self.store, run_id, artifacts / "validate" / "data.parquet",
                f"{self.params.data.name} test", read_json(artifacts / "look.json")["test"],
                split="test", model_id=model_id,
            )  # fmt: skip
            exported = read_json(artifacts / "export.json")
            numbers = gated_numbers(verdict) | costs(exported, precision)
            logged_models.log_evaluation(self.store, run_id, numbers, model_id, data)
            logged_models.show_model(self.store, self.run_id, model_id)
        mlflow_runs.end(self.store, run_id, run_pages.status_of(verdict.outcome))

    def shown(self, precision: Precision, verdict: Verdict) -> None:
        """Keep a verdict on a file whose version keeps another: once, in a run of its own."""
        digest = sha256(verdict_folder(self.workspace.artifacts, precision) / "verdict.json")
        known = run_pages.file_runs(self.store, self.experiment).get(digest)
        if known and known.numbers:
            return
        run_id = self.of_precision(precision, verdict)
        found = read_json(self.workspace.artifacts / "export.json")
        numbers = gated_numbers(verdict) | costs(found, precision)
        mlflow_runs.log_numbers(self.store, run_id, [{"metrics": numbers, "step": 0}])
        mlflow_runs.end(self.store, run_id, run_pages.status_of(verdict.outcome))

    def _keep_what_restores(self) -> None:
        """Keep what, with the DVC cache, brings back all results; ``checkout`` reads it."""
        for file in restoring(self.workspace.folder):
            place = file.parent.relative_to(self.workspace.folder)
            mlflow_runs.log_files(self.store, self.run_id, [file], (RESTORING / place).as_posix())

    def _keep(self, run_id: str, stage: str) -> None:
        folder = self.workspace.artifacts
        found = read_json(folder / f"{stage}.json")
        if run_id == self.run_id:
            found = run_pages.headline(stage, found)
        else:
            found = {stage: {k: v for k, v in found.items() if k not in SHOWN_AS_TABLES}}
        mlflow_runs.log_numbers(self.store, run_id, [{"metrics": found, "step": 0}])
        for name in KEPT.get(stage, ()):
            for file in (folder / stage).glob(name):
                place = file.parent.relative_to(folder).as_posix()
                mlflow_runs.log_files(self.store, run_id, [file], place)


@contextmanager
def recorded(workspace: Workspace) -> Iterator[Record]:
    """Record one execution of the chain; an error ends the parent run as failed.

    Raises:
        StateError: Before anything is computed, if the verdict could not be signed as it must be,
            or the project's keys or attestations are not what they were.
    """
    readiness.raise_unless_ready(workspace.project, variant=workspace.is_variant)
    store = mlflow_runs.open_store(workspace.project)
    params = workspace.params()
    tags = {"workspace": str(workspace.folder), "overrides": " ".join(workspace.overrides)}
    dead_runs.bury(workspace.folder, store)
    run_id = mlflow_runs.begin(store, params.key, name_of(workspace), tags)
    dead_runs.note(workspace.folder, run_id)
    mlflow_runs.log_params(store, run_id, params.model_dump())
    record = Record(workspace, store, run_id)
    os.environ |= {RUN: run_id, COMMIT: code_of(workspace.project, workspace.commit)}
    try:
        with record.console:
            yield record
    except BaseException:
        record.close("FAILED")
        raise
    record.close("FAILED" if record.lost else record.status)


def name_of(workspace: Workspace) -> str:
    """Return the name of a run as it begins."""
    return workspace.folder.name if workspace.is_variant else "project"
