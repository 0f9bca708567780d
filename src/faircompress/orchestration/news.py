"""Is there anything new since the last finished retraining: data, code or params?

Asked without MLflow, DVC and torch, in about a second, and without leaving a file behind where
nothing changed.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faircompress.config import params, yaml_text
from faircompress.config.code_keys import stage_keys
from faircompress.config.operation import OPERATION
from faircompress.config.params import Params
from faircompress.data.fingerprint import missing_root
from faircompress.orchestration.commits import git
from faircompress.stages.source import source
from faircompress.support.errors import FaircompressError
from faircompress.support.files import read_json, write_json

FOLDER = Path(".checkpoints") / "retrain"
WORDS = {"data": "the data", "code": "the code", "params": "the params", "chain": "dvc.yaml"}


@dataclass(frozen=True)
class Inputs:
    """What results stand on, each part as a sha256.

    ``operation`` is how runs are led, such as their timeouts: no result stands on it, but after a
    run that failed its change is a reason to try again.
    """

    data: str
    code: str
    params: str
    chain: str
    operation: str = ""

    def differences(self, known: "Inputs | None") -> list[str]:
        """Return in words what differs from what is known."""
        if known is None:
            return ["no retraining has finished here"]
        theirs = asdict(known)
        ours = asdict(self)
        return [words for name, words in WORDS.items() if theirs[name] != ours[name]]


@dataclass(frozen=True)
class Last:
    """The last retraining that came to a verdict, or the last try at one.

    Args:
        inputs: What it stood on.
        time: When it ended, or began, in UTC, ISO 8601.
        words: Its verdict, or what was in the way.
        tries: So far with these inputs.
        over: Whether only a change makes another try worth while.
        shared: Whether branch and remote have its results.
    """

    inputs: Inputs
    time: str
    words: str = ""
    tries: int = 0
    over: bool = False
    shared: bool = True


def inputs_of(project: Path, commit: str = "") -> Inputs:
    """Return what a retraining would stand on now.

    Args:
        project: Folder with ``params.yaml``; also the one that is worked in.
        commit: That params are taken from; empty: from the folder.

    Raises:
        BadParams: If the params cannot be used.
    """
    chosen = params_at(project, commit)
    results = chosen.model_dump_json(exclude=set(OPERATION))
    code = json.dumps(stage_keys(chosen), sort_keys=True)
    chain = _text(project, commit, "dvc.yaml")
    led = _sha256(chosen.model_dump_json(include=set(OPERATION)))
    return Inputs(_data(project, chosen), _sha256(code), _sha256(results), _sha256(chain), led)


def params_at(project: Path, commit: str = "") -> Params:
    """Return the params of a commit, or those that lie in the folder."""
    if not commit:
        return params.load(project / "params.yaml")
    text = _text(project, commit, "params.yaml")
    return params.check(yaml_text.parse(text, f"params.yaml of {commit[:12]}"))


def _text(project: Path, commit: str, name: str) -> str:
    if commit:
        return git(project, "show", f"{commit}:./{name}")
    return (project / name).read_text("utf-8")


def _data(project: Path, chosen: Params) -> str:
    """Return the fingerprint of the source; what is wrong with it is news as well, once."""
    if missing := missing_root(chosen.data):
        return f"missing: {missing}"
    root = getattr(getattr(chosen.data, chosen.data.name), "root", None)
    if root is not None and not Path(root).is_dir():
        return "not downloaded yet"
    try:
        return _sha256(json.dumps(source(chosen, project / "artifacts"), sort_keys=True))
    except (FaircompressError, OSError) as error:
        return f"unfit: {error}"


def finished(project: Path) -> Last | None:
    """Return the last retraining that came to a verdict."""
    return _read(project / FOLDER / "finished.json")


def tried(project: Path) -> Last | None:
    """Return the last try, whatever came of it."""
    return _read(project / FOLDER / "tried.json")


def news(project: Path, inputs: Inputs) -> list[str]:
    """Return what is new since the last finished retraining; empty: nothing."""
    last = finished(project)
    return inputs.differences(last.inputs if last else None)


def given_up(project: Path, inputs: Inputs, retries: int) -> str:
    """Say why a poll starts no run, though there is news; empty: it may.

    Args:
        project: Its folder.
        inputs: As they are now.
        retries: That are allowed after a run that was killed.
    """
    last = tried(project)
    if last is None or last.inputs != inputs:
        return ""
    if last.over:
        return f"the run of {last.time} on it failed: {last.words.removesuffix('.')}"
    if last.tries > retries:
        return f"{last.tries} runs on it did not come to an end, the last of {last.time}"
    return ""


def begin(project: Path, inputs: Inputs) -> None:
    """Note a try, before it begins: a process that is killed notes nothing afterwards."""
    last = tried(project)
    count = last.tries if last and last.inputs == inputs else 0
    _write(project, "tried", Last(inputs, _now(), tries=count + 1))


def finish(project: Path, inputs: Inputs, words: str, *, shared: bool = True) -> None:
    """Note that a retraining came to a verdict, and whether its results were handed on."""
    _write(project, "finished", Last(inputs, _now(), words, shared=shared))


def fail(project: Path, inputs: Inputs, words: str, *, over: bool) -> None:
    """Note that a try came to no verdict.

    Args:
        project: Its folder.
        inputs: Of the try.
        words: What was in the way.
        over: Whether only a change makes another try worth while; a server's trouble passes.
    """
    last = tried(project)
    _write(project, "tried", Last(inputs, _now(), words, last.tries if last else 1, over))


def _write(project: Path, name: str, last: Last) -> None:
    write_json(project / FOLDER / f"{name}.json", asdict(last))


def _read(file: Path) -> Last | None:
    """Return what was noted; a lost or damaged note only costs a run, which computes nothing."""
    try:
        found: dict[str, Any] = dict(read_json(file))
        return Last(**{**found, "inputs": Inputs(**found["inputs"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def nothing_new(project: Path) -> str:
    """Return the one line of a look that found nothing."""
    last = finished(project)
    since = f" since the run of {last.time}" if last else ""
    return f"Nothing new{since}: data, code and params are the same."


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
