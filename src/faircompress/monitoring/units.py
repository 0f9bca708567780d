"""Independent units of labelled rows: one a person, or for AUROC a pair of two people.

A mean recall of several classes has one person of each class in a unit.
A person counts once in each process: with the rows that the process reads of the first day on
which it sees any. What is labelled of this person later is left out, so that what was counted
never changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from faircompress.data.dataset import hash_position
from faircompress.monitoring.wealth import Stream
from faircompress.support.errors import InputError

SHARES = ("true_positive_rate", "false_positive_rate", "accuracy")
METRICS = (*SHARES, "auroc")
SEVERAL = ("true_positive_rate", "accuracy")  # with more than two classes
POSITIVE = (1,)  # the class that a question is about, where there are two
LOWER_IS_BETTER = ("false_positive_rate",)
PAIRINGS = 20  # of the reference rows, whose e-values are averaged
EPOCH = pd.Timestamp("1970-01-05")  # a Monday


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled and scored rows, in the order in which they were counted.

    Args:
        table: ``person``, ``labelled`` (a day such as 2026-01-31), ``moment`` (that day's rows of
            one file, see ``counted``), ``label``, ``weight`` and the group columns.
        probabilities: ``(rows, classes)``.
    """

    table: pd.DataFrame
    probabilities: np.ndarray

    def taken(self, where: np.ndarray) -> "Rows":
        """Return some rows."""
        return Rows(self.table[where].reset_index(drop=True), self.probabilities[where])


def refuse_unwatchable(metric: str, classes: int) -> None:
    """Raise unless a metric can be watched with so many classes."""
    there = METRICS if classes == 2 else SEVERAL
    if metric not in there:
        raise InputError(
            f"monitor.rules: {metric} cannot be watched with {classes} classes; there are: "
            f"{', '.join(there)}"
        )


def stream(rows: Rows, metric: str, asked: Sequence[int] = POSITIVE) -> Stream:
    """Return what was right of each unit; of pairs whether they stand in the right order.

    Args:
        rows: New ones.
        metric: What is watched.
        asked: Classes that a true positive rate is about; of several their mean.
    """
    if metric == "auroc":
        return _pairs(rows)
    if metric == "true_positive_rate" and len(asked) > 1:
        return _rounds(rows, asked)
    people = _people(rows, metric, asked)
    return Stream(
        people["right"].to_numpy(), people["moment"].to_numpy(), people["week"].to_numpy()
    )


def reference_units(
    rows: Rows, metric: str, asked: Sequence[int] = POSITIVE
) -> tuple[np.ndarray, np.ndarray]:
    """Return shares and weights of the reference's units, ``(pairings, units)``, weights in 0-1."""
    together = metric == "auroc" or (metric == "true_positive_rate" and len(asked) > 1)
    if not together:
        people = _people(rows, metric, asked)
        weights = people["weight"].to_numpy()
        return people["right"].to_numpy()[None], weights[None] / max(weights.max(initial=0), 1e-300)
    sides = _sides(rows, (1, 0) if metric == "auroc" else asked)
    count = min(map(len, sides))
    shares, weights = [], []
    for number in range(PAIRINGS):
        drawn = [_shuffled(side, number)[:count] for side in sides]
        shares.append(_in_order(*drawn) if metric == "auroc" else _mean_right(drawn))
        weights.append(np.prod([side["weight"].to_numpy() for side in drawn], axis=0))
    heaviest = max((w.max(initial=0) for w in weights), default=0)
    return np.stack(shares), np.stack(weights) / max(heaviest, 1e-300)


def _read_by(rows: Rows, metric: str, asked: Sequence[int]) -> np.ndarray:
    """Tell which rows a metric conditions on."""
    labels = rows.table["label"].to_numpy()
    every = np.ones(len(labels), bool)
    return {"true_positive_rate": labels == asked[0], "false_positive_rate": labels == 0}.get(
        metric, every
    )


