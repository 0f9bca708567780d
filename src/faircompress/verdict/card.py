"""The model card: what goes out with the pruned file, as Markdown."""

import jinja2

from faircompress.verdict import costs
from faircompress.verdict.facts import facts
from faircompress.verdict.judge import Verdict
from faircompress.verdict.markdown import code, words
from faircompress.verdict.plots import ARROW, Json, capital, plain, signed
from faircompress.verdict.precisions import precisions
from faircompress.verdict.report import ReportContext
from faircompress.verdict.words import percent


def card(verdict: Verdict, context: ReportContext) -> str:
    """Return the card: facts, what each rule found, judged rates by group, and the costs."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("faircompress"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": words, "code": code, "percent": percent}
    metrics = list(dict.fromkeys(rule["metric"] for rule in verdict.rules))
    cost = costs.cost(context.sizes, context.layers, context.latency)
    return environment.get_template("card.md.j2").render(
        facts=facts(verdict, context.called, context.precision),
        rules=[*verdict.rules, *verdict.not_judged, *verdict.budgets],
        reasons=verdict.reasons,
        titles=[capital(verdict.groups[0]["metrics"][name]["title"]) for name in metrics],
        groups=[
            [group["group"], f"{group['rows']:,}", *(_cell(group["metrics"][m]) for m in metrics)]
            for group in verdict.groups
        ],
        cost=cost,
        every=precisions(context.precisions, context.sizes, context.precision),
    )


def _cell(found: Json) -> str:
    if found["dense"] is None:
        return "undefined"
    change, low, high = (signed(found[key]) for key in ("change", "lower", "upper"))
    return f"{plain(found['dense'])} {ARROW} {plain(found['pruned'])}: {change} ({low} to {high})"
