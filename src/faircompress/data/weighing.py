"""The most that a cluster weighs in the rows at hand: declared, or taken from validation rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faircompress.data.caps import MARGIN, UNKNOWN, MaxWeight, most_of
from faircompress.data.predictions import Predictions
from faircompress.support.errors import InputError


@dataclass(frozen=True, eq=False)
class Caps:
    """Where caps come from.

    Args:
        declared: By subgroup; empty: unknown.
        validation: Rows that are weighted in the same way, if nothing is declared.
        classes: Names of the classes.
    """

    declared: tuple[MaxWeight, ...]
    validation: Predictions | None
    classes: tuple[str, ...]

    def of(self, classes: Sequence[int], where: Mapping[str, str]) -> float:
        """Return the most that a cluster weighs, summed over its rows of these classes.

        Args:
            classes: Indices.
            where: Column -> value of the rows.
        """
        if self.declared:
            return self._declared([self.classes[k] for k in classes], where)
        if self.validation is None:
            return UNKNOWN
        seen = _heaviest(self.validation, classes, where)
        return MARGIN * (seen or _heaviest(self.validation, range(len(self.classes)), {}))

    def _declared(self, classes: Sequence[str], where: Mapping[str, str]) -> float:
        by_class = any("label" in one.where for one in self.declared)
        places = [{**where, "label": name} for name in classes] if by_class else [where]
        return sum(self._most(place) for place in places)

    def refuse_uncovered(self, rows: Predictions) -> None:
        """Refuse rows of a subgroup, however many columns tell it, that no declaration is about.

        Raises:
            ValueError: Naming it.
        """
        names = {**rows.groups, "label": np.asarray(rows.classes)[rows.labels]}
        columns = sorted({column for one in self.declared for column in one.where} & names.keys())
        if not columns:
            return
        values = np.stack([names[column].astype(str) for column in columns])
        for place in np.unique(values, axis=1).T:
            self._most(dict(zip(columns, map(str, place), strict=True)))

    def _most(self, place: Mapping[str, str]) -> float:
        most = most_of(self.declared, place)
        if most is None:
            raise InputError(
                "max_weight declares nothing for "
                f"{_named(place) or 'all rows'}; it must cover "
                f"every subgroup, and declares {_spelt(self.declared)}. Add it, or declare one "
                "number."
            )
        return most


def _spelt(declared: Sequence[MaxWeight]) -> str:
    """Say which subgroups were declared, five at most."""
    named = [_named(one.where) for one in declared[:5]]
    more = len(declared) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _named(where: Mapping[str, str]) -> str:
    """Return a subgroup as its owner would write it; a class may hold its column's name."""
    return " & ".join(v if k == "label" and "=" in v else f"{k}={v}" for k, v in where.items())


def caps_of(test: Predictions, validation: Predictions | None) -> Caps | None:
    """Return the caps of a test set; None: its rows are alike and each stands for itself.

    Rows that only happen to be alike are not: of heavier ones that were not drawn they say nothing.

    Args:
        test: One model's predictions.
        validation: Of other rows, weighted in the same way; None: there are none.
    """
    held = () if validation is None else validation.weights
    ones = bool((test.weights == 1).all() and np.all(np.equal(held, 1)))
    if test.identities is None and not test.max_weight and ones:
        return None
    if len(test.max_weight) == 1 and not test.max_weight[0].where:
        names = test.ids if test.identities is None else test.identities
        if len(np.unique(names)) == len(names) and (test.weights == test.max_weight[0].most).all():
            return None
    return Caps(test.max_weight, validation, test.classes)


def refuse_heavy(test: Predictions, caps: Caps | None, groups: Sequence[Mapping[str, str]]) -> None:
    """Refuse rows of a cluster that weighs more than was declared.

    Args:
        test: One model's predictions.
        caps: Of ``caps_of``.
        groups: Column -> value of each group.

    Raises:
        ValueError: Naming the class and the group.
    """
    if caps is None:
        return
    caps.refuse_uncovered(test)
    for where in ({}, *groups):
        for k, name in enumerate(test.classes):
            found, most = _heaviest(test, [k], where), caps.of([k], where)
            if found > most * (1 + 1e-9):
                place = " & ".join([f"{c}={v}" for c, v in where.items()] + [f"class {name}"])
                raise InputError(
                    f"in {place} a cluster (or a row of its own) weighs {found:.6g}, more than the "
                    f"{most:.6g} that one may weigh (rows of a cluster with both classes count "
                    "twice). No bound holds for what may be heavier than said: declare the most "
                    "that one weighs in the population, as max_weight of the data source or of the "
                    "audit; or let each count once (data.counts: people, of an audit --counts "
                    "clusters)."
                )


def strata_of(test: Predictions) -> np.ndarray | None:
    """Return the stratum of each row whose count was fixed by design, integers; None: no strata."""
    if not test.fixed_counts:
        return None
    columns = [
        test.labels if name == "label" and name not in test.groups else test.groups[name]
        for name in test.fixed_counts
    ]
    places = np.stack([np.unique(column, return_inverse=True)[1] for column in columns])
    return np.unique(places, axis=1, return_inverse=True)[1].ravel()


def _heaviest(rows: Predictions, classes: Sequence[int], where: Mapping[str, str]) -> float:
    """Return the largest weight of a cluster among some rows, doubled where it has others too."""
    there = np.ones(len(rows.ids), bool)
    for column, value in where.items():
        there &= rows.groups.get(column, np.full(len(there), value)) == value
    who = np.unique(rows.ids if rows.identities is None else rows.identities, return_inverse=True)[
        1
    ]
    of_class = np.isin(rows.labels, list(classes))
    ours, others = (np.bincount(who, rows.weights * (there & x)) for x in (of_class, ~of_class))
    return float(np.where(others > 0, 2 * ours, ours).max(initial=0))
