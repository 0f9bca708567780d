"""Rules on what a file costs: its bytes, and its latency where it was measured.

A share of the dense file's time is judged by the interval of the median over pairs of runs, a limit
in time by bounds of what 95 of 100 runs keep to; all by order statistics, at 95 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from faircompress.verdict import SIZE_UNITS, TIME_UNITS, Budget

Word = Literal["pass", "fail", "inconclusive", "not judged"]
Numbers = Mapping[str, Any]
FEWEST_RUNS = 59  # the smallest n with 0.95 ** n <= 0.05: fewer may all be quick ones


@dataclass(frozen=True)
class Costs:
    """What was measured on both files.

    Args:
        sizes: Bytes of the files ``dense`` and ``pruned``.
        latency: As ``export/latency.json``: ``processor`` and ``times`` by batch.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
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
        lower: Lower end of its interval; None: so few runs have none.
        upper: Upper end; None likewise, which no limit can be shown to hold.
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
        estimate, found = float(pruned), f"it has {pruned:,.0f} bytes"
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
    put = _in_time if isinstance(budget.limit, str) else _against_dense
    bill = put(budget, runs, time)
    if budget.hardware and budget.hardware.lower() not in processor.lower():
        reason = f"{bill.reads}: not judged, since it was measured on {processor}."
        return Bill(budget, bill.reads, "not judged", reason, None, None, None)
    return bill


def _in_time(budget: Budget, runs: str, time: Numbers) -> Bill:
    slow = time["pruned"]
    numbers = slow["p95"], slow.get("p95_low"), slow.get("p95_high")
    reads = f"95 of 100 runs of {runs} take at most {budget.limit}"
    bounds = f"it takes {FEWEST_RUNS} runs to bound that from above"
    if numbers[2] is not None:
        bounds = f"95% bounds {numbers[1]:.3g} and {numbers[2]:.3g}"
    found = f"in {time['pairs']} runs it was {numbers[0]:.3g} ms ({bounds})"
    return _billed(budget, reads, found, _amount(str(budget.limit)), numbers)


def _against_dense(budget: Budget, runs: str, time: Numbers) -> Bill:
    numbers = (1 / time["speedup"], 1 / time["high"], 1 / time["low"])
    reads = f"{runs} takes at most {budget.limit:g} of the dense file's time"
    found = f"it takes {numbers[0]:.3f} (95% interval {numbers[1]:.3f} to {numbers[2]:.3f})"
    return _billed(budget, reads, found, float(budget.limit), numbers)


def _billed(
    budget: Budget,
    reads: str,
    found: str,
    limit: float,
    numbers: tuple[float, float | None, float | None],
) -> Bill:
    estimate, lower, upper = numbers
    passes, fails = upper is not None and upper <= limit, lower is not None and lower > limit
    word: Word = "pass" if passes else "fail" if fails else "inconclusive"
    end = {"pass": "", "fail": ", too much", "inconclusive": ", not settled"}[word]
    return Bill(budget, reads, word, f"{reads}; {found}{end}.", estimate, lower, upper)


def _amount(words: str) -> float:
    """Return milliseconds or bytes."""
    number, unit = words.split()
    return float(number) * {**TIME_UNITS, **SIZE_UNITS}[unit]
