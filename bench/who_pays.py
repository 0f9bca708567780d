"""Who pays for compression? A study as a benchmark: every cell judged by ``faircompress.audit``.

``make benchmark`` runs ``studies/who-pays.yaml`` (goes on where it was stopped), puts each cell's
predictions before ``faircompress.audit`` with the rules of ``bench/who_pays_rules.yaml``, exports
and times each network, and writes ``studies/NAME/benchmark/``: ``cells.parquet``, a page, a figure
and Markdown. Beside every cell stand the dense model, and the dense model moved to the cell's
selection rate.

``python bench/who_pays.py DATA``: portraits, celeba, full, the file of a project's params, or a
study's name. ``--score-only``: what was run so far.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from who_pays_costs import costs
from who_pays_page import complete, surer, write_page

import faircompress
from faircompress.data import predictions
from faircompress.data.predictions import Predictions
from faircompress.orchestration.study_cells import workspace_name
from faircompress.orchestration.study_files import predictions_file
from faircompress.orchestration.study_results import runs_known
from faircompress.study import layers
from faircompress.study import plan as plans
from faircompress.study.cells import AUROC, Part, parts, rate
from faircompress.study.layers import POSITIVE, Told
from faircompress.study.plan import Cell, Plan
from faircompress.support.errors import InputError
from faircompress.support.files import read_json, write_json

ROOT = Path(__file__).parent.parent
RULES = Path(__file__).with_name("who_pays_rules.yaml")
SPLITS = ("validation", "test")
METHOD, DENSE, MOVED = "method", "dense", "dense, moved"  # kinds of rows
Json = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """Where a benchmark lies.

    Args:
        project: Folder with ``studies/`` and ``variants/``.
        name: Of the study.
    """

    project: Path
    name: str

    @property
    def folder(self) -> Path:
        """Return the folder of the study's results."""
        return self.project / "studies" / self.name

    def told(self, cell: Cell) -> Told:
        """Return what a cell's network said of validation and test rows."""
        return Told(*(predictions.load(predictions_file(self.folder, cell, s)) for s in SPLITS))

    def network(self, cell: Cell) -> Path:
        """Return where a cell's network lies, if this machine trained it."""
        stage = "prune" if cell.method else "train"
        place = self.project / "variants" / workspace_name(self.folder, cell)
        return place / "artifacts" / stage / "model.pt"


