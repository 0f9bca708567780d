"""A study as it is written down before it is run: what is compared, on what, judged by what."""

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from faircompress.config import yaml_text
from faircompress.config.bounds import Positive, Seed, Share
from faircompress.config.params import BadParams
from faircompress.config.plugins import Section
from faircompress.config.presets import extended, merge, overrides
from faircompress.support.errors import InputError

Choices = dict[str, Any]  # nested params; `extends` names presets they are put over
Named = Annotated[dict[str, Choices], Field(min_length=1)]
Threshold = Literal["half", "selection_rate", "false_positive_rate"]
BASELINE_TRY = 0


class Tuning(Section):
    """How each method's settings are chosen: on validation rows, with seeds that test nothing."""

    seeds: Annotated[list[Seed], Field(min_length=1, description="not among the study's seeds")]
    speedup: Annotated[float, Field(gt=1)]
    tries: Annotated[
        dict[str, list[Choices]], Field(description="method -> settings, equally many for each")
    ]


class Margins(Section):
    """What a gain must exceed, and what it may cost; lower bounds are held against both."""

    gain: Annotated[float, Field(ge=0, description="lower bound of the gain must be above it")] = 0
    accuracy: Annotated[
        Share, Field(description="lower bound of the accuracy difference must be above minus it")
    ] = 0.01


class Expected(Section):
    """What is expected of the gain, from earlier data, so that the power can be told beforehand."""

    gain: Positive
    spread: Annotated[
        float, Field(gt=0, description="standard deviation of one seed's gain, people included")
    ]


class Endpoint(Section):
    """What the study is about, named before it is run."""

    speedup: Annotated[float, Field(gt=1)]
    baselines: Annotated[
        list[str], Field(min_length=1, description="methods that the others are compared with")
    ]
    subgroup: Annotated[
        str | None, Field(description="such as 'blond, hair=short'; null: the rarest subgroup")
    ] = None
    at: Annotated[
        Threshold, Field(description="where two classes part when the subgroup is compared")
    ] = "half"
    margins: Margins = Margins()
    analysis: Annotated[str, Field(description="what is concluded from what, in words")] = ""
    expected: Expected | None = None


class Plan(Section):
    """Cells are all of data x models x methods x speedups x seeds."""

    about: Annotated[str, Field(min_length=1, description="the question, in a sentence")]
    common: Choices = {}
    data: Named
    models: Named
    methods: Named
    speedups: Annotated[list[Annotated[float, Field(gt=1)]], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    seeded: Annotated[
        list[str], Field(min_length=1, description="params that are set to the seed")
    ] = ["train.seed", "prune.seed"]
    tuning: Tuning | None = None
    endpoint: Endpoint

    @model_validator(mode="after")
    def _belongs_together(self) -> "Plan":
        absent = [name for name in self.endpoint.baselines if name not in self.methods]
        if absent:
            raise InputError(f"endpoint.baselines: no method {absent[0]!r}")
        if self.endpoint.speedup not in self.speedups:
            raise InputError(f"endpoint.speedup: {self.endpoint.speedup:g} is not among speedups")
        if self.endpoint.at != "half" and self.endpoint.subgroup is None:
            raise InputError(
                f"endpoint.at is {self.endpoint.at!r}, which needs endpoint.subgroup: name the "
                "cell that the study is about, such as 'blond, hair=short'"
            )
        if self.tuning is not None:
            self._fairly_tuned(self.tuning)
        return self

    def _fairly_tuned(self, tuning: Tuning) -> None:
        sizes = {name: len(tuning.tries.get(name, [])) for name in self.methods}
        if set(tuning.tries) - set(self.methods) or len(set(sizes.values())) != 1:
            raise InputError(
                f"tuning.tries: settings by method are {sizes}; every method of the study, and no "
                "other, needs equally many, or the comparison is not fair"
            )
        shared = set(tuning.seeds) & set(self.seeds)
        if shared:
            raise InputError(f"tuning.seeds: {sorted(shared)} also test; take others")


@dataclass(frozen=True)
class Cell:
    """One run of a study.

    Args:
        data: Its name in the plan.
        model: Likewise.
        method: Likewise; empty: the dense model alone.
        tried: Which of the method's settings, from 0.
        speedup: Dense over pruned multiply-adds.
        seed: Of training and pruning.
    """

    data: str
    model: str
    seed: int
    method: str = ""
    tried: int = 0
    speedup: float = 0.0

    @property
    def dense(self) -> "Cell":
        """Return the dense model that this run prunes; others share it."""
        return Cell(self.data, self.model, self.seed)

    @property
    def key(self) -> str:
        """Return a name for files and folders."""
        start = f"{self.data},{self.model},s{self.seed}"
        if not self.method:
            return start
        return f"{start},{self.method}.{self.tried},{self.speedup:g}x"


def read(path: Path) -> Plan:
    """Read a study's file.

    Raises:
        BadParams: Naming every mistake.
    """
    try:
        raw = yaml_text.read(path)
    except FileNotFoundError:
        beside = sorted(p.stem for p in path.parent.glob("*.yaml"))
        raise BadParams(f"{path} is missing. There are: {', '.join(beside) or 'none'}.") from None
    except yaml_text.BadYaml as error:
        raise BadParams(str(error)) from None
    try:
        return Plan.model_validate(raw)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or path.name}: {e['msg']}" for e in error.errors()]
        raise BadParams(f"{path}:\n" + "\n".join(lines)) from None


