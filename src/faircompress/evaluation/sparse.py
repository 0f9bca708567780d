"""What becomes of intersections that are too small to be tested alone: a declared policy.

It looks at counts of rows and labels, never at an answer. docs/statistics.md, 16.4.
"""

from collections.abc import Sequence

import numpy as np

from faircompress.config.bounds import JOIN
from faircompress.config.rules import Gate
from faircompress.evaluation.captions import Captions, class_phrase
from faircompress.evaluation.comparison import PairedComparison
from faircompress.evaluation.groups import Group
from faircompress.evaluation.reported_results import SparseGroup

OTHER = "other"


def sparse_groups(
    comparison: PairedComparison, groups: Sequence[Group], gate: Gate, captions: Captions
) -> list[SparseGroup]:
    """Return the intersections that the policy does not test alone.

    One that wholly lacks a class, undeclared, is not among them: it stays a group of its own, in
    which nothing can pass. Emptying a subgroup helps nobody.

    Args:
        comparison: The models.
        groups: Of the test rows, as ``groups_of`` returns them.
        gate: Policy and least number of rows of each class.
        captions: What rows are called.
    """
    if gate.sparse == "judge" or gate.min_rows is None:
        return []
    found = []
    for group in groups:
        if JOIN not in group.column:
            continue
        labels = comparison.baseline.labels[group.rows]
        counts = {
            comparison.classes[k]: int((labels == k).sum())
            for k in comparison.expected_classes(group)
        }
        if counts and 0 < min(counts.values()) < gate.min_rows:
            found.append(_sparse(group, counts, gate, captions.rows))
    return found


def regrouped(groups: Sequence[Group], sparse: Sequence[SparseGroup]) -> list[Group]:
    """Return the groups that are tested: without sparse ones, with what they were merged into.

    Args:
        groups: As ``groups_of`` returns them, of any rows of the same columns.
        sparse: Of the test rows.
    """
    into = {one.group: one.tested_as for one in sparse}
    kept = [group for group in groups if group.key not in into]
    merged: dict[str, list[Group]] = {}
    for group in groups:
        name = f"{group.column}={OTHER}"
        if group.key in into and into[group.key] == [name]:
            merged.setdefault(name, []).append(group)
    return kept + [_joined(name, parts) for name, parts in merged.items()]


def _joined(name: str, parts: Sequence[Group]) -> Group:
    column = parts[0].column
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows)
    return Group(
        key=name,
        column=column,
        rows=rows[order],
        where={column: OTHER},  # no declared condition or cap names it: all that may apply do
        members=tuple(part.where for part in parts),
        member=np.repeat(np.arange(len(parts)), [len(part.rows) for part in parts])[order],
    )


def _sparse(group: Group, counts: dict[str, int], gate: Gate, rows: str) -> SparseGroup:
    few = min(counts, key=lambda name: counts[name])
    there = f"{counts[few]:,} {rows} are {class_phrase(few)} there"
    because = f"because {there}, fewer than {gate.min_rows:,}"
    if gate.sparse == "merge":
        name = f"{group.column}={OTHER}"
        return SparseGroup(group.key, counts, [name], f"merged into {name} {because}")
    parents = [f"{column}={value}" for column, value in group.where.items()]
    level = f"judged at the parent's level ({' and '.join(parents)})"
    return SparseGroup(group.key, counts, parents, f"{level} {because}")
