"""Feeds each reader inputs that are hardly any: they work, or are refused in a sentence that helps.

    python bench/fuzz.py --cases 2000 [--only pictures]

For each reader, in a process of its own: how many cases worked, how many were refused with a
``FaircompressError``, how many did neither (another exception, a crash, more than 10 seconds, or
more than 600 MB), the longest case and what memory the whole took. Exit code 1 if any did neither.
"""

import argparse
import contextlib
import io
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fuzz_inputs as inputs
import fuzz_networks as networks
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from faircompress.support.errors import FaircompressError

SECONDS, MEGABYTES = 10.0, 600.0
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
}


def strategy(name: str, folder: Path) -> Any:
    """Return what to feed to a reader."""
    if name == "ledger lines":
        return inputs.changed_bytes([_ledger(folder)])
    if name == "rule texts":
        return inputs.rule_texts().map(lambda text: text.encode("utf-8", "surrogatepass"))
    return {
        "params": inputs.params, "rules": inputs.rules, "tables, text": inputs.csv_tables,
        "tables, Parquet": inputs.parquet_tables, "audits": inputs.csv_tables,
        "pictures": inputs.pictures, "ONNX": networks.onnx_files,
        "checkpoints": networks.checkpoints,
        "networks": networks.networks, "predictions": inputs.predictions,
    }[name]()  # fmt: skip


def _ledger(folder: Path) -> bytes:
    """Write a ledger with two looks; return its bytes. Key and test sets stay beside it."""
    sys.path.insert(0, str(Path(__file__).parent))
    from fault_steps import ledger

    ledger(folder, 1)
    for file in (folder / "state").iterdir():
        file.rename(folder / file.name)
    return (folder / "ledger.jsonl").read_bytes()


def feed(name: str, cases: int, number: int = 0, kept: Path | None = None) -> dict[str, Any]:
    """Feed a reader; return the counts, and the first faults with their inputs."""
    file_name, reader = READERS[name]
    found: dict[str, Any] = {
        "reader": name, "cases": 0, "worked": 0, "refused": 0, "faults": [], "seconds": 0.0
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = (kept or folder) / file_name

        path.write_bytes(b"")
        with contextlib.suppress(Exception):
            reader(path)  # what it imports is no part of a case's seconds

        def case(content: bytes) -> None:
            path.write_bytes(content)
            _count(found, path, reader)

        quiet: Any = settings(
            max_examples=cases, deadline=None, database=None, derandomize=False,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )  # fmt: skip
        whole = given(strategy(name, kept or folder))(case)  # type: ignore[no-untyped-call]  # no types
        tried = quiet(whole)
        seed(number)(tried)()
    found["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def _count(found: dict[str, Any], path: Path, reader: Reader) -> None:
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fault = ""
    try:
        with _at_most(SECONDS), contextlib.redirect_stderr(io.StringIO()):
            reader(path)
        found["worked"] += 1
    except FaircompressError as error:
        found["refused"] += 1
        fault = "" if str(error).strip() else "refused without a word"
    except TimeoutError:
        fault = "hangs"
    except (Exception, SystemExit) as error:
        fault = f"{type(error).__name__}: {error}"[:300]
    found["cases"] += 1
    found["seconds"] = max(found["seconds"], time.monotonic() - start)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    if grown > MEGABYTES:
        fault = f"takes {grown:.0f} MB"
    if fault:
        known = {one["fault"].partition(":")[0] for one in found["faults"]}
        if len(found["faults"]) < 20 or fault.partition(":")[0] not in known:
            found["faults"].append({"fault": fault, "input": path.read_bytes()[:2000].hex()})
        else:
            found["faults"].append({"fault": fault})


@contextlib.contextmanager
def _at_most(seconds: float) -> Any:
    def over(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def apart(name: str, cases: int, number: int) -> dict[str, Any]:
    """Feed a reader in a process of its own; one that dies is a fault, with its last input."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, __file__, "--cases", str(cases), "--seed", str(number)]
        done = subprocess.run(
            [*command, "--inside", name, "--kept", place], capture_output=True, text=True
        )
        if done.returncode == 0:
            return dict(json.loads(done.stdout.splitlines()[-1]))
        last = Path(place) / READERS[name][0]
        content = last.read_bytes().hex() if last.exists() else ""
    said = done.stderr.strip().splitlines()[-1:] or [""]
    fault = {"fault": f"the process died ({done.returncode}): {said[0]}", "input": content}
    return {"reader": name, "cases": 0, "worked": 0, "refused": 0, "faults": [fault],
            "seconds": 0.0, "megabytes": 0.0}  # fmt: skip


def told(counts: list[dict[str, Any]]) -> str:
    """Return the table."""
    rows = ["| reader | cases | worked | refused | neither | longest, s | memory, MB |",
            "|---|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for c in counts:
        rows.append(
            f"| {c['reader']} | {c['cases']} | {c['worked']} | {c['refused']} | "
            f"{len(c['faults'])} | {c['seconds']:.2f} | {c['megabytes']:.0f} |"
        )
    return "\n".join(rows)


def main() -> int:
    """Feed all readers, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="for each reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of the name of the readers to feed")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--kept", type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.inside:
        print(json.dumps(feed(words.inside, words.cases, words.seed, words.kept)))
        return 0
    counts = []
    for name in READERS:
        if words.only in name:
            counts.append(apart(name, words.cases, words.seed))
            for one in counts[-1]["faults"][:5]:
                print(
                    f"{name}: {one['fault']}\n  input {one.get('input', '')[:400]}", file=sys.stderr
                )
    print(told(counts))
    return int(any(count["faults"] for count in counts))


if __name__ == "__main__":
    sys.exit(main())
