"""The chain on the params of the past, one commit after the other; what is finished is skipped."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faircompress.orchestration import news
from faircompress.orchestration.commits import git
from faircompress.orchestration.data_versions import lay_out, version_of
from faircompress.orchestration.news import Inputs
from faircompress.orchestration.workspace import prepare
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


def backfill(project: Path, commits: str, *, with_data: bool = False) -> Iterator[Step]:
    """Run the chain on each commit of a range that changes a result, the oldest first.

    Each is a variant: its versions move no alias. Code is today's, and so are the data, unless
    those of each commit are asked for.

    Args:
        project: Folder with ``params.yaml``, in git.
        commits: As git names a range: ``A..B``, without A.
        with_data: Whether each commit is run on its own data, which its ``.dvc`` files name.

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
        *(["./*.dvc"] if with_data else []),
    )
    found = git(project, *order).split()
    if not found:
        raise InputError(
            f"no commit of {commits} changes params.yaml or dvc.yaml"
            f"{' or a .dvc file' if with_data else ''}. Name a range A..B"
        )
    seen: dict[Inputs, str] = {}
    for commit in found:
        try:
            inputs = _inputs(project, commit, with_data)
            first = seen.setdefault(inputs, commit)
            same = f"as {first[:SHORT]}: no result changes" if first != commit else ""
            yield Step(commit, same or _known_or_run(project, commit, inputs, with_data))
        except FaircompressError as error:
            yield Step(commit, str(error).strip().splitlines()[-1], failed=True)


def _inputs(project: Path, commit: str, with_data: bool) -> Inputs:
    found = replace(news.inputs_of(project, commit), operation="")  # no result stands on it
    return replace(found, data=version_of(project, commit)) if with_data else found


def name_of(commit: str, *, with_data: bool = False) -> str:
    """Return the name of a commit's variant."""
    return f"backfill-{'data-' if with_data else ''}{commit[:SHORT]}"


def _known_or_run(project: Path, commit: str, inputs: Inputs, with_data: bool) -> str:
    name = name_of(commit, with_data=with_data)
    if words := _known(project, name, inputs):
        return words
    if with_data:
        lay_out(prepare(project, (), name, commit), commit)
    return _run(project, commit, name, inputs)


def _mark(project: Path, name: str) -> Path:
    return project / "variants" / name / ".checkpoints" / "finished.json"


def _known(project: Path, name: str, inputs: Inputs) -> str:
    """Return what is known of a commit that finished on the same code and data."""
    try:
        found = dict(read_json(_mark(project, name)))
    except ValueError:
        return ""
    before = {"operation": "", **found["inputs"]}
    return f"{found['words']} (finished before)" if before == vars(inputs) else ""


def _run(project: Path, commit: str, name: str, inputs: Inputs) -> str:
    """Run the chain on a commit; a verdict of any kind finishes it."""
    from flows.compress import GateFailed, Undecided, compress

    try:
        verdict: Any = compress(project, (), name, "", "", commit)
        words = str(verdict.sentence)
    except (GateFailed, Undecided) as error:
        words = str(error)
    write_json(_mark(project, name), {"inputs": vars(inputs), "words": words})
    return words
