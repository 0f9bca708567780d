"""The verdict and everything a reader needs to check it: verdict.json, schema 2."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter, ValidationError

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.reported_results import (
    Coverage,
    DroppedRows,
    Layers,
    OwnRates,
    SparseGroup,
)
from faircompress.evaluation.results import (
    STRICT,
    CostResult,
    GroupResult,
    Json,
    Outcome,
    RuleResult,
)
from faircompress.support.errors import InputError, StateError

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Literal[2] = 2


class NotPassed(StateError):
    """A verdict is no pass."""


@dataclass(frozen=True)
class Verdict:
    """May the candidate be released?

    Args:
        schema: Version of this shape.
        outcome: Pass: all checks passed. Fail: harm is confirmed in at least one.
        sentence: The verdict in one sentence.
        reasons: One for each check that did not pass, worst first, for each rule that was not
            tested, and one for the groups that no row is in.
        next: What to do, most useful first.
        rules: The rules on groups with their checks.
        costs: The rules on cost.
        groups: All rates of all groups, all rows first.
        thresholds: Of the two-class decision, by model; None for more classes.
        models: sha256 of each model's file.
        data: sha256 of the data set.
        classes: Names of the classes.
        positive: Name of the positive class, if there are two.
        rows: Rows of the test set.
        checks: Over which failures were corrected.
        failures: How failures were corrected for the number of checks.
        power: With which the counts hold.
        assumption: What the counts rest on.
        absent: What the test rows lack by design.
        look: Which look at this test set this is, from 1; None: looks were not counted.
        looks: What this look may spend of the rules' chance of error, in one sentence.
        parts: Parts of a look that declared topping up, these rows the last; 0: it did not.
        notes: What else a reader must know of the rows.
        seed: Of all deals.
        captions: What the models, rows and clusters are called.
        dropped: What the worst answers to dropped rows would make of decided rates.
        own_rates: The candidate's own rates, bounded for all groups at once.
        coverage: Groups and subgroups with no rows, or too few for any pass.
        sparse: Intersections that are not tested alone, by the declared policy.
        layers: Where harm to true positive rates comes from.
    """

    __pydantic_config__ = STRICT

    schema: Literal[2]
    outcome: Outcome
    sentence: str
    reasons: list[str]
    next: list[str]
    rules: list[RuleResult]
    costs: list[CostResult]
    groups: list[GroupResult]
    thresholds: dict[str, float | None]
    models: dict[str, str]
    data: str
    classes: list[str]
    positive: str | None
    rows: int
    checks: int
    failures: str
    power: float
    assumption: str
    absent: list[str] = field(default_factory=list)
    look: int | None = None
    looks: str = ""
    parts: int = 0
    notes: list[str] = field(default_factory=list)
    seed: int | None = None
    captions: Captions = field(default_factory=Captions)
    dropped: DroppedRows | None = None
    own_rates: OwnRates | None = None
    coverage: list[Coverage] = field(default_factory=list)
    sparse: list[SparseGroup] = field(default_factory=list)
    layers: Layers | None = None

    def to_json(self) -> Json:
        """Return the verdict as plain values."""
        return {**asdict(self), "outcome": str(self.outcome)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Verdict":
        """Read a verdict of this schema or of schema 1; refuse missing or unknown keys."""
        if raw.get("schema") == 1:
            from faircompress.evaluation.schema_1 import upgraded

            raw = upgraded(raw)
        try:
            return ADAPTER.validate_python(raw, strict=False)
        except ValidationError as error:
            places = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            raise InputError(
                f"this is no verdict of schema {SCHEMA} or 1: {'; '.join(places)}. Evaluate again."
            ) from None

    def to_frame(self) -> "pd.DataFrame":
        """Return a row for each check.

        Returns:
            Columns ``rule``, ``metric``, ``against``, ``group`` (with subgroup or second group),
            ``n``, ``baseline``, ``candidate``, ``estimate``, ``lower``, ``upper``, ``limit``,
            ``outcome``, ``reason``.
        """
        import pandas as pd

        columns = ("n", "baseline", "candidate", "estimate", "lower", "upper")
        return pd.DataFrame(
            [
                {
                    **{key: getattr(rule, key) for key in ("rule", "metric", "against")},
                    "group": check.place,
                    **{key: getattr(check, key) for key in columns},
                    "limit": rule.limit,
                    "outcome": str(check.outcome),
                    "reason": check.reason,
                }
                for rule in self.rules
                for check in rule.checks
            ]
        )

    def raise_unless_passed(self) -> None:
        """Raise unless the verdict is a pass.

        Raises:
            NotPassed: With the verdict's sentence and its first reasons.
        """
        if self.outcome != Outcome.PASS:
            raise NotPassed(" ".join([self.sentence, *self.reasons[:3]]))

    @property
    def tested(self) -> list[RuleResult]:
        """Return the rules that were tested."""
        return [rule for rule in self.rules if rule.checks]

    @property
    def not_tested(self) -> list[RuleResult]:
        """Return the rules that were not, each with its reason."""
        return [rule for rule in self.rules if not rule.checks]


ADAPTER = TypeAdapter(Verdict)


def json_schema() -> Json:
    """Return the JSON Schema of verdict.json."""
    found = ADAPTER.json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found,
        "title": "faircompress verdict, schema 2",
    }


if __name__ == "__main__":  # writes verdict.schema.json anew
    import json

    print(json.dumps(json_schema(), indent=1))
