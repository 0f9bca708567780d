"""A study as one page that needs no network: the outcome first, then what it rests on."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from faircompress.report.beside_rules import LAYERS, MEANS
from faircompress.report.plots import capital
from faircompress.study import figures, outcome
from faircompress.study.comparison import Comparison, Test
from faircompress.study.harm_page import CUT, named, tables
from faircompress.study.outcome import Finding
from faircompress.study.plan import Cell, Plan
from faircompress.study.power import sentence
from faircompress.study.resampling import Estimate
from faircompress.support.number_text import points
from faircompress.support.pages import download, page

Json = dict[str, Any]
TEST_HEAD = ["Method", "Against", "Endpoint", "Where", "Its change", "Gain", "p", "p of signs"]
MEAN_HEAD = [
    "Method", "Asked", "Physical", "Accuracy", "Rarest subgroup", "Worst group's AUROC",
    "Largest AUROC disparity change", "Largest psi",
]  # fmt: skip
RATE_HEAD = ["Method", "Speed-up", "Where", "Rate", "Dense", "Change"]
BESIDE = (  # of the plan's question, what is drawn beside the gain
    ("flips", "Flips", "newly wrong in the subgroup, less {against}'s: below 0 is better"),
    ("accuracy", "Accuracy", "of all rows, less {against}'s: above 0 is better"),
)


@dataclass(frozen=True)
class Section:
    """What the page shows of one data set and model.

    Args:
        comparison: What was compared.
        harm: As ``harm_page.harm_section``; {}: the plan names no subgroup.
        tests: Both endpoints against each baseline.
        test_rows: The same, as words.
        means: Means over seeds, as words.
        rates: Every rate, as words.
        by_speedup: As ``by_speedup.by_speedup``; {}: one speed-up, nothing to draw.
    """

    comparison: Comparison
    harm: Json
    tests: Sequence[Test]
    test_rows: Sequence[Sequence[str]]
    means: Sequence[Sequence[str]]
    rates: Sequence[Sequence[str]]
    by_speedup: Json = field(default_factory=dict)
    findings: list[Finding] = field(init=False)

    def __post_init__(self) -> None:
        found = outcome.findings(self.harm.get("gains", ()), self.tests)
        object.__setattr__(self, "findings", found)

    @property
    def whom(self) -> str:
        """Return the cell that the study is about."""
        return self.comparison.plan.endpoint.subgroup or self.comparison.rarest


def study_page(
    name: str,
    plan: Plan,
    sections: Sequence[Section],
    failed: Mapping[Cell, str],
    chosen: Mapping[str, Sequence[str]],
    files: Mapping[str, tuple[str, str]],
) -> str:
    """Return the page as HTML.

    Args:
        name: Of the study.
        plan: The study.
        sections: One a data set and model.
        failed: Why runs failed.
        chosen: Settings that tuning chose, by data set, model and method.
        files: To be taken along: by name, text and media type.
    """
    shown = [_shown(place, section) for place, section in enumerate(sections)]
    lost = [_failed(cell, why) for cell, why in failed.items()]
    return page(
        "study.html.j2",
        contents=_contents(shown, failed=bool(lost), chosen=bool(chosen)),
        name=name,
        about=_about(name, plan, sections, len(lost)),
        plan=plan,
        plan_lines=_plan_lines(plan, sections),
        sections=shown,
        failed=lost,
        chosen=[[key, ", ".join(words) or "as written"] for key, words in chosen.items()],
        cut=CUT if any(_any_cut(one) for one in sections) else "",
        heads={"tests": TEST_HEAD, "means": MEAN_HEAD, "rates": RATE_HEAD},
        downloads=[(file, download(*given)) for file, given in files.items()],
    )


def _contents(shown: Sequence[Json], *, failed: bool, chosen: bool) -> list[tuple[str, str]]:
    several = len(shown) > 1
    menu = [("summary", "Outcome")]
    for one in shown:
        of = f" {one['name']}" if several else ""
        menu.append((f"question-{one['place']}", f"Question{of}"))
        menu += [(f"layers-{one['place']}", f"Layers of harm{of}")] if one["layers"] else []
        menu.append((f"rates-{one['place']}", f"Rates{of}"))
    menu += [("failed", "Failed runs")] if failed else []
    menu.append(("plan", "The plan"))
    return [*menu, *([("settings", "Settings")] if chosen else []), ("data", "Download")]


def _about(
    name: str, plan: Plan, sections: Sequence[Section], failed: int
) -> list[tuple[str, str]]:
    runs = sum(len(one.comparison.cells) for one in sections)
    seeds = dict.fromkeys(seeds_in_words(one.comparison) for one in sections)
    return [
        ("Study", name),
        ("Data", ", ".join(dict.fromkeys(one.comparison.data for one in sections))),
        ("Model", ", ".join(dict.fromkeys(one.comparison.model for one in sections))),
        ("Methods", str(len(plan.methods))),
        ("Speed-up", f"{plan.endpoint.speedup:g}\N{MULTIPLICATION SIGN}"),
        ("Seeds", "; ".join(seeds)),
        ("Runs compared", f"{runs}, {failed} failed" if failed else f"{runs}"),
    ]


def seeds_in_words(comparison: Comparison) -> str:
    """Return how many seeds are compared, and of how many."""
    have, planned = len(comparison.seeds), len(comparison.plan.seeds)
    count = f"{have} of {planned}" if have < planned else f"{planned}"
    return f"{count} {'data seeds' if comparison.own_people else 'seeds'}"


def _plan_lines(plan: Plan, sections: Sequence[Section]) -> list[tuple[str, str]]:
    end = plan.endpoint
    rarest = dict.fromkeys(one.comparison.rarest for one in sections)
    found = [
        ("Question", plan.about),
        ("Named before the run", named(end).removeprefix("Named before the run: ")
         if end.subgroup else "the change of the rarest subgroup, and of the worst group"),
        ("Baselines", ", ".join(end.baselines)),
        ("Methods", ", ".join(plan.methods)),
        ("Speed-ups", ", ".join(f"{s:g}\N{MULTIPLICATION SIGN}" for s in plan.speedups)),
        ("Rarest subgroup", "; ".join(rarest)),
        ("Power", sentence(plan).removeprefix("Power, before the first run: ")),
    ]  # fmt: skip
    return [(name, text) for name, text in found if text]


def _shown(place: int, section: Section) -> Json:
    comparison, found = section.comparison, section.findings
    result, base = outcome.conclusion(found), comparison.plan.endpoint.baselines
    missing = [m for m in comparison.plan.methods if not comparison.of(m, _speedup(comparison))]
    return {
        "place": place,
        "name": f"{comparison.data}, {comparison.model}",
        "icon": outcome.OUTCOMES[result],
        "big": outcome.BIG[result],
        "sentence": outcome.sentence(comparison, found),
        "whom": section.whom,
        "over": outcome.over(comparison),
        "cards": [_card(one) for one in found if one.against == base[0]],
        "against": base[0],
        "missing": missing,
        "gains": [_gain_figure(found, against) for against in base if _of(found, against)],
        "beside": list(_beside(found, base[0])),
        "frontier": figures.frontier(found, base[0]),
        "layers": [
            (LAYERS[name].format(baseline="dense model's"), MEANS[name].format(baseline="dense"),
             figure)
            for name, figure in figures.layers(section.harm.get("harms", ()))
        ],
        "tables": [(head, list(map(_typeset, rows))) for head, rows in tables(section.harm)],
        "tests": list(map(_typeset, section.test_rows)),
        "means": list(map(_typeset, section.means)),
        "rates": list(map(_typeset, section.rates)),
        "by_speedup": section.by_speedup,
    }  # fmt: skip


def _typeset(cells: Sequence[str]) -> list[str]:
    """Return the cells of a row with minus and multiplication signs; names keep their hyphens."""
    signs = [re.sub(r"(?<!\w)-(?=\d)", "\N{MINUS SIGN}", cell) for cell in cells]
    return [re.sub(r"^([\d.]+)x$", "\\1\N{MULTIPLICATION SIGN}", cell) for cell in signs]


def _speedup(comparison: Comparison) -> float:
    return comparison.plan.endpoint.speedup


def _of(found: Sequence[Finding], against: str) -> list[Finding]:
    return [one for one in found if one.against == against]


def _card(one: Finding) -> Json:
    return {
        "method": one.method,
        "gain": points(one.gain.mean).removesuffix(" points"),
        "accuracy": points(one.accuracy.mean).removesuffix(" points") if one.accuracy else "",
        "icon": outcome.OUTCOMES[one.outcome],
        "outcome": one.outcome,
    }


def _gain_figure(found: Sequence[Finding], against: str) -> Json:
    mine = _of(found, against)
    rows = [
        (one.method, "" if one.p is None else f"p {one.p:.3f}, corrected", one.gain, one.outcome)
        for one in mine
    ]
    return {"heading": f"Gain on {against}", "figure": figures.effects(rows)}


def _beside(found: Sequence[Finding], against: str) -> Any:
    for key, heading, words in BESIDE:
        rows = [
            (one.method, "", value, "")
            for one in _of(found, against)
            if isinstance(value := getattr(one, key), Estimate)
        ]
        if rows:
            yield {
                "heading": heading,
                "caption": capital(words.format(against=against)),
                "figure": figures.effects(rows, more_is_worse=key == "flips"),
            }


def _failed(cell: Cell, why: str) -> Json:
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    return {"run": cell.key, "cause": (errors or lines or ["no words were left"])[-1], "why": why}


def _any_cut(section: Section) -> bool:
    estimates = [
        getattr(one, key) for one in section.findings for key in ("gain", "accuracy", "flips")
    ]
    estimates += [v for one in section.harm.get("harms", ()) for v in vars(one).values()]
    return any(isinstance(one, Estimate) and one.cut for one in estimates)
