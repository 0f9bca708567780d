"""A study's files: tables, figures, and the page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from faircompress.report.markdown import plain_text
from faircompress.study import plots
from faircompress.study.by_speedup import by_speedup
from faircompress.study.cells import ALL, AUROC, excess_harm, rates
from faircompress.study.comparison import Comparison, Line, Test
from faircompress.study.harm import Gain
from faircompress.study.harm_page import AT, harm_section, signed, tables
from faircompress.study.html import MEAN_HEAD, TEST_HEAD, Section, seeds_in_words, study_page
from faircompress.study.outcome import sentence
from faircompress.study.plan import Cell, Plan
from faircompress.study.resampling import Estimate
from faircompress.support.files import write_text

Json = dict[str, Any]


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
    sections = [_section(folder, plan, c, lines, tests, runs) for c in compared]
    files = {
        "runs.csv": (runs.to_csv(index=False, float_format="%.6g"), "text/csv"),
        "rates.csv": (_table(lines).to_csv(index=False, float_format="%.6g"), "text/csv"),
        "tests.json": (_json([asdict(test) for test in tests]), "application/json"),
        **{name: file for section in sections for name, file in _answers(section).items()},
    }
    for name, (text, _) in files.items():
        write_text(folder / name, text)
    page = folder / "report.html"
    write_text(page, study_page(folder.parent.name, plan, sections, failed, chosen, files))
    write_text(folder / "summary.md", "\n".join(_markdown(section) for section in sections))
    return page


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _answers(section: Section) -> dict[str, tuple[str, str]]:
    """Return the plan's question, answered, as files."""
    if not section.harm:
        return {}
    stem = f"{section.comparison.data}-{section.comparison.model}"
    return {
        f"{stem}-{key[:-1] if key == 'harms' else key}.json": (
            _json([asdict(one) for one in section.harm[key]]), "application/json",
        )
        for key in ("harms", "gains")
    }  # fmt: skip


def _section(
    folder: Path,
    plan: Plan,
    comparison: Comparison,
    lines: Sequence[Line],
    tests: Sequence[Test],
    runs: pd.DataFrame,
) -> Section:
    data, model = comparison.data, comparison.model
    mine = [line for line in lines if (line.data, line.model) == (data, model)]
    judged = [test for test in tests if (test.data, test.model) == (data, model)]
    harm = harm_section(comparison)
    here = runs[(runs["data"] == data) & (runs["model"] == model)]
    of_kind = _shown(comparison, mine)
    _draw(folder / f"{data}-{model}", plan, judged, of_kind, harm)
    return Section(
        comparison,
        harm,
        judged,
        [_test(test) for test in judged],
        _means(here),
        [_line(line) for line in mine],
        by_speedup(of_kind),
    )


def _draw(
    stem: Path,
    plan: Plan,
    tests: Sequence[Test],
    of_kind: Sequence[Line],
    harm: Json,
) -> None:
    """Draw the figures as PNG, for other papers."""
    first = [test for test in tests if test.against == plan.endpoint.baselines[0]]
    if first:
        found = [(one.endpoint, one.method, one.gain) for one in first]
        plots.draw_gains(found, stem.with_name(f"{stem.name}-tests.png"))
    if harm and harm["gains"]:
        plots.draw_gains(_panels(harm["gains"], plan), stem.with_name(f"{stem.name}-gains.png"))
    if of_kind:
        plots.draw_changes(of_kind, stem.with_name(f"{stem.name}-changes.png"))


def _panels(found: Sequence[Gain], plan: Plan) -> list[tuple[str, str, Estimate]]:
    """Return what is drawn of the plan's question: gain in the subgroup, and in accuracy."""
    first = [one for one in found if one.against == plan.endpoint.baselines[0]]
    where = f"{plan.endpoint.subgroup}, {AT[plan.endpoint.at]}"
    gain = [(where, one.method, one.gain) for one in first]
    return gain + [("accuracy", one.method, one.accuracy) for one in first]


def _markdown(section: Section) -> str:
    """Return the tables of a section as Markdown."""
    comparison = section.comparison
    title = (
        f"### {plain_text(comparison.data)}, {plain_text(comparison.model)}, "
        f"{seeds_in_words(comparison)}"
    )
    known = [*tables(section.harm), (TEST_HEAD, section.test_rows), (MEAN_HEAD, section.means)]
    found = [title, f"**{plain_text(sentence(comparison, section.findings), 800)}**"]
    found += [f"Rarest subgroup: {plain_text(comparison.rarest)}.", *section.harm.get("words", [])]
    for head, rows in ((head, rows) for head, rows in known if rows):
        lines = [head, ["---"] * len(head), *([plain_text(cell) for cell in row] for row in rows)]
        found.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(found) + "\n"


def _shown(comparison: Comparison, lines: Sequence[Line]) -> list[Line]:
    """Return what is drawn: the rarest subgroup, and AUROC of every group that has it."""
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
