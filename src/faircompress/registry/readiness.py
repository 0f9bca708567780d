"""Whether what a run will find can be attested: asked before hours are spent on it."""

from pathlib import Path

from faircompress.registry import attestations, known_keys, signatures
from faircompress.registry.keys import FOLDER, keys_of
from faircompress.registry.policy import PROJECT
from faircompress.registry.records import VerdictRecord
from faircompress.registry.signatures import NotSigned


def raise_unless_ready(project: Path, *, variant: bool = False) -> None:
    """See that keys and attestations are what they were, and that a verdict can be signed here.

    Args:
        project: Whose.
        variant: Whether the run is one of a variant, whose verdict moves no alias: it may be
            unsigned.

    Raises:
        NotSigned: If the gate's key is needed and not named.
        StateError: If a key was swapped, or an attestation taken out.
    """
    keys = keys_of(project)
    known_keys.raise_unless_known(keys)
    attestations.raise_unless_complete(project)
    if variant:
        return
    try:
        signatures.raise_unless_signable(keys, VerdictRecord("", "", "", "", PROJECT, "", ""))
    except NotSigned as error:
        raise NotSigned(
            f"nothing was computed: {error} ({project / FOLDER} holds the public keys.) A variant "
            "(-S key=value) needs no key."
        ) from None
