"""The judge: rates by group, bounds that hold in small groups, rules, and one word.

``judge.judge`` is the only door. It sees predictions and rules, no model and no picture.
Inside: ``admission`` refuses what cannot be judged, ``groups`` and ``rates`` say what is compared,
``weighing`` what a person may weigh, ``bounding`` which bound belongs to a metric;
``paired_proportions``, ``dealing`` with ``betting``, and ``ratios`` are the bounds, ``evidence``
joins them, ``skill`` is what earns a pass, ``putting`` puts the rules and ``findings`` is what they
find, ``budgets`` those on cost, ``power`` says what more rows would tell, ``words`` says it all in
sentences. ``bootstrap`` and ``delong`` are drawn beside the bounds and decide nothing.

Here are the rules themselves: section ``gate`` of params.yaml. Nothing heavy is imported.
"""

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from faircompress.bounds import Count, OpenShare, Text
from faircompress.plugins import Section, names

JOIN = " & "  # between the columns of an intersection, and between conditions
TIME_UNITS = {"ms": 1.0, "s": 1000.0}
SIZE_UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9}
AMOUNT = re.compile(rf"^\d+(\.\d+)? ({'|'.join([*TIME_UNITS, *SIZE_UNITS])})$")
REPORTED = ("brier", "calibration_error", "decision_flips", "psi")  # by verdict/reported.py
RIVALS = ("champion", "anchor")  # approved files that a pruned one may be held to
TWO_SIDED = ("selection_rate",)  # metrics without a better direction
SAME = {"false_negative_rate": "true_positive_rate"}  # one is 1 minus the other


def _gated(name: Any) -> Any:
    if name in REPORTED:
        raise ValueError(
            f"{name} is reported for every group, but no rule can gate it"
            + (": a rule on accuracy that binds excess does" if name == "psi" else "")
        )
    return name


def _share_or_amount(limit: float | str) -> float | str:
    if limit > 0 if isinstance(limit, float) else AMOUNT.match(limit):
        return limit
    units = ", ".join([*TIME_UNITS, *SIZE_UNITS])
    raise ValueError(f"needed is a share above 0, or a number and one of {units}, such as 12 ms")


class Rule(Section):
    """One condition that a compressed model must meet in every group."""

    metric: Annotated[Literal[names("metrics")], BeforeValidator(_gated)]  # type: ignore[valid-type]
    binds: Annotated[
        Literal["change", "champion", "anchor", "drift", "excess", "floor"],
        Field(
            description="dense to pruned; champion to pruned; first approved champion to pruned; "
            "between two groups' changes; a group's change beyond everyone's; the pruned rate "
            "itself"
        ),
    ]
    limit: Annotated[float, Field(gt=0, lt=1)]
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    groups: Annotated[
        list[str] | None, Field(min_length=1, description="group columns bound; null: all")
    ] = None

    @model_validator(mode="after")
    def _can_be_put(self) -> "Rule":
        if self.binds == "floor" and self.metric in TWO_SIDED:
            raise ValueError(f"{self.metric} has no better direction, so it has no floor")
        if self.binds == "excess" and self.metric != "accuracy":
            raise ValueError(f"excess is of accuracy, not of {self.metric}; bind its drift instead")
        return self

    @property
    def against(self) -> str:
        """Return the name of the file from which changes are counted."""
        return self.binds if self.binds in RIVALS else "dense"

    def overlaps(self, other: "Rule") -> bool:
        """Tell whether two rules limit the same thing in the same column."""
        same = [(SAME.get(rule.metric, rule.metric), rule.binds) for rule in (self, other)]
        everywhere = self.groups is None or other.groups is None
        return same[0] == same[1] and (
            everywhere or bool(set(self.groups or ()) & set(other.groups or ()))
        )


