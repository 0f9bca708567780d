"""The champion's file, for whoever serves it: fetched, and checked before it is handed out."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from faircompress.config import params
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration.alarm import fault_of
from faircompress.orchestration.deployment import BadChampion, champion
from faircompress.orchestration.registered_model import Registry, registry_of
from faircompress.registry import attestations, signatures, versions
from faircompress.registry.keys import keys_of
from faircompress.registry.ledger_heads import check_ledger
from faircompress.registry.logged_models import fetch_onnx
from faircompress.registry.records import VerdictRecord
from faircompress.registry.verification import attested, kept_verdict
from faircompress.registry.versions import Version
from faircompress.report.context import ReportContext
from faircompress.report.model_card import model_card
from faircompress.support.arguments import Kind, is_flag, is_path, of_kinds
from faircompress.support.errors import StateError
from faircompress.support.files import sha256, write_bytes, write_text

KINDS = {
    "project": Kind(is_path, "the folder of a project", must=True),
    "out": Kind(is_path, "the path of a file"),
    "without_ledger": Kind(is_flag, "True or False", must=True),
}


@dataclass(frozen=True)
class Champion:
    """A champion that is what was attested.

    Args:
        model: Name of the registered model.
        version: Its number.
        sha256: Of its file.
        outcome: Of its verdict.
        signed: By whom its verdict is signed, or ``unsigned``.
        file: Where its file was written; None: it was only checked.
    """

    model: str
    version: str
    sha256: str
    outcome: str
    signed: str
    file: Path | None


@of_kinds(KINDS)
def resolve_champion(
    project: str | Path, out: str | Path | None = None, *, without_ledger: bool = False
) -> Champion:
    """Resolve the alias ``champion``, check all that it rests on, and write its file.

    Checked are, against ``artifacts/attestations.jsonl`` and ``keys/`` of the project: the bytes of
    the file, its verdict and decisions, their signatures, that it was made champion last and not
    taken back, and that the ledger of test-set use still holds all that it held when the verdict
    was signed. Nothing that MLflow says is taken on trust.

    Args:
        project: Folder with ``params.yaml``: a clone of the project's git.
        out: Where to write the file, and beside it its model card; None: nowhere.
        without_ledger: Whether the ledger, ``state/ledger.jsonl``, need not be here.

    Raises:
        BadChampion: If the file, its verdict, a decision or a signature is not what was attested.
        BrokenLedgerError: If the ledger is not the one that was attested.
        StateError: If there is no champion, or a key is not the one that was known here.
    """
    project, out = Path(project), None if out is None else Path(out)
    where = registry_of(project)
    version = champion(where)
    if version is None:
        raise StateError(f"{where.model} has no champion. Nothing was promoted yet, or it was "
                         "taken back.")  # fmt: skip
    if words := fault_of(where, version):
        raise BadChampion(f"ALARM: the champion is not to be used. {words} See: faircompress alarm")
    statement = attested(where.store, version)
    if not without_ledger:
        check_ledger(where.store.project, statement, required=True)
    if out is not None:
        _write(where, version, statement.record.sha256, out)
        _write_card(where, version, statement.record, out.with_suffix(".card.md"))
    return Champion(
        where.model,
        version.number,
        statement.record.sha256,
        version.tags["verdict"],  # which was held against the attestation
        signatures.described(keys_of(where.store.project), statement),
        out,
    )


def _write(where: Registry, version: Version, digest: str, out: Path) -> None:
    """Write the file, if its bytes are still those that were checked."""
    with tempfile.TemporaryDirectory() as folder:
        copy = fetch_onnx(where.store, where.model, version.number, Path(folder))
        content = copy.read_bytes() if copy.exists() else b""
        write_bytes(out, content)
    if sha256(out) != digest:
        out.unlink()
        raise BadChampion(
            f"ALARM: the file of version {version.number} changed while it was read; nothing was "
            "written."
        )


def _write_card(where: Registry, version: Version, record: object, card: Path) -> None:
    """Write the model card beside the file, made anew of the verdict that was attested."""
    kept = kept_verdict(where.store, version, record) if isinstance(record, VerdictRecord) else None
    if kept is not None:
        owner = params.load(where.store.project / "params.yaml").card
        context = ReportContext(precision=version.tags.get("precision", ""), card=owner)
        write_text(card, model_card(Verdict.from_json(json.loads(kept)), context))


def version_history(project: Path, number: str) -> tuple[Version, list[str]]:
    """Return a version, and what was attested of its file, a line each, the oldest first.

    Raises:
        InputError: If there is no such version.
    """
    from faircompress.registry.history import history

    where = registry_of(project)
    version = where.find(number)
    found = history(where.store.project, where.model, version.tags.get("sha256", ""))
    lines = []
    for one in found:
        day = f"{one.time[:4]}-{one.time[4:6]}-{one.time[6:8]} {one.time[9:11]}:{one.time[11:13]}"
        rules = f", rules {one.rules[:12]}" if one.rules else ""
        lines.append(f"{day} UTC  {one.kind}: {one.what}{rules}; {one.signed}")
        lines += [f"{'':22}looser than agreed: {words}" for words in one.loosened]
    return version, lines


def version_lines(project: Path) -> list[str]:
    """Return a line for each version: number, aliases, outcome, sha256, newest first.

    What a tag says beside what was attested of the file here is told.
    """
    where = registry_of(project)
    named: dict[str, list[str]] = {}
    for alias, number in where.aliases().items():
        named.setdefault(number, []).append(alias)
    return [
        f"{one.number:>4}  {one.tags.get('verdict', 'unknown'):<13} "
        f"{one.tags.get('sha256', '')[:12]}  {', '.join(named.get(one.number, []))}"
        f"{_otherwise(where, one)}".rstrip()
        for one in versions.versions(where.store, where.model)
    ]


def _otherwise(where: Registry, version: Version) -> str:
    """Return what was attested of a version's file, if none of it is what the tag says."""
    known = attestations.about(where.store.project, where.model, version.tags.get("sha256", ""))
    if version.tags.get("verdict") in {*(one.outcome for one in known), None} or not known:
        return ""
    return f"  (the tag was changed: {known[-1].outcome} was recorded)"
