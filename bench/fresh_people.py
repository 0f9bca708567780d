"""Does what `faircompress search` names pass on people that nobody has seen?

    OMP_NUM_THREADS=1 python bench/fresh_people.py FOLDER [--seeds 11 12 13 14 15] [--minutes 15]

FOLDER is a project of the embedded data: one that was searched, or none yet, which is then made and
searched. The winner's network and that of `params.yaml`'s own speed-up are written as files, each
decides where the search had it decide, and both are judged on test splits that other seeds draw, by
the rules of `params.yaml` against the dense file, each time as at a first look. What a folder holds
is not made again.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from judged import checks_of, failures, passed

from faircompress.config.params import Params, load
from faircompress.config.precisions import stem
from faircompress.data.dataset import Split, load_facts, load_split
from faircompress.data.predicting import predictions_of
from faircompress.data.predictions import Predictions
from faircompress.export import runtime
from faircompress.networks import network as networks
from faircompress.stages.export import MADE_BY, fold_all, opened_files, write_files
from faircompress.stages.source import source
from faircompress.stages.validate import validate
from faircompress.support.files import read_json, write_json


@dataclass(frozen=True)
class Named:
    """A file of the search, and those that the gate evaluates before it."""

    speedup: float
    variant: str
    precisions: tuple[str, ...]
    bytes: int
    ms: float
    chance: float


def main() -> None:
    """Search if need be, judge, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the project")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--minutes", default="15", help="of the search")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    searched(folder, asked.minutes)
    params = load(folder / "params.yaml")
    drawn = {seed: people(folder, seed) for seed in asked.seeds}
    print("| file | bytes | ms | chance | " + " | ".join(f"people {s}" for s in drawn) + " |")
    print("|---|--:|--:|--:|" + "---|" * len(drawn), flush=True)
    for one in dict.fromkeys([default_file(folder, params), winner(folder)]):
        outcomes = [judged(folder, one, split, params) for split in drawn.values()]
        name = f"{one.speedup:g}x, {one.precisions[-1]}"
        cells = [name, f"{one.bytes:,}", f"{one.ms:.2f}", f"{one.chance:.2f}", *outcomes]
        print(f"| {' | '.join(cells)} |", flush=True)


def searched(folder: Path, minutes: str) -> None:
    """Make the project, and search in it, unless that was done."""
    command = [sys.executable, "-m", "faircompress"]
    if not (folder / "params.yaml").exists():
        subprocess.run([*command, "init", str(folder)], check=True)
    if not (folder / "variants" / "search" / "search.json").exists():
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [*command, "search", "--minutes", minutes], cwd=folder, env=env, check=False
        )
        if done.returncode not in (0, 2):
            sys.exit(done.returncode)


def candidates(folder: Path) -> list[dict]:
    """Return the candidates that a search kept, those of `params.yaml`'s own line."""
    files = sorted((folder / "variants" / "search" / "candidates").glob("*.json"))
    found = [read_json(file)["candidate"] for file in files]
    return [one for one in found if not one["line"]]


def default_file(folder: Path, params: Params) -> Named:
    """Return the float32 file at the project's own speed-up."""
    (one,) = [c for c in candidates(folder) if c["speedup"] == params.prune.speedup]
    return named(one, one["files"][0]["precision"])


def winner(folder: Path) -> Named:
    """Return the file that the search names."""
    found = read_json(folder / "variants" / "search" / "search.json")
    speedup = next(o for o in found["overrides"] if o.startswith("prune.speedup"))
    asked = float(speedup.partition("=")[2])
    (one,) = [c for c in candidates(folder) if c["speedup"] == asked]
    return named(one, found["precision"])


def named(candidate: dict, precision: str) -> Named:
    """Return a candidate's file with what came before it."""
    made = [file["precision"] for file in candidate["files"]]
    upto = made[: made.index(precision) + 1]
    file = candidate["files"][len(upto) - 1]
    share = sum(map(all, zip(*(f["passes"] for f in candidate["files"][: len(upto)]), strict=True)))
    return Named(
        candidate["speedup"], candidate["folder"], tuple(upto), file["bytes"], file["ms"],
        share / len(file["passes"]),
    )  # fmt: skip


def people(folder: Path, seed: int) -> Split:
    """Return the test split that another seed draws."""
    params = load(folder / "params.yaml", [f"data.portraits.seed={seed}"])
    artifacts = folder / "fresh" / str(seed)
    if not (artifacts / "validate.json").exists():
        artifacts.mkdir(parents=True, exist_ok=True)
        write_json(artifacts / "source.json", source(params, artifacts))
        write_json(artifacts / "validate.json", validate(params, artifacts))
    return load_split(artifacts / "validate", "test")


def judged(folder: Path, one: Named, split: Split, params: Params) -> str:
    """Return what the rules say of a file on other people, and its worst failure."""
    dense, *files = said(folder, one, split)
    against = [r for r in params.gate.rules if getattr(r, "against", "baseline") == "baseline"]
    gate = params.gate.model_copy(update={"rules": against})
    checks = [checks_of((dense, file), gate, look=1) for file in files]
    if all(map(passed, checks)):
        return "pass"
    harmed = [failures(of_file, None).levels for of_file in checks]
    open_checks = sum(not check.passes for of_file in checks for check in of_file)
    return "fail" if any(harmed) else f"inconclusive ({open_checks})"


def said(folder: Path, one: Named, split: Split) -> list[Predictions]:
    """Return what the dense file and the files of a candidate say of other people."""
    space = folder / "variants" / one.variant
    params, validated = load(space / "params.yaml"), space / "artifacts" / "validate"
    place = folder / "fresh" / "files" / one.variant
    facts = load_facts(validated)
    if not (place / "done").exists():
        place.mkdir(parents=True, exist_ok=True)
        made = {s: networks.load(space / "artifacts" / b / "model.pt") for s, b in MADE_BY.items()}
        files = write_files(place, made, facts, params, validated)
        fold_all(place, files, load_split(validated, "validation"), facts, params)
        write_json(place / "done", files)
    opened = opened_files(place, read_json(place / "done"), params)
    names = ["dense", *(stem(precision) for precision in one.precisions)]
    return [
        predictions_of(split, runtime.predict(opened[name], split.images), facts, name)
        for name in names
    ]


if __name__ == "__main__":
    main()
