"""What `bench/fuzz.py` feeds: each reads a file as a user's command would."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faircompress.support.errors import FaircompressError

Reader = Callable[[Path], object]


def read_params(path: Path) -> object:
    """Read params.yaml."""
    from faircompress.config import params

    return params.load(path)


def read_rules(path: Path) -> object:
    """Read a file of rules for an audit."""
    from faircompress.auditing import rules

    return rules.gate([], file=path)


def read_rule(path: Path) -> object:
    """Read one rule as it is typed."""
    from faircompress.auditing import rules

    return rules.gate([path.read_text("utf-8", "surrogatepass")])


def read_table(path: Path) -> object:
    """Read a table, and each column as groups, numbers and probabilities."""
    from faircompress.auditing import tables

    table = tables.read(path)
    for column in table.cells.columns:
        for kind in (table.texts, table.numbers, table.shares):
            with contextlib.suppress(FaircompressError):
                kind("label", column)
    return table


def read_audit(path: Path) -> object:
    """Audit a table as from Python, all the way to a verdict."""
    import faircompress
    from faircompress.auditing import tables

    return faircompress.audit(
        tables.read(path).cells, label="label", baseline="baseline", candidate="candidate",
        groups=["sex"], rules=["change accuracy 0.2"],
    )  # fmt: skip


def read_picture(path: Path) -> object:
    """Decode a picture as the model is to see it."""
    from faircompress.data.pictures import prepare

    return prepare(path.read_bytes(), resize=8, crop=[8, 8], resampler="bilinear")


def read_onnx(path: Path) -> object:
    """Open an ONNX file of anybody's."""
    from faircompress.auditing.onnx_files import open_onnx

    return open_onnx(path)


def read_weights(path: Path) -> object:
    """Read weights of anybody's, and put them into a network."""
    from torch import nn

    from faircompress.networks.weights import load_weights

    net = nn.Sequential()
    net.add_module("fc", nn.Linear(3, 2))
    return load_weights(net, path, fresh_head=True)


def read_network(path: Path) -> object:
    """Read a network that a stage saved."""
    from faircompress.networks.network import load

    return load(path)


def read_predictions(path: Path) -> object:
    """Read predictions that a stage saved, and as the second derivation reads them."""
    from faircompress.data.predictions import load
    from faircompress.second_opinion.reading import read

    with contextlib.suppress(FaircompressError):
        read(path)
    return load(path)


def read_ledger(path: Path) -> object:
    """Read and check a ledger, beside which its key and its test sets lie."""
    from faircompress.ledger.record import Ledger

    return Ledger(path).verify()


def read_attestations(path: Path) -> object:
    """Read attestations, who signed them, and what they say of each file."""
    from faircompress.registry import attestations, history, keys, signatures

    project = path.parents[1]
    known = attestations.read(project)
    for one in known:
        signatures.described(keys.keys_of(project), one)
        history.history(project, one.record.model, one.record.sha256)
    attestations.raise_unless_complete(project)
    return attestations.decided(project, "m")


def read_new_rows(path: Path) -> object:
    """Read newly labelled rows with logged scores, and make units of them."""
    from faircompress.config.monitor import NewRows
    from faircompress.data.dataset import Facts
    from faircompress.monitoring import new_rows

    facts = Facts(("no", "yes"), ("skin",), (8, 8), (0, 0, 0), (1, 1, 1), "sha", {})
    columns = {"groups": ["skin"], "identity": "who", "labelled": "day", "score": ["p"]}
    rows = new_rows.read(NewRows(root=str(path.parent), **columns), facts, "1")[1]
    kept = rows.iloc[:0].assign(label=0)[["id", "label"]]
    wanted = new_rows.news(rows, kept, {"Ann"}, new_rows.Tally())
    return [_units(batch.assign(moment=1)) for batch in new_rows.batches(wanted)]


def read_counted(path: Path) -> object:
    """Read rows that the monitor counted before, and make units of them."""
    from faircompress.monitoring import counted

    return _units(counted.load(path.parent))


def _units(table: Any) -> object:
    from faircompress.monitoring import counted, units

    rows = counted.as_rows(table.assign(label=table["label"].astype(int)))
    return [units.stream(rows, metric) for metric in units.METRICS]


READERS: dict[str, tuple[str, Reader]] = {
    "params": ("params.yaml", read_params),
    "rules": ("rules.yaml", read_rules),
    "rule texts": ("rule.txt", read_rule),
    "tables, text": ("table.csv", read_table),
    "tables, Parquet": ("table.parquet", read_table),
    "audits": ("table.csv", read_audit),
    "pictures": ("picture", read_picture),
    "ONNX": ("model.onnx", read_onnx),
    "checkpoints": ("weights.pt", read_weights),
    "networks": ("model.pt", read_network),
    "predictions": ("predictions.parquet", read_predictions),
    "ledger lines": ("ledger.jsonl", read_ledger),
    "attestations": ("artifacts/attestations.jsonl", read_attestations),
    "new rows": ("data.csv", read_new_rows),
    "counted rows": ("rows-000001.parquet", read_counted),
}
