"""A study's tables, figures and page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from faircompress.report.markdown import plain_text
from faircompress.study import plots
from faircompress.study.cells import ALL, AUROC, excess_harm, rates
from faircompress.study.comparison import Comparison, Line, Test
from faircompress.study.harm import Gain
from faircompress.study.harm_page import AT, harm_section, signed, tables
from faircompress.study.plan import Cell, Plan
from faircompress.study.resampling import Estimate
from faircompress.support.files import write_json, write_text

TEMPLATES = Path(__file__).parent.parent / "templates"
Json = dict[str, Any]
TEST_HEAD = ["Method", "Against", "Endpoint", "Where", "Its change", "Gain", "p", "p of signs"]
MEAN_HEAD = [
    "Method", "Asked", "Physical", "Accuracy", "Rarest cell", "Worst group's AUROC",
    "Drift of AUROC", "Max psi",
]  # fmt: skip


def write(
    folder: Path,
    plan: Plan,
    compared: Sequence[Comparison],
    done: Mapping[Cell, Json],
    failed: Mapping[Cell, str],
    chosen: Mapping[str, Sequence[str]],
) -> Path:
    """Write everything a reader needs; return the page.

    Args:
        folder: Where to.
        plan: The study.
        compared: One comparison a data set and model.
        done: What is known of each run that came to an end.
        failed: Why others did not.
        chosen: Settings that tuning chose, by data set, model and method.
    """
    lines = [line for comparison in compared for line in comparison.lines()]
    tests = [test for comparison in compared for test in comparison.tests()]
    runs = pd.DataFrame([_run(c, cell, done[cell]) for c in compared for cell in c.cells])
    write_text(folder / "runs.csv", runs.to_csv(index=False, float_format="%.6g"))
    write_text(folder / "rates.csv", _table(lines).to_csv(index=False, float_format="%.6g"))
    write_json(folder / "tests.json", [asdict(test) for test in tests])
    sections = [_section(folder, plan, c, lines, tests, runs) for c in compared]
    page = folder / "report.html"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    shown = environment.get_template("study.html.j2").render(
        plan=plan, sections=sections, chosen=chosen, runs=len(runs), name=folder.parent.name,
        failed={cell.key: why for cell, why in failed.items()}, test_head=TEST_HEAD,
        mean_head=MEAN_HEAD,
    )  # fmt: skip
    write_text(page, shown)
    write_text(folder / "summary.md", "\n".join(_markdown(section) for section in sections))
    return page


def _section(
    folder: Path,
    plan: Plan,
    comparison: Comparison,
    lines: Sequence[Line],
    tests: Sequence[Test],
    runs: pd.DataFrame,
) -> Json:
    data, model = comparison.data, comparison.model
    mine = [line for line in lines if (line.data, line.model) == (data, model)]
    judged = [test for test in tests if (test.data, test.model) == (data, model)]
    stem, harm = f"{data}-{model}", harm_section(comparison)
    drawn = [("What pruning changes", _shown(comparison, mine), folder / f"{stem}-changes.png")]
    figures = []
    for title, of_kind, path in drawn:
        if of_kind:
            plots.draw_changes(of_kind, path)
            figures.append((title, plots.inline(path)))
    first = [test for test in judged if test.against == plan.endpoint.baselines[0]]
    if first:
        path = folder / f"{stem}-tests.png"
        plots.draw_gains([(one.endpoint, one.method, one.gain) for one in first], path)
        figures.insert(0, (f"Against {first[0].against}", plots.inline(path)))
    if harm and harm["gains"]:
        path = folder / f"{stem}-gains.png"
        plots.draw_gains(_panels(harm["gains"], plan), path)
        figures.insert(0, (f"The plan's question: {plan.endpoint.subgroup}", plots.inline(path)))
    if harm:
        write_json(folder / f"{stem}-harm.json", [asdict(one) for one in harm["harms"]])
        write_json(folder / f"{stem}-gains.json", [asdict(one) for one in harm["gains"]])
    here = runs[(runs["data"] == data) & (runs["model"] == model)]
    return {
        "data": data,
        "model": model,
        "rarest": comparison.rarest,
        "harm": harm,
        "seeds": _seeds(comparison),
        "tests": [_test(test) for test in judged],
        "rates": [_line(line) for line in mine],
        "means": _means(here),
        "figures": figures,
    }


def _seeds(comparison: Comparison) -> str:
    """Return how many seeds are compared, and of how many, in words."""
    have, planned = len(comparison.seeds), len(comparison.plan.seeds)
    count = f"{have} of {planned}" if have < planned else f"{planned}"
    return f"{count} {'data seeds' if comparison.own_people else 'seeds'}"


def _panels(found: Sequence[Gain], plan: Plan) -> list[tuple[str, str, Estimate]]:
    """Return what is drawn of the plan's question: gain in the subgroup, and in accuracy."""
    first = [one for one in found if one.against == plan.endpoint.baselines[0]]
    where = f"{plan.endpoint.subgroup}, {AT[plan.endpoint.at]}"
    gain = [(where, one.method, one.gain) for one in first]
    return gain + [("accuracy", one.method, one.accuracy) for one in first]


