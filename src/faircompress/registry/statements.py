"""Records as in-toto Statements, and envelopes as lines: the format, and nothing else.

A line is a DSSE envelope (dead simple signing envelope, https://github.com/secure-systems-lab/dsse)
whose payload is an in-toto Statement v1. Its subject is the ONNX file, by sha256.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from faircompress.registry.policy import Decision
from faircompress.registry.records import (
    Attestation,
    LedgerHead,
    Record,
    VerdictRecord,
    from_old_values,
    kind_of,
    record_of,
)
from faircompress.support.errors import InputError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
HEAD = TypeAdapter(LedgerHead)
PREDICATES = {
    f"urn:faircompress:attestation:{kind}:1": kind for kind in ("verdict", "decision", "alarm")
}


def attestation(record: Record, ledger: LedgerHead | None, previous: str) -> Attestation:
    """Return an attestation of a record, not signed yet."""
    kind = kind_of(record)
    values = record.as_json() if isinstance(record, Decision) else asdict(record)
    digest = values.pop("sha256")
    found = {
        "_type": STATEMENT,
        "subject": [{"name": _subject(record), "digest": {"sha256": digest}}],
        "predicateType": next(uri for uri, name in PREDICATES.items() if name == kind),
        "predicate": {
            **values, "ledger": asdict(ledger) if ledger else None, "previous": previous,
        },
    }  # fmt: skip
    return Attestation(record, canonical(found), {}, previous, ledger)


def to_line(one: Attestation) -> str:
    """Return the envelope as a line of JSON, without its end."""
    signatures = [
        {"keyid": keyid, "sig": base64.b64encode(bytes.fromhex(found)).decode()}
        for keyid, found in sorted(one.signatures.items())
    ]
    payload = base64.b64encode(one.payload).decode()
    return canonical(
        {"payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": signatures}
    ).decode()


def from_line(line: str) -> Attestation:
    """Return what a line attests; a line of ``judgements.jsonl`` attests it unsigned.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: If it is none of ours.
    """
    values = json.loads(line)
    if "kind" in values:
        return attestation(from_old_values(values), None, "")
    if values["payloadType"] != PAYLOAD_TYPE:
        raise InputError(f"payloadType is {values['payloadType']!r}, not {PAYLOAD_TYPE}")
    payload = base64.b64decode(values["payload"], validate=True)
    signatures = {
        one["keyid"]: base64.b64decode(one["sig"], validate=True).hex()
        for one in values["signatures"]
    }
    record, ledger, previous = _read(json.loads(payload))
    return Attestation(record, payload, signatures, previous, ledger)


def _read(statement: Mapping[str, Any]) -> tuple[Record, LedgerHead | None, str]:
    """Return what a statement says; its type must be that of its record."""
    if statement["_type"] != STATEMENT:
        raise InputError(f"_type is {statement['_type']!r}, not {STATEMENT}")
    (subject,) = statement["subject"]
    values = {**statement["predicate"], "sha256": subject["digest"]["sha256"]}
    ledger, previous = values.pop("ledger"), str(values.pop("previous"))
    kind = PREDICATES[statement["predicateType"]]
    record = record_of(values, verdict=kind == "verdict")
    if kind_of(record) != kind:
        raise InputError(f"its type is {kind}, and what it says is of type {kind_of(record)}")
    return record, HEAD.validate_json(json.dumps(ledger), strict=True) if ledger else None, previous


def sha256_of(payload: bytes) -> str:
    """Return the sha256 by which the next attestation names this one."""
    return hashlib.sha256(payload).hexdigest()


def canonical(value: Any) -> bytes:
    """Return JSON that is equal for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _subject(record: Record) -> str:
    if isinstance(record, VerdictRecord):
        return f"{record.model} {record.precision}.onnx"
    return f"{record.model} version {record.version}"
