"""Rates of both references beside dense and pruned, in verdict and report."""

import functools
import json
from dataclasses import replace

import numpy as np
import pytest
from report_pairs import Balance, class_pair, hair_pair

from faircompress.config.rules import Gate
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.results import MetricResult
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
    """Of 400 short-haired people dense loses none, the champion 20, the first 60, pruned 100."""
    gate = Gate(threshold=0.5, power=0.8, intersections=False, rules=BOTH)
    pair = hair_pair(100)
    references = {
        name: replace(hair_pair(lost)[1], model=name[0] * 64)
        for name, lost in (("champion", 20), ("original_champion", 60))
    }
    return evaluate(
        *pair,
        gate,
        validation=hair_pair(100, "validation"),
        references=references,
        captions=CHAIN,
    )


def of_group(name: str, metric: str) -> MetricResult:
    return next(g for g in verdict().groups if g.group == name).metrics[metric]


def test_rates_of_the_references_stand_beside_dense_and_pruned() -> None:
    short = of_group("hair=short", "accuracy")
    rates = [
        short.baseline,
        short.references["champion"],
        short.references["original_champion"],
        short.candidate,
    ]
    assert rates == pytest.approx([1.0, 0.95, 0.85, 0.75])
    assert of_group("all", "accuracy").references["champion"] == pytest.approx(1 - 20 / 800)
    assert of_group("hair=long", "true_positive_rate").references["original_champion"] == 1.0


def test_they_are_the_rates_from_which_their_rules_count_changes() -> None:
    for rule in verdict().rules[1:]:
        assert len(rule.checks) == 3  # everyone, and both groups
        for check in rule.checks:
            rates = of_group(check.group, "accuracy")
            assert rates.candidate - rates.references[rule.against] == pytest.approx(check.estimate)


def test_a_reference_that_no_rule_names_has_no_rates_and_verdicts_can_be_read_back() -> None:
    gate = Gate(threshold=0.5, power=0.8, intersections=False, rules=BOTH[:1])
    pair, validation = hair_pair(100), hair_pair(100, "validation")
    alone = evaluate(*pair, gate, validation=validation, references={"champion": pair[0]})
    assert alone.groups[0].metrics["accuracy"].references == {}
    assert rate_plots.references(alone.groups) == []
    assert 'href="#model-champion"' not in report(alone, ReportContext())
    for one in (alone, verdict()):
        assert Verdict.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_a_mean_over_classes_is_undefined_where_a_reference_has_no_rate_in_one() -> None:
    dense, pruned = class_pair()
    never = dense.probabilities.copy()
    never[dense.labels == 3] = np.eye(10)[4]  # never decides for class 3
    rules = [{**ACCURACY, "metric": "precision"}, {**BOTH[1], "metric": "precision"}]
    gate = Gate(threshold=0.5, power=0.8, intersections=False, rules=rules)
    champion = replace(dense, probabilities=never, model="c" * 64)
    found = evaluate(
        dense, pruned, gate, validation=class_pair("validation"), references={"champion": champion}
    )
    everyone = found.groups[0].metrics
    assert everyone["precision"].baseline == 1.0
    assert everyone["precision"].references["champion"] is None
    recall = everyone["true_positive_rate"].references["champion"]
    assert recall == pytest.approx(0.9)  # one of ten lost
    assert ">undefined</td>" in report(found, ReportContext())


def test_the_figure_shows_them_by_mark_word_and_in_the_table() -> None:
    figure = rate_plots.rates(verdict().groups, "accuracy", CHAIN)
    assert figure["columns"][:5] == ["Group", "Dense", "Pruned", "Champion", "Original champion"]
    short = next(bar for bar in figure["bars"] if bar["name"] == "hair=short")
    assert short["beside"] == "Champion 0.950, original champion 0.850"
    assert short["title"].endswith("; champion 0.950, original champion 0.850")
    places = {**dict(short["others"]), **{name: short[name] for name in ("baseline", "candidate")}}
    order = ["candidate", "original_champion", "champion", "baseline"]
    assert sorted(places, key=places.__getitem__) == order
    row = next(row for row in figure["table"] if row[0] == "hair=short")
    assert row[1:5] == ["1.000", "0.750", "0.950", "0.850"]


def test_the_key_names_their_marks() -> None:
    page = report(verdict(), ReportContext())
    key = page.split('id="rates"')[1].split("</p>")[0]
    assert 'href="#model-champion"></use></svg> champion' in key
    assert 'href="#model-original_champion"></use></svg> original champion' in key
    assert Balance(page).wrong == []
