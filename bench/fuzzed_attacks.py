"""What somebody may do to a table in the hope of a pass. Each returns another case.

``strict``: harm stays in what is judged, so no pass may come of it. The others take the harm out of
what the audit can see, which the documentation says of them (docs/audit.md, docs/statistics.md 14):
leaving out single harmed rows, inventing ids, weights or people, merging groups. Of these a pass is
a fault only where an estimate that anybody can compute from the table is beyond its limit.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from fuzzed_tables import ALL_ROWS, Case, one_of

Rng = np.random.Generator
Attack = Callable[[Case, Rng], Case]
UNKNOWN = ("nan", "NaN", "unknown", "None", "", " ", "n/a", "0", "9999", "-1", "?", "other")


def _test(case: Case) -> pd.Series:
    return case.frame["part"] == "test"


def _of(case: Case, home: str = "b") -> pd.Series:
    return case.frame["_home"] == home


def drop_at_random(case: Case, rng: Rng) -> Case:
    """Leave out some rows, whatever they say."""
    kept = rng.random(len(case.frame)) < rng.uniform(0.3, 0.98)
    return case.rows(case.frame[kept], "drop at random")


def drop_one(case: Case, rng: Rng) -> Case:
    """Leave out one row."""
    return case.rows(case.frame.drop(rng.integers(len(case.frame))), "drop one")


def drop_harmed(case: Case, rng: Rng) -> Case:
    """Leave out harmed rows: the table then holds less harm than the world."""
    gone = case.frame["_hit"] & (rng.random(len(case.frame)) < rng.uniform(0.2, 1))
    return case.rows(case.frame[~gone], "drop harmed", strict=False)


def empty_subgroup(case: Case, rng: Rng) -> Case:
    """Leave out one class of one group: undeclared, it never yields a pass."""
    home, label = one_of(rng, "a", "b"), int(rng.integers(case.classes))
    gone = _of(case, home) & (case.frame["_class"] == label) & _test(case)
    return case.rows(case.frame[~gone], f"empty class {label} of {home}")


def nearly_empty(case: Case, rng: Rng) -> Case:
    """Keep one to three rows of a class in the harmed group, unharmed ones first.

    What counts all rows hardly sees so few; who wants them seen asks for a rate of their class.
    """
    of = _of(case) & (case.frame["_class"] == case.classes - 1) & _test(case)
    kept = case.frame[of].sort_values("_hit").index[: int(rng.integers(1, 4))]
    of_class = not all(any(m in str(rule) for m in ALL_ROWS) for rule in case.asks["rules"])
    return case.rows(case.frame[~of | case.frame.index.isin(kept)], "nearly empty", strict=of_class)


def empty_group(case: Case, rng: Rng) -> Case:
    """Leave out the harmed group: without validation rows or ``expect`` nobody misses it."""
    return case.rows(case.frame[~(_of(case) & _test(case))], "empty group", strict=False)


def expected_group(case: Case, rng: Rng) -> Case:
    """Say that the harmed group must be there, and leave it out."""
    name = str(case.frame.loc[_of(case), "g"].iloc[0]) if _of(case).any() else "b"
    gone = case.frame[~(_of(case) & _test(case))]
    asks = {**case.asks, "expect": {"g": [name]}}
    return case.rows(gone, "empty an expected group").named("", asks=asks)


def merge_groups(case: Case, rng: Rng) -> Case:
    """Call the harmed group as another."""
    other = case.frame.loc[~_of(case), "g"]
    if other.empty:
        return case
    merged = case.frame.assign(g=case.frame["g"].mask(_of(case), other.iloc[0]))
    return case.rows(merged, "merge groups", strict=False)


def split_group(case: Case, rng: Rng) -> Case:
    """Cut the harmed group into several, by chance."""
    parts = rng.integers(1, int(rng.integers(3, 9)), len(case.frame)).astype(str)
    named = case.frame["g"].astype(str) + np.where(_of(case), "." + parts, "")
    return case.rows(case.frame.assign(g=named), "split the group")


def respell(case: Case, rng: Rng) -> Case:
    """Write the harmed group otherwise in some rows."""
    word = case.frame["g"].astype(str)
    spelt = one_of(rng, word + " ", " " + word, word.str.upper(), word.str.lower(), word + ".",
                   word + "\u200b", "\u00a0" + word, word + "\n")  # fmt: skip
    some = _of(case) & (rng.random(len(case.frame)) < rng.uniform(0.3, 1))
    return case.rows(case.frame.assign(g=case.frame["g"].mask(some, spelt)), "respell")


def unknown_group(case: Case, rng: Rng) -> Case:
    """Call harmed and some other rows of the group unknown."""
    some = _of(case) & (case.frame["_hit"] | (rng.random(len(case.frame)) < 0.5))
    value = one_of(rng, *UNKNOWN, None, np.nan, 0, 9999)
    column = case.frame["g"].astype(object).mask(some, value)
    return case.rows(case.frame.assign(g=column), f"unknown group {value!r}")


def repeat_rows(case: Case, rng: Rng) -> Case:
    """Write unharmed rows of the group again: with new ids where they have some."""
    frame, times = case.frame, int(rng.integers(2, 8))
    again = frame[_of(case) & ~frame["_hit"]]
    made = [again.assign(id=again["id"] + f"+{k}") for k in range(times)]
    believed = "id" in case.asks or "cluster" in case.asks  # ids are; rows of a cluster count
    coarse = _coarse(case)
    return case.rows(pd.concat([frame, *made]), f"repeat {times} times",
                     strict=not believed and not coarse)  # fmt: skip


def repeat_all(case: Case, rng: Rng) -> Case:
    """Write every row twice."""
    made = case.frame.assign(id=case.frame["id"] + "+")
    return case.rows(pd.concat([case.frame, made]), "repeat all")


def repeat_harmed(case: Case, rng: Rng) -> Case:
    """Write harmed rows again."""
    again = case.frame[case.frame["_hit"]]
    return case.rows(pd.concat([case.frame, again.assign(id=again["id"] + "*")]), "repeat harmed")


def jittered_copies(case: Case, rng: Rng) -> Case:
    """Write unharmed rows of the group again with a little noise."""
    frame = case.frame
    again = frame[_of(case) & ~frame["_hit"]]
    made = []
    for k in range(int(rng.integers(2, 6))):
        copy = again.assign(id=again["id"] + f"~{k}")
        if case.classes == 2 and "d" in copy:
            for name in ("d", "s"):
                copy[name] = (copy[name] + 1e-7 * rng.random(len(copy))).clip(0, 1)
        made.append(copy)
    # where scores crowd at the ends of their range copies cannot be told: docs/statistics.md, 14
    return case.rows(pd.concat([frame, *made]), "copies with noise", strict=False)


def unharmed_twins(case: Case, rng: Rng) -> Case:
    """Give each harmed person a row that is unharmed."""
    twins = case.frame[case.frame["_hit"]]
    twins = twins.assign(id=twins["id"] + "t")
    ours, theirs = case.scores
    twins[theirs] = twins[ours].to_numpy()
    return case.rows(pd.concat([case.frame, twins]), "unharmed twins", strict=False)


def new_group(case: Case, rng: Rng) -> Case:
    """Add rows of a group of its own, unharmed."""
    made = case.frame[~case.frame["_hit"]].sample(frac=0.5, random_state=int(rng.integers(10**9)))
    made = made.assign(g="new", _home="new", id=made["id"] + "n", who=made["who"] + "n")
    ours, _ = case.scores
    for name in ours if case.classes == 2 and not _coarse(case) else ():
        made[name] = (made[name] * 0.999 + 0.0004).clip(0, 1)
    return case.rows(pd.concat([case.frame, made]), "new group")


def scale_weights(case: Case, rng: Rng) -> Case:
    """Weigh everybody more or less, and declare the cap likewise."""
    by = one_of(rng, 1e-6, 0.1, 3.0, 1e6)
    asks = dict(case.asks)
    if isinstance(asks.get("max_weight"), float) and "weight" in asks:
        asks["max_weight"] = asks["max_weight"] * by
    return case.named(f"weights times {by:g}", frame=case.frame.assign(w=case.frame["w"] * by),
                      asks=asks)  # fmt: skip


def weigh_down(case: Case, rng: Rng) -> Case:
    """Let harmed rows weigh little or nothing."""
    light = one_of(rng, 0.0, 1e-9, 0.01, 0.3, np.nan, -1.0)
    frame = case.frame.assign(w=case.frame["w"].mask(case.frame["_hit"], light))
    asks = {**case.asks, "weight": "w"}
    asks.pop("counts", None)
    return case.named(f"harmed weigh {light}", frame=frame, asks=asks, strict=False)


def zero_rows(case: Case, rng: Rng) -> Case:
    """Add rows that weigh nothing."""
    made = case.frame.sample(20, random_state=int(rng.integers(10**9)))
    made = made.assign(w=0.0, id=made["id"] + "z", who=made["who"] + "z")
    asks = {**case.asks, "weight": "w"}
    asks.pop("counts", None)
    return case.rows(pd.concat([case.frame, made]), "rows of weight 0").named("", asks=asks)


def _coarse(case: Case) -> bool:
    ours, _ = case.scores
    return all(case.frame[name].astype(float).nunique() < len(case.frame) / 2 for name in ours)


ROW_ATTACKS: tuple[Attack, ...] = (
    drop_at_random, drop_one, drop_harmed, empty_subgroup, nearly_empty, empty_group,
    expected_group, merge_groups, split_group, respell, unknown_group, repeat_rows, repeat_all,
    repeat_harmed, jittered_copies, unharmed_twins, new_group, scale_weights, weigh_down, zero_rows,
)  # fmt: skip
