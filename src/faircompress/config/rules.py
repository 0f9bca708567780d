"""What harm is too much: the section ``gate`` of params.yaml, and the rules of an audit."""

import re
from collections.abc import Mapping
from itertools import combinations
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from faircompress.config.bounds import JOIN, Count, OpenShare, Text
from faircompress.config.plugins import Section, names
from faircompress.support.errors import InputError

TIME_UNITS = {"ms": 1.0, "s": 1000.0}
SIZE_UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9}
AMOUNT = re.compile(rf"^\d+(\.\d+)? ({'|'.join([*TIME_UNITS, *SIZE_UNITS])})$")
REPORTED = ("brier", "calibration_error", "decision_flips", "psi")  # by evaluation/reported.py
BASELINE = "baseline"
REFERENCES = ("champion", "original_champion")  # approved files that a candidate may be held to
TWO_SIDED = ("selection_rate",)  # metrics without a better direction
SAME = {"false_negative_rate": "true_positive_rate"}  # one is 1 minus the other
KINDS = names("rules")
FLIPS = "negative_flips"
CONFIDENCE = 0.975  # one-sided, the practice of non-inferiority trials
FINEST = 1e-9  # of limits and confidences
RENAMED = {  # what ``binds`` was until 0.2
    "change": "rule: change",
    "champion": "rule: change, against: champion",
    "anchor": "rule: change, against: original_champion",
    "drift": "rule: disparity_change",
    "excess": "rule: excess_loss",
    "floor": "rule: minimum",
    "latency": "rule: latency",
    "size": "rule: size",
}


def _gated(name: Any) -> Any:
    if name in REPORTED:
        raise InputError(
            f"{name} is reported for every group, but no rule can gate it"
            + (": the rule excess_loss on accuracy does" if name == "psi" else "")
        )
    return name


def _share_or_amount(limit: float | str) -> float | str:
    if limit > 0 if isinstance(limit, float) else AMOUNT.match(limit):
        return limit
    units = ", ".join([*TIME_UNITS, *SIZE_UNITS])
    raise InputError(f"needed is a share above 0, or a number and one of {units}, such as 12 ms")


def _countable(value: float) -> float:
    """Refuse what is so near to 0 or 1 that floats lose it on the way."""
    if not FINEST <= value <= 1 - FINEST:
        raise InputError(f"{value} is nearer to 0 or 1 than {FINEST}; no number of rows shows it")
    return value


class Rule(Section):
    """One condition that a candidate must meet in every group.

    Attributes:
        rule: Kind of the rule: a file of ``evaluation/rules/``.
        metric: What may not get worse; ``flips`` has none.
        limit: The largest harm that is allowed, or the value that must be reached.
        against: The model from which changes are counted.
        confidence: One-sided: 1 minus the chance of error of each bound.
        groups: Group columns that it binds; None: all.
        because: Why this limit; a project must say it, an audit may.
    """

    # kinds and metrics are the files found, which no type checker sees
    # both lists are made of the files found, which mypy cannot know
    rule: Annotated[Literal[KINDS], Field(description="a file of evaluation/rules/")]  # type: ignore[valid-type]
    metric: Annotated[
        Literal[(*names("metrics"), FLIPS)],  # type: ignore[valid-type]
        BeforeValidator(_gated),
    ] = FLIPS
    limit: Annotated[float, Field(gt=0, lt=1), AfterValidator(_countable)]
    against: Annotated[
        Literal["baseline", "champion", "original_champion"],
        Field(description="the model from which changes are counted"),
    ] = "baseline"
    confidence: Annotated[float, Field(ge=0.5, lt=1), AfterValidator(_countable)] = CONFIDENCE
    groups: Annotated[
        list[str] | None, Field(min_length=1, description="group columns it binds; null: all")
    ] = None
    because: Annotated[str, Field(description="why this limit")] = ""

    @model_validator(mode="after")
    def _can_be_tested(self) -> "Rule":
        if (self.rule == "flips") != (self.metric == FLIPS):
            what = "flips has no metric" if self.rule == "flips" else f"{self.rule} needs a metric"
            raise InputError(f"the rule {what}; write it so")
        if self.rule == "minimum" and self.metric in TWO_SIDED:
            raise InputError(f"{self.metric} has no better direction, so it has no minimum")
        if self.rule == "excess_loss" and self.metric != "accuracy":
            raise InputError(
                f"excess_loss is of accuracy, not of {self.metric}; use disparity_change instead"
            )
        if self.rule in ("minimum", "gap", "ratio") and self.against != BASELINE:
            raise InputError(f"{self.rule} is of the candidate alone; leave against out")
        return self

    @property
    def name(self) -> str:
        """Return the kind, and the reference if it is not the baseline."""
        return self.rule if self.against == BASELINE else f"{self.rule} against {self.against}"

    def overlaps(self, other: "Rule") -> bool:
        """Tell whether two rules limit the same thing in the same column."""
        same = [(SAME.get(one.metric, one.metric), one.rule, one.against) for one in (self, other)]
        everywhere = self.groups is None or other.groups is None
        return same[0] == same[1] and (
            everywhere or bool(set(self.groups or ()) & set(other.groups or ()))
        )


