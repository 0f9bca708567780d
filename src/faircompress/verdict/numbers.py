"""A verdict's rates as numbers that runs are compared by."""

from collections.abc import Mapping
from typing import Any

from faircompress.verdict.judge import Verdict

NUMBERS = ("dense", "pruned", "change", "lower", "upper")


def numbers(verdict: Verdict) -> dict[str, dict[str, dict[str, float]]]:
    """Return metric -> group -> number; what is undefined is left out."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for group in verdict.groups:
        for name, rates in group["metrics"].items():
            defined = _defined(rates)
            if defined:
                found.setdefault(name, {})[group["group"]] = defined
    return found


def _defined(rates: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(rates[key]) for key in NUMBERS if rates[key] is not None}
