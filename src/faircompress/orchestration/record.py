"""What one execution leaves in MLflow and shows on the terminal while it works."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from faircompress.config.precisions import verdict_folder
from faircompress.data.dataset import load_facts
from faircompress.evaluation.numbers import numbers
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration.checkout import RESTORING, restoring
from faircompress.orchestration.commits import code_of
from faircompress.orchestration.console import Console
from faircompress.orchestration.stage_tasks import Listener, Outcome
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import mlflow_runs, readiness
from faircompress.support.files import read_json
from faircompress.support.servers import StoreFailed

KEPT = {
    "validate": ("findings.html", "findings.json"),
    "train": ("curve.png",),
    "prune": ("curve.png", "layers.png", "layers.json"),
    "export": ("latency.json", "operating_points.json", "parity.json"),
    "gate": ("**/report.html", "**/card.md", "**/verdict.json"),  # of each judged precision
}
SECTIONS = {"source": "data", "validate": "checks", "screen": "gate"}  # of params, else of the name
SAID = ("report.html", "card.md", "verdict.json")


class Record(Listener):
    """One parent run, a nested run for each stage that really runs, and the terminal.

    Where MLflow stops answering, the chain goes on and ``lost`` says why: the next run finds all
    computed, and records it.
    """

    def __init__(self, workspace: Workspace, store: mlflow_runs.Store, run_id: str) -> None:
        self.workspace, self.store, self.run_id = workspace, store, run_id
        self.params = workspace.params()
        self.console = Console()
        self.nested: dict[str, str] = {}
        self.lost = ""

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
            self.console.progress(stage, event["what"], *event["progress"])
        elif stage in self.nested and not self.lost:
            with self._noting():
                mlflow_runs.log_numbers(self.store, self.nested[stage], [event])

    def line(self, stage: str, line: str) -> None:
        """Show what a stage says."""
        self.console.line(line)

    def note(self, tag: str, words: str) -> None:
        """Say what became of the registry, and keep it as a tag of the run."""
        self.line("register", words)
        mlflow_runs.log_tags(self.store, self.run_id, {tag: words})

    def ends(self, stage: str, outcome: Outcome) -> None:
        """Keep the stage's numbers and files, and close its nested run."""
        self.console.ends(stage, outcome)
        if self.lost:
            return
        with self._noting():
            if run_id := self.nested.get(stage):
                self._keep(run_id, stage)
                mlflow_runs.end(self.store, run_id, "FINISHED")
            mlflow_runs.log_tags(self.store, self.run_id, {f"stage.{stage}": outcome})

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
        return verdict

    def register(self, step: Callable[["Record"], None]) -> None:
        """Take a step that writes to the registry, unless MLflow did not take the results."""
        if not self.lost:
            with self._noting():
                step(self)

    def close(self, status: str) -> None:
        """Close the parent run."""
        with self._noting():
            mlflow_runs.end(self.store, self.run_id, status)

    def _keep_results(self, verdict: Verdict) -> None:
        artifacts = self.workspace.artifacts
        for stage in KEPT:
            self._keep(self.run_id, stage)
        self._keep_what_restores()
        facts = load_facts(artifacts / "validate")
        mlflow_runs.log_data(
            self.store, self.run_id, artifacts / "validate" / "data.parquet",
            self.params.data.name, facts.sha256,
        )  # fmt: skip
        tags = {"verdict": verdict.outcome, "verdict.sentence": verdict.sentence}
        known = mlflow_runs.provenance(
            self.workspace.folder, code_of(self.workspace.project, self.workspace.commit)
        )
        mlflow_runs.log_tags(self.store, self.run_id, {**tags, **known})

    def of_precision(self, precision: str, verdict: Verdict, model_id: str | None = None) -> str:
        """Open a nested run with what the gate said of one file, and return its id.

        MLflow shows a logged model with the numbers of the run that logged it: one run for each
        file, so that none is shown with another's.

        Args:
            precision: Of the file.
            verdict: On it.
            model_id: Of the logged model, if the file was registered before.
        """
        tags = {
            "precision": precision,
            "mlflow.parentRunId": self.nested.get("gate", self.run_id),
        }
        run_id = mlflow_runs.begin(self.store, self.experiment, precision, tags)
        mlflow_runs.log_params(self.store, run_id, self.params.model_dump())
        told = [{"metrics": {"gate": {"groups": numbers(verdict)}}, "step": 0}]
        mlflow_runs.log_numbers(self.store, run_id, told, model_id)
        said = verdict_folder(self.workspace.artifacts, precision)
        mlflow_runs.log_files(self.store, run_id, [said / name for name in SAID], "gate")
        return run_id

    def _keep_what_restores(self) -> None:
        """Keep what, with the DVC cache, brings back all results; ``checkout`` reads it."""
        for file in restoring(self.workspace.folder):
            place = file.parent.relative_to(self.workspace.folder)
            mlflow_runs.log_files(self.store, self.run_id, [file], (RESTORING / place).as_posix())

    def _keep(self, run_id: str, stage: str) -> None:
        folder = self.workspace.artifacts
        found = {stage: read_json(folder / f"{stage}.json")}
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
    name = workspace.folder.name if workspace.is_variant else "project"
    tags = {"workspace": str(workspace.folder), "overrides": " ".join(workspace.overrides)}
    run_id = mlflow_runs.begin(store, params.key, name, tags)
    mlflow_runs.log_params(store, run_id, params.model_dump())
    record = Record(workspace, store, run_id)
    try:
        with record.console:
            yield record
    except BaseException:
        record.close("FAILED")
        raise
    record.close("FAILED" if record.lost else "FINISHED")
