"""What somebody may ask for, or do to columns of scores and people, in the hope of a pass."""

from typing import Any

import numpy as np
import pandas as pd
from fuzzed_attacks import ROW_ATTACKS, Attack, Rng, expected_group, unknown_group, zero_rows
from fuzzed_tables import Case, one_of

GIANT = 0.3  # of all rows


def to_validation(case: Case, rng: Rng) -> Case:
    """Move rows to validation: some at random, the group, its class, or harmed ones alone."""
    frame = case.frame
    group = frame["_home"] == "b"
    rare = group & (frame["_class"] == case.classes - 1)
    what, moved, strict = one_of(
        rng,
        ("some", pd.Series(rng.random(len(frame)) < 0.4), True),
        ("the group", group, True),  # validation has it, so test lacks it
        ("the class", rare, True),
        ("harmed rows", frame["_hit"], False),
    )
    whole = frame.groupby("_who")["part"].transform("size") == 1  # nobody may be in both
    part = frame["part"].mask(moved & whole, "validation")
    asks = {**case.asks, "split": "part", "id": "id"}
    return case.named(f"{what} to validation", frame=frame.assign(part=part), asks=asks,
                      strict=strict)  # fmt: skip


def to_test(case: Case, rng: Rng) -> Case:
    """Call validation rows test rows."""
    asks = {k: v for k, v in case.asks.items() if k != "split"}
    if asks.get("threshold") in ("validation", "baseline"):
        asks["threshold"] = 0.5
    return case.named("no split", frame=case.frame.assign(part="test"), asks=asks)


def odd_split(case: Case, rng: Rng) -> Case:
    """Call harmed rows of another split."""
    word = one_of(rng, "train", "", None, "Test ", "TEST", "holdout", "dev", "unknown")
    part = case.frame["part"].astype(object).mask(case.frame["_hit"], word)
    asks = {**case.asks, "split": "part", "id": "id"}
    return case.named(f"split {word!r}", frame=case.frame.assign(part=part), asks=asks,
                      strict=word != "dev")  # fmt: skip


def giant_cluster(case: Case, rng: Rng) -> Case:
    """Put many rows into one cluster: harmed ones, or any."""
    frame = case.frame
    harmed = rng.random() < 0.5
    some = frame["_hit"] if harmed else pd.Series(rng.random(len(frame)) < GIANT)
    word = one_of(rng, "x", "unknown", "0", "9999")
    once = case.asks.get("counts") == "clusters"
    who = frame["who"].mask(some, word)
    asks, strict = {**case.asks, "cluster": "who"}, not (once and harmed)
    moved = frame.assign(who=who)
    return case.named(f"giant cluster {word!r}", frame=moved, asks=asks, strict=strict)


def own_clusters(case: Case, rng: Rng) -> Case:
    """Call each row a person of its own, or say nothing of people."""
    asks = {k: v for k, v in case.asks.items() if k not in ("cluster", "counts")}
    if rng.random() < 0.5:
        who = "q" + pd.Series(np.arange(len(case.frame))).astype(str)
        return case.named("a cluster a row", frame=case.frame.assign(who=who.to_numpy()),
                          asks={**case.asks, "cluster": "who"})  # fmt: skip
    if "weight" not in asks:
        asks.pop("max_weight", None)
    return case.named("no clusters", asks=asks)


def shuffled_clusters(case: Case, rng: Rng) -> Case:
    """Say of rows that they belong to other people."""
    return case.named("other people", frame=case.frame.assign(
        who=rng.permutation(case.frame["who"].to_numpy())),
        asks={**case.asks, "cluster": "who"},
        strict=case.asks.get("counts") != "clusters")  # fmt: skip


def colliding_ids(case: Case, rng: Rng) -> Case:
    """Give harmed rows one id, an empty one, or one that differs by blanks or zeros."""
    made = one_of(rng, "r", None, "", np.nan)
    ids = case.frame["id"].astype(object).mask(case.frame["_hit"], made)
    return case.named(f"ids {made!r}", frame=case.frame.assign(id=ids),
                      asks={**case.asks, "id": "id"})  # fmt: skip


def _scored(case: Case, what: str, change: Any, *, strict: bool = True) -> Case:
    frame = case.frame.copy()
    for name in sum(case.scores, []):
        frame[name] = change(frame[name])
    return case.named(what, frame=frame, strict=strict)


def round_scores(case: Case, rng: Rng) -> Case:
    """Write fewer digits, or fewer bits."""
    if case.classes > 2:
        return case
    digits = int(rng.integers(0, 7))
    return one_of(
        rng,
        _scored(case, f"round to {digits}", lambda x: x.round(digits)),
        _scored(case, "float32", lambda x: x.astype(np.float32)),
        _scored(case, "float16", lambda x: x.astype(np.float16)),
        _scored(case, "8 bits", lambda x: (x * 255).round() / 255),
    )


def clip_scores(case: Case, rng: Rng) -> Case:
    """Clip both models' scores."""
    if case.classes > 2:
        return case
    low, high = sorted(rng.uniform(0, 1, 2))
    # between them nothing need be told apart, and then nothing need be harmed
    return _scored(case, f"clip to {low:.2f} {high:.2f}", lambda x: x.clip(low, high),
                   strict=low < 0.4 and high > 0.6)  # fmt: skip


