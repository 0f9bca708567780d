"""What was found and decided, written down in the project and not on the tracking server.

Whoever can write to the server can change verdicts, decisions, tags and aliases there. So each is
also a line of ``artifacts/attestations.jsonl``, which the run that evaluated wrote from its own
files, signed where the project has keys. Lines are added, never changed; git carries them to other
machines. A clone that runs by the clock changes no file that git may hold: it adds its lines to
``state/attestations.jsonl``, and the branch ``runs`` carries both. Whoever reads gets the lines of
both files, and those of ``judgements.jsonl``, the unsigned record of 0.2.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from faircompress.ledger.errors import LedgerError
from faircompress.ledger.record import LEDGER, Ledger
from faircompress.registry import signatures
from faircompress.registry.keys import Keys, after, keys_of
from faircompress.registry.policy import LET_OUT, PROJECT, Decision
from faircompress.registry.records import Attestation, LedgerHead, Record, VerdictRecord, same
from faircompress.registry.statements import attestation, from_line, sha256_of, to_line
from faircompress.support.errors import FaircompressError, InputError, StateError
from faircompress.support.files import write_text
from faircompress.support.locks import waiting

FILE = Path("artifacts") / "attestations.jsonl"
UNTRACKED = Path("state") / "attestations.jsonl"
OLD = (Path("artifacts") / "judgements.jsonl", Path("state") / "judgements.jsonl")
SCHEDULED = Path(".checkpoints") / "scheduled" / "work"  # where scheduled runs work


def file(project: Path) -> Path:
    """Return the file to which this clone of a project adds lines."""
    return project / (UNTRACKED if (project / SCHEDULED).exists() else FILE)


def read(project: Path) -> list[Attestation]:
    """Return all attestations, the oldest first; none where nothing was evaluated yet.

    What stands in two files is one, with the signatures of both.

    Raises:
        InputError: If a line is none of ours.
    """
    found: dict[str, list[Attestation]] = {}
    for one in _lines(project):
        at_once = found.setdefault(one.record.time, [])
        equal = next((n for n, known in enumerate(at_once) if known.record == one.record), None)
        if equal is None:
            at_once.append(one)
        elif at_once[equal].payload == one.payload:
            both = {**one.signatures, **at_once[equal].signatures}
            at_once[equal] = replace(at_once[equal], signatures=both)
        elif not at_once[equal].signatures:  # signed since
            at_once[equal] = one
    return [one for time in sorted(found) for one in found[time]]


def records(project: Path) -> list[Record]:
    """Return what is attested, the oldest first, whoever signed it."""
    return [one.record for one in read(project)]


def lines(project: Path) -> list[str]:
    """Return all lines as they are written; those that git brought come first."""
    return list(dict.fromkeys(to_line(one) for one in _lines(project)))


def add(project: Path, record: Record) -> Attestation:
    """Add a line, whole or not at all, signed if a key is named here; other processes are out.

    The line is later than all that are known here. A clock that was put back would else place a
    withdrawal before the promotion that it is about.
    """
    return _add(project, _later(record, max((r.time for r in records(project)), default="")))


def _later(record: Record, last: str) -> Record:
    """Return a record with its own time, or the moment after the last one's if that is later."""
    if record.time > last:
        return record
    try:
        return replace(record, time=after(last))
    except (ValueError, OverflowError):  # a time that no clock of ours told
        return record


def _add(project: Path, record: Record) -> Attestation:
    path, keys = file(project), keys_of(project)
    before = _text(path)
    here = before.splitlines()
    last = _attestation(path, len(here), here[-1]).payload if here else b""
    made = attestation(record, _head(project, record), sha256_of(last) if last else "")
    if keys.all:
        made = _signed_if_it_can(keys, made)
    write_text(path, f"{before}{to_line(made)}\n")
    return made


def add_news(project: Path, record: VerdictRecord) -> None:
    """Add a record unless the latest one of its file and workspace says the same, signed as due."""
    known = [a for a in read(project) if _is_of(a.record, record)]
    keys = keys_of(project)
    if not known or not same(_verdict(known[-1]), record) or signatures.fault(keys, known[-1]):
        add(project, record)


def take(project: Path, brought: Iterable[str]) -> int:
    """Add lines that other workers wrote, as they are; return how many were not known here.

    Raises:
        InputError: If a line is none of ours.
    """
    with waiting(project / ".checkpoints" / "registry.lock", "changes the registry"):
        known, path = {*lines(project)}, project / UNTRACKED
        read_again = (to_line(_attestation(path, 0, line)) for line in brought if line)
        fresh = [line for line in dict.fromkeys(read_again) if line not in known]
        if fresh:
            write_text(path, _text(path) + "".join(f"{line}\n" for line in fresh))
    return len(fresh)


def sign(project: Path) -> list[Attestation]:
    """Sign what lies here unsigned and needs a signature that can be given here; return it.

    A person says by this that the lines are right, as far as they can tell.
    """
    with waiting(project / ".checkpoints" / "registry.lock", "changes the registry"):
        return _sign_all(project)


