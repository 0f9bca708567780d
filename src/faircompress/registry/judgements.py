"""What was judged and decided, written down in the project and not on the tracking server.

Whoever can write to the server can change verdicts, decisions, tags and aliases there. So each is
also a line of ``artifacts/judgements.jsonl``, which the run that judged wrote from its own files.
Lines are added, never changed; git carries them to other machines. A clone that runs by the clock
changes no file that git may hold: it adds its lines to ``state/judgements.jsonl``, and the branch
``runs`` carries both. Whoever asks is told the lines of both files.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from faircompress.registry.policy import PROJECT, Decision
from faircompress.support.errors import InputError
from faircompress.support.files import write_text

FILE = Path("artifacts") / "judgements.jsonl"
UNTRACKED = Path("state") / "judgements.jsonl"
SCHEDULED = Path(".checkpoints") / "scheduled" / "work"  # where scheduled runs work
NOT_JUDGED = "not judged"  # of a file after one that did not pass


@dataclass(frozen=True)
class Judgement:
    """What the gate said of a file.

    Args:
        time: In UTC, as a decision's.
        model: Name of the registered model.
        sha256: Of the file.
        precision: It is in.
        workspace: ``project``, or the name of the variant whose params it was judged under.
        verdict: The word, or ``not judged``.
        verdict_sha256: Of the bytes of ``verdict.json``; empty if it was not judged.
        test: sha256 of the test split.
        against: For ``champion`` and ``original_champion`` the version and sha256 that it was
            compared with.
        restoring: sha256 of each small file that brings the results back, by its path.
    """

    time: str
    model: str
    sha256: str
    precision: str
    workspace: str
    verdict: str
    verdict_sha256: str
    test: str = ""
    against: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    restoring: Mapping[str, str] = field(default_factory=dict)


Entry = Judgement | Decision
KINDS: dict[str, type[Judgement] | type[Decision]] = {"judged": Judgement, "decided": Decision}


def file(project: Path) -> Path:
    """Return the file to which this clone of a project adds lines."""
    return project / (UNTRACKED if (project / SCHEDULED).exists() else FILE)


def entries(project: Path) -> list[Entry]:
    """Return all lines, the oldest first; none where nothing was judged yet.

    Raises:
        ValueError: If a line is none of ours.
    """
    found = [_entry(path, number, line) for line, (path, number) in _lines(project).items()]
    return sorted(found, key=lambda entry: entry.time)


def lines(project: Path) -> list[str]:
    """Return all lines as they are written; those that git brought come first."""
    return list(_lines(project))


def _lines(project: Path) -> dict[str, tuple[Path, int]]:
    """Return each line with where it stands; one that is in both files is one."""
    found: dict[str, tuple[Path, int]] = {}
    for path in (project / FILE, project / UNTRACKED):
        text = path.read_text("utf-8") if path.exists() else ""
        for number, line in enumerate(text.splitlines(), start=1):
            if line:
                found.setdefault(line, (path, number))
    return found


def add(project: Path, entry: Entry) -> None:
    """Add a line, whole or not at all. The caller keeps other processes out."""
    path = file(project)
    before = path.read_text("utf-8") if path.exists() else ""
    kind = next(name for name, one in KINDS.items() if isinstance(entry, one))
    line = json.dumps({"kind": kind, **asdict(entry)}, sort_keys=True, ensure_ascii=True)
    write_text(path, f"{before}{line}\n")


def add_news(project: Path, judgement: Judgement) -> None:
    """Add a judgement unless the latest one of its file and workspace says the same."""
    same = [j for j in about(project, judgement.model, judgement.sha256)
            if j.workspace == judgement.workspace]  # fmt: skip
    if not same or replace(same[-1], time=judgement.time) != judgement:
        add(project, judgement)


def about(project: Path, model: str, digest: str) -> list[Judgement]:
    """Return what was said of the file with this sha256, the oldest first."""
    return [j for j in _of(Judgement, project, model) if j.sha256 == digest]


def latest(project: Path, model: str, digest: str) -> Judgement | None:
    """Return the last word on a file; what the project's own params made of it counts first."""
    found = about(project, model, digest)
    own = [judgement for judgement in found if judgement.workspace == PROJECT]
    return next(reversed(own or found), None)


def decided(project: Path, model: str) -> list[Decision]:
    """Return what was decided about the versions of a model, the oldest first."""
    return list(_of(Decision, project, model))


def _of(kind: type[Any], project: Path, model: str) -> Iterator[Any]:
    known: Iterable[Entry] = entries(project)
    return (entry for entry in known if isinstance(entry, kind) and entry.model == model)


def _entry(path: Path, number: int, line: str) -> Entry:
    try:
        values = json.loads(line)
        against = values.get("against", {})
        if "anchor" in against:  # as 0.2 called it
            against["original_champion"] = against.pop("anchor")
        return KINDS[values.pop("kind")](**values)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}, line {number} is not what a run wrote ({error}). Bring the file back from "
            "git, or take out the line: what it said is then judged or decided anew."
        ) from error
