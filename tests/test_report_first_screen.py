"""The report's first screen: who was hit, what was gained and lost, and what to do next."""

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from report_pairs import LATENCY, LAYERS, Balance, evaluated, hair_pair

from faircompress.config import params
from faircompress.evaluation.worst_check import worst_check
from faircompress.report.context import ReportContext
from faircompress.report.curves import curves
from faircompress.report.downloads import checks_csv
from faircompress.report.gains import bad_trades, gained
from faircompress.report.html import report
from faircompress.report.levers import levers
from faircompress.report.outlook import outlook
from faircompress.support.number_text import points, share, times, went

ROOT = Path(__file__).parent.parent
HOSTILE = "<script>alert('x')</script> \"quoted\" " + "long" * 50 + " \u0639\u0631\u0628\u064a"


def test_numbers_are_written_as_people_say_them() -> None:
    assert (share(0.9917), points(-0.159)) == ("99.2 %", "\N{MINUS SIGN}15.9 points")
    assert went(0.9941, 0.9939) == "unchanged (0.994)"
    found = [times(ratio) for ratio in (0.674, 4.01, 16.2)]
    assert found == ["0.67\u00d7", "4.0\u00d7", "16\u00d7"]


def test_the_worst_group_of_a_fail_lies_furthest_beyond_its_limit() -> None:
    found = worst_check(evaluated("fail"))
    assert found is not None
    rule, check = found
    assert (rule.metric, check.group, check.outcome) == ("true_positive_rate", "hair=short", "fail")


def test_what_was_gained_is_told_in_times_and_slow_multiply_adds_in_words() -> None:
    slow = {**LATENCY["times"][0], "speedup": 1.5}
    context = ReportContext(
        sizes={"dense": 9000, "pruned": 1000},
        layers=LAYERS,
        latency={**LATENCY, "times": [slow]},
    )
    assert [(row["what"], row["ratio"]) for row in gained(context)][:2] == [
        ("Multiply-adds", "16\u00d7"),
        ("File", "9.0\u00d7"),
    ]
    (sentence,) = bad_trades(evaluated("pass"), context)
    assert sentence.startswith("16\u00d7 fewer multiply-adds ran only 1.5\u00d7 (batch 64) as fast")


def test_where_the_dense_model_is_too_weak_the_first_lever_is_a_better_one() -> None:
    given = params.load(ROOT / "params.yaml")
    first, second, third = levers(given, weak=True)
    assert first == (
        "train the dense model longer: train.epochs from 8 to 16 (it is too weak for "
        "performance_weighted)"
    )
    assert second.startswith("fine-tune by pseudo-cells")
    assert third.startswith("prune less")
    theirs = given.model_copy(update={"train": given.train.model_copy(update={"epochs": 0})})
    assert levers(theirs, weak=True)[0].startswith("bring a better dense model (train.from)")


def test_levers_know_the_objective_in_use() -> None:
    for given, words in (
        ([], "from performance_weighted to pseudo_cell_dro, prune.finetune.mix from 0 to 0.8"),
        (["prune.finetune.name=pseudo_cell_dro"], "which reads group labels"),
        (["prune.finetune.name=group_dro"], "found .153 more of the rarest subgroup"),
    ):
        found = levers(params.load(ROOT / "params.yaml", given))
        assert len(found) == 3 and words in found[1] and "from 4 to 2.5" in found[0]


def test_a_pass_says_what_it_does_not_cover_and_an_open_verdict_which_rows_to_collect() -> None:
    passed = [step["text"] for step in outlook(evaluated("pass"))["steps"]]
    assert any("like those tested" in text for text in passed)
    steps = [step["text"] for step in outlook(evaluated("inconclusive"))["steps"]]
    assert any("More pictures will probably not settle" in text for text in steps)


def test_checks_are_a_table_that_no_spreadsheet_computes() -> None:
    verdict = evaluated("fail")
    rule = replace(verdict.rules[0], metric="=1+1")
    text = checks_csv(replace(verdict, rules=[rule, *verdict.rules[1:]]))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == sum(len(one.checks) for one in verdict.rules)
    assert rows[0]["metric"] == "'=1+1"


def test_names_from_data_stay_text_and_200_groups_fit() -> None:
    verdict = evaluated("fail")
    strange = [replace(group, group=HOSTILE) for group in verdict.groups[1:]] * 100
    rules = [
        replace(rule, checks=[replace(check, group=HOSTILE) for check in rule.checks])
        for rule in verdict.rules
    ]
    text = report(replace(verdict, groups=[verdict.groups[0], *strange], rules=rules),
                  ReportContext())  # fmt: skip
    assert "<script" not in text and "&lt;script&gt;" in text and Balance(text).wrong == []


@pytest.mark.parametrize("which", ["pass", "inconclusive", "fail"])
def test_axe_finds_nothing_in_light_and_dark_and_paper_holds_the_summary_on_one_page(
    which: str, tmp_path: Path
) -> None:
    sync = pytest.importorskip("playwright.sync_api", reason="needs the extra dev")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="extra dev")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs a browser: apt-get install chromium")
    lost = {"pass": 0, "inconclusive": 20, "fail": 100}[which]
    context = ReportContext(
        sizes={"dense": 9000, "pruned": 1000}, layers=LAYERS, latency=LATENCY,
        curves=curves(evaluated(which), *hair_pair(lost)),
    )  # fmt: skip
    file = tmp_path / "report.html"
    file.write_text(report(evaluated(which), context), "utf-8")
    with sync.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = browser.new_page(color_scheme=scheme)
            page.goto(file.as_uri())
            assert [v["id"] for v in axe.Axe().run(page).response["violations"]] == []
        page.set_viewport_size({"width": 688, "height": 1016})  # A4 within its margins
        page.emulate_media(media="print")
        bottom = "document.querySelector('.screen-one').getBoundingClientRect().bottom"
        assert page.evaluate(bottom) < 1016
        with page.expect_download() as got:
            page.emulate_media(media="screen")
            page.get_by_role("link", name="verdict.json").click()
        assert got.value.suggested_filename == "verdict.json"
        browser.close()
