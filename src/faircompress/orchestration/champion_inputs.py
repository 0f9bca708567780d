"""What the gate needs of the registry: both champions; and which look at the test set this is.

It reaches the gate as two files of its own, so that DVC sees when it changed:

- ``artifacts/champion.json``: for ``champion`` and ``original_champion`` null, if there is none
  yet; else ``version``, ``sha256``, ``not_comparable`` (why it cannot be compared, or null) and
  ``predictions``, the sha256 by split of what lies in ``artifacts/champion/NAME-SPLIT.parquet``.
- ``artifacts/look.json``: see ``looks``.

Files that were all judged on this test set before are told what they were told then: neither their
own promotion nor a later one makes it another question. A file is never held to another precision
of its own network.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress.config.precisions import exported
from faircompress.data import predictions
from faircompress.data.dataset import TABLE, Facts, content_sha256, load_facts, load_split
from faircompress.ledger.limits import Review
from faircompress.orchestration import alarm, looks
from faircompress.orchestration.deployment import BadChampion, trusted
from faircompress.orchestration.record import Record
from faircompress.orchestration.registered_model import Registry
from faircompress.registry import attestations, versions
from faircompress.registry.records import VerdictRecord
from faircompress.registry.versions import Version
from faircompress.support.files import read_json, sha256, write_json

REFERENCES = ("champion", "original_champion")
SPLITS = ("test", "validation")


@task(task_run_name="write what the gate needs of the champion", cache_policy=NO_CACHE)
def write_champion_inputs(record: Record, review: Review | None = None) -> bool:
    """Book the look, and write what the gate must know; return whether that is news.

    Args:
        record: Of this execution.
        review: Who agreed to limits that changed after a look at the test set.

    Raises:
        LedgerError: If the look cannot be booked.
    """
    artifacts = record.workspace.artifacts
    where = Registry(record.store, record.experiment)
    files = [sha256(file) for file in exported(artifacts).values()]
    test = hash_of_test_split(artifacts / "validate")
    if words := alarm.guard(where):
        record.note("alarm", words)
    told = {
        name: _told(where, name, _number(where, name, files, test), artifacts)
        for name in REFERENCES
    }
    booked = looks.book(record, files, test, told, review)
    news = [
        _write(artifacts / "champion.json", told),
        _write(artifacts / "look.json", looks.as_json(booked, test)),
    ]
    return any(news)


def champion_tags(artifacts: Path, file: str) -> dict[str, str]:
    """Return as tags what the gate was told of the file with this sha256."""
    references, book = read_json(artifacts / "champion.json"), read_json(artifacts / "look.json")
    against = {
        f"against.{name}": references[name]["version"] for name in REFERENCES if references[name]
    }
    return {**against, "look": str(book["looks"][file]), "sha256.test": book["test"]}


def held_to(artifacts: Path) -> dict[str, dict[str, str | None]]:
    """Return the version and sha256 of both champions, where the gate was told of one."""
    references = read_json(artifacts / "champion.json")
    return {
        name: {key: references[name][key] for key in ("version", "sha256")}
        for name in REFERENCES
        if references[name]
    }


def hash_of_test_split(validated: Path) -> str:
    """Return the hash of the test split alone, whatever else the data set holds."""
    import pyarrow.parquet as pq

    columns = [name for name in pq.read_schema(validated / TABLE).names if name != "image"]
    rows = pq.read_table(validated / TABLE, columns=columns, filters=[("split", "==", "test")])
    return content_sha256(rows.to_pandas().sort_values("id"))


def _number(where: Registry, name: str, files: Sequence[str], test: str) -> str | None:
    """Return the version of a champion that these files are held to, if there is one.

    It is the one that they were held to before, if they were all judged and it may still go out.
    """
    known, now = _known(where, files, test), where.aliases().get(name)
    if known:
        before = known.against.get(name)
        if before is None:
            return None
        if before["version"] == now or _may_go_out(where, before):
            return before["version"]
    if now is None:
        return None
    reference = where.find(now)
    of_reference = attestations.latest(
        where.store.project, where.model, reference.tags.get("sha256", "")
    )
    if of_reference is None or of_reference.sha256 not in files:
        return now
    before = of_reference.against.get(name)
    return before["version"] if before else None


def _known(where: Registry, files: Sequence[str], test: str) -> VerdictRecord | None:
    """Return the record of the first file, if no file that is evaluated after it is new."""
    first = None
    for file in files:
        record = attestations.latest(where.store.project, where.model, file)
        if record is None or record.test != test:
            return None
        first = first or record
        if record.outcome != "pass":
            break
    return first


def _may_go_out(where: Registry, before: Mapping[str, str | None]) -> bool:
    try:
        return trusted(where, before["version"] or "").tags["sha256"] == before["sha256"]
    except BadChampion:
        return False


def _told(where: Registry, name: str, number: str | None, artifacts: Path) -> dict[str, Any] | None:
    """Return what is told of a champion: its predictions, or why it cannot be compared."""
    if number is None:
        return None
    try:
        reference = trusted(where, number)
    except BadChampion as alarm:
        return {"version": number, "sha256": None, "predictions": {}, "not_comparable": str(alarm)}
    return _compared(where, name, reference, artifacts)


def _compared(where: Registry, name: str, reference: Version, artifacts: Path) -> dict[str, Any]:
    """Have a version predict, unless it did."""
    digest, facts = reference.tags["sha256"], load_facts(artifacts / "validate")
    paths = {split: artifacts / "champion" / f"{name}-{split}.parquet" for split in SPLITS}
    done = all(_is_of(path, digest, facts) for path in paths.values())
    reason = None if done else _predict(where, reference, artifacts, paths)
    hashes = {split: sha256(path) for split, path in paths.items()} if reason is None else {}
    return {
        "version": reference.number,
        "sha256": digest,
        "predictions": hashes,
        "not_comparable": reason,
    }


def _is_of(path: Path, digest: str, facts: Facts) -> bool:
    if not path.exists():
        return False
    said = predictions.load(path)
    return (said.model, said.data) == (digest, facts.sha256)


def _predict(
    where: Registry, reference: Version, artifacts: Path, paths: dict[str, Path]
) -> str | None:
    """Write what a version says of some splits; return why it cannot, if so."""
    from faircompress.data.predicting import predictions_of
    from faircompress.export import runtime

    facts = load_facts(artifacts / "validate")
    with versions.file(where.store, reference) as onnx:
        if sha256(onnx) != reference.tags["sha256"]:  # it was when it was trusted
            return f"ALARM: the file of version {reference.number} changed while it was read"
        opened = runtime.session(onnx, "cpu")
        takes, gives = opened.get_inputs()[0].shape[1:3], opened.get_outputs()[0].shape[1]
        if (list(facts.size), len(facts.classes)) != (takes, gives):
            return (
                f"version {reference.number} takes pictures of {takes} and gives {gives} "
                "classes; the "
                f"data has {list(facts.size)} and {len(facts.classes)}"
            )
        for name, path in paths.items():
            split = load_split(artifacts / "validate", name)
            found = runtime.predict(
                opened, split.images, what=f"version {reference.number}, {name}"
            )
            predictions.save(predictions_of(split, found, facts, reference.tags["sha256"]), path)
    return None


def _write(path: Path, value: Any) -> bool:
    if path.exists() and read_json(path) == value:
        return False
    write_json(path, value)
    return True
