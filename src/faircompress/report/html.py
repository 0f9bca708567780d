"""The verdict as one page that needs no network, for whoever must answer for it.

Nothing is computed anew: what the page says is what ``verdict.json`` and export's files say.
The same input gives the same bytes.
"""

from collections.abc import Sequence
from functools import partial

from faircompress.config import plugins
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import CheckResult, CostResult, RuleResult
from faircompress.evaluation.rules import Kind
from faircompress.evaluation.verdict import Verdict
from faircompress.report import cost_plots, plots, rate_plots
from faircompress.report.beside_rules import beside_rules
from faircompress.report.card_sections import card_sections
from faircompress.report.context import ReportContext
from faircompress.report.downloads import checks_csv, downloads
from faircompress.report.exemplars import gallery
from faircompress.report.forest import OWN, forest
from faircompress.report.methods import methods
from faircompress.report.plots import Json, capital
from faircompress.report.precisions import precisions
from faircompress.report.summary import summary
from faircompress.report.sureness import open_beyond
from faircompress.report.tradeoff import tradeoff
from faircompress.report.wording import beyond_room
from faircompress.support.number_text import percent, signed, unsigned
from faircompress.support.pages import page

AGAINST = {  # of changes against other files than the baseline
    "champion": ("Against the champion", "Is any group served worse than by the file in use?"),
    "original_champion": (
        "Against the original champion",
        "Have small losses added up in any group since?",
    ),
}
ORDER = ("change", "flips", "excess_loss", "disparity_change", "gap", "ratio", "minimum")
HOW_TO_READ = (
    "Mark: what was found. Line: its bounds, each one-sided. Shaded: beyond the limit. Pass: the "
    "line stays clear of the shade. Fail: it lies wholly inside, also at the higher confidence "
    "that a fail is held to, as all checks share one chance of error. Inconclusive: neither."
)
BEYOND = (
    " A bound may reach further than the observed rate leaves room for: it allows for a true rate "
    "before that is not the one observed."
)
NEGATIVE = {f"-{digit}" for digit in range(10)}


def report(verdict: Verdict, context: ReportContext) -> str:
    """Return the page as HTML; style, figures and pictures inside."""
    captions = verdict.captions
    parts, pictures = _parts(verdict), gallery(context.newly_wrong, context.pictures, captions)
    every = precisions(context.precisions, context.sizes, context.precision, captions.baseline)
    return page(
        "report.html.j2",
        captions=captions,
        contents=_contents(parts, context, every=bool(every), pictures=bool(pictures),
                           verdict=verdict),
        **summary(verdict, context),
        reasons=_open_reasons(verdict),
        curves=context.curves,
        hidden=context.hidden,
        checks=checks_csv(verdict),
        downloads=downloads(verdict, context),
        rules=[
            *(_rule(rule, captions) if rule.checks else _one(rule, "compared by group")
              for rule in verdict.rules),
            *(_one(cost, f"what the file costs: {cost.rule}") for cost in verdict.costs),
        ],
        tradeoff=tradeoff(verdict, context.sizes, context.latency),
        every=every,
        parts=parts,
        rates=_rates(verdict),
        references=rate_plots.references(verdict.groups),
        reported=rate_plots.reported(verdict.groups),
        gallery=pictures,
        cost=cost_plots.cost(context.sizes, context.layers, context.latency, captions),
        cut=cost_plots.cut(context.layers, captions),
        parity=cost_plots.parity(context.parity, captions),
        beside=beside_rules(verdict),
        power=_power(verdict),
        card=card_sections(verdict, context),
        methods=methods(verdict),
    )  # fmt: skip


def _contents(
    parts: Sequence[Json], context: ReportContext, *, every: bool, pictures: bool, verdict: Verdict
) -> list[tuple[str, str]]:
    """Return the ids and names of the page's sections for its menu."""
    return [
        ("summary", capital(verdict.outcome)),
        *([("reasons", "Reasons")] if verdict.reasons else []),
        ("rules", "Rules"),
        *([("precisions", "Precisions")] if every else []),
        *((part["id"], part["heading"]) for part in parts),
        ("rates", "Rates"),
        *([("curves", "Curves")] if context.curves else []),
        *([("hidden", "Hidden subgroups")] if context.hidden else []),
        *([("pictures", capital(verdict.captions.rows))] if pictures else []),
        ("beside", "Beside the rules"),
        ("power", "What it can certify"),
        ("card", "Model card"),
        ("data", "Download"),
    ]


def _open_reasons(verdict: Verdict) -> list[str]:
    """Return the reasons, with proper minus signs; confirmed harm stands in the summary too."""
    return [minus_signs(capital(reason)) for reason in verdict.reasons]


def minus_signs(sentence: str) -> str:
    """Return a sentence with proper minus signs before its numbers."""
    parts = sentence.split(" ")
    return " ".join(
        p.replace("-", "\N{MINUS SIGN}", 1) if p.lstrip("(")[:2] in NEGATIVE else p for p in parts
    )


