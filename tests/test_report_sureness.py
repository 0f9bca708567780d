"""What the page says of confidence, of what a fail needs, and of bounds that seem impossible."""

import functools
from dataclasses import replace

import pytest
from report_pairs import RULES, Balance, evaluated, hair_pair

from faircompress.config.rules import Gate
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.results import CheckResult, RuleResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report import sureness, wording
from faircompress.report.context import ReportContext
from faircompress.report.html import report

TPR = {"metric": "true_positive_rate", "rule": "change", "limit": 0.1}
MINUS = "\N{MINUS SIGN}"


@functools.cache
def lost(number: int, *, validated: bool) -> Verdict:
    gate = Gate.model_validate({"power": 0.8, "intersections": False, "rules": RULES[:2]})
    held = hair_pair(0, "validation") if validated else None
    return evaluate(*hair_pair(number), gate, validation=held, captions=CHAIN)


def short(verdict: Verdict) -> tuple[RuleResult, CheckResult]:
    rule = verdict.rules[0]
    return rule, next(check for check in rule.checks if check.group == "hair=short")


@pytest.mark.parametrize("validated", [True, False])
def test_an_open_check_whose_bounds_lie_beyond_the_limit_says_what_a_fail_needs(
    validated: bool,
) -> None:
    # of 200 blond short-haired 30 to 34 are lost: below -.1 at 97.5 %, and not at a quarter of it
    verdict = next(
        found for number in range(28, 40)
        if sureness.beyond_bounds(short(found := lost(number, validated=validated))[1])
    )  # fmt: skip
    rule, check = short(verdict)
    assert check.outcome == "inconclusive" and check.failed_at is None
    level = sureness.fail_level(verdict, rule, check)
    # three groups and one pair: Holm gives each of four a quarter; in order, the three have .9 of
    # alpha, and each a half, a quarter or a quarter of that
    shares = [0.25] if not validated else [0.9 / 2, 0.9 / 4]
    assert level is not None
    assert any(level == pytest.approx(0.025 * share) for share in shares)
    words = sureness.open_beyond(verdict, rule, check)
    assert words.startswith("beyond at 97.5 %, but a fail here needs 9")
    page = report(verdict, ReportContext())
    assert f"<small>{words}</small>" in page
    assert f"{words[0].upper()}{words[1:]}." in page.split('id="rules"')[0]  # on the first screen
    assert Balance(page).wrong == []


def test_a_check_that_failed_or_whose_bounds_hold_the_limit_says_nothing_more() -> None:
    for which in ("pass", "inconclusive", "fail"):
        verdict = evaluated(which)
        found = {
            (check.outcome, bool(sureness.open_beyond(verdict, rule, check)))
            for rule in verdict.tested
            for check in rule.checks
        }
        assert ("pass", True) not in found and ("fail", True) not in found
    assert sureness.open_beyond(lost(12, validated=False), *short(lost(12, validated=False))) == ""


def test_the_first_screen_says_what_the_confidence_claims_and_what_not() -> None:
    tops = {
        which: report(evaluated(which), ReportContext()).split('<div class="cards">')[0]
        for which in ("pass", "inconclusive", "fail")
    }
    start = '<p class="soft claim">At 97.5 % confidence: '
    said = {
        "pass": "if a limit were in truth broken in any group, a test like this would pass at most "
        "2.5 times in 100. It does not say that nobody is harmed",
        "fail": "if no limit were in truth broken in any group, a test like this would find one "
        "broken at most 2.5 times in 100.",
        "inconclusive": "a pass may be wrong at most 2.5 times in 100, and so may a fail; these "
        "pictures allow neither.",
    }
    assert [which for which, words in said.items() if start + words in tops[which]] == [*said]


def test_the_claim_follows_the_least_sure_rule_and_is_left_to_the_verdict_where_looks_are_earned(
) -> None:  # fmt: skip
    verdict = evaluated("pass")
    rules = [replace(verdict.rules[0], confidence=0.9, alpha=0.1), *verdict.rules[1:]]
    assert "At 90 % confidence" in sureness.claim(replace(verdict, rules=rules))
    sure = [replace(rule, confidence=0.996, alpha=0.004) for rule in verdict.rules]
    assert "at most 4 times in 1,000." in sureness.claim(replace(verdict, rules=sure))
    earned = replace(
        verdict.rules[0],
        checks=[replace(one, e_value=50.0) for one in verdict.rules[0].checks],
    )
    assert sureness.claim(replace(verdict, rules=[earned])) == ""
    assert sureness.claim(replace(verdict, rules=[earned], parts=1)) != ""


def test_a_bound_that_the_observed_rate_leaves_no_room_for_says_when_it_could_be_reached() -> None:
    verdict = evaluated("pass")
    rule, check = short(verdict)
    rare = replace(check, baseline=0.05, candidate=0.04, estimate=-0.01, lower=-0.2, upper=0.1)
    often = replace(check, baseline=0.95, candidate=0.95, estimate=0.0, lower=-0.05, upper=0.2)
    assert wording.beyond_room(rule, rare) == (
        "A fall of 20.0 points needs a true rate before that is higher than the one observed."
    )
    assert wording.beyond_room(rule, often) == (
        "A rise of 20.0 points needs a true rate before that is lower than the one observed."
    )
    inside = replace(often, lower=-0.05, upper=0.05)
    assert wording.beyond_room(rule, inside) == ""
    for found, said in ((often, True), (inside, False)):
        alone = replace(verdict, rules=[replace(rule, checks=[found])])
        page = report(alone, ReportContext())
        assert ("leaves room for" in page) is said and ("A rise of 20.0" in page) is said
        assert f"[{MINUS}0.050, +0.{'200' if said else '050'}]" in page  # the bound that is proven


def test_counts_that_would_settle_are_told_for_each_open_check_alone_and_for_all_at_once() -> None:
    verdict = lost(30, validated=True)
    checks = [c for r in verdict.tested for c in r.checks if c.outcome == "inconclusive"]
    assert len(checks) == 3  # of which rows settle two: .1 = .2 / 2 of a chance is left to each
    step = next(one for one in verdict.next if one.startswith("Test on about"))
    assert step.startswith(
        "Test on about 1,305 pictures that are blond in hair=long and 1,217 pictures that are "
        "blond. That is for each of 2 of the 3 open checks alone, at 80 % power; about 1,747 and "
        "1,629 settle these 2 at once with that chance; the other stays open. "
    )
    assert "the power 1 - 0.2 / k; then all of them pass with 80 % chance" in verdict.assumption
    alone = Gate.model_validate({"power": 0.8, "intersections": False, "rules": [
        {**TPR, "metric": "accuracy", "groups": ["hair"], "limit": 0.05}]})  # fmt: skip
    one = evaluate(*hair_pair(12), alone, captions=CHAIN)
    assert sum(c.outcome == "inconclusive" for c in one.rules[0].checks) == 1
    assert not any("open checks" in step for step in one.next)
    assert verdict.assumption.startswith("Counts hold for each check alone, with 80 % power, if ")


def test_a_rule_on_one_pair_counts_one_pair_and_two_cards_share_the_width() -> None:
    page = report(lost(12, validated=True), ReportContext())
    assert "<small>1 pair: 1 " in page and '<div class="cards two">' in page
    both = report(lost(12, validated=True), ReportContext(sizes={"dense": 9, "pruned": 1}))
    assert '<div class="cards">' in both
