"""Rates of the champion and the anchor beside dense and pruned, in verdict and report."""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
from test_report import Balance, class_pair, hair_pair

from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.rule_config import Gate
from faircompress.evaluation.verdict import Verdict
from faircompress.report import rate_plots
from faircompress.report.context import ReportContext
from faircompress.report.html import report

ACCURACY = {"metric": "accuracy", "rule": "change", "limit": 0.5}
BOTH = [
    ACCURACY,
    {**ACCURACY, "rule": "change", "against": "champion"},
    {**ACCURACY, "rule": "change", "against": "original_champion"},
]


@functools.cache
def verdict() -> Verdict:
    """Of 400 short-haired people dense loses none, the champion 20, the anchor 60, pruned 100."""
    gate = Gate(threshold=0.5, power=0.8, intersections=False, rules=BOTH)
    pair = hair_pair(100)
    rivals = {
        name: replace(hair_pair(lost)[1], model=name[0] * 64)
        for name, lost in (("champion", 20), ("anchor", 60))
    }
    return evaluate(*pair, gate, validation=hair_pair(100, "validation"), rivals=rivals)


def of_group(name: str, metric: str) -> dict[str, float | None]:
    return next(g for g in verdict().groups if g["group"] == name)["metrics"][metric]


def test_rates_of_the_rivals_stand_beside_dense_and_pruned() -> None:
    short = of_group("hair=short", "accuracy")
    names = ("dense", "champion", "anchor", "pruned")
    assert [short[name] for name in names] == pytest.approx([1.0, 0.95, 0.85, 0.75])
    assert of_group("all", "accuracy")["champion"] == pytest.approx(1 - 20 / 800)
    assert of_group("hair=long", "true_positive_rate")["anchor"] == 1.0


def test_they_are_the_rates_from_which_their_rules_count_changes() -> None:
    for rule in verdict().rules[1:]:
        for finding in rule["findings"]:
            rates = of_group(finding["group"], "accuracy")
            assert rates["pruned"] - rates[rule["binds"]] == pytest.approx(finding["estimate"])


def test_a_rival_that_no_rule_binds_has_no_rates_and_old_verdicts_can_be_read() -> None:
    gate = Gate(threshold=0.5, power=0.8, intersections=False, rules=BOTH[:1])
    pair, tuned = hair_pair(100), hair_pair(100, "validation")
    alone = evaluate(*pair, gate, validation=tuned, rivals={"champion": pair[0]})
    assert not {"champion", "anchor"} & set(alone.groups[0]["metrics"]["accuracy"])
    assert rate_plots.rivals(alone.groups) == []
    assert "#who-champion" not in report(alone, ReportContext())
    for one in (alone, verdict()):
        assert Verdict.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_a_mean_over_classes_is_undefined_where_the_rival_has_no_rate_in_one() -> None:
    dense, pruned = class_pair()
    never = dense.probabilities.copy()
    never[dense.labels == 3] = np.eye(10)[4]  # never decides for class 3
    rules = [{**ACCURACY, "metric": "precision"}, {**BOTH[1], "metric": "precision"}]
    gate = Gate(threshold=0.5, power=0.8, intersections=False, rules=rules)
    rival = replace(dense, probabilities=never, model="c" * 64)
    told = evaluate(
        dense, pruned, gate, validation=class_pair("validation"), rivals={"champion": rival}
    )
    everyone = told.groups[0]["metrics"]
    assert everyone["precision"]["dense"] == 1.0 and everyone["precision"]["champion"] is None
    assert everyone["true_positive_rate"]["champion"] == pytest.approx(0.9)  # one of ten lost
    assert ">undefined</td>" in report(told, ReportContext())


def test_the_figure_shows_them_by_mark_word_and_in_the_table() -> None:
    figure = rate_plots.rates(verdict().groups, "accuracy")
    assert figure["columns"][:5] == ["Group", "Dense", "Pruned", "Champion", "Anchor"]
    short = next(bar for bar in figure["bars"] if bar["name"] == "hair=short")
    assert short["beside"] == "Champion 0.950, anchor 0.850"
    assert short["title"].endswith("; champion 0.950, anchor 0.850")
    places = {**dict(short["others"]), "dense": short["dense"], "pruned": short["pruned"]}
    assert sorted(places, key=places.__getitem__) == ["pruned", "anchor", "champion", "dense"]
    row = next(row for row in figure["table"] if row[0] == "hair=short")
    assert row[1:5] == ["1.000", "0.750", "0.950", "0.850"]


def test_the_key_names_their_marks() -> None:
    page = report(verdict(), ReportContext())
    key = page.split('id="rates"')[1].split("</p>")[0]
    assert 'href="#who-champion"></use></svg> champion' in key
    assert 'href="#who-anchor"></use></svg> anchor' in key
    assert Balance(page).wrong == []
