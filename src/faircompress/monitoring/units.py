"""Independent units of labelled rows: one a person, or for AUROC a pair of two people.

A person counts once in each process: with the rows that the process reads of the first day on
which it sees any. What is labelled of this person later is left out, so that what was counted
never changes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from faircompress.data.dataset import hash_position
from faircompress.monitoring.wealth import Stream
from faircompress.support.errors import InputError

SHARES = ("true_positive_rate", "false_positive_rate", "accuracy")
METRICS = (*SHARES, "auroc")
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
    if metric not in METRICS or (classes > 2 and metric != "accuracy"):
        there = ", ".join(METRICS if classes == 2 else ("accuracy",))
        raise InputError(
            f"monitor.rules: {metric} cannot be watched with {classes} classes; there are: {there}"
        )


def stream(rows: Rows, metric: str) -> Stream:
    """Return what was right of each unit; of pairs whether they stand in the right order."""
    if metric == "auroc":
        return _pairs(rows)
    people = _people(rows, metric)
    return Stream(
        people["right"].to_numpy(), people["moment"].to_numpy(), people["week"].to_numpy()
    )


def reference_units(rows: Rows, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return shares and weights of the reference's units, ``(pairings, units)``, weights in 0-1."""
    if metric != "auroc":
        people = _people(rows, metric)
        weights = people["weight"].to_numpy()
        return people["right"].to_numpy()[None], weights[None] / max(weights.max(initial=0), 1e-300)
    positive, negative = _sides(rows)
    count = min(len(positive), len(negative))
    shares, weights = [], []
    for number in range(PAIRINGS):
        one, other = (_shuffled(side, number)[:count] for side in (positive, negative))
        right = _in_order(one["score"].to_numpy(), other["score"].to_numpy())
        shares.append(right)
        weights.append(one["weight"].to_numpy() * other["weight"].to_numpy())
    heaviest = max((w.max(initial=0) for w in weights), default=0)
    return np.stack(shares), np.stack(weights) / max(heaviest, 1e-300)


def _read_by(rows: Rows, metric: str) -> np.ndarray:
    """Tell which rows a metric conditions on."""
    labels = rows.table["label"].to_numpy()
    every = np.ones(len(labels), bool)
    return {"true_positive_rate": labels == 1, "false_positive_rate": labels == 0}.get(
        metric, every
    )


def _first_days(rows: Rows) -> Rows:
    """Return of each person the rows of the first day on which there are any."""
    moment = rows.table["moment"]
    first = moment.groupby(rows.table["person"], sort=False).transform("first")
    return rows.taken((moment == first).to_numpy())


def _people(rows: Rows, metric: str) -> pd.DataFrame:
    """Return a line a person, in order of counting: share right, weight, moment, week."""
    read = _first_days(rows.taken(_read_by(rows, metric)))
    decided = read.probabilities.argmax(axis=1)
    table = read.table.assign(right=(decided == read.table["label"].to_numpy()).astype(float))
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


def _sides(rows: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row a person, those of the positive class and the others.

    A person of both classes serves one of them, by a coin that looks at the name alone.
    """
    first = _first_days(rows)
    table = first.table.assign(score=first.probabilities[:, 1])
    names = table["person"]
    table["coin"] = [hash_position(name, salt="side") for name in names]
    table["lot"] = [
        hash_position(f"{name} {at}", salt="row")
        for name, at in zip(names, table.groupby("person").cumcount(), strict=True)
    ]
    both = table.groupby("person")["label"].transform("nunique") > 1
    wanted = ~both | (table["label"] == (table["coin"] < 0.5).astype(int))
    served = table[wanted]
    chosen = served["lot"] == served.groupby("person")["lot"].transform("min")
    served = served[chosen].reset_index(drop=True)
    served["week"] = weeks_of(served["labelled"])
    return served[served["label"] == 1], served[served["label"] == 0]


def _pairs(rows: Rows) -> Stream:
    """Pair the n-th positive person with the n-th negative one; a pair counts when it is whole."""
    positive, negative = _sides(rows)
    count = min(len(positive), len(negative))
    one, other = positive[:count], negative[:count]
    right = _in_order(one["score"].to_numpy(), other["score"].to_numpy())
    later = [
        np.maximum(one[name].to_numpy(), other[name].to_numpy()) for name in ("moment", "week")
    ]
    return Stream(right, *later)


def _in_order(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    return (positive > negative) + 0.5 * (positive == negative)


def _shuffled(side: pd.DataFrame, number: int) -> pd.DataFrame:
    order = np.argsort([hash_position(n, salt=f"pairing {number}") for n in side["person"]])
    return side.iloc[order]
