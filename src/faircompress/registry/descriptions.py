"""What MLflow shows of a version: its verdict and its groups, as Markdown."""

from collections.abc import Sequence

from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import MetricResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.markdown import NAME, plain_text
from faircompress.report.plots import capital
from faircompress.support.number_text import signed

SENTENCE = 800
GAP = "\N{NO-BREAK SPACE}" * 3  # MLflow draws no space between columns
ROOM = 4800  # characters; MLflow's databases hold 5000


def described(verdict: Verdict, precision: str) -> str:
    """Return sentence, precision and group table: the change of each metric of a rule.

    Bounds stand where a rule limits the change.

    What finds no room is counted; groups come before reasons.
    """
    known = verdict.groups[0].metrics
    metrics = {rule.metric: rule.title for rule in verdict.rules if rule.metric in known}
    captions = verdict.captions
    rows = [
        [
            "everyone" if group.group == POOLED else group.group,
            f"{group.rows:,}",
            *(_text(group.metrics.get(m)) for m in metrics),
        ]
        for group in verdict.groups
    ]
    sentence = plain_text(verdict.sentence, SENTENCE)
    what = f"Changes are {captions.candidate} minus {captions.baseline}; in brackets: bounds."
    head = [f"**{sentence}**", "", f"Precision: {plain_text(precision)}. {plain_text(what)}", ""]
    names = ["Group", captions.rows.capitalize(), *map(capital, metrics.values())]
    table = [_line(names), "|" + " --- |" * len(names)]
    table += map(_line, rows)
    reasons = [f"- {plain_text(reason, SENTENCE)}" for reason in verdict.reasons]
    return _fitted([*head, *table, *([""] if reasons else []), *reasons])


def _fitted(lines: Sequence[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if sum(len(one) + 1 for one in kept) + len(line) > ROOM:
            left = len(lines) - len(kept)
            return "\n".join([*kept, "", f"{left} more lines are in the run's gate/card.md."])
        kept.append(line)
    return "\n".join(kept)


def _line(texts: Sequence[str]) -> str:
    return "| " + " | ".join(plain_text(text, NAME) + GAP for text in texts) + " |"


def _text(rates: MetricResult | None) -> str:
    if rates is None or rates.change is None:
        return "undefined"
    if rates.lower is None or rates.upper is None:
        return signed(rates.change)
    return f"{signed(rates.change)} [{signed(rates.lower)}, {signed(rates.upper)}]"