def main() -> None:
    """Run, score, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="portraits")
    parser.add_argument("--score-only", action="store_true", help="train nothing")
    parser.add_argument("--project", type=Path, default=ROOT)
    asked = parser.parse_args()
    bench = Bench(asked.project.resolve(), study_for(asked.data, asked.project / "studies"))
    if not asked.score_only:
        command = [sys.executable, "-m", "faircompress", "study", bench.name]
        done = subprocess.run(command, cwd=bench.project, check=False)
        if done.returncode not in (0, 3):  # 3: some cells failed, the others count
            sys.exit(done.returncode)
    plan = plans.read(bench.folder.with_suffix(".yaml"))
    table = pd.DataFrame(list(scored(bench, plan)))
    if table.empty:
        sys.exit(f"{bench.name}: no cell came to an end yet. Go on with: make benchmark")
    page = write_page(
        bench.folder / "benchmark",
        bench.name,
        plan,
        complete(table),
        surer(bench.folder / "results", plan),
    )
    print(f"\npage      {page}\ncells     {page.with_name('cells.parquet')}")


def study_for(data: str, studies: Path) -> str:
    """Return the study of a data set; a file of params gets one, to be read before it is run."""
    named = {"portraits": "who-pays", "celeba": "who-pays-celeba", "full": "who-pays-full"}
    if data in named:
        return named[data]
    file = Path(data)
    if file.suffix not in (".yaml", ".yml"):
        return data
    plan = studies / f"who-pays-{file.stem}.yaml"
    if not plan.exists():
        made = plan_on(yaml.safe_load(file.read_text("utf-8")), file.stem)
        plan.write_text(yaml.safe_dump(made, sort_keys=False), "utf-8")
        print(f"{plan} was written: the question, before the run. Change it now or never.")
    return plan.stem


def plan_on(params: Json, name: str) -> Json:
    """Return the small benchmark's plan on the data and network of a project's params."""
    plan: Json = yaml.safe_load((ROOT / "studies" / "who-pays.yaml").read_text("utf-8"))
    objectives = {key: plan["common"]["prune"][key] for key in ("scoring", "finetune")}
    own = {key: params[key] for key in ("checks", "train") if key in params}
    prune = {k: v for k, v in params.get("prune", {}).items() if k not in ("seed", "speedup")}
    end = plan["endpoint"]
    for key in ("subgroup", "at", "expected"):
        del end[key]  # the rarest subgroup, at one half
    return {
        **plan,
        "about": f"On {name}, which subgroup pays for compression, and by which method?",
        "common": {**own, "prune": {**prune, **objectives}},
        "data": {name: {"data": params["data"]}},
        "models": {"own": {}},
        "seeded": ["train.seed", "prune.seed"],
    }


def scored(bench: Bench, plan: Plan) -> Iterator[Json]:
    """Give the rows of every cell that came to an end; none is scored twice."""
    known = runs_known(bench.folder)
    wanted = [cell for cell in plans.cells(plan, {}) if cell.key in known]
    wanted = [c for c in wanted if predictions_file(bench.folder, c, "test").exists()]
    for number, cell in enumerate(wanted, start=1):
        yield from _once(
            bench, cell, known, partial(_rows, bench, cell, known),
            f"{number} of {len(wanted)}",
        )  # fmt: skip


def _once(
    bench: Bench, cell: Cell, known: dict[str, Json], make: Callable[[], Iterable[Json]], count: str
) -> list[Json]:
    """Return rows as they were kept, if they are of the same network and rules; else made anew."""
    kept = bench.folder / "benchmark" / "cells" / f"{cell.key}.json"
    mark = [known[one.key]["model_sha256"] for one in (cell.dense, cell)]
    mark.append(RULES.read_text("utf-8"))
    if not kept.exists() or read_json(kept)["mark"] != mark:
        rows = list(make())
        write_json(kept, {"mark": mark, "rows": rows})
        print(f"  {count}  {cell.key}  {rows[0]['outcome']}", flush=True)
    found: list[Json] = read_json(kept)["rows"]
    return found


def _rows(bench: Bench, cell: Cell, known: dict[str, Json]) -> Iterator[Json]:
    """Give a row for each subgroup of a cell, of the dense model, and of the moved dense model."""
    dense, told = bench.told(cell.dense), bench.told(cell)
    if not dense.binary:
        raise InputError(f"{cell.key} has {len(dense.test.classes)} classes; this needs two")
    cost = costs(bench.network(cell.dense), bench.network(cell))
    unmoved = _once(bench, cell.dense, known, lambda: judged(dense, dense, at_half=True), "dense")
    there = moved(dense, as_often=told)  # decides at one half: its scores are moved
    kinds = {
        METHOD: (judged(dense, told), cell, "pruned"),
        DENSE: (unmoved, cell.dense, "dense"),
        MOVED: (judged(dense, there, at_half=True), cell.dense, "dense"),
    }
    for kind, (rows, of, side) in kinds.items():
        facts = known[of.key]
        own = {
            "data": cell.data, "model": cell.model, "seed": cell.seed, "method": cell.method,
            "asked_speedup": cell.speedup, "row": kind,
            "speedup": facts.get("speedup", 1.0), "parameters": facts.get("parameters"),
            "model_sha256": facts["model_sha256"], **cost[side],
        }  # fmt: skip
        yield from ({**own, **one} for one in rows)


def judged(dense: Told, model: Told, *, at_half: bool = False) -> Iterator[Json]:
    """Give what ``faircompress.audit`` and the three layers of harm say of each subgroup.

    The audit takes test rows as they were drawn, all alike; the layers weigh them as the data say.

    Args:
        dense: The baseline.
        model: The candidate.
        at_half: Decide at one half, whatever the rules' threshold is.
    """
    columns = frame(dense).assign(candidate=frame(model)["baseline"])
    groups = [name for name in dense.test.groups if name != "label"]
    verdict = faircompress.audit(
        columns, label="label", groups={name: f"group:{name}" for name in groups},
        baseline="baseline", candidate="candidate", id="id", split="split",
        cluster=None if dense.test.identities is None else "person",
        classes=dense.test.classes, rules=RULES, threshold=0.5 if at_half else "baseline",
        max_weight=next((cap.most for cap in dense.test.max_weight if not cap.where), None),
    )  # fmt: skip
    checks = verdict.to_frame()
    failing = checks[checks["outcome"] != "pass"]
    of_all = {
        "outcome": str(verdict.outcome),
        "checks": len(checks),
        "checks_failed": int((checks["outcome"] == "fail").sum()),
        "reason": verdict.reasons[0] if len(failing) and verdict.reasons else "",
        "accuracy": _accuracy(dense, model),
    }
    known = {part.name: part for part in parts(dense.test)}
    for part in (part for part in known.values() if part.is_cell and len(part.rows)):
        yield {"subgroup": part.name, **_harm(dense, model, part, known), **of_all}


def _harm(dense: Told, model: Told, part: Part, known: dict[str, Part]) -> Json:
    """Return the three layers of harm to a subgroup, and what stands beside them."""
    rows, weights = part.rows, dense.test.weights[part.rows]
    before = layers.right_at_half(dense)
    after = before if model is dense else layers.right_at_rate(dense, model)
    group = layers.group_of(part, known)
    own = [
        None if group is None else layers.found_at_own_rate(dense, one, part, group.rows)
        for one in (dense, model)
    ]
    positive = group is not None and (dense.test.labels[rows] == POSITIVE).all()

    def mean(values: np.ndarray) -> float:
        return float(np.average(values, weights=weights))

    return {
        "rows": len(rows),
        "dense": mean(before[rows]),
        "at_half": mean((layers.right_at_half(model) - before)[rows]),
        "at_selection_rate": mean((after - before)[rows]),
        "at_own_fpr": None if own[0] is None or own[1] is None else mean(own[1] - own[0]),
        "flips": mean((before > after)[rows]),
        "auroc": _change(dense, model, group, AUROC) if positive and group else None,
        "cross_group_auroc": _change(
            dense, model, layers.against_everybody(dense.test, group), AUROC
        ) if positive and group else None,
    }  # fmt: skip


def _change(dense: Told, model: Told, part: Part, metric: str) -> float | None:
    before, after = (rate(one.test, part, metric) for one in (dense, model))
    return None if before is None or after is None else float(after) - float(before)


def _accuracy(dense: Told, model: Told) -> float:
    """Return the change of the share of all rows decided rightly, at the dense selection rate."""
    if model is dense:
        return 0.0
    change = layers.right_at_rate(dense, model) - layers.right_at_half(dense)
    return float(np.average(change, weights=dense.test.weights))


def frame(told: Told) -> pd.DataFrame:
    """Return predictions as a table that anybody could audit."""
    tables = []
    for split, said in zip(SPLITS, (told.validation, told.test), strict=True):
        groups = {f"group:{k}": v for k, v in said.groups.items() if k != "label"}
        people = {} if said.identities is None else {"person": said.identities}
        labels = np.asarray(said.classes, object)[said.labels]
        tables.append(pd.DataFrame({
            "id": said.ids, "split": split, "label": labels,
            "baseline": said.probabilities[:, POSITIVE].astype(float), **groups, **people,
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def moved(dense: Told, *, as_often: Told) -> Told:
    """Return the dense model, moved so that at 0.5 it says yes as often as another does at 0.5."""
    threshold = layers.as_often(as_often, dense).threshold
    odds = np.log(threshold) - np.log1p(-threshold)

    def shifted(said: Predictions) -> Predictions:
        scores = np.clip(said.probabilities[:, POSITIVE].astype(float), 1e-12, 1 - 1e-12)
        positive = 1 / (1 + np.exp(odds - np.log(scores) + np.log1p(-scores)))
        pair = np.stack([1 - positive, positive], 1)
        return Predictions(**{**vars(said), "probabilities": pair, "model": f"{said.model}, moved"})

    return Told(shifted(dense.validation), shifted(dense.test))


if __name__ == "__main__":
    main()