class CostRule(Section):
    """What a compressed file may cost at most.

    Attributes:
        rule: ``size`` in bytes, or ``latency`` of one run.
        limit: Share of what the baseline costs, or an amount such as 12 ms or 2.5 MB.
        batch: Latency only: rows a run.
        hardware: Latency only: the rule is tested where the processor's name holds this word.
        because: Why this limit.
    """

    rule: Literal["latency", "size"]
    limit: Annotated[
        float | str,
        AfterValidator(_share_or_amount),
        Field(description="share of what the baseline costs; or such as 12 ms, 2.5 MB"),
    ]
    batch: Annotated[Count, Field(description="latency only: rows a run")] = 1
    hardware: Annotated[
        str | None,
        Field(description="latency only: tested where the processor's name holds this word"),
    ] = None
    because: Annotated[str, Field(description="why this limit")] = ""

    @model_validator(mode="after")
    def _unit_fits(self) -> "CostRule":
        unit = None if isinstance(self.limit, float) else self.limit.split()[-1]
        if unit is not None and (unit in TIME_UNITS) != (self.rule == "latency"):
            raise InputError(f"{self.rule} has no limit in {unit}; write a share, or 12 ms, 2 MB")
        if self.rule == "size" and {"batch", "hardware"} & self.model_fields_set:
            raise InputError("a file's size depends on no batch or hardware; leave them out")
        return self


def _conditions(text: str) -> str:
    if all(all(part.partition("=")) for part in text.split(JOIN)):
        return text
    raise InputError(f'needed is such as "skin=dark{JOIN}label=blond", not {text!r}')


def _tag(raw: Any) -> str:
    kind = raw.get("rule") if isinstance(raw, dict) else getattr(raw, "rule", None)
    return "cost" if kind in ("latency", "size") else "harm"


def _refuse_old_keys(raw: Any) -> Any:
    if isinstance(raw, dict) and "binds" in raw:
        new = RENAMED.get(str(raw["binds"]))
        raise InputError(
            f"binds is now rule: write {{{new}, ...}} instead of binds: {raw['binds']}"
            if new
            else f"binds is now rule; there are: {', '.join(KINDS)}, latency, size"
        )
    return raw


AnyRule = Annotated[
    Annotated[Rule, Tag("harm")] | Annotated[CostRule, Tag("cost")],
    Discriminator(_tag),
    BeforeValidator(_refuse_old_keys),
]


class Gate(Section):
    """What harm is too much."""

    threshold: Annotated[
        OpenShare | Literal["validation", "baseline"],
        Field(
            description="of a two-class decision; validation: most accurate there; baseline: the "
            "candidate's, at the baseline's selection rate there"
        ),
    ] = 0.5
    power: Annotated[OpenShare, Field(description="for the row counts that would settle it")]
    intersections: bool
    sparse: Annotated[
        Literal["judge", "merge", "parent"],
        Field(
            description="intersections with fewer than min_rows of some class; judge: tested like "
            "others; merge: together, as 'other'; parent: in the groups of single columns alone"
        ),
    ] = "judge"
    min_rows: Annotated[
        Count | None, Field(description="of each class, for an intersection to be tested alone")
    ] = None
    looks: Annotated[
        Literal["spend", "earn", "ignore"],
        Field(
            description="spend: alpha/(k(k+1)) at the k-th look at a test set; earn: by e-values, "
            "more for each release; ignore: alpha"
        ),
    ] = "spend"
    topping_up: Annotated[
        bool,
        Field(
            description="decide by e-values, so that rows of fresh people may be added later; "
            "to be declared before the first outcome"
        ),
    ] = False
    promote: Annotated[
        Literal["fp32", "smallest"],
        Field(description="which file is released of those that pass; smallest: by bytes"),
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
    def harm_rules(self) -> list[Rule]:
        """Return the rules on groups."""
        return [rule for rule in self.rules if isinstance(rule, Rule)]

    @property
    def cost_rules(self) -> list[CostRule]:
        """Return the rules on what the file costs."""
        return [rule for rule in self.rules if isinstance(rule, CostRule)]

    @model_validator(mode="after")
    def _sparse_is_whole(self) -> "Gate":
        if self.sparse == "judge" and self.min_rows is not None:
            raise InputError("min_rows is for sparse: merge or parent; name one, or leave it out")
        if self.sparse != "judge" and self.min_rows is None:
            raise InputError(f"sparse: {self.sparse} needs min_rows, such as min_rows: 30")
        if self.sparse != "judge" and not self.intersections:
            raise InputError(
                f"sparse: {self.sparse} is about intersections; set intersections: true, or leave "
                "it out"
            )
        return self

    @model_validator(mode="after")
    def _no_rule_twice(self) -> "Gate":
        for one, other in combinations(self.harm_rules, 2):
            if one.overlaps(other):
                both = " and ".join(dict.fromkeys((one.metric, other.metric)))
                raise InputError(
                    f"two rules {one.name} on {both} limit the same groups; keep one, or name the "
                    "group columns of each"
                )
        costs = [(c.rule, c.batch, c.hardware, type(c.limit)) for c in self.cost_rules]
        if len(set(costs)) < len(costs):
            raise InputError("two rules for the same latency or size; keep one")
        if not self.harm_rules:
            raise InputError("no rule is about harm, so harm could not fail; add one with a metric")
        if all(rule.against in REFERENCES for rule in self.harm_rules):
            raise InputError(
                "every rule on harm waits for a champion, so without one harm could not fail; add "
                "one against the baseline"
            )
        return self


def with_reasons(gate: Gate) -> Gate:
    """Refuse rules of a project that do not say why their limit."""
    silent = [f"{rule.name} on {rule.metric}" for rule in gate.harm_rules if not rule.because]
    if silent:
        raise InputError(
            f"{' and '.join(silent)}: nothing says why this limit. Write because: and why a fall "
            "of this size may be released"
        )
    return gate