def _sign_all(project: Path) -> list[Attestation]:
    keys, done = keys_of(project), []
    for path in (project / FILE, project / UNTRACKED):
        text = _text(path).splitlines()
        found = [_attestation(path, n, line) for n, line in enumerate(text, start=1)]
        after = [_signed(keys, one) for one in found]
        done += [new for old, new in zip(found, after, strict=True) if new != old]
        if after != found:
            write_text(path, "".join(f"{to_line(one)}\n" for one in after))
    of_old = tuple(f"{project / old}, " for old in OLD)
    old = [one for one in read(project) if one.place.startswith(of_old)]
    return done + [_add(project, one.record) for one in old if _signed(keys, one) != one]


def raise_unless_complete(project: Path) -> None:
    """See that no attestation was taken out.

    Raises:
        StateError: Naming the line whose predecessor is gone.
    """
    if gaps := missing(project):
        raise StateError(gaps[0])


def missing(project: Path) -> list[str]:
    """Say which attestations were taken out, by what those after them name."""
    known = read(project)
    there = {sha256_of(one.payload) for one in _lines(project)}
    return [
        f"{one.place} was written after an attestation ({one.previous[:12]}...) that is not there. "
        "Lines were taken out: bring them back from git."
        for one in known
        if one.previous and one.previous not in there
    ]


def about(project: Path, model: str, digest: str) -> list[VerdictRecord]:
    """Return what was found of the file with this sha256, the oldest first."""
    return [_verdict(one) for one in about_file(project, model, digest)]


def about_file(project: Path, model: str, digest: str) -> list[Attestation]:
    """Return the attested verdicts of the file with this sha256, the oldest first."""
    return [one for one in verdicts(project, model) if one.record.sha256 == digest]


def verdicts(project: Path, model: str) -> list[Attestation]:
    """Return the attested verdicts of a model, the oldest first."""
    found = (one for one in read(project) if isinstance(one.record, VerdictRecord))
    return [one for one in found if one.record.model == model]


def latest(project: Path, model: str, digest: str) -> VerdictRecord | None:
    """Return the last record of a file; what the project's own params made of it counts first."""
    found = latest_attested(project, model, digest)
    return _verdict(found) if found else None


def latest_attested(project: Path, model: str, digest: str) -> Attestation | None:
    """Return the attestation of that record."""
    found = about_file(project, model, digest)
    own = [one for one in found if _verdict(one).workspace == PROJECT]
    return next(reversed(own or found), None)


def decided(project: Path, model: str) -> list[Decision]:
    """Return the decisions about the versions of a model that count, the oldest first."""
    keys = keys_of(project)
    return [_decision(one) for one in decisions(project, model) if signatures.counts(keys, one)]


def decisions(project: Path, model: str) -> list[Attestation]:
    """Return all attested decisions about the versions of a model, whether they count or not."""
    found = (one for one in read(project) if isinstance(one.record, Decision))
    return [one for one in found if one.record.model == model]


def _signed_if_it_can(keys: Keys, one: Attestation) -> Attestation:
    """Sign; a key that cannot be opened does not keep anybody from stopping a file."""
    try:
        return signatures.signed(keys, one)
    except FaircompressError:
        if isinstance(one.record, VerdictRecord) or one.record.act in LET_OUT:
            raise
        return one


def _signed(keys: Keys, one: Attestation) -> Attestation:
    return signatures.signed(keys, one) if signatures.fault(keys, one) else one


def _verdict(one: Attestation) -> VerdictRecord:
    assert isinstance(one.record, VerdictRecord)
    return one.record


def _decision(one: Attestation) -> Decision:
    assert isinstance(one.record, Decision)
    return one.record


def _is_of(known: Record, record: VerdictRecord) -> bool:
    mine = (record.model, record.sha256, record.workspace)
    return isinstance(known, VerdictRecord) and (known.model, known.sha256, known.workspace) == mine


def _lines(project: Path) -> Iterator[Attestation]:
    paths: Iterable[Path] = (*OLD, FILE, UNTRACKED)
    for path in (project / one for one in paths):
        for number, line in enumerate(_text(path).splitlines(), start=1):
            if line:
                yield _attestation(path, number, line)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is damaged ({error}). Bring the file back from git.") from error


@lru_cache(maxsize=100_000)  # a command reads the same lines many times
def _parsed(line: str) -> Attestation:
    return from_line(line)


def _attestation(path: Path, number: int, line: str) -> Attestation:
    try:
        return replace(_parsed(line), place=f"{path}, line {number}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path}, line {number} is not what a run wrote ({error}). Bring the file back from "
            "git, or take out the line: what it attests is then evaluated or decided anew."
        ) from error


def _head(project: Path, record: Record) -> LedgerHead | None:
    """Return where the ledger stands; a decision is written down even if it cannot be read."""
    ledger = Ledger(project / LEDGER)
    try:
        head = ledger.head()
    except LedgerError:
        if isinstance(record, VerdictRecord):
            raise
        return None
    return LedgerHead(head.length, head.sha256, ledger.first()) if head.length else None
