"""What MLflow shows of a version: its verdict and its groups, as Markdown."""

from collections.abc import Sequence

from faircompress.evaluation.results import MetricResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.markdown import NAME, plain_text
from faircompress.support.number_text import signed

SENTENCE = 800
ROOM = 4800  # characters; MLflow's databases hold 5000


def described(verdict: Verdict, precision: str) -> str:
    """Return sentence, precision and group table: the change of each metric of a rule.

    Bounds stand where a rule limits the change.

    What finds no room is counted; groups come before reasons.
    """
    known = verdict.groups[0].metrics
    metrics = [m for m in dict.fromkeys(rule.metric for rule in verdict.rules) if m in known]
    rows = [
        [group.group, str(group.rows), *(_text(group.metrics.get(m)) for m in metrics)]
        for group in verdict.groups
    ]
    sentence = plain_text(verdict.sentence, SENTENCE)
    head = [f"**{sentence}**", "", f"Precision: {plain_text(precision)}", ""]
    table = [_line(["group", "rows", *metrics]), "|" + " --- |" * (2 + len(metrics))]
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
    return "| " + " | ".join(plain_text(text, NAME) for text in texts) + " |"


def _text(rates: MetricResult | None) -> str:
    if rates is None or rates.change is None:
        return "undefined"
    if rates.lower is None or rates.upper is None:
        return signed(rates.change)
    return f"{signed(rates.change)} [{signed(rates.lower)}, {signed(rates.upper)}]"
