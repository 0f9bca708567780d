"""Random tables for an audit, with harm that is known: none, or far beyond every limit.

Two to four classes; one to three columns of groups; fine, coarse and decided scores; with and
without ids, people, weights, splits; labels of any type. A share of the rows of one class in one
value of the column ``g`` is lost by the candidate. Which rows these are, and what they were before,
stands in columns whose names begin with ``_``; an audit never sees those.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

Asks = dict[str, Any]
ALL_ROWS = ("accuracy", "selection_rate", "excess_loss")  # the mix of classes is part of the rate
VALUES = ("a", "b", "c", "Ü", "x & y", "a=b", "0", "1", "<b>", "not a", "all", "Male", "2-3", "é")
RULES: tuple[tuple[str, str, tuple[float, ...]], ...] = (  # that see the harm
    ("change", "auroc", (0.03, 0.05, 0.08)),
    ("change", "true_positive_rate", (0.05, 0.1)),
    ("change", "false_negative_rate", (0.05, 0.1)),
    ("change", "accuracy", (0.03, 0.05)),
    ("change", "selection_rate", (0.05,)),
    ("change", "cross_group_auroc", (0.03, 0.05)),
    ("flips", "", (0.05, 0.1, 0.15)),
    ("disparity_change", "true_positive_rate", (0.05, 0.1)),
    ("disparity_change", "accuracy", (0.05,)),
    ("disparity_change", "auroc", (0.05,)),
    ("excess_loss", "accuracy", (0.03,)),
    ("minimum", "true_positive_rate", (0.75, 0.8)),
    ("gap", "true_positive_rate", (0.1, 0.15)),
    ("ratio", "true_positive_rate", (0.8,)),
)
OTHERS = (  # that do not
    ("change", "false_positive_rate", (0.1, 0.2)),
    ("change", "precision", (0.1, 0.2)),
    ("minimum", "auroc", (0.55,)),
    ("gap", "false_positive_rate", (0.3,)),
    ("disparity_change", "false_positive_rate", (0.2,)),
)
SLOW = ("auroc", "cross_group_auroc")
BINARY = ("selection_rate",)  # of several classes it is a mean of shares, which harm hardly moves


@dataclass(frozen=True)
class Case:
    """A table, and what is asked of it.

    Args:
        frame: Rows, with hidden columns.
        asks: Arguments of the audit.
        strict: May no pass come of it, whatever was done so far?
        done: What was done, in order.
    """

    frame: pd.DataFrame
    asks: Asks
    strict: bool = True
    done: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """Return what the audit sees."""
        return self.frame[[name for name in self.frame if not str(name).startswith("_")]]

    @property
    def classes(self) -> int:
        """Return how many there are."""
        return int(self.frame["_class"].max()) + 1

    @property
    def scores(self) -> tuple[list[str], list[str]]:
        """Return the columns of both models."""
        ours, theirs = (
            [str(c) for c in self.frame if str(c) == name or str(c).startswith(f"{name}_")]
            for name in ("d", "s")
        )
        return ours, theirs

    def named(self, what: str, *, strict: bool = True, **changed: Any) -> "Case":
        """Return the case after something was done."""
        asks = changed.pop("asks", self.asks)
        return replace(
            self, **changed, asks=asks, strict=self.strict and strict, done=(*self.done, what)
        )

    def rows(self, frame: pd.DataFrame, what: str, *, strict: bool = True) -> "Case":
        """Return the case with other rows."""
        return self.named(what, strict=strict, frame=frame.reset_index(drop=True))


def draw(rng: np.random.Generator, *, harmed: bool) -> Case:
    """Draw a table; ``harmed``: far beyond every limit, else no more than by chance."""
    classes = int(rng.choice([2, 2, 2, 2, 2, 2, 2, 3, 4]))
    rows = int(rng.choice([250, 350, 500] if harmed else [800, 1200])) * (1 + (classes > 2))
    frame = _people(rng, rows, classes)
    rare = frame["_class"] == classes - 1
    share = rng.uniform(0.45, 0.9)
    unlucky = rng.random(frame["_who"].max() + 1) < share  # people, with all their rows
    frame["_hit"] = harmed & rare & (frame["_home"] == "b") & unlucky[frame["_who"]]
    _scores(frame, rng, classes)
    asks = _asked(frame, rng, classes, harmed=harmed)
    _label(frame, asks, rng, classes)
    if not harmed:
        frame["_hit"] = rng.random(len(frame)) < 0.1
    return Case(frame.reset_index(drop=True), asks)


def one_of(rng: np.random.Generator, *of: Any) -> Any:
    """Return one of several, of any types."""
    return of[int(rng.integers(len(of)))]


def _people(rng: np.random.Generator, rows: int, classes: int) -> pd.DataFrame:
    """Draw whose rows these are, their classes and groups."""
    sizes = rng.choice([1, 2, 3], rows) if rng.random() < 0.12 else np.ones(rows, int)
    who = np.repeat(np.arange(len(sizes)), sizes)[:rows]
    many = who.max() + 1
    homes = one_of(rng, ["a", "b"], ["a", "b", "c"])
    shares = [0.4, 0.35, 0.25]
    if len(homes) == 2:
        shares = one_of(rng, [0.6, 0.4], [0.5, 0.5])
    home = rng.choice(homes, many, p=shares)
    of_person = rng.integers(classes, size=many)
    label = rng.integers(classes, size=rows) if rng.random() < 0.2 else of_person[who]
    words = rng.choice(VALUES, len(homes), replace=False)
    spelt = dict(zip(homes, words, strict=True))
    frame = pd.DataFrame({"_who": who, "_class": label, "_home": home[who]})
    frame["g"] = frame["_home"].map(spelt)
    for name, values in (("h", ["p", "q"]), ("k", ["u", "v", "w"])):
        frame[name] = rng.choice(values, many)[who]
    return frame


def _scores(frame: pd.DataFrame, rng: np.random.Generator, classes: int) -> None:
    """Draw what both models say; the candidate takes lost rows for another class."""
    label, rows = frame["_class"].to_numpy(), len(frame)
    clear = one_of(rng, 5.0, 6.0, 8.0)
    logits = rng.normal(0, 1, (rows, classes))
    logits[np.arange(rows), label] += clear
    noisy = logits + one_of(rng, 0.02, 0.1) * rng.normal(0, 1, logits.shape)
    hit = frame["_hit"].to_numpy()
    noisy[hit, label[hit]] -= 2 * clear
    digits = one_of(rng, 17, 17, 17, 6, 3)
    decided = classes > 2 and rng.random() < 0.15
    for name, of in (("d", logits), ("s", noisy)):
        p = np.exp(of - of.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        if decided:
            frame[name] = p.argmax(axis=1)
        elif classes == 2:
            frame[name] = p[:, 1].round(digits).clip(0, 1)
        else:
            for k in range(classes):
                frame[f"{name}_{k}"] = p[:, k].round(digits) if digits == 17 else p[:, k]


def _asked(frame: pd.DataFrame, rng: np.random.Generator, classes: int, *, harmed: bool) -> Asks:
    """Draw what is asked, and add the columns that it needs."""
    decided = classes > 2 and "d" in frame
    alone = frame["_who"].is_unique
    groups = ["g", "h", "k"][: one_of(rng, 1, 1, 1, 2, 3)]
    several = "*" if classes > 2 and not decided else ""
    asks: Asks = {
        "label": "y", "groups": groups,
        "baseline": f"d_{several}" if several else "d",
        "candidate": f"s_{several}" if several else "s",
    }  # fmt: skip
    frame["id"] = [f"r{k:05d}" for k in rng.permutation(len(frame))]
    frame["who"] = "p" + frame["_who"].astype(str)
    frame["w"] = 1.0 if rng.random() < 0.9 else rng.choice([1.0, 2.0, 3.0], len(frame))
    frame["part"] = "test"
    mixed = int(frame.groupby("_who")["_class"].nunique().max()) > 1
    heaviest = float(frame.groupby("_who")["w"].sum().max())
    if rng.random() < 0.6:
        asks["id"] = "id"
    if not alone or rng.random() < 0.05:
        asks["cluster"] = "who"
        if (frame["w"] == 1).all() and rng.random() < 0.3:
            asks["counts"] = "clusters"
    if not (frame["w"] == 1).all() and "counts" not in asks:
        asks["weight"] = "w"
    if {"cluster", "weight"} & set(asks) and "counts" not in asks and rng.random() < 0.9:
        asks["max_weight"] = heaviest * (2 if mixed else 1)
    if "id" in asks and rng.random() < 0.4:
        held = rng.random(frame["_who"].max() + 1) < 0.4
        frame["part"] = np.where(held[frame["_who"]], "validation", "test")
        asks["split"] = "part"
    if classes == 2:
        words = ("validation", "baseline") if "split" in asks else ()
        asks["threshold"] = one_of(rng, 0.5, 0.5, 0.4, 0.6, *words)
    if len(groups) > 1 and rng.random() < 0.4:
        asks["intersections"] = True
        asks |= one_of(rng, {}, {"sparse": "parent", "min_rows": 10},
                       {"sparse": "merge", "min_rows": 10})  # fmt: skip
    if rng.random() < 0.1:
        asks["fixed_counts"] = one_of(rng, ["y"], ["g"], ["y", "g"])
    if rng.random() < 0.3:
        asks["confidence"] = one_of(rng, 0.95, 0.9, 0.99)
    asks["rules"] = rules(rng, classes, decided=decided, harmed=harmed)
    if classes > 2 or {"cluster", "weight"} & set(asks):  # these take ten times as long
        asks |= {"rules": asks["rules"][:1], "groups": groups[:2]}
        asks = {k: v for k, v in asks.items() if k not in ("intersections", "sparse", "min_rows")}
    return asks


def rules(
    rng: np.random.Generator, classes: int, *, decided: bool, harmed: bool
) -> list[dict[str, Any]]:
    """Draw one to three rules, of which one at least sees the harm."""
    of = [
        rule for rule in RULES
        if not (decided and "auroc" in rule[1]) and not (classes > 2 and rule[1] in BINARY)
    ]  # fmt: skip
    others = [rule for rule in OTHERS if classes == 2]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for number in range(one_of(rng, 1, 1, 1, 2)):
        slow = rng.random() < 0.15  # those that are bet on take much longer
        some = [rule for rule in of if slow == (rule[1] in SLOW)] or of
        kind, metric, limits = one_of(rng, *some, *(others if number and slow else ()))
        read = {"false_negative_rate": "true_positive_rate"}.get(metric, metric)
        rule = {"rule": kind, "metric": metric, "limit": float(rng.choice(limits))}
        if not metric:
            del rule["metric"]
        if classes > 2 and kind in ("minimum", "gap", "ratio"):  # of a mean over classes
            rule["limit"] = {"minimum": 0.95, "gap": 0.05, "ratio": 0.95}[kind]
        if not harmed and kind == "minimum":
            rule["limit"] = 0.6
        found.setdefault((kind, read), rule)
    drawn = list(found.values())
    return [drawn[k] for k in rng.permutation(len(drawn))]


def _label(frame: pd.DataFrame, asks: Asks, rng: np.random.Generator, classes: int) -> None:
    """Write the true class in one of the ways in which tables have it."""
    label = frame["_class"]
    kinds = ["int", "float", "text", "Int64", "category"]
    kind = one_of(rng, *kinds, *(["bool", "boolean", "words"] if classes == 2 else []))
    frame["y"] = {
        "int": lambda: label, "float": lambda: label.astype(float),
        "text": lambda: label.astype(str), "Int64": lambda: label.astype("Int64"),
        "category": lambda: label.astype("category"), "bool": lambda: label.astype(bool),
        "boolean": lambda: label.astype("boolean"),
        "words": lambda: label.map({0: "benign", 1: "malignant"}),
    }[kind]()  # fmt: skip
    if kind == "words":
        asks["classes"] = ["benign", "malignant"]
