"""Rules on what a file costs: its bytes, and its latency where it was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from faircompress.verdict import SIZE_UNITS, TIME_UNITS, Budget

Word = Literal["pass", "fail", "inconclusive", "not judged"]
Numbers = Mapping[str, Any]


@dataclass(frozen=True)
class Costs:
    """What was measured on both files.

    Args:
        sizes: Bytes of the files ``dense`` and ``pruned``.
        latency: As ``export/latency.json``: ``processor`` and ``times`` by batch.
    """

    sizes: Mapping[str, float] = field(default_factory=dict)
    latency: Numbers = field(default_factory=dict)


@dataclass(frozen=True)
class Bill:
    """What a rule on cost finds. "Not judged" blocks nothing.

    Args:
        budget: The rule.
        reads: The rule as a sentence.
        verdict: Its word.
        reason: Why, in one sentence.
        estimate: A share of the dense file's cost, or bytes, or milliseconds.
        lower: Lower end of its interval.
        upper: Upper end.
    """

    budget: Budget
    reads: str
    verdict: Word
    reason: str
    estimate: float | None
    lower: float | None
    upper: float | None


def bill_all(budgets: Sequence[Budget], costs: Costs) -> list[Bill]:
    """Put each rule on cost to what was measured.

    Raises:
        ValueError: If the number that a rule needs was not measured.
    """
    return [_latency(b, costs) if b.binds == "latency" else _size(b, costs) for b in budgets]


def _size(budget: Budget, costs: Costs) -> Bill:
    if not {"dense", "pruned"} <= set(costs.sizes):
        raise ValueError(
            "a rule binds the size of the file, but no sizes of both files were given; give both "
            "files, or take the rule out of gate.rules."
        )
    dense, pruned = costs.sizes["dense"], costs.sizes["pruned"]
    if isinstance(budget.limit, str):
        reads, limit = f"the file has at most {budget.limit}", _amount(budget.limit)
        estimate, found = pruned, f"it has {pruned:,.0f} bytes"
    else:
        reads, limit = (
            f"the file has at most {budget.limit:g} of the dense file's bytes",
            budget.limit,
        )
        estimate = pruned / dense
        found = f"it has {pruned:,.0f} of {dense:,.0f} bytes, {estimate:.3f}"
    return _billed(budget, reads, found, limit, (estimate, estimate, estimate))


def _latency(budget: Budget, costs: Costs) -> Bill:
    times = {time["batch"]: time for time in costs.latency.get("times", ())}
    if budget.batch not in times:
        raise ValueError(
            f"a rule binds the latency of batch {budget.batch}, but measured were batches "
            f"{', '.join(map(str, times)) or 'none'}. Correct export.latency_batches or gate.rules."
        )
    time, processor = times[budget.batch], str(costs.latency.get("processor", "unknown"))
    runs = f"batch {budget.batch}" + (f" on {budget.hardware}" if budget.hardware else "")
    if isinstance(budget.limit, str):
        reads, limit = (
            f"95 of 100 runs of {runs} take at most {budget.limit}",
            _amount(budget.limit),
        )
        slow = time["pruned"]["p95"]
        numbers, found = (slow, slow, slow), f"they take {slow:.3g} ms"
    else:
        reads = f"{runs} takes at most {budget.limit:g} of the dense file's time"
        limit = budget.limit
        numbers = (1 / time["speedup"], 1 / time["high"], 1 / time["low"])
        found = f"it takes {numbers[0]:.3f} (95% interval {numbers[1]:.3f} to {numbers[2]:.3f})"
    if budget.hardware and budget.hardware.lower() not in processor.lower():
        reason = f"{reads}: not judged, since it was measured on {processor}."
        return Bill(budget, reads, "not judged", reason, None, None, None)
    return _billed(budget, reads, found, limit, numbers)


def _billed(
    budget: Budget, reads: str, found: str, limit: float, numbers: tuple[float, float, float]
) -> Bill:
    estimate, lower, upper = numbers
    word: Word = "pass" if upper <= limit else "fail" if lower > limit else "inconclusive"
    end = {"pass": "", "fail": ", too much", "inconclusive": ", not settled"}[word]
    return Bill(budget, reads, word, f"{reads}; {found}{end}.", estimate, lower, upper)


def _amount(words: str) -> float:
    """Return milliseconds or bytes."""
    number, unit = words.split()
    return float(number) * {**TIME_UNITS, **SIZE_UNITS}[unit]
