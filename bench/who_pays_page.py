"""The benchmark's page, figure, Markdown and Parquet, from the rows of all cells."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined
from scipy import stats

from faircompress.study import figures, plots
from faircompress.study.harm_page import named, signed
from faircompress.study.outcome import SIGNIFICANT
from faircompress.study.plan import Plan
from faircompress.study.power import sentence as power
from faircompress.study.resampling import CONFIDENCE, Estimate, sign_flip
from faircompress.support.files import read_json, write_text
from faircompress.support.pages import css

Json = dict[str, Any]
HEAD = [
    "Method", "Pass, open, fail", "Dense", "At 0.5", "At dense selection rate", "At own FPR",
    "Flips", "Cross-group AUROC", "Accuracy", "Bytes", "ms",
]  # fmt: skip
LAYERS = ("at_half", "at_selection_rate", "at_own_fpr")
BESIDE = ("flips", "cross_group_auroc", "accuracy")


Surer = dict[tuple[str, str], dict[str, Estimate]]  # (data, method): changes by column


def write_page(
    folder: Path, name: str, plan: Plan, table: pd.DataFrame, surer: Surer | None = None
) -> Path:
    """Write ``cells.parquet``, ``who-pays.html``, ``.md`` and ``.png``; return the page.

    Args:
        folder: Where to.
        name: Of the study.
        plan: Its plan.
        table: A row for each cell, kind of row and subgroup.
        surer: What the study found at the endpoint's speed-up, with intervals over people too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / "cells.parquet", index=False)
    whom = plan.endpoint.subgroup or _rarest(table)
    parts = []
    for (data, speedup), cells in table.groupby(["data", "asked_speedup"]):
        here = (surer or {}) if speedup == plan.endpoint.speedup else {}
        known = {method: found for (of, method), found in here.items() if of == data}
        parts.append(_part((data, speedup), cells, whom, known))
    drawn = [(p["heading"], method, one) for p in parts for method, one in p["changes"]]
    plots.draw_gains(drawn, folder / "who-pays.png")
    write_text(folder / "who-pays.md", "\n\n".join(map(_markdown, parts)) + "\n")
    own = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=ChoiceLoader([own, PackageLoader("faircompress")]),
        autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["css"] = css
    page = folder / "who-pays.html"
    shown = environment.get_template("who_pays.html.j2").render(
        name=name, plan=plan, parts=parts, sentence=_sentence(parts, plan, whom),
        about=_about(name, table), facts=_facts(plan),
        contents=[*((p["id"], p["heading"]) for p in parts), ("plan", "The plan")],
    )  # fmt: skip
    write_text(page, shown)
    return page


PEOPLE = "people are in it only where each seed draws test rows of its own"
NO_INTERVAL = "one seed has no interval"


OF_STUDY = {  # column: what the study calls it
    "at_half": "half", "at_selection_rate": "selection_rate", "at_own_fpr": "false_positive_rate",
    "flips": "flips", "cross_group_auroc": "cross_group_auroc", "accuracy": "accuracy",
}  # fmt: skip


def surer(results: Path, plan: Plan) -> Surer:
    """Return what the study's own page found, whose intervals are over people and seeds.

    Where all seeds share their test people, as CelebA's do, intervals over seeds alone are no
    measure: five seeds that change nobody of 28 people are no proof for others.
    """
    found: Surer = {}
    for data, model in itertools.product(plan.data, plan.models):
        kept = results / f"{data}-{model}-harm.json"
        for one in read_json(kept) if kept.exists() and len(plan.models) == 1 else []:
            found[data, one["method"]] = {
                column: Estimate(**{**one[name], "seeds": tuple(one[name]["seeds"])})
                for column, name in OF_STUDY.items() if one[name] is not None
            }  # fmt: skip
    return found


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the seeds that have every cell that any seed has."""
    cells = table["method"] + " " + table["asked_speedup"].astype(str)
    have = cells.groupby([table[key] for key in ("data", "model", "seed")]).transform("nunique")
    wanted = cells.groupby([table[key] for key in ("data", "model")]).transform("nunique")
    return table[have == wanted]


def over_seeds(values: "pd.Series[float]") -> Estimate | None:
    """Return the mean over seeds with Student's interval; None where a seed has no value.

    It is over data seeds, each of which has people of its own: the study's page has the interval
    over people and seeds.
    """
    found = values.to_numpy(float)
    if not len(found) or np.isnan(found).any():
        return None
    mean, own = float(found.mean()), tuple(found.tolist())
    if len(found) < 2:
        return Estimate(mean, None, None, None, None, own)
    error = float(found.std(ddof=1)) / np.sqrt(len(found))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(found) - 1)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, len(found) - 1)) if error else float(mean == 0)
    low, high = max(mean - reach, -1.0), min(mean + reach, 1.0)
    cut = (low, high) != (mean - reach, mean + reach)
    return Estimate(mean, low, high, p, sign_flip(found), own, cut)


def _rarest(table: pd.DataFrame) -> str:
    return str(table.groupby("subgroup")["rows"].mean().idxmin())


def _part(
    key: tuple[str, float], cells: pd.DataFrame, whom: str, surer: dict[str, dict[str, Estimate]]
) -> Json:
    data, speedup = key
    here = cells[cells["subgroup"] == whom]
    methods = list(dict.fromkeys(here["method"]))
    own = {m: here[(here["method"] == m) & (here["row"] == "method")] for m in methods}
    found = {m: _surest(one, "at_selection_rate", surer.get(m)) for m, one in own.items()}
    changes = [(m, one) for m, one in found.items() if one is not None]
    seeds = here["seed"].nunique()
    over = f"95 % interval over {seeds} seeds; {PEOPLE}" if seeds > 1 else NO_INTERVAL
    if seeds > 1 and all(m in surer for m in methods):
        over = f"95 % interval over people and {seeds} seeds; of moved dense models, over seeds"
    return {
        "id": f"{data}-{speedup:g}x", "heading": f"{data} at {speedup:g}\N{MULTIPLICATION SIGN}",
        "subgroup": whom, "changes": changes, "head": HEAD, "over": over,
        "rows": list(_table(here, methods, surer)),
        "figure": figures.effects([(m, "", one, "") for m, one in changes]),
        **_who(cells, methods),
    }  # fmt: skip


def _surest(rows: pd.DataFrame, column: str, surer: dict[str, Estimate] | None) -> Estimate | None:
    """Return a change with the study's interval if it is of the same seeds, else over seeds."""
    found, better = over_seeds(rows[column]), (surer or {}).get(column)
    same = found and better and np.allclose(sorted(found.seeds), sorted(better.seeds), atol=1e-6)
    return better if same else found