class Budget(Section):
    """What a compressed file may cost at most."""

    binds: Literal["latency", "size"]
    limit: Annotated[
        float | str,
        AfterValidator(_share_or_amount),
        Field(description="share of what the dense file costs; or such as 12 ms, 2.5 MB"),
    ]
    batch: Annotated[Count, Field(description="latency only: pictures a run")] = 1
    hardware: Annotated[
        str | None,
        Field(description="latency only: judged where the processor's name holds this word"),
    ] = None

    @model_validator(mode="after")
    def _unit_fits(self) -> "Budget":
        unit = None if isinstance(self.limit, float) else self.limit.split()[-1]
        if unit is not None and (unit in TIME_UNITS) != (self.binds == "latency"):
            raise ValueError(f"{self.binds} has no limit in {unit}; write a share, or 12 ms, 2 MB")
        if self.binds == "size" and {"batch", "hardware"} & self.model_fields_set:
            raise ValueError("a file's size depends on no batch or hardware; leave them out")
        return self


def _conditions(words: str) -> str:
    if all(all(part.partition("=")) for part in words.split(JOIN)):
        return words
    raise ValueError(f'needed is such as "skin=dark{JOIN}label=blond", not {words!r}')


def _kind_of_rule(raw: Any) -> str:
    binds = raw.get("binds") if isinstance(raw, dict) else getattr(raw, "binds", None)
    return "budget" if binds in ("latency", "size") else "rule"


AnyRule = Annotated[
    Annotated[Rule, Tag("rule")] | Annotated[Budget, Tag("budget")], Discriminator(_kind_of_rule)
]


class Gate(Section):
    """What harm is too much."""

    threshold: Annotated[
        OpenShare | Literal["validation"],
        Field(description="of a two-class decision; validation: most accurate there"),
    ]
    power: Annotated[OpenShare, Field(description="for the row counts that would settle it")]
    intersections: bool
    looks: Annotated[
        Literal["spend", "ignore"],
        Field(description="spend: alpha/(k(k+1)) at the k-th look at a test set; ignore: alpha"),
    ] = "spend"
    promote: Annotated[
        Literal["fp32", "smallest"],
        Field(description="which file goes out of those that pass; smallest: by bytes"),
    ] = "fp32"
    expect: Annotated[
        dict[str, Annotated[list[Text], Field(min_length=1)]],
        Field(
            default_factory=dict,
            description="group column -> groups that must be in the test split",
        ),
    ]
    absent: Annotated[
        list[Annotated[str, AfterValidator(_conditions)]],
        Field(
            default_factory=list,
            description='what the test split lacks by design, such as "skin=dark & label=blond"',
        ),
    ]
    rules: Annotated[list[AnyRule], Field(min_length=1)]

    def is_absent(self, where: Mapping[str, str]) -> bool:
        """Tell whether rows with these values (column -> value) are declared to be absent."""
        declared = (dict(part.split("=", 1) for part in one.split(JOIN)) for one in self.absent)
        return any(one.items() <= where.items() for one in declared)

    @property
    def harms(self) -> list[Rule]:
        """Return the rules on groups."""
        return [rule for rule in self.rules if isinstance(rule, Rule)]

    @property
    def budgets(self) -> list[Budget]:
        """Return the rules on what the file costs."""
        return [rule for rule in self.rules if isinstance(rule, Budget)]

    def alpha(self, confidence: float, look: int | None) -> float:
        """Return the chance of error that this look at a test set may spend.

        All looks together spend ``1 - confidence``: 1/2 + 1/6 + 1/12 + ... = 1.

        Args:
            confidence: That all looks together must keep, in ``(0, 1)``.
            look: 1 for the first, >= 1; None: looks are not counted, so this is the only one.
        """
        whole = round(1 - confidence, 12)
        return whole if look is None or self.looks == "ignore" else whole / (look * (look + 1))

    @model_validator(mode="after")
    def _no_rule_twice(self) -> "Gate":
        for one, other in combinations(self.harms, 2):
            if one.overlaps(other):
                names = " and ".join(dict.fromkeys((one.metric, other.metric)))
                raise ValueError(
                    f"two rules for {names} {one.binds} bind the same groups; keep one, or name "
                    "the group columns of each"
                )
        costs = [(b.binds, b.batch, b.hardware, type(b.limit)) for b in self.budgets]
        if len(set(costs)) < len(costs):
            raise ValueError("two rules for the same latency or size; keep one")
        if not self.harms:
            raise ValueError("no rule is about harm, so harm could not fail; add one with a metric")
        if all(rule.against in RIVALS for rule in self.harms):
            raise ValueError(
                "every rule on harm waits for a champion, so without one harm could not fail; add "
                "one that binds change"
            )
        return self