def _rule(rule: RuleResult, captions: Captions) -> Json:
    checks = rule.checks
    counts = {name: sum(c.outcome == name for c in checks) for name in plots.SEVERITY}
    closest = min(checks, key=plots.urgency(rule))
    tally = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    return {
        "outcome": rule.outcome,
        "description": f"{capital(rule.description)}, at {percent(rule.confidence)} confidence.",
        "tally": f"{_places(checks, captions)}: {tally}",
        "closest": f"{closest.place}: {_found(rule, closest)}",
    }


def _places(checks: Sequence[CheckResult], captions: Captions) -> str:
    """Count where a rule was tested."""
    if checks[0].other or checks[0].subgroup:
        return f"{len(checks)} {'pair' if checks[0].other else 'subgroup'}{'s'[len(checks) == 1 :]}"
    groups = sum(check.group != POOLED for check in checks)
    counted = f"{groups} group{'' if groups == 1 else 's'}"
    return counted if groups == len(checks) else f"{counted} and all {captions.rows}"


def _one(rule: RuleResult | CostResult, tally: str) -> Json:
    """Return a rule that is tested on the file as a whole, or nowhere."""
    return {
        "outcome": rule.outcome,
        "description": f"{capital(rule.description)}.",
        "tally": tally,
        "closest": capital(rule.reason),
    }


def _found(rule: RuleResult, check: CheckResult) -> str:
    if check.estimate is None or check.lower is None:
        return "undefined"
    show, ends = unsigned if rule.rule in OWN else signed, plots.lines(check)
    high = "no end" if check.upper is None else show(check.upper, *ends)
    return f"{show(check.estimate)} [{show(check.lower, *ends)}, {high}]"


def _parts(verdict: Verdict) -> list[Json]:
    captions = verdict.captions
    parts: list[Json] = []
    kinds = dict.fromkeys((rule.rule, rule.against) for rule in verdict.tested)
    for kind, against in sorted(kinds, key=_place):
        heading, question = _heading(kind, against)
        figures = [
            forest(rule, verdict.groups, captions, partial(open_beyond, verdict, rule))
            for rule in verdict.tested
            if (rule.rule, rule.against) == (kind, against)
        ]
        caption = question if parts else f"{question} {_how_to_read(verdict)}"
        name = kind if against == "baseline" else f"{kind}-{against}"
        parts.append({"id": name, "heading": heading, "caption": caption, "figures": figures})
    return parts


def _how_to_read(verdict: Verdict) -> str:
    beyond = any(beyond_room(rule, c) for rule in verdict.tested for c in rule.checks)
    return f"{HOW_TO_READ}{_units(verdict)}{BEYOND if beyond else ''}"


def _units(verdict: Verdict) -> str:
    """Say what units are, where they are not the rows."""
    captions, everyone = verdict.captions, verdict.groups[0]
    if everyone.clusters is None and everyone.effective_n == everyone.rows:
        return ""
    units = captions.rows if everyone.clusters is None else captions.clusters
    return f" Units: independent {units} of equal weight that carry as much."


def _heading(name: str, against: str) -> tuple[str, str]:
    """Return the heading of a part of the report, and the question that it answers."""
    kind: Kind = plugins.find("rules", name)
    of_kind = (kind.heading or capital(name.replace("_", " ")), kind.question)
    return AGAINST.get(against, of_kind) if name == "change" else of_kind


def _place(kind: tuple[str, str]) -> tuple[int, int]:
    """Order parts as ORDER says; other kinds come last."""
    name, against = kind
    at = ORDER.index(name) if name in ORDER else len(ORDER)
    return at, ["baseline", *AGAINST].index(against)


def _rates(verdict: Verdict) -> dict[str, list[Json]]:
    """Return the rates that some rule tests, and the others."""
    tested = {rule.metric for rule in verdict.rules}
    found: dict[str, list[Json]] = {"tested": [], "others": []}
    for name in verdict.groups[0].metrics:
        kept = found["tested" if name in tested else "others"]
        kept.append(rate_plots.rates(verdict.groups, name, verdict.captions))
    return found


def _power(verdict: Verdict) -> Json:
    return {
        "caption": f"How small a harm these {verdict.rows:,} {verdict.captions.rows} can exclude, "
        f"and how many independent units would do for the limit asked. {verdict.assumption}",
        "rules": [
            {
                "description": capital(rule.description),
                "rows": [
                    _power_row(rule, check)
                    for check in sorted(rule.checks, key=plots.urgency(rule))
                ],
            }
            for rule in verdict.tested
        ],
    }


def _power_row(rule: RuleResult, check: CheckResult) -> list[str]:
    best, needed = check.smallest_limit, check.n_needed
    return [
        check.place,
        f"{check.effective_n:,.0f}",
        f"{rule.limit:g}",
        "nothing" if best is None else unsigned(best, rule.limit),
        "not known" if needed is None else f"{needed:,}",
    ]
