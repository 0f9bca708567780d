"""The chain on the params of the past, one commit after the other; what is finished is skipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faircompress.orchestration import news
from faircompress.orchestration.commits import git
from faircompress.orchestration.news import Inputs
from faircompress.support.errors import FaircompressError, InputError
from faircompress.support.files import read_json, write_json

SHORT = 12  # digits of a commit in a name


@dataclass(frozen=True)
class Step:
    """What became of a commit.

    Args:
        commit: Its hash.
        words: Outcome and sentence, why it was not run, or what was in the way.
        failed: Whether it came to no verdict.
    """

    commit: str
    words: str
    failed: bool = False


def backfill(project: Path, commits: str) -> Iterator[Step]:
    """Run the chain on each commit of a range that changes a result, the oldest first.

    Each is a variant: its versions move no alias. Code and data are today's.

    Args:
        project: Folder with ``params.yaml``, in git.
        commits: As git names a range: ``A..B``, without A.

    Raises:
        InputError: If there is no commit in the range.
    """
    order = (
        "rev-list",
        "--reverse",
        "--first-parent",
        commits,
        "--",
        "./params.yaml",
        "./dvc.yaml",
    )
    found = git(project, *order).split()
    if not found:
        raise InputError(
            f"no commit of {commits} changes params.yaml or dvc.yaml. Name a range A..B"
        )
    seen: dict[Inputs, str] = {}
    for commit in found:
        try:
            inputs = news.inputs_of(project, commit)
            first = seen.setdefault(inputs, commit)
            same = f"as {first[:SHORT]}: no result changes" if first != commit else ""
            yield Step(
                commit, same or _known(project, commit, inputs) or _run(project, commit, inputs)
            )
        except FaircompressError as error:
            yield Step(commit, str(error).strip().splitlines()[-1], failed=True)


def name_of(commit: str) -> str:
    """Return the name of a commit's variant."""
    return f"backfill-{commit[:SHORT]}"


def _mark(project: Path, commit: str) -> Path:
    return project / "variants" / name_of(commit) / ".checkpoints" / "finished.json"


def _known(project: Path, commit: str, inputs: Inputs) -> str:
    """Return what is known of a commit that finished on the same code and data."""
    try:
        found = dict(read_json(_mark(project, commit)))
    except ValueError:
        return ""
    return f"{found['words']} (finished before)" if found["inputs"] == vars(inputs) else ""


def _run(project: Path, commit: str, inputs: Inputs) -> str:
    """Run the chain on a commit; a verdict of any kind finishes it."""
    from flows.compress import GateFailed, Undecided, compress

    try:
        verdict: Any = compress(project, (), name_of(commit), "", "", commit)
        words = str(verdict.sentence)
    except (GateFailed, Undecided) as error:
        words = str(error)
    write_json(_mark(project, commit), {"inputs": vars(inputs), "words": words})
    return words
