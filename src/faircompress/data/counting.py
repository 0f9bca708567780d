"""What rates count: rows, or clusters, each of which counts once however many rows it has.

Where people have many pictures, a bound on rates over pictures must allow for somebody who has the
most, so each row is believed the less for it. Rates over people have no such price: a person's
pictures share a weight of 1.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from faircompress.data.caps import MaxWeight
from faircompress.data.sources import OPEN, RawData
from faircompress.support.errors import InputError

MOST = (MaxWeight(2.0),)
"""Shares of one cluster sum to at most 1 in a class, and rows of both classes count twice."""
NOTE = "each person counts once, whatever the number of pictures (data.counts: people)"


def shares(cluster: np.ndarray) -> np.ndarray:
    """Return what each row counts where each cluster counts 1, floats, ``(rows,)``.

    Args:
        cluster: Id of the cluster of each row.
    """
    if not len(cluster):
        return np.ones(0)
    place, size = np.unique(cluster, return_inverse=True, return_counts=True)[1:]
    return np.asarray(1 / size[place])


def by_person(raw: RawData, key: str = "data.counts") -> RawData:
    """Return a data set in which the pictures of a person, in one split, share a weight of 1.

    Raises:
        ValueError: If no row says whose it is, or rows have weights of their own.
    """
    rows = raw.rows
    if rows["identity"].isna().all():
        raise InputError(
            f"{key} is people, but no row says whose picture it is. Name the column of people, "
            "such as identity: person, or write pictures."
        )
    if (pd.to_numeric(rows["weight"], errors="coerce") != 1).any():
        raise InputError(f"{key} is people, but rows have weights of their own. Leave out either.")
    people = rows["identity"].astype(object)
    named = people.notna().to_numpy()
    weight = np.ones(len(rows))
    splits = rows["split"].to_numpy()
    for split in {*splits} - {OPEN}:
        there = named & (splits == split)
        weight[there] = shares(people[there].map(str).to_numpy().astype(str))
    changes: dict[str, Any] = {"rows": rows.assign(weight=weight), "notes": (*raw.notes, NOTE)}
    return replace(raw, **changes, max_weight=raw.max_weight or MOST)
