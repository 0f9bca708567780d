"""Who must have signed an attestation, and whether they did.

A verdict needs a gate's signature once the project has a gate's key; a person's decision needs a
reviewer's once it has a reviewer's key. What takes a file back counts in any case: whoever is in
doubt must be able to stop a file, and nothing is released by it.
"""

from dataclasses import replace
from functools import lru_cache

from faircompress.registry.keys import VARIABLES, Keys, PublicKey, Role, of_library, signer
from faircompress.registry.policy import LET_OUT, PROCESSES, NotPromoted
from faircompress.registry.records import Attestation, Record, VerdictRecord
from faircompress.registry.statements import PAYLOAD_TYPE


class NotSigned(NotPromoted):
    """What needs a signature cannot be signed here; says which key is needed."""


def needed(keys: Keys, record: Record) -> tuple[Role, ...]:
    """Return the roles of which one must have signed a record; none: it may be unsigned."""
    if isinstance(record, VerdictRecord):
        return ("gate",) if keys.has("gate") else ()
    if record.reviewer in PROCESSES:
        return ("gate", "reviewer") if keys.has("gate") else ()
    return ("reviewer",) if keys.has("reviewer") else ()


def signed(keys: Keys, one: Attestation) -> Attestation:
    """Return an attestation with the signature of the key that is named here, if one is.

    Raises:
        StateError: If a key is named that is none of this project's.
    """
    from securesystemslib.dsse import Envelope

    by_person = not isinstance(one.record, VerdictRecord) and one.record.reviewer not in PROCESSES
    roles: tuple[Role, ...] = ("reviewer", "gate") if by_person else ("gate", "reviewer")
    if isinstance(one.record, VerdictRecord):
        roles = ("gate",)
    for role in roles:
        if found := signer(keys, role):
            made = Envelope(one.payload, PAYLOAD_TYPE, {}).sign(found)
            return replace(one, signatures={**one.signatures, made.keyid: made.signature})
    return one


def raise_unless_signable(keys: Keys, record: Record) -> None:
    """See that a record can be signed here, before it is made.

    Raises:
        NotSigned: If it needs a key that is not named.
    """
    roles = needed(keys, record)
    if roles and not any(signer(keys, role) for role in roles):
        what = "a verdict" if isinstance(record, VerdictRecord) else f"{record.act!r}"
        raise NotSigned(
            f"{what} must be signed by a {' or a '.join(roles)}, since keys/ holds such a key, and "
            f"{' and '.join(VARIABLES[role] for role in roles)} "
            f"{'name' if len(roles) > 1 else 'names'} no private key here. Set it to the file of "
            "the key, or do this where the key is."
        )


def signers(keys: Keys, one: Attestation) -> list[PublicKey]:
    """Return the keys of this project whose signatures are right."""
    found = [key for keyid in one.signatures if (key := keys.of(keyid)) and _is_right(one, key)]
    return [key for key in found if not key.compromised]


def fault(keys: Keys, one: Attestation) -> str:
    """Say what is wrong with the signatures of an attestation; nothing if they suffice."""
    for keyid in one.signatures:
        if words := _fault_of(keys, one, keyid):
            return f"{one.place} {words}"
    roles = needed(keys, one.record)
    if roles and not any(key.role in roles for key in signers(keys, one)):
        by = ", ".join(key.title for key in signers(keys, one))
        return (
            f"{one.place} is {f'signed by {by}' if by else 'unsigned'}; needed is the signature of "
            f"a {' or a '.join(roles)}, since keys/ holds such a key"
        )
    return ""


def described(keys: Keys, one: Attestation) -> str:
    """Say by whom an attestation is signed, in a few words: for every place that shows one."""
    if words := fault(keys, one):
        return words
    by = [_of(key) for key in signers(keys, one)]
    return f"signed by {', '.join(by)}" if by else "unsigned"


def counts(keys: Keys, one: Attestation) -> bool:
    """Tell whether a decision counts: who lets a file out must have signed; who stops it not."""
    letting_out = not isinstance(one.record, VerdictRecord) and one.record.act in LET_OUT
    return not (letting_out and fault(keys, one))


def _fault_of(keys: Keys, one: Attestation, keyid: str) -> str:
    key = keys.of(keyid)
    if key is None:
        return (
            f"is signed by a key {keyid[:12]} that keys/ does not hold. Was it taken away, or is "
            "this another project's?"
        )
    if not _is_right(one, key):
        return (
            f"has a wrong signature of {key.title}: it was changed after it was signed, or the "
            "signature was taken from another"
        )
    if key.compromised:
        return f"is signed by {key.title}, which is compromised: nothing that it signed counts"
    if key.retired and one.record.time >= key.retired:
        return f"is signed by {key.title} on {one.record.time}, retired on {key.retired}"
    return ""


def _is_right(one: Attestation, key: PublicKey) -> bool:
    return _verified(one.payload, key.keyid, one.signatures[key.keyid], key.pem)


@lru_cache(maxsize=100_000)  # a command asks of the same lines many times
def _verified(payload: bytes, keyid: str, signature: str, pem: bytes) -> bool:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import Signature

    envelope = Envelope(payload, PAYLOAD_TYPE, {keyid: Signature(keyid, signature)})
    try:
        envelope.verify([of_library(pem)], 1)
    except (VerificationError, ValueError):
        return False
    return True


def _of(key: PublicKey) -> str:
    return f"{key.role} {key.name}" + (f", retired since {key.retired}" if key.retired else "")
