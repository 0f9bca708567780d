"""Intersections that are tested at their parents' level, for want of rows: docs section 16.4."""

from typing import Any

import numpy as np

from faircompress.second_opinion.reading import Group, Predictions
from faircompress.second_opinion.statement import Difference
from faircompress.support.errors import InputError

Json = dict[str, Any]


def without_sparse(
    verdict: Json, rows: Predictions, groups: dict[str, Group]
) -> tuple[list[Difference], dict[str, Group]]:
    """Return where the list of sparse intersections is wrong, and the groups without them.

    The least number of rows is not stated, but one must exist: no intersection that is tested
    alone may have as few rows of a class as one that is not.

    Raises:
        ValueError: If the verdict merged intersections, which this program does not derive.
    """
    listed = {one["group"]: one for one in verdict.get("sparse", ())}
    merged = {one["tested_as"][0] for one in listed.values() if len(one["tested_as"]) < 2}
    if merged:
        raise InputError(
            f"the verdict merged sparse intersections into {', '.join(sorted(merged))}, which this "
            "program does not derive. Evaluate with sparse: judge or parent to have it verified."
        )
    crossed = {name: of for name, of in groups.items() if len(of.where) > 1}
    found = [Difference(name, "sparse", "listed", "no group") for name in listed.keys() - crossed]
    counts = {name: _counts(rows, of) for name, of in crossed.items()}
    for name in listed.keys() & crossed.keys():
        for of_class, stated in listed[name]["rows"].items():
            here = counts[name].get(of_class, 0)
            if stated != here:
                found.append(Difference(name, f"sparse rows of {of_class}", stated, here))
    fewest = {name: min(of.values()) for name, of in counts.items() if min(of.values())}
    most = max((fewest[name] for name in listed if name in fewest), default=0)
    found += [
        Difference(name, "sparse", f"tested alone with {least} rows of a class", "listed")
        for name, least in fewest.items()
        if name not in listed and listed and least <= most
    ]
    return found, {name: of for name, of in groups.items() if name not in listed}


def _counts(rows: Predictions, group: Group) -> dict[str, int]:
    counts = np.bincount(rows.labels[group.own], minlength=len(rows.classes))
    return dict(zip(rows.classes, counts.tolist(), strict=True))