def _table(
    here: pd.DataFrame, methods: list[str], surer: dict[str, dict[str, Estimate]]
) -> Iterator[list[str]]:
    """Give the obligatory row of the dense model, then each method and its moved dense model."""
    dense = here[(here["method"] == methods[0]) & (here["row"] == "dense")]
    yield _line("dense", dense)
    for method in methods:
        mine = here[here["method"] == method]
        yield _line(method, mine[mine["row"] == "method"], surer.get(method))
        yield _line(f"dense at {method}'s rate", mine[mine["row"] == "dense, moved"])


def _line(name: str, rows: pd.DataFrame, surer: dict[str, Estimate] | None = None) -> list[str]:
    changes = [signed(_surest(rows, key, surer)) for key in LAYERS]
    beside = [signed(_surest(rows, key, surer)) for key in BESIDE]
    size, ms = rows["bytes"].median(), rows["ms"].median()
    return [
        name, _outcomes(rows["outcome"]), f"{rows['dense'].mean():.3f}",
        *changes, beside[0].replace("+", ""), *beside[1:],
        "" if np.isnan(size) else f"{size:,.0f}", "" if np.isnan(ms) else f"{ms:.2f}",
    ]  # fmt: skip


def _outcomes(of: "pd.Series[str]") -> str:
    return ", ".join(str(int((of == one).sum())) for one in ("pass", "inconclusive", "fail"))


def _who(cells: pd.DataFrame, methods: list[str]) -> Json:
    mine = cells[cells["row"] == "method"]
    subgroups = list(dict.fromkeys(mine["subgroup"]))
    table = mine.pivot_table(index="method", columns="subgroup", values="at_selection_rate")
    rows = [[m, *(f"{table.loc[m, s]:+.3f}" for s in subgroups)] for m in methods]
    return {"who_head": ["Method", *subgroups], "who": rows}


def _sentence(parts: list[Json], plan: Plan, whom: str) -> str:
    """Say first who pays most after plain pruning, and which method leaves the least harm."""
    part = next((p for p in parts if p["id"].endswith(f"-{plan.endpoint.speedup:g}x")), parts[-1])
    found = dict(part["changes"])
    base, best = plan.endpoint.baselines[0], max(found, key=lambda method: found[method].mean)
    harm, least = (figures.change_in_words(found[one]) for one in (base, best))
    words = f"{part['heading']}: {base} changes {whom} by {harm}"
    sure = found[base].p is not None and found[base].p < SIGNIFICANT
    told = "" if sure else ", which is not shown to be harm"
    return f"{words}{told}; the least harm is {best}'s, {least}."


def _about(name: str, table: pd.DataFrame) -> list[tuple[str, str]]:
    cells = table[table["row"] == "method"].groupby(["data", "seed", "method", "asked_speedup"])
    return [
        ("Benchmark", name),
        ("Cells", str(len(cells))),
        ("Methods", str(table["method"].nunique())),
        ("Seeds", str(table["seed"].nunique())),
    ]


def _facts(plan: Plan) -> list[tuple[str, str]]:
    question = named(plan.endpoint) if plan.endpoint.subgroup else "the rarest subgroup, at 0.5"
    told = [("Question", plan.about), ("Named before the run", question), ("Power", power(plan))]
    return [(name, text) for name, text in told if text]


def _markdown(part: Json) -> str:
    """Return a part's tables; the moved dense rows are left to the page."""
    short = [row for row in part["rows"] if not row[0].startswith("dense at ")]
    found = [f"### {part['heading']}: {part['subgroup']}"]
    for head, rows in ((part["head"], short), (part["who_head"], part["who"])):
        lines = [head, ["---"] * len(head), *rows]
        found.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    return "\n\n".join(found)
