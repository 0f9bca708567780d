"""A person's word on an open question, asked through Prefect. Waits without a process.

`faircompress serve` serves it with the schedule, and so does, alone, in the project's folder,

    python -m flows.promote

beside the Prefect server of PREFECT_API_URL. Where nobody serves it, an inconclusive file waits in
MLflow alone, for `faircompress promote`.
"""

from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.deployments.runner import RunnerDeployment
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from pydantic import Field

from faircompress.orchestration import deployment, run_page
from faircompress.orchestration.clone import name_of
from faircompress.orchestration.reviews import NAME
from faircompress.orchestration.run_log import errors_in_words
from faircompress.registry.policy import NotPromoted, Said
from faircompress.report.markdown import plain_text
from faircompress.support import environment

REPORT = "Read its report first: in MLflow the version names its run; Artifacts, gate/report.html."


class Word(RunInput):
    """What a reviewer says; the Prefect UI shows it as a form."""

    approve: Annotated[bool, Field(description="On: it is released. Off: it is rejected.")] = False
    reviewer: Annotated[str, Field(min_length=1, description="Your name.")]
    reason: Annotated[str, Field(min_length=1, description="Why.")]


@flow(name=NAME, persist_result=True)
def review(project: str, version: str, verdict: str = "") -> str:
    """Wait for a reviewer's word on a verdict, put it into its version's tags, and obey it.

    Args:
        project: Folder with ``params.yaml``.
        version: Its number in the registry.
        verdict: sha256 of the verdict that is asked about; empty: whatever it is by then.

    Raises:
        NotPromoted: If the version has another verdict by now, which its reviewer did not see.
    """
    errors_in_words()
    where = deployment.registry_of(Path(project))
    found = where.find(version)
    if verdict not in ("", found.tags["verdict.sha256"]):
        raise NotPromoted(
            f"version {version} of {where.model} has another verdict since this was asked: "
            f"{found.tags['verdict']}. Nothing was done. Answer the run that asks about that one, "
            "or set its tags and use: faircompress promote"
        )
    worst = found.tags.get("worst", "")
    run_page.tag(found.tags["verdict"].upper(), worst)
    lines = [found.tags["sentence"], *([f"Worst: {worst}."] if worst else []), REPORT]
    asked = f"May version {version} of {where.model} be released?"
    question = "\n\n".join([*(plain_text(line, 800) for line in lines), plain_text(asked)])
    word = suspend_flow_run(wait_for_input=Word.with_initial_data(question), key="word")
    said = Said(word.reviewer, word.reason)  # tags may have changed meanwhile: this word counts
    decision = "approve" if word.approve else "reject"
    deployment.note_review(where, found, decision, said)
    came_of_it = deployment.promote(where, version)
    run_page.tag(f"{decision} by {word.reviewer}")
    run_page.tell("decision", f"{came_of_it}. {word.reviewer}: {word.reason}")
    return came_of_it


def reviews(project: Path) -> RunnerDeployment:
    """Return what the server is told of reviews in a project."""
    words = "Asks a person about an inconclusive file"
    return RunnerDeployment.from_flow(
        review, name_of(project), description=words, tags=["faircompress"]
    )


if __name__ == "__main__":
    from prefect import serve

    environment.configure()
    serve(reviews(Path.cwd()))
