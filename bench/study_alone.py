"""A study's runs by their stages alone, several at a time: no Prefect, DVC or MLflow.

For a machine that is lent for minutes, such as one with a GPU: it needs the package's core and
PyTorch, Torch-Pruning and Lightning Fabric. ``python bench/study_alone.py NAME --jobs 6
--minutes 8`` goes on where it was stopped: dense models, then the endpoint's speed-up, then
the others, each seed by seed in the plan's order. Runs that differ by ``prune.head`` alone share
the cut and the fine-tuning, as they would come out alike. It leaves ``studies/NAME/cells``,
``predictions`` and ``results/train-cells.json``, of which ``faircompress study NAME
--page-only`` makes the page, anywhere. Plans without tuning.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from faircompress.config.params import Params, load
from faircompress.data.dataset import load_facts, load_split
from faircompress.networks import network
from faircompress.orchestration.study_files import SPLITS, finish, predictions_file, train_counts
from faircompress.stages.prune import with_head
from faircompress.study import plan as plans
from faircompress.study.plan import Cell, Plan
from faircompress.support.files import link, read_json, write_json
from faircompress.training.fit import fabric_for

ROOT = Path(__file__).parent.parent
GONE, DENSE = 3, ("source", "validate", "train")


def main() -> None:
    """Run what is left of a study, or one run of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study")
    parser.add_argument("--project", type=Path, default=ROOT)
    parser.add_argument("--only", default="", help="methods, with commas")
    parser.add_argument("--seeds", type=int, nargs="+", help="of the plan's; all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--threads", type=int, default=1, help="that a run computes with")
    parser.add_argument("--minutes", type=float, default=10_000, help="after which none is begun")
    parser.add_argument("-S", dest="changes", action="append", default=[], help="as of `run`")
    parser.add_argument("--one", default="", help="the key of a run, to make in this process")
    asked = parser.parse_args()
    os.chdir(asked.project)
    plan = plans.read(Path("studies") / f"{asked.study}.yaml")
    plan = plans.only(plan, tuple(filter(None, asked.only.split(","))))
    if plan.tuning:
        sys.exit(f"{asked.study} chooses settings first: faircompress study {asked.study}")
    study = Path("studies") / asked.study
    wanted = [*plans.dense_cells(plan), *plans.cells(plan, {})]
    wanted = [cell for cell in wanted if cell.seed in (asked.seeds or plan.seeds)]
    if asked.one:
        make(plan, study, next(c for c in wanted if c.key == asked.one), asked.changes)
    else:
        wanted.sort(key=lambda cell: order(plan, cell))
        sys.exit(GONE if run_all(study, wanted, asked) else 0)


def order(plan: Plan, cell: Cell) -> tuple[bool, bool, int]:
    """Return a run's turn: dense models first, then the endpoint's speed-up, seed by seed."""
    beside = cell.method != "" and cell.speedup != plan.endpoint.speedup
    return cell.method != "", beside, plan.seeds.index(cell.seed)


def run_all(study: Path, wanted: list[Cell], asked: argparse.Namespace) -> list[str]:
    """Run cells in processes of their own, a dense model before those cut from it.

    Returns:
        The keys of runs that failed; the end of what each said is printed.
    """
    end, before = time.monotonic() + 60 * asked.minutes, time.monotonic()
    todo = [cell for cell in wanted if not is_done(study, cell)]
    running: dict[Cell, tuple[subprocess.Popen[str], float]] = {}
    failed: list[str] = []
    print(f"{len(todo)} of {len(wanted)} runs to make, {asked.jobs} at a time", flush=True)
    while running or (todo and time.monotonic() < end):
        for cell in list(todo):
            ready = cell.dense == cell or is_done(study, cell.dense)
            if len(running) < asked.jobs and ready and time.monotonic() < end:
                todo.remove(cell)
                running[cell] = begin(cell, asked), time.monotonic()
        for cell, (process, start) in list(running.items()):
            if process.poll() is not None:
                del running[cell]
                taken = f"{time.monotonic() - start:.1f} s"
                print(f"{time.monotonic() - before:6.1f} s  {cell.key}  {taken}", flush=True)
                if process.returncode:
                    failed.append(cell.key)
                    todo = [other for other in todo if other.dense != cell]
                    print(said(cell, asked.study), flush=True)
        time.sleep(0.05)
    return failed


