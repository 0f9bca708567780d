"""Everything that a project attests, checked from its own files: no server is asked."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from faircompress.evaluation import rule_limits
from faircompress.ledger.errors import BrokenLedgerError
from faircompress.ledger.record import LEDGER, Ledger
from faircompress.registry import attestations, known_keys, signatures
from faircompress.registry.keys import Keys, keys_of, signer
from faircompress.registry.ledger_heads import check_ledger
from faircompress.registry.records import Attestation, VerdictRecord
from faircompress.support.errors import FaircompressError
from faircompress.support.files import sha256


@dataclass(frozen=True)
class ProjectCheck:
    """What a check of a project's attestations came to.

    Args:
        faults: What is not as it was attested; empty: all is.
        remarks: What could not be checked, or rests on no signature.
        attestations: How many there are.
        unsigned: How many of them are unsigned.
        looks: Lines of the ledger.
    """

    faults: list[str]
    remarks: list[str]
    attestations: int
    unsigned: int
    looks: int


def check_project(project: Path, *, without_ledger: bool = False) -> ProjectCheck:
    """Check keys, signatures, completeness, the ledger and the rules of a project's attestations.

    Args:
        project: Its folder.
        without_ledger: Whether ``state/ledger.jsonl`` need not be here.
    """
    project = project.resolve()
    keys, known = keys_of(project), attestations.read(project)
    faults = [*_of(lambda: known_keys.raise_unless_known(keys)), *attestations.missing(project)]
    faults += [words for one in known if (words := signatures.fault(keys, one))]
    faults += _rules(project, known)
    ledger = Ledger(project / LEDGER)
    length = 0
    elsewhere: list[Attestation] = []
    if not without_ledger:
        faults += _of(lambda: _ledger(project))
        length = _length(ledger)
        here, elsewhere = _by_ledger(keys, ledger, known)
        faults += dict.fromkeys(w for one in here if (w := _head(project, one)))
    unsigned = sum(not one.signatures for one in known)
    remarks = [*_remarks(keys, known), *_of_others(elsewhere)]
    return ProjectCheck(faults, remarks, len(known), unsigned, length)


def check_verdict(project: Path, verdict: Path) -> tuple[str, str]:
    """Return the fault of a ``verdict.json`` by what the project attests of it, and who signed it.

    Args:
        project: Its folder.
        verdict: The file.
    """
    digest, keys = sha256(verdict), keys_of(project)
    known_keys.raise_unless_known(keys)
    found = [one for one in attestations.read(project)
             if isinstance(one.record, VerdictRecord)
             and one.record.verdict_sha256 == digest]  # fmt: skip
    if not found:
        return (
            f"{verdict} has sha256 {digest}, and {attestations.file(project)} attests no such "
            "verdict: it was changed, or found in another project.",
            "",
        )
    return signatures.fault(keys, found[-1]), signatures.described(keys, found[-1])


def _rules(project: Path, known: list[Attestation]) -> Iterator[str]:
    """Give what is wrong with the rules' sha256, for verdicts on the params that lie here."""
    from faircompress.config import params

    for folder in (project, *sorted(p.parent for p in project.glob("variants/*/params.yaml"))):
        file = folder / "params.yaml"
        if not file.exists():
            continue
        digest, gate = sha256(file), params.load(file).gate
        for one in known:
            record = one.record
            if (
                isinstance(record, VerdictRecord)
                and record.rules
                and (record.restoring.get("params.yaml") == digest)
                and record.rules != rule_limits.sha256_of(gate)
            ):
                yield (
                    f"{one.place} attests rules with sha256 {record.rules[:12]}..., and those of "
                    f"{file}, which it names by sha256, have {rule_limits.sha256_of(gate)[:12]}..."
                )


def _ledger(project: Path) -> None:
    path = project / LEDGER
    if path.exists():
        Ledger(path).entries()


def _length(ledger: Ledger) -> int:
    try:
        return ledger.head().length
    except BrokenLedgerError:
        return 0


def _by_ledger(
    keys: Keys, ledger: Ledger, known: list[Attestation]
) -> tuple[list[Attestation], list[Attestation]]:
    """Tell attestations that this ledger must bear out from those of other clones' ledgers.

    Each worker has a ledger of its own, and a gate's key of its own. Another ledger is another
    clone's only if gates signed with each, no gate with both, and not the one that is named here:
    what is unsigned could be by whoever wrote the ledger anew.
    """
    first = _first(ledger)
    gates: dict[str, set[str]] = {}
    for one in known:
        if one.ledger:
            by = {key.keyid for key in signatures.signers(keys, one) if key.role == "gate"}
            gates.setdefault(one.ledger.first, set()).update(by)
    own = gates.get(first, set())
    ours = own | _named_here(keys)
    apart = {name for name, by in gates.items() if own and by and not ours & by}
    here: list[Attestation] = []
    others: list[Attestation] = []
    for one in known:
        (others if one.ledger and one.ledger.first in apart else here).append(one)
    return here, others


def _named_here(keys: Keys) -> set[str]:
    """Return the id of the gate's key that is named here; none if it cannot be opened."""
    with suppress(FaircompressError):
        if found := signer(keys, "gate"):
            return {found.public_key.keyid}
    return set()


def _first(ledger: Ledger) -> str:
    try:
        return ledger.first()
    except BrokenLedgerError:
        return ""


def _of_others(elsewhere: list[Attestation]) -> Iterator[str]:
    for first in dict.fromkeys(one.ledger.first for one in elsewhere if one.ledger):
        count = sum(one.ledger is not None and one.ledger.first == first for one in elsewhere)
        yield (
            f"{count} attestations were made with the ledger of another clone, whose first line "
            f"has sha256 {first[:12]}...: check them there"
        )


def _head(project: Path, one: Attestation) -> str:
    return next(iter(_of(lambda: check_ledger(project, one, required=True))), "")


def _remarks(keys: Keys, known: list[Attestation]) -> Iterator[str]:
    if not keys.all:
        yield (
            "unsigned: keys/ holds no public key, so whoever can write to this project can write "
            "an attestation (faircompress keys new)"
        )
    elif not keys.has("reviewer"):
        yield "keys/ holds no reviewer's key, so decisions of people rest on no signature"
    old = sum("judgements.jsonl" in one.place for one in known)
    if old:
        yield f"{old} records are of 0.2 and unsigned (judgements.jsonl); keys sign takes them over"


def _of(check: Callable[[], None]) -> list[str]:
    try:
        check()
    except FaircompressError as error:
        return [str(error)]
    return []
