"""What faults cost: kills, full disks, dead servers, wrong clocks, two at once; counted.

    python bench/faults.py [FILE] --tries 10 --shard 1/2 --only kill

Each try is a line of FILE; a run that is called again makes only the tries that are missing, so
shards may run side by side and days apart. At the end comes the table of all that FILE holds.
A try survived if, after the same command ran once more without a fault, the results equal those of
one that met none, and nothing that was finished before the fault was computed again.
"""

import argparse
import fcntl
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import fault_chain
from fault_forks import preload
from fault_kinds import (
    FORKS,
    Place,
    Try,
    clock_jumps,
    disk_full,
    killed_at,
    killed_in,
    place,
    read_only,
    two_at_once,
)
from fault_registry import killed_registration, registration_hit, two_register
from fault_servers import killed_server, left_running, queue, silent, stop_servers, two_machines
from fault_stages import full_disk, killed_chain, killed_in_stage, prefect_restarts
from fault_store import ill_store

SCRATCH = re.compile(r"/\S*/faults-\w+/\w+-\d+/|^error: ")
Fault = Callable[[Place, random.Random], Try]
FAULTS: Mapping[str, tuple[str, Fault]] = {
    "kill: half of a ledger's line written": ("ledger", killed_at("half", r"ledger\.jsonl", 4)),
    "kill: before a ledger has its new line": ("ledger", killed_at("before", r"ledger\.jsonl$", 4)),
    "kill: right after a ledger got it": ("ledger", killed_at("after", r"ledger\.jsonl$", 4)),
    "kill: at any time while looks are booked": ("ledger", killed_in(2.0)),
    "kill: half of a result written": ("numbers", killed_at("half", r"\.json", 3)),
    "kill: before a result gets its name": ("numbers", killed_at("before", r"\.json$", 3)),
    "kill: half of a checkpoint written": ("curve", killed_at("half", r"(weights|curve)", 7)),
    "kill: before a checkpoint gets its name": ("curve", killed_at("before", r"(pt|json)$", 6)),
    "kill: while a stage's folder takes its place": ("curve", killed_at("after", r"train", 1)),
    "kill: half of an attestation written": ("attest", killed_at("half", r"attestations.jsonl", 6)),
    "kill: before an attestation is there": ("attest", killed_at("before", r"/attestations", 6)),
    "kill: right after an attestation is": ("attest", killed_at("after", r"/attestations", 6)),
    "kill: at any time in a training": ("curve", killed_in(0.8)),
    "kill: half of dvc.lock written": ("dvc", killed_at("half", r"dvc\.lock$", 3)),
    "kill: at any time in or between DVC stages": ("dvc", killed_in(6.0)),
    "kill: at any time while MLflow is told": ("mlflow", killed_in(5.0)),
    "disk full: ledger": ("ledger", disk_full(2500)),
    "disk full: attestations": ("attest", disk_full(9000)),
    "disk full: results": ("numbers", disk_full(12000)),
    "disk full: checkpoints": ("curve", disk_full(45000)),
    "disk full: DVC": ("dvc", disk_full(700)),
    "disk full: MLflow": ("mlflow", disk_full(200000)),
    "folder read-only: ledger": ("ledger", read_only),
    "folder read-only: checkpoints": ("curve", read_only),
    "folder read-only: DVC": ("dvc", read_only),
    "folder read-only: MLflow": ("mlflow", read_only),
    "clock 400 days behind: ledger": ("ledger", clock_jumps(-400, 3.0)),
    "clock 400 days ahead: ledger": ("ledger", clock_jumps(400, 3.0)),
    "clock 400 days behind: DVC": ("dvc", clock_jumps(-400, 8.0)),
    "clock 400 days ahead: checkpoints": ("curve", clock_jumps(400, 1.0)),
    "clock 400 days ahead: MLflow": ("mlflow", clock_jumps(400, 6.0)),
    "clock 400 days behind: attestations": ("attest", clock_jumps(-400, 3.0)),
    "clock 400 days ahead: attestations": ("attest", clock_jumps(400, 3.0)),
    "two processes at once: attestations": ("attest", two_at_once),
    "two processes at once: ledger": ("ledger", two_at_once),
    "two processes at once: DVC": ("dvc", two_at_once),
    "MLflow's server dies while it is told, comes back": ("told", killed_server("mlflow", 4.0)),
    "PostgreSQL restarts while MLflow is told": ("told", killed_server("postgres", 4.0)),
    "the S3 store dies while MLflow is told": ("told", killed_server("objects", 4.0)),
    "the S3 store says nothing for 20 s": ("told", silent("objects", 20.0)),
    "MLflow's server says nothing for 5 s": ("told", silent("mlflow", 5.0)),
    "two machines promote at once": ("promote", two_machines),
    "the S3 store is ill in the middle of a push": ("store", ill_store("push")),
    "the S3 store is ill in the middle of a pull": ("store", ill_store("pull")),
    "kill: the real chain, at any time": ("chain", killed_chain),
    "kill: the real chain, in validate": ("chain", killed_in_stage("validate")),
    "kill: the real chain, in train": ("chain", killed_in_stage("train")),
    "kill: the real chain, in prune": ("chain", killed_in_stage("prune")),
    "kill: the real chain, in export": ("chain", killed_in_stage("export")),
    "kill: the real chain, in gate": ("chain", killed_in_stage("gate")),
    "disk full: data set": ("chain", full_disk("validate")),
    "disk full: dense model": ("chain", full_disk("train")),
    "disk full: pruned model": ("chain", full_disk("prune")),
    "disk full: ONNX file": ("chain", full_disk("export")),
    "disk full: verdict and report": ("chain", full_disk("gate")),
    "Prefect's server restarts in the middle of the chain": ("chain", prefect_restarts),
    "PostgreSQL restarts while a file is registered": ("chain", registration_hit("postgres")),
    "MLflow's server dies while a file is registered": ("chain", registration_hit("mlflow")),
    "the S3 store dies while a file is registered": ("chain", registration_hit("objects")),
    "kill: at any time while a file is registered": ("chain", killed_registration),
    "two machines register the same file at once": ("chain", two_register),
    "runs of dead processes are left running": ("queue", left_running),
    "200 runs queued, then Prefect and PostgreSQL die": ("queue", queue(200)),
}  # fmt: skip