def _first_days(rows: Rows) -> Rows:
    """Return of each person the rows of the first day on which there are any."""
    moment = rows.table["moment"]
    first = moment.groupby(rows.table["person"], sort=False).transform("first")
    return rows.taken((moment == first).to_numpy())


def _people(rows: Rows, metric: str, asked: Sequence[int]) -> pd.DataFrame:
    """Return a line a person, in order of counting: share right, weight, moment, week."""
    read = _first_days(rows.taken(_read_by(rows, metric, asked)))
    table = read.table.assign(right=_right(read))
    people = table.groupby("person", sort=False).agg(
        right=("right", "mean"), weight=("weight", "mean"), moment=("moment", "first"),
        labelled=("labelled", "first"),
    )  # fmt: skip
    return people.assign(week=weeks_of(people["labelled"]))


def weeks_of(labelled: "pd.Series[str]") -> np.ndarray:
    """Return the week of each day, counted from 1970; a day that came late is of the latest."""
    if not len(labelled) or not labelled.iloc[0]:  # of the reference there is none
        return np.zeros(len(labelled), int)
    days = (pd.to_datetime(labelled) - EPOCH).dt.days.to_numpy()
    return np.maximum.accumulate(days // 7)


def _right(rows: Rows) -> np.ndarray:
    """Tell of which rows the most probable class is the true one."""
    decided = rows.probabilities.argmax(axis=1)
    return (decided == rows.table["label"].to_numpy()).astype(float)


def _sides(rows: Rows, labels: Sequence[int]) -> list[pd.DataFrame]:
    """Return one row a person for each of some classes.

    A person of several classes serves one of them, by a coin that looks at the name alone.
    """
    first = _first_days(rows.taken(rows.table["label"].isin(labels).to_numpy()))
    table = first.table.assign(score=first.probabilities[:, 1], right=_right(first))
    names = table["person"]
    coin = np.array([hash_position(name, salt="side") for name in names])
    table["lot"] = [
        hash_position(f"{name} {at}", salt="row")
        for name, at in zip(names, table.groupby("person").cumcount(), strict=True)
    ]
    of_person = table.groupby("person")["label"]
    place = of_person.rank("dense", ascending=False) - 1  # the class with the greatest number: 0
    served = table[(place == np.floor(coin * of_person.transform("nunique"))).to_numpy(bool)]
    chosen = served["lot"] == served.groupby("person")["lot"].transform("min")
    served = served[chosen].reset_index(drop=True)
    served["week"] = weeks_of(served["labelled"])
    return [served[served["label"] == label] for label in labels]


def _pairs(rows: Rows) -> Stream:
    """Pair the n-th positive person with the n-th negative one; a pair counts when it is whole."""
    return _together(_sides(rows, (1, 0)), _in_order)


def _rounds(rows: Rows, labels: Sequence[int]) -> Stream:
    """Let the n-th persons of all classes be a unit: which share of them is decided rightly."""
    return _together(_sides(rows, labels), lambda *sides: _mean_right(sides))


def _together(sides: list[pd.DataFrame], value: Callable[..., np.ndarray]) -> Stream:
    count = min(map(len, sides))
    sides = [side[:count] for side in sides]
    later = [
        np.max([side[name].to_numpy() for side in sides], axis=0) for name in ("moment", "week")
    ]
    return Stream(value(*sides), *later)


def _in_order(positive: pd.DataFrame, negative: pd.DataFrame) -> np.ndarray:
    one, other = positive["score"].to_numpy(), negative["score"].to_numpy()
    return (one > other) + 0.5 * (one == other)


def _mean_right(sides: Sequence[pd.DataFrame]) -> np.ndarray:
    """Return a unit's mean over classes of what was right, whose mean is the mean recall."""
    found: np.ndarray = np.mean([side["right"].to_numpy() for side in sides], axis=0)
    return found


def _shuffled(side: pd.DataFrame, number: int) -> pd.DataFrame:
    order = np.argsort([hash_position(n, salt=f"pairing {number}") for n in side["person"]])
    return side.iloc[order]
