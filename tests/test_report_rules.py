"""What the report makes of each kind of rule, and of numbers that no rule tests."""

import functools
import re
from dataclasses import replace

import pytest
from report_pairs import LATENCY, LAYERS, Balance, hair_pair

from faircompress.config import plugins
from faircompress.config.rules import Gate
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.costs import Costs
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.results import CheckResult, GroupResult, RuleResult
from faircompress.evaluation.rules import Kind
from faircompress.evaluation.verdict import Verdict
from faircompress.report import plots, rate_plots
from faircompress.report.context import ReportContext
from faircompress.report.forest import forest
from faircompress.report.html import ORDER, report
from faircompress.report.markdown import plain_text
from faircompress.report.model_card import model_card
from faircompress.report.tradeoff import tradeoff, used
from faircompress.support.number_text import signed

SIZES = {"dense": 9000, "pruned": 1000}
CONTEXT = ReportContext(sizes=SIZES, layers=LAYERS, latency=LATENCY)
RULES = [
    {"metric": "accuracy", "rule": "change", "limit": 0.5},
    {"metric": "selection_rate", "rule": "change", "limit": 0.2, "confidence": 0.9},
    {"metric": "accuracy", "rule": "excess_loss", "limit": 0.3},
    {"metric": "accuracy", "rule": "minimum", "limit": 0.6},
    {"metric": "accuracy", "rule": "change", "against": "champion", "limit": 0.5},
    {"metric": "accuracy", "rule": "change", "against": "original_champion", "limit": 0.5},
    {"rule": "size", "limit": 0.5},
    {"rule": "latency", "limit": 0.5, "batch": 64, "hardware": "Xeon"},
]


@functools.cache
def verdict() -> Verdict:
    gate = Gate(threshold=0.5, power=0.8, intersections=False, rules=RULES)
    dense, pruned = hair_pair(100)
    return evaluate(
        dense, pruned, gate, validation=hair_pair(100, "validation"), look=2,
        costs=Costs.of_files(SIZES, LATENCY), captions=CHAIN, crosschecks=True,
        references={"champion": replace(dense, model="c" * 64)},
    )  # fmt: skip


@functools.cache
def page() -> str:
    return report(verdict(), CONTEXT)


def figure_of(rule: RuleResult) -> plots.Json:
    return forest(rule, verdict().groups, CHAIN)


def check_of(rule: RuleResult, group: str) -> CheckResult:
    return next(check for check in rule.checks if check.group == group)


def group_of(name: str) -> GroupResult:
    return next(group for group in verdict().groups if group.group == name)


def test_rules_on_cost_stand_among_the_rules_with_what_was_found() -> None:
    rules = page().split('id="rules"')[1].split("</section>")[0]
    assert "The file has at most 0.5 of the dense file&#39;s bytes." in rules
    assert "It has 1,000 of 9,000 bytes, 0.111." in rules
    assert "Not tested, since it was measured on Some Processor." in rules
    assert Balance(page()).wrong == [] and "None" not in re.sub(r"<style>.*?</style>", "", page())


def test_a_rate_without_a_better_direction_is_bounded_on_both_sides() -> None:
    figure = figure_of(verdict().rules[1])
    assert [mark["text"] for mark in figure["marks"]] == [
        "limit \N{MINUS SIGN}0.2",
        "limit 0.2",
        "",
    ]
    assert len(figure["bands"]) == 2 and "either way is harm" in figure["caption"]
    assert {row[4] for row in figure["table"]} == {"\N{PLUS-MINUS SIGN}0.2"}
    note = rate_plots.rates(verdict().groups, "selection_rate", CHAIN)["note"]
    assert note.startswith("Neither direction is better") and "98.33 %" in note  # 1 - 0.1 / 6


def test_only_bounds_that_decide_are_drawn_in_full_and_crosschecks_beside_them() -> None:
    rule = verdict().rules[0]
    figure = figure_of(rule)
    short = next(bar for bar in figure["bars"] if bar["name"] == "hair=short")
    check = check_of(rule, "hair=short")
    low, high = group_of("hair=short").metrics["accuracy"].bootstrap or ()
    (other,) = short["others"]  # DeLong is for AUROC alone
    assert other["low"] < short["at"] < other["high"]
    assert short["low"] != other["low"] and short["high"] != other["high"]
    bounds = (signed(end) for end in (check.lower, check.upper))
    assert short["found"].endswith(f"[{', '.join(bounds)}]")
    assert figure["columns"][-2:] == ["Bootstrap", "Outcome"]
    assert f"{signed(low)} to {signed(high)}" in [row[-2] for row in figure["table"]]


def test_a_crosscheck_of_another_confidence_is_not_drawn() -> None:
    surer = replace(verdict().rules[0], confidence=0.99)
    assert all(bar["others"] == [] for bar in figure_of(surer)["bars"])


def test_the_champion_has_its_figure_and_hash_and_a_missing_original_is_not_tested() -> None:
    assert "<h2>Against the champion</h2>" in page() and "<h2>Against the original" not in page()
    assert "<h3>Accuracy: change by group, from the champion" in page()
    assert "c" * 64 in page() and "- **Champion sha256**: `ccc" in model_card(verdict(), CONTEXT)
    rules = page().split('id="rules"')[1].split("</section>")[0]
    assert "Not tested, since there is no original champion yet." in rules


