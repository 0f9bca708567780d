"""The rules of a gate as limits by name, and their sha256: what a verdict's attestation holds.

A name ends in ``at most`` or ``at least``, so that it says by itself which way is looser.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from faircompress.config import plugins
from faircompress.config.rules import SIZE_UNITS, TIME_UNITS, CostRule, Gate, Rule
from faircompress.statistics.metrics import Metric

EVERYWHERE = "in all groups"
NOT_RULES: Any = {"promote": True, "power": True, "rules": {"__all__": {"because"}}}


def sha256_of(gate: Gate) -> str:
    """Return the sha256 of the rules: of all that the outcome hangs on, as canonical JSON."""
    values = gate.model_dump(mode="json", exclude=NOT_RULES)
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def limits_of(gate: Gate) -> dict[str, float]:
    """Return every limit of a gate by name, such as ``change auroc in all groups at most``."""
    found = {name: value for rule in gate.harm_rules for name, value in _of_rule(rule)}
    found |= dict(_of_cost(rule) for rule in gate.cost_rules)
    found |= {f"declared absent: {one}, at most": 1.0 for one in gate.absent}
    found |= {f"expected groups of {column} at least": float(len(groups))
              for column, groups in gate.expect.items()}  # fmt: skip
    found["intersections tested at least"] = float(gate.intersections)
    if gate.min_rows is not None:
        found[f"rows of an intersection that is not tested alone ({gate.sparse}) at most"] = float(
            gate.min_rows
        )
    found["looks charged at least"] = float(gate.looks != "ignore")
    return found


def _of_rule(rule: Rule) -> Iterator[tuple[str, float]]:
    side = "at least" if _is_minimum(rule) else "at most"
    places = [EVERYWHERE] if rule.groups is None else [f"in {column}" for column in rule.groups]
    for place in places:
        name = f"{rule.name} {rule.metric} {place}"
        yield f"{name} {side}", rule.limit
        yield f"{name}: confidence at least", rule.confidence


def _is_minimum(rule: Rule) -> bool:
    """Tell whether a rule's limit must be reached; else it must not be passed."""
    if rule.rule != "minimum":
        return rule.rule == "ratio"
    metric: Metric = plugins.find("metrics", rule.metric)
    return metric.better == "higher"


def _of_cost(rule: CostRule) -> tuple[str, float]:
    what = "size" if rule.rule == "size" else f"latency of {rule.batch} rows"
    where = f" on {rule.hardware}" if rule.hardware else ""
    if isinstance(rule.limit, float):
        return f"{what}{where} as a share at most", rule.limit
    number, unit = rule.limit.split()
    factor = {**TIME_UNITS, **SIZE_UNITS}[unit]
    base = "ms" if unit in TIME_UNITS else "bytes"
    return f"{what}{where} in {base} at most", float(number) * factor