def _markdown(section: Json) -> str:
    """Return the tables of a section as Markdown."""
    title = f"### {plain_text(section['data'])}, {plain_text(section['model'])}, {section['seeds']}"
    known = [*tables(section["harm"]), (TEST_HEAD, section["tests"]), (MEAN_HEAD, section["means"])]
    found = [f"{title}\n\nRarest cell: {plain_text(section['rarest'])}."]
    found += section["harm"].get("words", [])
    for head, rows in ((head, rows) for head, rows in known if rows):
        lines = [head, ["---"] * len(head), *([plain_text(cell) for cell in row] for row in rows)]
        found.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(found) + "\n"


def _shown(comparison: Comparison, lines: Sequence[Line]) -> list[Line]:
    """Return what is drawn: the rarest cell, and AUROC of every group that has it."""
    rare = [line for line in lines if line.part == comparison.rarest]
    others = [line for line in lines if line.part not in (ALL, comparison.rarest)]
    return rare + ([line for line in others if line.metric == AUROC] or others)


def _run(comparison: Comparison, cell: Cell, facts: Json) -> Json:
    """Return one line of runs.csv: what was asked, what came out."""
    table = rates(comparison.said(cell.dense, "test"), comparison.said(cell, "test"))
    area = table[(table["metric"] == AUROC) & (table["part"] != ALL) & ~table["is_cell"]]
    right = table[table["metric"] != AUROC].set_index("part")
    return {
        **vars(cell),
        "physical_speedup": facts["speedup"],
        "parameters": facts["parameters"],
        "accuracy_dense": right.loc[ALL, "dense"],
        "accuracy_change": right.loc[ALL, "change"],
        "rarest_dense": right.loc[comparison.rarest, "dense"],
        "rarest_change": right.loc[comparison.rarest, "change"],
        "worst_auroc_change": area["change"].min() if len(area) else None,
        "auroc_drift": area["change"].max() - area["change"].min() if len(area) else None,
        "max_psi": excess_harm(table).max(),
    }


def _means(runs: pd.DataFrame) -> list[list[str]]:
    """Return means over seeds by method and speed-up, as words."""
    names = ["physical_speedup", "accuracy_change", "rarest_change", "worst_auroc_change",
             "auroc_drift", "max_psi"]  # fmt: skip
    means = runs.groupby(["method", "speedup"], sort=False)[names].mean(numeric_only=True)
    found = []
    for (method, speedup), row in means.iterrows():
        numbers = ["" if pd.isna(row.get(n)) else f"{row[n]:+.3f}" for n in names[1:]]
        found.append([method, f"{speedup:g}x", f"{row['physical_speedup']:.2f}x", *numbers])
    return found


def _table(lines: Sequence[Line]) -> pd.DataFrame:
    found = pd.json_normalize([asdict(line) for line in lines])
    return found.drop(columns=["change.seeds"]) if len(found) else found


def _line(line: Line) -> list[str]:
    what = "AUROC" if line.metric == AUROC else "share right"
    cells = [line.method, f"{line.speedup:g}x", line.part, what, f"{line.dense:.3f}"]
    return [*cells, signed(line.change)]


def _test(test: Test) -> list[str]:
    p_values = ["" if p is None else f"{p:.4f}" for p in (test.p, test.gain.flips)]
    harm = [signed(found) for found in (test.change, test.gain)]
    return [test.method, test.against, test.endpoint, test.part, *harm, *p_values]
