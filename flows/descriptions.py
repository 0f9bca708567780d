"""What MLflow shows of a version: its verdict and its groups, as Markdown."""

from collections.abc import Sequence
from typing import Any

from faircompress.verdict.judge import Verdict
from faircompress.verdict.markdown import NAME, words

BOUNDS = ("change", "lower", "upper")
SENTENCE = 800
ROOM = 4800  # characters; MLflow's databases hold 5000


def described(verdict: Verdict, precision: str) -> str:
    """Return sentence, precision and group table: change and bounds of each gated metric.

    What finds no room is counted; groups come before reasons.
    """
    metrics = list(dict.fromkeys(rule["metric"] for rule in verdict.rules))
    rows = [
        [group["group"], str(group["rows"]), *(_cell(group["metrics"].get(m)) for m in metrics)]
        for group in verdict.groups
    ]
    head = [f"**{words(verdict.sentence, SENTENCE)}**", "", f"Precision: {words(precision)}", ""]
    table = [_line(["group", "rows", *metrics]), "|" + " --- |" * (2 + len(metrics))]
    table += map(_line, rows)
    reasons = [f"- {words(reason, SENTENCE)}" for reason in verdict.reasons]
    return _fitted([*head, *table, *([""] if reasons else []), *reasons])


def _fitted(lines: Sequence[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if sum(len(one) + 1 for one in kept) + len(line) > ROOM:
            left = len(lines) - len(kept)
            return "\n".join([*kept, "", f"{left} more lines are in the run's gate/card.md."])
        kept.append(line)
    return "\n".join(kept)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(words(cell, NAME) for cell in cells) + " |"


def _cell(rates: dict[str, Any] | None) -> str:
    if rates is None or any(rates[bound] is None for bound in BOUNDS):
        return "undefined"
    return "{:+.3f} [{:+.3f}, {:+.3f}]".format(*(rates[bound] for bound in BOUNDS))
