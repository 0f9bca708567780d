"""A verdict's rates as numbers that runs are compared by."""

from faircompress.evaluation.results import MetricResult
from faircompress.evaluation.verdict import Verdict

NUMBERS = ("baseline", "candidate", "change", "lower", "upper")


def numbers(verdict: Verdict) -> dict[str, dict[str, dict[str, float]]]:
    """Return metric -> group -> number; what is undefined is left out."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for group in verdict.groups:
        for name, rates in group.metrics.items():
            defined = _defined(rates)
            if defined:
                found.setdefault(name, {})[group.group] = defined
    return found


def _defined(rates: MetricResult) -> dict[str, float]:
    known = {key: getattr(rates, key) for key in NUMBERS}
    return {key: float(value) for key, value in known.items() if value is not None}
