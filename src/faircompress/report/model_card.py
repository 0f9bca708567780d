"""The model card: what is released with the candidate's file, as Markdown with a head in YAML."""

from faircompress.evaluation.results import MetricResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report import cost_plots
from faircompress.report.beside_rules import own_rates
from faircompress.report.card_head import card_head
from faircompress.report.card_sections import card_sections
from faircompress.report.context import ReportContext
from faircompress.report.markdown import code, plain_text
from faircompress.report.plots import capital
from faircompress.report.precisions import precisions
from faircompress.support.number_text import ARROW, percent, signed, unsigned
from faircompress.support.pages import environment_of


def model_card(verdict: Verdict, context: ReportContext) -> str:
    """Return the card: what each rule found, tested rates by group, and the costs."""
    environment = environment_of(escaped=False)
    environment.filters |= {"plain_text": plain_text, "code": code, "percent": percent}
    tested = dict.fromkeys(rule.metric for rule in verdict.rules)
    metrics = [name for name in tested if name in verdict.groups[0].metrics]
    cost = cost_plots.cost(context.sizes, context.layers, context.latency, verdict.captions)
    captions = verdict.captions
    return environment.get_template("card.md.j2").render(
        head=card_head(verdict, context),
        captions=captions,
        sections=card_sections(verdict, context),
        rules=[*verdict.rules, *verdict.costs],
        reasons=verdict.reasons,
        titles=[capital(verdict.groups[0].metrics[name].title) for name in metrics],
        groups=[
            [group.group, f"{group.rows:,}", *(_text(group.metrics[m]) for m in metrics)]
            for group in verdict.groups
        ],
        own=own_rates(verdict),
        cost=cost,
        every=precisions(context.precisions, context.sizes, context.precision, captions.baseline),
    )


def _text(found: MetricResult) -> str:
    if found.baseline is None or found.candidate is None or found.change is None:
        return "undefined"
    rates = f"{unsigned(found.baseline)} {ARROW} {unsigned(found.candidate)}"
    if found.lower is None or found.upper is None:
        return f"{rates}: {signed(found.change)}"
    return f"{rates}: {signed(found.change)} ({signed(found.lower)} to {signed(found.upper)})"
