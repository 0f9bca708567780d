"""The chain's look at its test set: booked before the gate runs, completed after it.

The ledger is ``state/ledger.jsonl`` of the project, the same for all its variants; git ignores it.
What the gate needs of it reaches the gate as ``artifacts/look.json``, so that DVC sees when it
changed: ``looks``, 1 for the first, by the sha256 of a file, at the test set with the sha256
``test``; ``released``, how many candidates passed on it before.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.auditing import looks as booking
from faircompress.auditing.looks import LEDGER, test_set_of
from faircompress.config.precisions import exported, verdict_folder
from faircompress.data import predictions
from faircompress.data.dataset import TABLE
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.errors import LedgerError, NeedsReviewerError
from faircompress.ledger.identity import TestSet
from faircompress.ledger.limits import Review
from faircompress.ledger.looks import Look, next_looks
from faircompress.ledger.old_book import take_over
from faircompress.ledger.record import Ledger
from faircompress.orchestration.record import Record
from faircompress.orchestration.registered_model import Registry
from faircompress.registry import versions
from faircompress.registry.ledger_heads import heads_of
from faircompress.support.files import read_json, sha256

References = Mapping[str, Mapping[str, Any] | None]  # as champion.json


def book(
    record: Record, files: Sequence[str], test: str, references: References, review: Review | None
) -> dict[str, Look]:
    """Book that files are judged in this order, up to the first that does not pass.

    Args:
        record: Of this execution.
        files: sha256 of each.
        test: sha256 of the test split.
        references: What the gate is told of other models.
        review: Who agreed to limits that changed after a look.

    Raises:
        LedgerError: If the ledger cannot be trusted, or limits changed and nobody agreed.
    """
    where, ledger = Registry(record.store, record.experiment), ledger_of(record)
    before = {**_written(record.workspace.artifacts, test), **_tagged(where, test)}
    if taken := take_over(ledger, test, before):
        record.note(
            "ledger", f"{taken} looks at this test set are kept in {ledger.path} from now on"
        )
    looks = _booked(record, files, test, references, review)
    with versions.one_at_a_time(where.store):
        versions.show_looks(where.store, where.model, test, {f: n.number for f, n in looks.items()})
    return looks


def as_json(looks: Mapping[str, Look], test: str) -> dict[str, Any]:
    """Return what the gate is told of the looks that its files are."""
    return {
        "looks": {file: look.number for file, look in looks.items()},
        "released": max(look.released for look in looks.values()),
        "test": test,
    }


def complete(record: Record) -> None:
    """Write what came of the look; nothing where the gate was told of none.

    Raises:
        LedgerError: If the same look came out otherwise before.
    """
    artifacts = record.workspace.artifacts
    told = read_json(artifacts / "look.json")
    files = {p: sha256(file) for p, file in exported(artifacts).items()}
    looks = _booked(
        record, list(files.values()), told["test"], read_json(artifacts / "champion.json")
    )
    evaluated = read_json(artifacts / "gate.json")["precisions"]
    last: dict[int, tuple[Look, Verdict]] = {}
    for precision, file in files.items():
        if precision not in evaluated:
            break
        raw = read_json(verdict_folder(artifacts, precision) / "verdict.json")
        last.setdefault(looks[file].line, (looks[file], Verdict.from_json(raw)))
    for look, verdict in last.values():
        booking.completed(ledger_of(record), look, verdict)


def ledger_of(record: Record) -> Ledger:
    """Return the ledger of the project that a workspace belongs to, with all that it must hold."""
    project = record.workspace.project
    return Ledger(project / LEDGER, heads_of(project))


def _booked(
    record: Record, files: Sequence[str], test: str, references: References,
    review: Review | None = None,
) -> dict[str, Look]:  # fmt: skip
    artifacts, gate = record.workspace.artifacts, record.params.gate
    folder = artifacts / "export" / "predictions"
    rows = predictions.load(folder / "dense-test.parquet")
    held = [predictions.load(folder / "dense-validation.parquet")]
    models = {n: str(told["sha256"]) if told else None for n, told in references.items()}
    try:
        return next_looks(
            ledger_of(record), _test_set(artifacts, rows, test), files, review=review,
            **booking.look_settings(rows, gate, held, models),
        )  # fmt: skip
    except NeedsReviewerError as error:
        raise NeedsReviewerError(
            f"{error} For a run by hand: faircompress run --reviewer NAME --reason WHY, with a "
            f"reviewer other than {booking.user()!r}; in Prefect: the run's fields reviewer and "
            "reason."
        ) from None


def _test_set(artifacts: Path, rows: predictions.Predictions, test: str) -> TestSet:
    """Return what the test split is known by: its pictures and people, whatever rows are called."""
    import pyarrow.parquet as pq

    table = pq.read_table(
        artifacts / "validate" / TABLE, columns=["id", "sha256"], filters=[("split", "==", "test")]
    )
    known = dict(zip(table["id"].to_pylist(), table["sha256"].to_pylist(), strict=True))
    try:
        pictures = [known[name] for name in rows.ids.tolist()]
    except KeyError as error:
        raise LedgerError(
            f"the predictions are of row {error}, which the test split has not. Run export again."
        ) from None
    return test_set_of(rows, ids=None, pictures=np.array(pictures), book=test)


def _written(artifacts: Path, test: str) -> dict[str, int]:
    """Return the looks at this test set that ``look.json`` names, as git may have brought it."""
    path = artifacts / "look.json"
    last: dict[str, Any] = read_json(path) if path.exists() else {"test": None}
    return (
        {f[: versions.SHORT]: n for f, n in last["looks"].items()} if last["test"] == test else {}
    )


def _tagged(where: Registry, test: str) -> dict[str, int]:
    return versions.looks(where.store, where.model, test)
