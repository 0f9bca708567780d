"""Evaluate drawn data sets and derive each verdict a second time: all must agree."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faircompress import predictions
from faircompress.caps import MaxWeight
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.rule_config import Gate
from faircompress.predictions import Predictions
from faircompress.second_opinion.reading import read
from faircompress.second_opinion.verify import Difference, verify

Json = dict[str, Any]


def rule(kind: str, metric: str = "negative_flips", limit: float = 0.1, **more: object) -> Json:
    return {"rule": kind, "metric": metric, "limit": limit, "groups": ["skin"], **more}


RANKED = [rule("change", "auroc"), rule("change", "cross_group_auroc")]
DECIDED = [rule("change", "accuracy", 0.2), rule("change", "true_positive_rate"), rule("flips")]
RATES = [rule("change", m) for m in ("false_positive_rate", "selection_rate", "precision")]
OWN = [
    rule("minimum", "auroc", 0.5), rule("minimum", "false_negative_rate", 0.4),
    rule("minimum", "precision", 0.5), rule("gap", "selection_rate", 0.4),
    rule("ratio", "accuracy", 0.6), rule("disparity_change", "true_positive_rate", 0.4),
    rule("excess_loss", "accuracy", 0.2), DECIDED[0],
]  # fmt: skip


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
) -> dict[str, Predictions]:
    """Return baseline, candidate and champion: noisy words on rows of two groups.

    ``people``: about so many rows each; ``both``: with rows of several classes. ``harm``: share of
    one group's rows about which the candidate knows nothing.
    """
    rng = np.random.default_rng(seed)
    labels, skin = rng.integers(0, classes, rows), rng.choice(["dark", "light"], rows)
    logits = rng.normal(0, 1, (rows, classes)) + 2 * np.eye(classes)[labels]
    noisy = logits + rng.normal(0, 0.15, logits.shape)
    lost = (skin == "dark") & (rng.random(rows) < harm)
    who = rng.integers(0, max(1, rows // max(people, 1)), rows)
    names = [f"{w}" if both else f"{w} {k} {s}" for w, k, s in zip(who, labels, skin, strict=True)]
    known = {
        "ids": np.array([f"{seed} {i:03d}" for i in rng.permutation(rows)]),
        "labels": labels,
        "groups": {"skin": skin} | ({"label": labels.astype(str)} if of_label else {}),
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
        name: Predictions(probabilities=_shares(z, decimals), model=digest * 64, **known)
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


@pytest.mark.parametrize(
    "rules", [RANKED, DECIDED, RATES, OWN], ids=["ranked", "decided", "rates", "own"]
)
@pytest.mark.parametrize(
    "how",
    [
        {}, {"decimals": 1}, {"weights": True, "cap": 2.0}, {"people": 2, "cap": 10.0},
        {"people": 2, "both": True, "cap": 16.0}, {"people": 2}, {"harm": 0.9},
    ],
    ids=["alike", "ties", "weights", "people", "people of both classes", "no cap known", "harm"],
)  # fmt: skip
def test_two_classes(how: Json, rules: list[Json], tmp_path: Path) -> None:
    assert differences(drawn(1, **how), rules, tmp_path)[1] == []


@pytest.mark.parametrize("metric", ["auroc", "accuracy"])
@pytest.mark.parametrize("fixed", [("label", "skin"), ("skin",)])
def test_counts_fixed_by_stratum(metric: str, fixed: tuple[str, ...], tmp_path: Path) -> None:
    given = drawn(2, people=2, both=True, cap=20.0, fixed=fixed)
    assert differences(given, [rule("change", metric)], tmp_path)[1] == []


@pytest.mark.parametrize("how", [{}, {"weights": True, "cap": 2.0}, {"people": 2, "cap": 10.0}])
def test_three_classes(how: Json, tmp_path: Path) -> None:
    rules = [rule("change", m) for m in ("auroc", "accuracy", "precision", "true_positive_rate")]
    assert differences(drawn(3, classes=3, **how), [*rules, rule("flips")], tmp_path)[1] == []


@pytest.mark.parametrize("classes", [2, 3])
def test_a_class_as_group_is_asked_about_over_all_rows(classes: int, tmp_path: Path) -> None:
    given = drawn(4, classes=classes, of_label=True)
    rules = [{**one, "groups": ["label"]} for one in (RANKED[0], DECIDED[0], OWN[3])]
    assert differences(given, rules, tmp_path)[1] == []


def test_one_file_twice_changes_nothing(tmp_path: Path) -> None:
    given = drawn(5)
    given["candidate"] = given["baseline"]
    verdict, found = differences(given, [*RANKED, *DECIDED, *OWN[3:-1]], tmp_path)
    assert found == [] and verdict["rules"][0]["checks"][0]["statistic"] == "identity"


@pytest.mark.parametrize("how", [{}, {"weights": True}])
def test_failures_are_confirmed_in_the_order_of_validation(how: Json, tmp_path: Path) -> None:
    given, before = drawn(6, harm=1.0, rows=300, **how), drawn(7, harm=1.0, rows=300, **how)
    rules = [rule("change", "auroc", 0.03), rule("flips"), rule("gap", "accuracy", 0.05)]
    validation = (before["baseline"], before["candidate"])
    verdict, found = differences(given, rules, tmp_path, validation=validation)
    assert found == []
    assert (verdict["outcome"], verdict["failures"]) == ("fail", "order of validation")


def test_changes_against_the_champion(tmp_path: Path) -> None:
    rules = [RANKED[0], *({**one, "against": "champion"} for one in (*DECIDED, RATES[2]))]
    assert differences(drawn(8, decimals=1), rules, tmp_path)[1] == []


def test_absent_classes_intersections_and_a_second_look(tmp_path: Path) -> None:
    given = drawn(9, of_label=True)
    options = {"intersections": True, "absent": ["skin=dark & label=1"]}
    rules = [{**one, "groups": None} for one in DECIDED]
    assert differences(given, rules, tmp_path, gate=options, look=2)[1] == []


def test_a_mean_over_classes_states_its_upper_line_in_natural_units(tmp_path: Path) -> None:
    given = drawn(10, classes=3)
    assert differences(given, [rule("change", "false_positive_rate")], tmp_path)[1] == []


def test_skill_under_fixed_counts(tmp_path: Path) -> None:
    given = drawn(2, rows=300, people=2, cap=10.0, fixed=("skin",))
    assert differences(given, [rule("minimum", "accuracy", 0.5)], tmp_path)[1] == []


def test_a_changed_number_of_a_true_verdict_is_found(tmp_path: Path) -> None:
    given = drawn(1)
    verdict, found = differences(given, DECIDED, tmp_path)
    check = verdict["rules"][0]["checks"][1]
    check["at_limit_lower"] *= 1.001
    used = {name: read(tmp_path / f"{name}.parquet") for name in ("baseline", "candidate")}
    assert found == [] and [d.key for d in verify(verdict, used)] == ["at_limit_lower"]