def test_the_look_and_what_it_spends_stand_on_page_and_card() -> None:
    assert "This is look 2 at this test set, which may spend 1/6" in page()
    assert "This is look 2 at this test set" in model_card(verdict(), CONTEXT)
    assert "at 99.58 % confidence" in page()  # 1 - 0.025 / 6


def test_harm_beyond_everyones_has_its_figure() -> None:
    figure = figure_of(verdict().rules[2])
    # everyone lost 100 of 800, the short-haired 100 of 400: 0.25 - 0.125
    short = check_of(verdict().rules[2], "hair=short")
    assert short.estimate == pytest.approx(-0.125)
    assert figure["heading"] == "Accuracy: change by group beyond everyone's"
    assert figure["heading"].replace("'", "&#39;") in page()


def test_numbers_that_no_rule_tests_stand_in_a_table() -> None:
    found = rate_plots.reported(verdict().groups)
    assert found is not None
    row = dict(
        zip(found["columns"], next(r for r in found["rows"] if "short" in r[0]), strict=True)
    )
    assert row["Decisions flipped"] == "0.250"  # 100 of 400
    assert row["Excess fall of accuracy (psi)"] == "+0.125"
    assert row["Brier score"].startswith("0.010 ")  # (1 - 0.9) ** 2
    assert "Reported, never tested" in page()


def test_a_verdict_without_them_has_no_such_table() -> None:
    bare = [replace(group, reported={}) for group in verdict().groups]
    older = replace(verdict(), groups=bare, costs=[])
    assert rate_plots.reported(bare) is None
    assert "Reported, never tested" not in report(older, ReportContext())


def test_rates_that_no_rule_tests_are_folded() -> None:
    folded = page().split('<details class="more">')[1]
    assert "<h3>Precision</h3>" in folded and "<h3>Accuracy</h3>" not in folded


def test_size_speed_and_harm_are_shares_of_dense_and_of_the_limit() -> None:
    figure = tradeoff(verdict(), SIZES, LATENCY)
    assert figure is not None
    rows = {row[0]: row[1:] for row in figure["table"]}
    assert rows["ONNX file"] == ["of the dense file's", "0.11", "0.11"]  # 1,000 of 9,000
    assert rows["Latency, batch 64"] == ["of the dense file's", "0.10", "0.11"]  # 1 / 9.5
    assert rows["Accuracy, change by group"][:2] == [
        "of the limit, in hair=short, from the champion",
        "0.50",
    ]  # 0.25 of 0.5
    assert tradeoff(verdict(), {}, {}) is None


def test_a_minimum_limits_the_shortfall_and_a_gain_uses_nothing() -> None:
    change, minimum = (verdict().rules[k].checks[0] for k in (0, 3))
    assert used(minimum, 0.9) == pytest.approx(0.1 / 0.4)
    assert used(change, 0.1) == 0.0 and used(change, -0.1) == pytest.approx(0.2)


def test_the_page_can_be_walked_by_keyboard() -> None:
    targets = re.findall(r'<a href="#([^"]+)"', page())
    assert "rules" in targets and "card" in targets
    assert all(page().count(f' id="{target}"') == 1 for target in targets)
    scrolled = re.findall(r'<div class="scroll"([^>]*)>', page())
    assert scrolled and all('tabindex="0"' in s and "aria-label" in s for s in scrolled)
    assert not re.search(r"<img(?![^>]* alt=)", page())


def test_text_can_be_read_on_white_and_on_the_shade_of_harm() -> None:
    pair = r"--(\w+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)"
    colours = {name: both for name, *both in re.findall(pair, page())}
    for scheme in (0, 1):  # light, dark
        now = {name: both[scheme] for name, both in colours.items()}
        for name in ("ink", "soft", "good", "bad", "warn", "candidate", "reference"):
            assert contrast(now[name], now["paper"]) >= 4.5  # WCAG 2.2, AA
        assert contrast(now["bad"], now["shade"]) >= 4.5
        assert contrast(now["thin"], now["paper"]) >= 3  # lines that tell something


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_the_card_is_on_the_page_and_in_markdown_with_hashes_rules_and_groups() -> None:
    text = model_card(verdict(), CONTEXT)
    for side in ("baseline", "candidate"):
        assert f"`{verdict().models[side]}`" in text
        assert f"<code>{verdict().models[side]}</code>" in page().split('id="card"')[1]
    assert "| hair=short | 400 | 1.000 \N{RIGHTWARDS ARROW} 0.750: \N{MINUS SIGN}0.250" in text
    assert "- Pass: the file has at most 0.5 of the dense file's bytes." in text
    assert f"- **Verdict**: {verdict().sentence}" in text
    assert "| ONNX file | 9 kB | 1 kB | 9" in text
    heads = [line for line in text.splitlines() if line.startswith("| ---")]
    assert len(heads) == 3 and "\n\n\n" not in text


def test_a_strange_name_cannot_break_the_cards_table() -> None:
    assert plain_text("a|b <i>_x_") == r"a&#124;b &lt;i&gt;\_x\_"


@pytest.mark.parametrize("kind", plugins.names("rules"))
def test_every_kind_of_rule_has_a_part_of_the_report(kind: str) -> None:
    found: Kind = plugins.find("rules", kind)
    assert found.heading and found.question.endswith("?") and found.figure
    assert kind in ORDER
