"""Rules on what a file costs: its bytes, and its latency where it was measured.

A share of the baseline's time is tested by the interval of the median over pairs of runs, a limit
in time by bounds of what 95 of 100 runs keep to; all by order statistics, at 95 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from faircompress.config.rules import SIZE_UNITS, TIME_UNITS, CostRule
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.results import CostResult, Outcome
from faircompress.support.errors import InputError

Numbers = Mapping[str, Any]
FEWEST_RUNS = 59  # the smallest n with 0.95 ** n <= 0.05: fewer may all be quick ones


@dataclass(frozen=True)
class Costs:
    """What was measured on both files.

    Args:
        sizes: Bytes of the files ``baseline`` and ``candidate``; empty: not known.
        processor: On which times were measured.
        times: One a batch size: ``batch``, ``pairs``, ``speedup`` with its interval ``low`` to
            ``high``, and the candidate's ``p95``, ``p95_low``, ``p95_high`` in milliseconds.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    processor: str = "unknown"
    times: Sequence[Numbers] = ()

    @classmethod
    def of_files(cls, sizes: Mapping[str, int], latency: Numbers) -> "Costs":
        """Read sizes and ``export/latency.json``, whose files are ``dense`` and ``pruned``."""
        known = {"baseline": sizes["dense"], "candidate": sizes["pruned"]} if sizes else {}
        times = [{**time, **time["pruned"]} for time in latency.get("times", ())]
        return cls(known, str(latency.get("processor", "unknown")), times)


def check_costs(rules: Sequence[CostRule], costs: Costs, captions: Captions) -> list[CostResult]:
    """Test each rule on cost on what was measured.

    Raises:
        ValueError: If the number that a rule needs was not measured.
    """
    return [
        _latency(one, costs, captions) if one.rule == "latency" else _size(one, costs, captions)
        for one in rules
    ]


def _size(rule: CostRule, costs: Costs, captions: Captions) -> CostResult:
    if not costs.sizes:
        raise InputError(
            "a rule limits the size of the file, but no sizes of both files were given; give both "
            f"files, or take the rule out of {captions.rules}."
        )
    ours, theirs = costs.sizes["baseline"], costs.sizes["candidate"]
    if isinstance(rule.limit, str):
        description, limit = f"the file has at most {rule.limit}", _amount(rule.limit)
        estimate, found = float(theirs), f"it has {theirs:,.0f} bytes"
    else:
        description = f"the file has at most {rule.limit:g} of the {captions.baseline} file's bytes"
        limit, estimate = rule.limit, theirs / ours
        found = f"it has {theirs:,.0f} of {ours:,.0f} bytes, {estimate:.3f}"
    return _tested(rule, description, found, limit, (estimate, estimate, estimate))


def _latency(rule: CostRule, costs: Costs, captions: Captions) -> CostResult:
    times = {time["batch"]: time for time in costs.times}
    if rule.batch not in times:
        raise InputError(
            f"a rule limits the latency of batch {rule.batch}, but measured were batches "
            f"{', '.join(map(str, times)) or 'none'}. Measure that batch, or correct "
            f"{captions.rules}."
        )
    time = times[rule.batch]
    runs = f"batch {rule.batch}" + (f" on {rule.hardware}" if rule.hardware else "")
    if isinstance(rule.limit, str):
        found = _in_time(rule, runs, time)
    else:
        found = _against_baseline(rule, runs, time, captions)
    if rule.hardware and rule.hardware.lower() not in costs.processor.lower():
        reason = f"not tested, since it was measured on {costs.processor}."
        return _result(rule, found.description, Outcome.NOT_TESTED, reason, (None, None, None))
    return found


def _in_time(rule: CostRule, runs: str, time: Numbers) -> CostResult:
    numbers = time["p95"], time.get("p95_low"), time.get("p95_high")
    description = f"95 of 100 runs of {runs} take at most {rule.limit}"
    bounds = f"it takes {FEWEST_RUNS} runs to bound that from above"
    if numbers[2] is not None:
        bounds = f"95 % bounds {numbers[1]:.3g} and {numbers[2]:.3g}"
    found = f"in {time['pairs']} runs it was {numbers[0]:.3g} ms ({bounds})"
    return _tested(rule, description, found, _amount(str(rule.limit)), numbers)


def _against_baseline(rule: CostRule, runs: str, time: Numbers, captions: Captions) -> CostResult:
    numbers = (1 / time["speedup"], 1 / time["high"], 1 / time["low"])
    description = f"{runs} takes at most {rule.limit:g} of the {captions.baseline} file's time"
    found = f"it takes {numbers[0]:.3f} (95 % interval {numbers[1]:.3f} to {numbers[2]:.3f})"
    return _tested(rule, description, found, float(rule.limit), numbers)


def _tested(
    rule: CostRule,
    description: str,
    found: str,
    limit: float,
    numbers: tuple[float, float | None, float | None],
) -> CostResult:
    _, lower, upper = numbers
    if upper is not None and upper <= limit:
        return _result(rule, description, Outcome.PASS, f"{found}.", numbers)
    if lower is not None and lower > limit:
        return _result(rule, description, Outcome.FAIL, f"{found}, too much.", numbers)
    return _result(rule, description, Outcome.INCONCLUSIVE, f"{found}, not settled.", numbers)


def _result(
    rule: CostRule,
    description: str,
    outcome: Outcome,
    reason: str,
    numbers: tuple[float | None, float | None, float | None],
) -> CostResult:
    estimate, lower, upper = numbers
    return CostResult(
        rule=rule.rule,
        limit=rule.limit,
        batch=rule.batch,
        hardware=rule.hardware,
        because=rule.because,
        description=description,
        outcome=outcome,
        reason=reason,
        estimate=estimate,
        lower=lower,
        upper=upper,
    )


def _amount(text: str) -> float:
    """Return milliseconds or bytes."""
    number, unit = text.split()
    return float(number) * {**TIME_UNITS, **SIZE_UNITS}[unit]
