"""The ledger of test-set use, held against where attestations say that it stood.

A ledger that was cut short or written anew would hand back looks at a test set. Each attestation
names the ledger (by the sha256 of its first line), its length and the sha256 of its last line.
"""

from pathlib import Path

from faircompress.ledger.errors import BrokenLedgerError
from faircompress.ledger.record import LEDGER, Head, Ledger
from faircompress.registry import attestations, signatures
from faircompress.registry.keys import Keys, keys_of, signer
from faircompress.registry.records import Attestation, VerdictRecord


def check_ledger(project: Path, attested: Attestation, *, required: bool = False) -> None:
    """See that the ledger here still holds all that it held when something was attested.

    Args:
        project: Whose ledger.
        attested: Of what.
        required: Whether the ledger must be here; else it is checked if it is.

    Raises:
        BrokenLedgerError: If it was cut short or written anew, or is another one.
    """
    path, head = project / LEDGER, attested.ledger
    if head is None or not (path.exists() or required):
        return
    ledger = Ledger(path)
    if path.exists() and ledger.first() != head.first:
        if not (required or keys_of(project).has("gate")):
            return
        raise BrokenLedgerError(
            f"{path} is not the ledger that {attested.place} was attested with: its first line is "
            "another. It was written anew, or is another clone's. Bring back the one whose first "
            f"line has sha256 {head.first[:12]}..., or do this where it is."
        )
    Ledger(path, (Head(head.length, head.head),)).head()


def heads_of(project: Path) -> tuple[Head, ...]:
    """Return where the project's ledger stood by its attestations: it must still hold all of it.

    What another clone attested with its own ledger says nothing of this one. Where a gate's key is
    named, what it signed was attested with this ledger.
    """
    ledger, keys = Ledger(project / LEDGER), keys_of(project)
    first = ledger.first()
    own = signer(keys, "gate")
    found = []
    for one in attestations.read(project):
        head = one.ledger
        if head and (head.first == first or own and _is_by(keys, one, own.public_key.keyid)):
            found.append(Head(head.length, head.head))
    return tuple(dict.fromkeys(found))


def _is_by(keys: Keys, one: Attestation, keyid: str) -> bool:
    by = [key.keyid for key in signatures.signers(keys, one)]
    return isinstance(one.record, VerdictRecord) and keyid in by
