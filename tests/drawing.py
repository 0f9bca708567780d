"""Models drawn at random, the verdict on them, and its second derivation."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.config.rules import Gate
from faircompress.data import predictions
from faircompress.data.caps import MaxWeight
from faircompress.data.predictions import Predictions
from faircompress.evaluation.evaluate import evaluate
from faircompress.second_opinion.reading import read
from faircompress.second_opinion.statement import Difference
from faircompress.second_opinion.verify import verify

Json = dict[str, Any]


def rule(kind: str, metric: str = "negative_flips", limit: float = 0.1, **more: object) -> Json:
    return {"rule": kind, "metric": metric, "limit": limit, "groups": ["skin"], **more}


def drawn(
    seed: int,
    rows: int = 90,
    classes: int = 2,
    weights: bool = False,
    people: int = 0,
    both: bool = False,
    cap: float | None = None,
    fixed: tuple[str, ...] = (),
    harm: float = 0.0,
    decimals: int | None = None,
    of_label: bool = False,
    crossed: bool = False,
    single: bool = False,
) -> dict[str, Predictions]:
    """Return baseline, candidate and champion: noisy words on rows of two groups.

    ``people``: about so many rows each; ``both``: with rows of several classes. ``harm``: share of
    one group's rows about which the candidate knows nothing. ``crossed``: a column ``hair``, too.
    ``single``: probabilities in single precision, as networks give them.
    """
    rng = np.random.default_rng(seed)
    labels, skin = rng.integers(0, classes, rows), rng.choice(["dark", "light"], rows)
    logits = rng.normal(0, 1, (rows, classes)) + 2 * np.eye(classes)[labels]
    noisy = logits + rng.normal(0, 0.15, logits.shape)
    lost = (skin == "dark") & (rng.random(rows) < harm)
    who = rng.integers(0, max(1, rows // max(people, 1)), rows)
    names = [f"{w}" if both else f"{w} {k} {s}" for w, k, s in zip(who, labels, skin, strict=True)]
    groups = {"skin": skin}
    if of_label:
        groups["label"] = labels.astype(str)
    if crossed:
        groups["hair"] = np.random.default_rng(seed + 1).choice(["long", "short"], rows)
    known = {
        "ids": np.array([f"{seed} {i:03d}" for i in rng.permutation(rows)]),
        "labels": labels,
        "groups": groups,
        "identities": np.array([f"{seed} {name}" for name in names]) if people else None,
        "weights": rng.choice([1.0, 2.0], rows) if weights else np.ones(rows),
        "classes": tuple(map(str, range(classes))),
        "data": "d" * 64,
        "max_weight": () if cap is None else (MaxWeight(cap),),
        "fixed_counts": fixed,
    }
    answers = {
        "baseline": logits,
        "candidate": np.where(lost[:, None], rng.normal(0, 1, logits.shape), noisy),
        "champion": logits + rng.normal(0, 0.15, logits.shape),
    }
    return {
        name: Predictions(
            probabilities=_shares(z, decimals).astype(np.float32 if single else float),
            model=digest * 64,
            **known,
        )
        for digest, (name, z) in zip("bce", answers.items(), strict=True)
    }


def _shares(logits: np.ndarray, decimals: int | None) -> np.ndarray:
    found = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    if decimals is not None:
        found[:, 1:] = found[:, 1:].round(decimals)
        found[:, 0] = np.clip(1 - found[:, 1:].sum(1), 0, 1)
    return found


def differences(
    given: dict[str, Predictions], rules: list[Json], folder: Path, **more: Any
) -> tuple[Json, list[Difference]]:
    """Evaluate, write and read predictions, and derive the verdict again."""
    options = {"power": 0.8, "intersections": False, **more.pop("gate", {})}
    known = {k: p for k, p in given.items() if k not in ("baseline", "candidate")}
    gate = Gate.model_validate({**options, "rules": rules})
    found = evaluate(given["baseline"], given["candidate"], gate, references=known, **more)
    verdict = json.loads(json.dumps(found.to_json()))
    used = {"baseline", "candidate"} | {r["against"] for r in verdict["rules"]}
    for name in used:
        predictions.save(given[name], folder / f"{name}.parquet")
    return verdict, verify(verdict, {name: read(folder / f"{name}.parquet") for name in used})