def attempt(name: str, number: int, scratch: Path) -> Try:
    """Make one try of a fault, the same for the same number."""
    step, fault = FAULTS[name]
    where = place(step, scratch / f"{step}-{number}")
    try:
        return fault(where, random.Random(f"{name} {number}"))
    finally:
        shutil.rmtree(where.folder, ignore_errors=True)


def make_template(scratch: Path) -> None:
    """Make MLflow's database once, because that takes longer than a try."""
    from faircompress.support.databases import of_mlflow, ready

    folder = scratch / "templates" / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    ready(of_mlflow(folder / "mlflow.db"))


def told(lines: Iterable[Mapping[str, Any]]) -> str:
    """Return the table: fault, tries, survived, lost, message."""
    rows = ["| fault | tries | survived | lost | what one sees |", "|---|--:|--:|--:|---|"]
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["happened"]:
            by_name.setdefault(line["fault"], []).append(line)
    known = [*FAULTS, *(name for name in by_name if name not in FAULTS)]
    for name in (n for n in known if n in by_name):
        tries = by_name[name]
        lost = sum(one["lost"] for one in tries)
        bad = next((one["message"] for one in tries if not one["survived"]), "")
        message = SCRATCH.sub("", bad or tries[-1]["message"])
        message = message.replace("|", "/").replace("\n", " ")[:110]
        good = sum(one["survived"] for one in tries)
        rows.append(f"| {name} | {len(tries)} | {good} | {lost} | {message} |")
    every = [one for tries in by_name.values() for one in tries]
    good, lost = sum(one["survived"] for one in every), sum(one["lost"] for one in every)
    return "\n".join([*rows, f"| **all** | {len(every)} | {good} | {lost} | |"])


def read(file: Path) -> list[dict[str, Any]]:
    """Return the tries that a file holds; a last line that a kill left half is none."""
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("}")]


def note(file: Path, line: Mapping[str, Any]) -> None:
    """Add a try to a file to which other shards write, too."""
    with file.open("a+") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        opened.seek(0)
        text = opened.read()
        opened.write(("" if not text or text.endswith("\n") else "\n") + json.dumps(line) + "\n")


def main() -> int:
    """Make the tries that are missing; return 1 if any lost something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=Path("faults.jsonl"))
    parser.add_argument("--tries", type=int, default=10, help="of each fault")
    parser.add_argument("--shard", default="1/1", help="n/m: every m-th try, from the n-th")
    parser.add_argument("--only", default="", help="pattern in the name of the faults to try")
    parser.add_argument(
        "--chain", type=Path, help="folder in which a chain without a fault is kept"
    )
    parser.add_argument("--minutes", type=float, default=1e9, help="to stop after")
    given = parser.parse_args()
    shard, shards = map(int, given.shard.split("/"))
    names = [name for name in FAULTS if re.search(given.only, name)]
    wanted = [(n, name) for n in range(given.tries) for name in names]
    made = {(line["number"], line["fault"]) for line in read(given.file)}
    end = time.monotonic() + given.minutes * 60
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        scratch = Path(folder)
        preload()
        FORKS.append(True)
        fault_chain.KEPT[0] = (given.chain or scratch).resolve()
        if any(FAULTS[name][0] == "mlflow" for _, name in wanted):
            make_template(scratch)
        for number, name in wanted[shard - 1 :: shards]:
            if (number, name) in made or time.monotonic() > end:
                continue
            found = attempt(name, number, scratch)
            line = {"fault": name, "number": number, "survived": found.survived}
            note(given.file, {**line, **vars(found)})
            word = "survived" if found.survived else "LOST"
            print(f"{name} {number}: {word if found.happened else 'too fast'} {found.message}",
                  file=sys.stderr, flush=True)  # fmt: skip
    stop_servers()
    lines = read(given.file)
    print(told(lines))
    return int(any(line["happened"] and not line["survived"] for line in lines))


if __name__ == "__main__":
    sys.exit(main())