def begin(cell: Cell, asked: argparse.Namespace) -> "subprocess.Popen[str]":
    """Start a run, what it says going to a file."""
    command = [sys.executable, __file__, asked.study, "--project", ".", "--one", cell.key]
    command += [part for change in asked.changes for part in ("-S", change)]
    threads = {"OMP_NUM_THREADS": str(asked.threads)}
    with log_of(cell, asked.study).open("w") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=os.environ | threads, text=True
        )


def log_of(cell: Cell, study: str) -> Path:
    """Return where a run's words go."""
    folder = Path("variants") / study / cell.key
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "log.txt"


def said(cell: Cell, study: str) -> str:
    """Return the end of what a run said."""
    return "\n".join(log_of(cell, study).read_text("utf-8").splitlines()[-12:])


def is_done(study: Path, cell: Cell) -> bool:
    """Tell whether a run came to an end."""
    known = study / "cells" / f"{cell.key}.json"
    return known.exists() and all(predictions_file(study, cell, s).exists() for s in SPLITS)


def make(plan: Plan, study: Path, cell: Cell, changes: list[str]) -> None:
    """Run the stages of one cell; print what each took, as JSON."""
    overrides = [*plans.changes(plan, cell, Path("presets.yaml")), *changes]
    params = load(Path("params.yaml"), overrides)
    home = Path("variants") / study.name
    artifacts = home / cell.key / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    if cell.method:
        for name in ("validate", "train"):
            link(artifacts / name, home / cell.dense.key / "artifacts" / name)
    twin = tuned_twin(plan, study, cell, params, changes)
    if twin is not None:
        new_head(params, artifacts, twin)
    else:
        for name in ("prune",) if cell.method else DENSE:
            step(name, params, artifacts)
    if not cell.method:
        train_counts(study, cell, artifacts / "validate")
    finish(study, cell, params, artifacts, overrides)


def tuned_twin(
    plan: Plan, study: Path, cell: Cell, params: Params, changes: list[str]
) -> Path | None:
    """Return the results of a finished run that is as this one is, but keeps its last layer."""
    wanted = params.model_dump()
    if not cell.method or wanted["prune"].pop("head")["name"] == "keep":
        return None
    for other in plans.cells(plan, {}):
        place = Path("variants") / study.name / other.key / "artifacts"
        if other.dense != cell.dense or not is_done(study, other) or not place.exists():
            continue
        overrides = [*plans.changes(plan, other, Path("presets.yaml")), *changes]
        known = load(Path("params.yaml"), overrides).model_dump()
        if known["prune"].pop("head")["name"] == "keep" and known == wanted:
            return place
    return None


def new_head(params: Params, artifacts: Path, twin: Path) -> None:
    """Write what the stage prune would, from a network that was cut and tuned in the same way."""
    start = time.monotonic()
    facts = load_facts(artifacts / "validate")
    validation = load_split(artifacts / "validate", "validation")
    pruned = network.load(twin / "prune" / "model.pt")
    device = fabric_for(params.compute).device
    pruned, rates = with_head(pruned, validation, params.prune, facts, device)
    network.save(pruned, artifacts / "prune" / "model.pt")
    numbers = {**read_json(twin / "prune.json"), "validation": rates}
    write_json(artifacts / "prune.json", numbers)
    print(json.dumps({"head of": str(twin), "s": round(time.monotonic() - start, 1)}), flush=True)


def step(name: str, params: Params, artifacts: Path) -> dict[str, Any]:
    """Run a stage and keep its numbers."""
    start = time.monotonic()
    numbers: dict[str, Any] = getattr(importlib.import_module(f"faircompress.stages.{name}"), name)(
        params, artifacts
    )
    write_json(artifacts / f"{name}.json", numbers)
    peak = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
    told = {"stage": name, "s": round(time.monotonic() - start, 1), "gpu_gb": round(peak, 1)}
    print(json.dumps(told), flush=True)
    return numbers


if __name__ == "__main__":
    main()
