"""The chain's look at its test set: booked before the gate runs, completed after it.

The ledger is ``state/ledger.jsonl`` of the project, the same for all its variants; git ignores it.
What the gate needs of it reaches the gate as ``artifacts/look.json``, so that DVC sees when it
changed: ``looks``, 1 for the first, by the sha256 of a file, at the test set with the sha256
``test``; ``released``, how many candidates passed on it before; ``part``, of a look that declared
topping up, which of its parts the rows are (see ``topping_up``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.auditing import looks as booking
from faircompress.auditing.looks import LEDGER, test_set_of
from faircompress.auditing.rows import Pair
from faircompress.config.precisions import exported, verdict_folder
from faircompress.config.rules import Gate
from faircompress.data import predictions
from faircompress.data.dataset import TABLE, load_facts
from faircompress.evaluation.before_look import refuse_untestable
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.errors import LedgerError, NeedsReviewerError
from faircompress.ledger.limits import Review
from faircompress.ledger.looks import Look, next_looks
from faircompress.ledger.old_book import take_over
from faircompress.ledger.record import Ledger
from faircompress.orchestration.record import Record
from faircompress.orchestration.registered_model import Registry
from faircompress.orchestration.topping_up import Taken, of_look, of_part
from faircompress.registry import look_records
from faircompress.registry.ledger_heads import heads_of
from faircompress.stages.exported_files import Files
from faircompress.support.files import read_json, sha256

References = Mapping[str, Mapping[str, Any] | None]  # as champion.json


def book(
    record: Record, files: Sequence[str], test: str, references: References, review: Review | None
) -> Taken:
    """Book that files are judged in this order, up to the first that does not pass.

    Args:
        record: Of this execution.
        files: sha256 of each.
        test: sha256 of the test split.
        references: What the gate is told of other models.
        review: Who agreed to limits that changed after a look.

    Raises:
        LedgerError: If the ledger cannot be trusted, or limits changed and nobody agreed.
        ValueError: If a rule cannot be tested on these rows; nothing is spent then.
    """
    where, ledger = Registry(record.store, record.experiment), ledger_of(record)
    exported_now = Files.of(record.workspace.artifacts, booked=False)
    costs = [exported_now.costs(precision) for precision in exported_now.precisions]
    refuse_untestable(*_of_dense(record), costs=costs, captions=CHAIN)
    before = {
        **_written(record.workspace.artifacts, test),
        **look_records.looks(where.store, where.model, test),
    }
    if number := take_over(ledger, test, before):
        record.note(
            "ledger", f"{number} looks at this test set are kept in {ledger.path} from now on"
        )
    taken = _booked(record, files, test, references, review, new=True)
    numbers = {file: look.number for file, look in taken.looks.items()}
    look_records.keep(record.store, record.run_id, test, numbers)
    return taken


def as_json(taken: Taken, test: str) -> dict[str, Any]:
    """Return what the gate is told of the looks that its files are."""
    told = {
        "looks": {file: look.number for file, look in taken.looks.items()},
        "released": max(look.released for look in taken.looks.values()),
        "test": test,
    }
    return told | ({"part": taken.part} if taken.part else {})


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
    ).looks
    evaluated = read_json(artifacts / "gate.json")["precisions"]
    last: dict[int, tuple[Look, Verdict]] = {}
    for precision, file in files.items():
        if precision not in evaluated:
            break
        raw = read_json(verdict_folder(artifacts, precision) / "verdict.json")
        last.setdefault(looks[file].line, (looks[file], Verdict.from_json(raw)))
    for look, verdict in last.values():
        booking.completed(ledger_of(record), look, verdict)


def _of_dense(record: Record) -> tuple[predictions.Predictions, Gate, predictions.Predictions]:
    """Return the dense model's predictions of the test rows, the rules, and of validation rows."""
    folder = record.workspace.artifacts / "export" / "predictions"
    test, held = (predictions.load(folder / f"dense-{s}.parquet") for s in ("test", "validation"))
    return test, record.params.gate, held


def ledger_of(record: Record) -> Ledger:
    """Return the ledger of the project that a workspace belongs to, with all that it must hold."""
    project = record.workspace.project
    return Ledger(project / LEDGER, heads_of(project))


def _booked(
    record: Record, files: Sequence[str], test: str, references: References,
    review: Review | None = None, *, new: bool = False,
) -> Taken:  # fmt: skip
    artifacts, ledger = record.workspace.artifacts, ledger_of(record)
    folder = artifacts / "export" / "predictions"
    rows, gate, held = _of_dense(record)
    fit = load_facts(artifacts / "validate").fit_sha256  # which test rows there are changes no rule
    held = replace(held, data=fit)
    models = {n: str(told["sha256"]) if told else None for n, told in references.items()}
    settings = booking.look_settings(rows, gate, [held], models)
    pictures = _pictures(artifacts, rows)
    if len(files) == 1:
        pair = Pair(
            rows, predictions.load(folder / "pruned-test.parquet"), hashes=pictures, named=False,
            book=test,
        )  # fmt: skip
        held = replace(held, data=rows.data)
        part = of_part(ledger, pair, gate, settings["rules"], held, new=new)
        if part is not None:
            return part
    known = test_set_of(rows, ids=None, pictures=pictures, book=test)
    try:
        return of_look(next_looks(ledger, known, files, review=review, **settings), gate)
    except NeedsReviewerError as error:
        raise NeedsReviewerError(
            f"{error} For a run by hand: faircompress run --reviewer NAME --reason WHY, with a "
            f"reviewer other than {booking.user()!r}; in Prefect: the run's fields reviewer and "
            "reason."
        ) from None


def _pictures(artifacts: Path, rows: predictions.Predictions) -> np.ndarray:
    """Return the sha256 of each picture, which with people is what a test split is known by."""
    import pyarrow.parquet as pq

    table = pq.read_table(
        artifacts / "validate" / TABLE, columns=["id", "sha256"], filters=[("split", "==", "test")]
    )
    known = dict(zip(table["id"].to_pylist(), table["sha256"].to_pylist(), strict=True))
    try:
        return np.array([known[name] for name in rows.ids.tolist()])
    except KeyError as error:
        raise LedgerError(
            f"the predictions are of row {error}, which the test split has not. Run export again."
        ) from None


def _written(artifacts: Path, test: str) -> dict[str, int]:
    """Return the looks at this test set that ``look.json`` names, as git may have brought it."""
    path = artifacts / "look.json"
    last: dict[str, Any] = read_json(path) if path.exists() else {"test": None}
    if last["test"] != test:
        return {}
    return {file[: look_records.SHORT]: number for file, number in last["looks"].items()}
