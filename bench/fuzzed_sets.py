"""Sets with harm at the limit, changed as the sampling model admits, given to the public audit.

What is done keeps the null true: rows or people are left out by chance, written again without ids,
rounded, weighed in other units, moved to validation, cut into groups by chance. What is counted is
how often the check of the group at risk passes, and how often any check fails: each at most alpha,
up to 3.1 Monte-Carlo errors.
"""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from fuzzed_limits import Population, drawn_set, population, rule_of
from simulated import Job, Record, bar, share, table

import faircompress

FIRST, PART = 10, 25  # sets at first; of a job later
Rng = np.random.Generator
Set = tuple[pd.DataFrame, dict[str, Any]]


def asks_of(of: Population) -> dict[str, Any]:
    """Return what an audit is asked, before anything is done."""
    several = "_*" if of.metric == "recall" else ""
    asks: dict[str, Any] = {
        "label": "y", "groups": ["g"], "baseline": f"d{several}", "candidate": f"s{several}",
        "rules": [rule_of(of)], "confidence": 1 - of.alpha,
    }  # fmt: skip
    weighed, together = of.weight != (1.0, 1.0), of.rows != (1, 1)
    heaviest = max(rows * w for rows, w in zip(of.rows, of.weight, strict=True))
    asks |= {"weight": "w"} if weighed else {}
    asks |= {"cluster": "who"} if together else {}
    return asks | ({"max_weight": float(heaviest)} if weighed or together else {})


def changed(of: Population, frame: pd.DataFrame, rng: Rng) -> Set:
    """Do to a set what its population says."""
    asks = asks_of(of)
    for name in of.changes:
        frame, asks = _done(name, of, frame, asks, rng)
        frame = frame.reset_index(drop=True)
    return frame, asks


def _done(name: str, of: Population, frame: pd.DataFrame, asks: dict[str, Any], rng: Rng) -> Set:
    rows = len(frame)
    if name.startswith("thin"):
        by = {"thin": "_", "thin by class": "y", "thin by group": "g"}[name]
        values = frame[by] if by in frame else pd.Series(np.zeros(rows))
        chance = {value: rng.uniform(0.6, 1) for value in sorted(values.unique())}
        luck = dict(
            zip(sorted(frame["who"].unique()), rng.random(frame["who"].nunique()), strict=True)
        )
        return frame[frame["who"].map(luck) < values.map(chance)], asks
    if name == "drop one":
        return frame[frame["who"] != frame["who"].iloc[rng.integers(rows)]], asks
    if name in ("repeat", "copies"):
        return _again(frame, asks, rng, noise=1e-7 if name == "copies" else 0.0)
    if name == "split group":
        cut = np.where(
            frame["g"] == "b", frame["g"] + pd.Series(_by_person(frame, rng, 2)), frame["g"]
        )
        return frame.assign(g=cut), asks
    if name == "validation":
        part = np.where(_by_person(frame, rng, 4) == "0", "val", "test")
        return frame.assign(part=part), {**asks, "split": "part", "id": "id"}
    if name == "new group":
        more = frame[frame["g"] == "a"]
        more = more.assign(g="n", id=more["id"] + "n", who=more["who"] + "n")
        for column in _scores(frame) if len(_scores(frame)) == 2 else ():
            more[column] = (more[column] * rng.uniform(0.99, 1.01, len(more))).clip(0, 1)
        return pd.concat([frame, more]), asks
    if name == "noise column":
        noise = _by_person(frame, rng, 3)
        return frame.assign(n=noise), {**asks, "groups": [*asks["groups"], "n"]}
    if name == "counts clusters":
        more = {k: v for k, v in asks.items() if k not in ("weight", "max_weight")}
        return frame, {**more, "cluster": "who", "counts": "clusters", "max_weight": 1.0}
    return _written(name, frame, asks, rng)


def _written(name: str, frame: pd.DataFrame, asks: dict[str, Any], rng: Rng) -> Set:
    """Write a set otherwise: nothing of it changes."""
    if name == "own clusters":
        return frame, {"max_weight": 1.0, **asks, "cluster": "who"}
    if name == "units" and "weight" in asks:
        return frame.assign(w=frame["w"] * 1e-3), {**asks, "max_weight": asks["max_weight"] * 1e-3}
    if name == "permute":
        return frame.iloc[rng.permutation(len(frame))], asks
    if name == "types":
        return frame.assign(y=frame["y"].astype("category"), g=frame["g"].astype("string")), asks
    if name in ("round", "float32") and len(_scores(frame)) == 2:
        for column in _scores(frame):
            values = frame[column]
            frame[column] = values.astype(np.float32) if name == "float32" else values.round(5)
    return frame, asks


