"""Large changes that no rule limits: not tested, so nothing is claimed of them, but told first."""

from collections.abc import Iterator

from faircompress.config.rules import BASELINE, SAME
from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import GroupResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.wording import SCORES
from faircompress.support.number_text import points, share, signed, unsigned

LARGE = 0.05  # a change of a share or a score that is told
REPORTED = {"brier": "Brier score", "calibration_error": "calibration error"}
FLIPS, CROSS = "decision_flips", "cross_group_auroc"


def untested(verdict: Verdict) -> list[str]:
    """Return a sentence on each number that changed by more than 0.05 where no rule limits it.

    A rule limits a change of its metric where it is tested against the baseline; a rule on flips
    limits the share of flipped decisions. Of each number the group with the largest change is told.
    """
    by_name: dict[str, list[tuple[float, str]]] = {}
    for group in verdict.groups:
        for name, change, text in (*_metrics(verdict, group), *_reported(verdict, group)):
            by_name.setdefault(name, []).append((change, text))
    largest = sorted(((max(of), len(of) - 1) for of in by_name.values()), reverse=True)
    return [f"{text}{_elsewhere(others)}." for (_, text), others in largest]


def _metrics(verdict: Verdict, group: GroupResult) -> Iterator[tuple[str, float, str]]:
    """Yield the name, size and text of each large change of a metric that no rule limits."""
    limited = {
        rule.metric
        for rule in verdict.tested
        if (rule.rule, rule.against) == ("change", BASELINE)
        and group.group in {check.group for check in rule.checks}
    }
    limited |= {other for same, other in SAME.items() if same in limited}
    for name, found in group.metrics.items():
        if name in limited or name in SAME:  # what is 1 minus another is told once
            continue
        if name == CROSS and "auroc" in limited and group.column in ("label", POOLED):
            continue  # it is the AUROC there
        if found.baseline is None or found.candidate is None or found.change is None:
            continue
        if abs(found.change) > LARGE:
            size = f"({found.n:,} {found.kind or verdict.captions.rows})"
            write = _went if name in SCORES else _share_went
            rates = write(found.baseline, found.candidate, found.change)
            yield name, abs(found.change), f"{found.title} {_where(verdict, group)} {size} {rates}"


def _reported(verdict: Verdict, group: GroupResult) -> Iterator[tuple[str, float, str]]:
    """Yield the same of numbers that no rule can limit, and of flipped decisions."""
    for name, title in REPORTED.items():
        pair = group.reported.get(name)
        if pair and abs(pair["change"]) > LARGE:
            rates = _went(pair["baseline"], pair["candidate"], pair["change"])
            yield name, abs(pair["change"]), f"{title} {_where(verdict, group)} {rates}"
    flips = group.reported.get(FLIPS) or 0.0
    limited = {check.group for r in verdict.tested if r.rule == "flips" for check in r.checks}
    if flips > LARGE and group.group not in limited:
        yield FLIPS, flips, f"{share(flips)} of decisions flipped {_where(verdict, group)}"


def _went(before: float, after: float, change: float) -> str:
    return f"went from {unsigned(before)} to {unsigned(after)} ({signed(change)})"


def _share_went(before: float, after: float, change: float) -> str:
    return f"went from {share(before).removesuffix(' %')} to {share(after)} ({points(change)})"


def _where(verdict: Verdict, group: GroupResult) -> str:
    if group.group == POOLED:
        return f"over all {verdict.captions.rows}"
    return f"in {group.group}"


def _elsewhere(others: int) -> str:
    return f"; also in {others} more group{'s' if others > 1 else ''}" if others else ""
