"""Arguments of an audit as nobody means them: values of other types, shapes and spellings."""

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fuzzed_tables import Case, one_of

ROWS = 120
KEPT = ("rules", "label", "baseline", "candidate", "weight")  # without these harm stays in sight


def odd_case(rng: np.random.Generator) -> Case:
    """Draw a small table with harm, and an audit of it of which one to three arguments are odd."""
    label, group = np.arange(ROWS) % 2, np.repeat(["a", "b"], ROWS // 2)
    d = np.where(label == 1, 0.8, 0.2) + rng.uniform(-0.1, 0.1, ROWS)
    hit = (group == "b") & (label == 1)
    frame = pd.DataFrame({"y": label, "g": group, "d": d, "s": np.where(hit, 0.05, d)})
    frame = frame.assign(h=np.where(np.arange(ROWS) // 2 % 2, "p", "q"), w=1.0 + label, part="test")
    frame["id"] = frame["who"] = [f"r{k}" for k in range(ROWS)]
    frame["_class"], frame["_home"], frame["_hit"], frame["_who"] = label, group, hit, 0
    asks: dict[str, Any] = {
        "label": "y", "groups": ["g"], "baseline": "d", "candidate": "s", "rules": ["flips 0.1"]
    }  # fmt: skip
    names = list(_pools(frame))
    odd = rng.choice(names, int(rng.integers(1, 4)), replace=False)
    for name in map(str, odd):
        asks[name] = one_of(rng, *(_pools(frame)[name] if rng.random() < 0.7 else _anything(frame)))
    case = Case(frame, asks, strict=not set(KEPT) & set(map(str, odd)))
    return case.named(", ".join(f"{name}={asks[name]!r:.60}" for name in map(str, odd)))


def _anything(frame: pd.DataFrame) -> tuple[Any, ...]:
    """Return values of any type."""
    return (
        None, "", " ", "x", "g", "y", 0, 1, -1, 2.5, np.nan, np.inf, True, [], {}, (), [None],
        ["g"], ["g", "g"], {"g": "h"}, {"g"}, b"g", b"", 10**30, "1e400", np.array([]),
        np.array(1.0), frame["g"], frame["d"].to_numpy(), frame[["d", "s"]],
        frame[["d", "s"]].to_numpy(),
        pd.Series(dtype=float), datetime.date(2020, 1, 1), decimal.Decimal("0.1"), Path("x"),
        {"rule": "flips", "limit": 0.1}, "flips 0.1", [[1]], {"a": [1]}, pd.NA, pd.NaT, lambda: 1,
        iter(["g"]), range(3), np.str_("g"), np.float32(0.5), np.int8(1), complex(1, 1), object,
    )  # fmt: skip


def _pools(frame: pd.DataFrame) -> dict[str, tuple[Any, ...]]:
    """Return what may nearly be meant by each argument."""
    return {
        "label": ("w", "id", frame["y"], frame["y"].tolist(), frame["y"].astype("category")),
        "groups": ({"h": "g", "g": "h"}, {"g": frame["h"]}, ["id"], {"": "g"}, {"label": "g"},
                   {"a & b": "g"}, ["g", "nothing"], {"g": ["a"] * ROWS}, {1: "g"}),
        "baseline": ("d_*", "*", "s", frame["d"] * 100, "y", frame["d"].tolist()),
        "candidate": ("s_*", "**", "d", frame["s"].astype(object), frame["s"][::-1]),
        "rules": (["change auroc"], ["flips"], ["flips 10%"], [{}], "flips 0.1, change auroc 0.1",
                  ["change nothing 0.1"], [{"rule": "gap"}], ["flips 0.1"] * 2, ["latency 1.5"]),
        "cluster": ("who", "g", "y", frame["id"], np.arange(ROWS)),
        "weight": ("w", "y", "d", np.zeros(ROWS), np.arange(ROWS)),
        "max_weight": (2.0, {"g=a": 2}, {"g=a": 2, "g=b": 2}, {"": 1}, {"g": 1}, {"y=1 & g=a": 3}),
        "counts": ("clusters", "rows", "cluster", "people"),
        "fixed_counts": (["y"], ["g", "y"], ["id"], "y"),
        "id": ("id", "g", np.arange(ROWS), frame["id"].str.upper()),
        "split": ("part", "g", np.repeat(["val", "test"], ROWS // 2)),
        "classes": (["0", "1"], [0, 1], ["1", "0"], "01", ["0", "1", "2"], (False, True)),
        "threshold": (0.5, "0.5", "baseline", "validation", 0, 1, "median"),
        "confidence": (0.95, 0.5, 1, 95, "0.95", 1 - 1e-12),
        "intersections": (True, "yes", 1),
        "sparse": ("merge", "parent", "judge", "Merge"),
        "min_rows": (5, 0, 1.0, np.int64(10)),
        "expect": ({"g": ["a"]}, {"g": "a"}, {"h": ["p"]}, {"g": ["c"]}, {"g & h": ["a & p"]}),
        "absent": (["g=c"], ["g=a & y=1"], "y=1", ["g"], ["=", " & "], ["g=x & y & y=1"]),
        "looks": ("earn", "spend", "ignore", "Spend"),
        "topping_up": (True, "no"),
        "tops_up": (1, 0, True),
        "reviewer": ("somebody",),
        "reason": ("why",),
        "crosschecks": (False, "no"),
    }  # fmt: skip