def constant_scores(case: Case, rng: Rng) -> Case:
    """Let a model, or both, say the same of everybody."""
    ours, theirs = case.scores
    frame = case.frame.copy()
    value = 1 / case.classes
    for name in one_of(rng, ours, theirs, ours + theirs):
        frame[name] = value if "_" in name or case.classes == 2 else 0
    return case.named("constant scores", frame=frame)


def no_scores(case: Case, rng: Rng) -> Case:
    """Say nothing of harmed rows."""
    _, theirs = case.scores
    value = one_of(rng, np.nan, None, np.inf, "x", -0.1, "")
    frame = case.frame.copy()
    for name in theirs:
        frame[name] = frame[name].astype(object).mask(frame["_hit"], value)
    return case.named(f"scores {value!r}", frame=frame)


def exchanged(case: Case, rng: Rng) -> Case:
    """Call the candidate the baseline, and the baseline the candidate."""
    asks = {**case.asks, "baseline": case.asks["candidate"], "candidate": case.asks["baseline"]}
    return case.named("exchanged", asks=asks, strict=False)


def other_threshold(case: Case, rng: Rng) -> Case:
    """Decide elsewhere."""
    if case.classes > 2:
        return case
    value = one_of(rng, 1e-9, 0.01, 0.2, 0.8, 0.99, 1 - 1e-9, 0, 1, "baseline", "validation")
    return case.named(f"threshold {value}", asks={**case.asks, "threshold": value},
                      strict=value in (0.2, 0.8))  # fmt: skip


def more_rules(case: Case, rng: Rng) -> Case:
    """Give rules in another order, twice, with wide limits beside, or of few groups."""
    rules = [case.asks["rules"][k] for k in rng.permutation(len(case.asks["rules"]))]
    wide = {**rules[0], "limit": 0.5}
    made = one_of(rng, rules, [*rules, rules[0]], [*rules, wide], [wide, *rules],
                  [{**rule, "groups": None} for rule in rules],
                  [*rules, {"rule": "flips", "limit": 0.99}],
                  [*rules, {"rule": "size", "limit": 0.5}],
                  [*rules, {**rules[0], "against": "champion"}])  # fmt: skip
    return case.named("other rules", asks={**case.asks, "rules": made})


def declared_absent(case: Case, rng: Rng) -> Case:
    """Declare absent what is there, or what is not there."""
    if not (case.frame["_home"] == "b").any():
        return case
    group = str(case.frame.loc[case.frame["_home"] == "b", "g"].iloc[0])
    label = case.frame.loc[case.frame["_class"] == case.classes - 1, "y"].iloc[0]
    said = one_of(rng, f"g={group}", f"g={group} & y={label}", f"y={label}", "g=nobody")
    return case.named(f"absent {said}", asks={**case.asks, "absent": [said]}, strict=False)


def other_options(case: Case, rng: Rng) -> Case:
    """Cross groups, merge rare ones, fix counts."""
    more = one_of(
        rng, {"intersections": True}, {"fixed_counts": ["y"]}, {"fixed_counts": ["g"]},
        {"intersections": True, "sparse": "merge", "min_rows": 10_000},
        {"intersections": True, "sparse": "parent", "min_rows": 10_000},
        {"counts": "clusters", "cluster": "who"}, {"max_weight": 1.0}, {"max_weight": 1e9},
        {"max_weight": None}, {"confidence": 0.6}, {"crosschecks": True},
    )  # fmt: skip
    invented = any(word in str(case.done) for word in ("giant", "other people"))
    return case.named(f"{more}", asks={**case.asks, **more},
                      strict=not ("counts" in more and invented))  # fmt: skip


def label_as_group(case: Case, rng: Rng) -> Case:
    """Take the label for the only group, or beside others."""
    groups = one_of(rng, ["y"], [*case.asks["groups"], "y"], ["h"], ["id"])
    return case.named(f"groups {groups}", asks={**case.asks, "groups": groups},
                      strict="g" in groups)  # fmt: skip


def noisy_group(case: Case, rng: Rng) -> Case:
    """Add a column of groups that means nothing."""
    frame = case.frame.assign(n=rng.integers(0, int(rng.integers(1, 6)), len(case.frame)))
    return case.named("another column", frame=frame,
                      asks={**case.asks, "groups": [*case.asks["groups"], "n"]})  # fmt: skip


ATTACKS: tuple[Attack, ...] = (
    *ROW_ATTACKS, to_validation, to_test, odd_split, giant_cluster, own_clusters,
    shuffled_clusters, colliding_ids, round_scores, clip_scores, constant_scores, no_scores,
    exchanged, other_threshold, more_rules, declared_absent, other_options, label_as_group,
    noisy_group,
)  # fmt: skip
HARMLESS = (*ROW_ATTACKS, to_validation, to_test, odd_split, giant_cluster, own_clusters,
            shuffled_clusters, more_rules, other_options, label_as_group, noisy_group)  # fmt: skip
REFUSED = (expected_group, zero_rows, odd_split, colliding_ids, no_scores, declared_absent,
           unknown_group)  # fmt: skip  # nearly always, so that nothing else is tried
