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
from pathlib import Path
from typing import Any

import fuzz_inputs as inputs
import fuzz_networks as networks
from fuzz_readers import READERS, Reader
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings

from faircompress.support.errors import FaircompressError

SECONDS, MEGABYTES = 10.0, 600.0


def strategy(name: str, folder: Path) -> Any:
    """Return what to feed to a reader."""
    if name == "ledger lines":
        return inputs.changed_bytes([_ledger(folder)])
    if name == "attestations":
        return inputs.attestations(_attested(folder))
    if name == "rule texts":
        return inputs.rule_texts().map(lambda text: text.encode("utf-8", "surrogatepass"))
    return {
        "params": inputs.params, "rules": inputs.rules, "tables, text": inputs.csv_tables,
        "tables, Parquet": inputs.parquet_tables, "audits": inputs.csv_tables,
        "pictures": inputs.pictures, "ONNX": networks.onnx_files,
        "checkpoints": networks.checkpoints,
        "networks": networks.networks, "predictions": inputs.predictions,
        "new rows": inputs.new_rows, "counted rows": inputs.counted_rows,
    }[name]()  # fmt: skip


def _ledger(folder: Path) -> bytes:
    """Write a ledger with two looks; return its bytes. Key and test sets stay beside it."""
    from fault_steps import ledger

    ledger(folder, 1)
    for file in (folder / "state").iterdir():
        file.rename(folder / file.name)
    return (folder / "ledger.jsonl").read_bytes()


def _attested(folder: Path) -> bytes:
    """Attest verdicts and decisions; return the lines. The public key stays in the folder."""
    from fault_steps import attest

    attest(folder / "made", 1)
    (folder / "made" / "project" / "keys").rename(folder / "keys")
    return (folder / "made" / "project" / "artifacts" / "attestations.jsonl").read_bytes()


def feed(name: str, cases: int, number: int = 0, kept: Path | None = None) -> dict[str, Any]:
    """Feed a reader; return the counts, and the first faults with their inputs."""
    file_name, reader = READERS[name]
    found: dict[str, Any] = {
        "reader": name, "cases": 0, "worked": 0, "refused": 0, "faults": [], "seconds": 0.0
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        path = (kept or folder) / file_name
        path.parent.mkdir(exist_ok=True)
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