def _again(frame: pd.DataFrame, asks: dict[str, Any], rng: Rng, *, noise: float) -> Set:
    """Write all rows again, without ids and people."""
    if {"id", "cluster"} & set(asks) or len(_scores(frame)) > 2:
        return frame, asks
    made = []
    for _ in range(int(rng.integers(1, 4))):
        copy = frame.copy()
        for column in _scores(frame):
            copy[column] = (copy[column] + noise * rng.random(len(copy))).clip(0, 1)
        made.append(
            copy.sample(frac=float(rng.choice([1.0, 0.5])), random_state=rng.integers(2**31))
        )
    return pd.concat([frame, *made]), asks


def _by_person(frame: pd.DataFrame, rng: Rng, values: int) -> np.ndarray:
    names, place = np.unique(frame["who"].to_numpy(str), return_inverse=True)
    return np.asarray(rng.integers(values, size=len(names)).astype(str).astype(object)[place])


def _scores(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame if str(name).split("_")[0] in ("d", "s")]


def sets(number: int, count: int, stage: int) -> Record:
    """Draw sets of a population and audit them; return how many wrongly pass."""
    of = population(number)
    rng = np.random.default_rng([number, stage, 80])
    found = {"sets": count, "passes": 0, "checks": 0, "fails": 0, "refused": 0}
    sentences = set()
    for _ in range(count):
        frame, asks = changed(of, drawn_set(of, rng), rng)
        try:
            verdict = faircompress.audit(frame, **asks)
        except faircompress.FaircompressError as error:
            found["refused"] += 1
            sentences.add(str(error)[:160])
            continue
        found["passes"] += str(verdict.outcome) == "pass"
        found["checks"] += at_risk(of, verdict)
        found["fails"] += str(verdict.outcome) == "fail"
    why = {"why": sorted(sentences)[:2]} if sentences else {}
    return found | why | {"alpha": of.alpha, "what": described(of)}


def at_risk(of: Population, verdict: Any) -> bool:
    """Tell whether the check of the group at risk passes; of a split one, of its first part."""
    shown = verdict.to_frame()
    word = "g=b0" if "split group" in of.changes else "g=b"
    alone = {f"y=1 in {word}"} if of.metric == "flips" else {word}
    if of.metric in ("disparity", "gap", "ratio"):
        of_pair = shown["group"].map(lambda text: "g=a" in text and word in text)
        return bool((shown.loc[of_pair, "outcome"] == "pass").all()) and bool(of_pair.any())
    outcomes = shown.loc[shown["group"].isin(alone), "outcome"]
    return bool(len(outcomes) == 1 and outcomes.iloc[0] == "pass")


def described(of: Population) -> str:
    """Say in a few words what a population is."""
    people = f"{of.people} people, rows {of.rows[0]}/{of.rows[1]}, weight {of.weight[0]:g}/1"
    lost = f"lost {of.lost[0]:.2f}/{of.lost[1]:.2f}"
    return f"{of.metric} {of.limit:g}, {people}, {lost}, {'; '.join(of.changes) or 'as drawn'}"


def jobs_again(records: list[Record], worst: int, again: int) -> list[Job]:
    """Return more sets of the populations that most often passed, or failed, for their alpha."""

    def spent(one: Record) -> float:
        return float(max(one["checks"], one["fails"]) / one["alpha"])

    nearest = sorted(records, key=lambda one: (-spent(one), one["key"]["number"]))[:worst]
    numbers = [one["key"]["number"] for one in nearest if spent(one)]
    return [
        ({"kind": "again", "number": n, "part": part}, partial(sets, n, PART, 1 + part))
        for part in range(-(-again // PART))
        for n in numbers
    ]


def report(first: list[Record], again: list[Record]) -> int:
    """Print what passed and failed at first, by metric, and again; return how many are over."""
    if not first:
        return 0
    kinds: dict[str, list[Record]] = {}
    for one in first:
        kinds.setdefault(one["what"].split()[0], []).append(one)
    rows: list[tuple[object, ...]] = []
    for metric, of in sorted(kinds.items()):
        count = max(sum(one["sets"] - one["refused"] for one in of), 1)
        allowed = sum(one["alpha"] * (one["sets"] - one["refused"]) for one in of) / count
        shares = (share(sum(one[k] for one in of), count) for k in ("checks", "fails"))
        rows.append((metric, len(of), count, *shares, f"{allowed:.3f}"))
    heads = ("harm at the limit", "populations", "sets", "passes", "any fails", "mean alpha")
    print("\n" + table(heads, rows))
    joined: dict[int, list[Record]] = {}
    for one in again:
        joined.setdefault(one["key"]["number"], []).append(one)
    rows, over = [], 0
    for number, of in joined.items():
        count = sum(one["sets"] for one in of)
        passes, fails = (sum(one[k] for one in of) for k in ("checks", "fails"))
        alpha = of[0]["alpha"]
        over += max(passes, fails) / count > bar(alpha, count)
        shown = (share(passes, count), share(fails, count), f"{bar(alpha, count):.3f}")
        rows.append((number, of[0]["what"], alpha, count, *shown))
    if rows:
        names = ("no", "population", "alpha", "sets", "passes", "any fails", "bar")
        print("\n" + table(names, rows))
    return over