def dense_cells(plan: Plan) -> list[Cell]:
    """Return every dense model that the study needs."""
    tuned = plan.tuning.seeds if plan.tuning else []
    return [Cell(d, m, s) for d in plan.data for m in plan.models for s in (*tuned, *plan.seeds)]


def tuning_cells(plan: Plan) -> list[Cell]:
    """Return the runs by which each method's settings are chosen."""
    if plan.tuning is None:
        return []
    return [
        Cell(dense.data, dense.model, dense.seed, method, tried, plan.tuning.speedup)
        for dense in dense_cells(plan)
        if dense.seed in plan.tuning.seeds
        for method, tries in plan.tuning.tries.items()
        for tried in range(len(tries))
    ]


def cells(plan: Plan, chosen: dict[tuple[str, str, str], int]) -> list[Cell]:
    """Return the runs that are compared.

    Args:
        plan: The study.
        chosen: Setting of each (data, model, method); the first where none is named.
    """
    return [
        Cell(data, model, seed, method, chosen.get((data, model, method), BASELINE_TRY), speedup)
        for data in plan.data
        for model in plan.models
        for seed in plan.seeds
        for method in plan.methods
        for speedup in plan.speedups
    ]


def count(plan: Plan) -> int:
    """Return how many runs a study has, dense models and tuning included."""
    return len({*dense_cells(plan), *tuning_cells(plan), *cells(plan, {})})


def complete_seeds(plan: Plan, data: str, model: str, ended: Collection[Cell]) -> set[int]:
    """Return the seeds of which every method has come to an end at every speed-up.

    Args:
        plan: The study.
        data: One of its data sets.
        model: One of its models.
        ended: Runs that are done or failed.
    """
    have = {(c.seed, c.method, c.speedup) for c in ended if (c.data, c.model) == (data, model)}
    wanted = list(itertools.product(plan.methods, plan.speedups))
    return {seed for seed in plan.seeds if all((seed, *one) in have for one in wanted)}


def only(plan: Plan, methods: Sequence[str]) -> Plan:
    """Return a plan of some of its methods, in its own order; none named: all.

    Raises:
        BadParams: If it has no such method, or a baseline is not among them.
    """
    if not methods:
        return plan
    unknown = [name for name in methods if name not in plan.methods]
    lacking = [name for name in plan.endpoint.baselines if name not in methods]
    if unknown or lacking:
        raise BadParams(
            f"--only: no method {unknown[0]!r}; there are: {', '.join(plan.methods)}"
            if unknown
            else f"--only lacks {lacking[0]!r}, with which the others are compared"
        )
    kept = {name: choices for name, choices in plan.methods.items() if name in methods}
    tries = None
    if plan.tuning:
        tries = {name: one for name, one in plan.tuning.tries.items() if name in methods}
    tuning = plan.tuning and plan.tuning.model_copy(update={"tries": tries})
    return plan.model_copy(update={"methods": kept, "tuning": tuning})


def in_turn(plan: Plan, at_once: int) -> list[list[int]]:
    """Return the seeds in their order, some at once."""
    return [plan.seeds[start : start + at_once] for start in range(0, len(plan.seeds), at_once)]


def changes(plan: Plan, cell: Cell, presets: Path) -> list[str]:
    """Return what a run changes of params.yaml, as ``section.key=value``."""
    found: Choices = {}
    for choices in _layers(plan, cell):
        merge(found, extended(presets, choices))
    seeds = [f"{key}={cell.seed}" for key in plan.seeded]
    cut = [f"prune.speedup={cell.speedup:g}"] if cell.method else []
    return [*overrides(found), *cut, *seeds]


def _layers(plan: Plan, cell: Cell) -> Iterator[Choices]:
    yield plan.common
    yield plan.data[cell.data]
    yield plan.models[cell.model]
    if cell.method:
        yield plan.methods[cell.method]
        if plan.tuning is not None:
            yield plan.tuning.tries[cell.method][cell.tried]


def settings(plan: Plan, method: str, tried: int) -> Sequence[str]:
    """Return what was tried for a method, as words."""
    return overrides(plan.tuning.tries[method][tried]) if plan.tuning else []
