"""Predictions of two models whose true change is known, for the benches of whole verdicts.

Scores are normal within each class, 2.56 apart: AUROC .965, and at 0.5 a true positive rate of .9
and a false positive rate of .1. *Unharmed*: the two models' scores correlate .99 within each class.
At this threshold that loses 1 % of the decisions and gains 1 %. *Lost* positives get a score below
all others, so a share of them takes as much off the true positive rate, and .965 of it off the
AUROC.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import expit, ndtr, ndtri

from faircompress.config import params
from faircompress.config.rules import Gate
from faircompress.data.caps import MaxWeight
from faircompress.data.predictions import Predictions

APART = 2 * float(ndtri(0.9))
AUROC = float(ndtr(APART / math.sqrt(2)))
CORRELATION = 0.99
LOWEST = -30.0  # score of what is lost
ALIKE = 0.7  # correlation of a person's rows
MOST_ROWS, MOST_WEIGHT = 3, 2.0  # of a person, and of each of the rows
HEAVIEST = MOST_ROWS * MOST_WEIGHT  # person, which is declared


@dataclass(frozen=True)
class Population:
    """Groups of one column, and how the candidate treats them.

    Args:
        positives: Clusters a group.
        negatives: Likewise.
        lost: Share of positives that the candidate loses, one a group.
        people: Does a person have 1 to 3 rows, of weight 1 to 2?
        same: Are decisions of other rows equal, so that only what is lost changes?
        apart: Means of the classes' scores, in standard deviations.
    """

    positives: int
    negatives: int
    lost: tuple[float, ...] = (0.0,) * 8
    people: bool = False
    same: bool = False
    apart: float = APART


def default_gate() -> Gate:
    """Return the rules of params.yaml that compare with the baseline, without looks."""
    gate = params.load(Path("params.yaml")).gate
    rules = [rule for rule in gate.rules if getattr(rule, "against", "baseline") == "baseline"]
    return gate.model_copy(update={"rules": rules, "looks": "ignore"})


def draw(
    population: Population, rng: np.random.Generator, split: str = "test"
) -> tuple[Predictions, Predictions]:
    """Draw both models' predictions of a split; names of rows and people begin with its own."""
    parts = [_group(population, lost, rng) for lost in population.lost]
    columns = [np.concatenate(of) for of in zip(*parts, strict=True)]
    sizes = [len(part[0]) for part in parts]
    first = np.cumsum([0] + [int(part[0].max()) + 1 for part in parts[:-1]])
    cluster = columns[0] + np.repeat(first, sizes)
    group = np.repeat([f"g{k}" for k in range(len(sizes))], sizes)
    rows = np.arange(len(cluster))
    ids, people = (np.char.add(split, np.char.zfill(x.astype(str), 7)) for x in (rows, cluster))
    label, weights, before, after = columns[1:]
    baseline = Predictions(
        ids=ids,
        labels=label,
        probabilities=_probabilities(before),
        groups={"group": group},
        identities=people if population.people else None,
        weights=weights,
        classes=("no", "yes"),
        model="baseline",
        data="drawn",
        max_weight=(MaxWeight(HEAVIEST),) if population.people else (),
    )
    return baseline, replace(baseline, probabilities=_probabilities(after), model="candidate")


def _group(population: Population, lost: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Draw a group: cluster, label, weight, and both scores of each row."""
    clusters = population.positives + population.negatives
    rows = rng.integers(1, MOST_ROWS + 1, clusters) if population.people else np.ones(clusters, int)
    cluster = np.repeat(np.arange(clusters), rows)
    label = (cluster < population.positives).astype(int)
    heavy = rng.uniform(1, MOST_WEIGHT, clusters) if population.people else np.ones(clusters)
    before, other = (_normal(cluster, clusters, population.people, rng) for _ in range(2))
    after = CORRELATION * before + math.sqrt(1 - CORRELATION**2) * other
    if population.same:
        after = before
    middle = population.apart * (label - 0.5)
    gone = (label == 1) & (rng.random(clusters)[cluster] < lost)
    return cluster, label, heavy[cluster], middle + before, np.where(gone, LOWEST, middle + after)


def _normal(
    cluster: np.ndarray, clusters: int, people: bool, rng: np.random.Generator
) -> np.ndarray:
    own = rng.normal(size=len(cluster))
    if not people:
        return own
    return math.sqrt(ALIKE) * rng.normal(size=clusters)[cluster] + math.sqrt(1 - ALIKE) * own


def _probabilities(scores: np.ndarray) -> np.ndarray:
    p = expit(scores)
    return np.stack([1 - p, p], axis=1)
