"""Sentences and small tables of the report that a reader acts on."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_pairs import LATENCY, LAYERS, evaluated, hair_pair
from test_report_precisions import file

from faircompress.config import params
from faircompress.config.rules import Gate
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict
from faircompress.registry.run_pages import rates
from faircompress.report.context import ReportContext
from faircompress.report.curves import curves
from faircompress.report.gains import bad_trades
from faircompress.report.html import report
from faircompress.report.levers import levers
from faircompress.report.precisions import precisions
from faircompress.report.remedies import SHOWN
from faircompress.report.wording import worst_with_bounds

TPR = {"metric": "true_positive_rate", "rule": "change", "limit": 0.9}
ROOT = Path(__file__).parent.parent
TIMES = "\N{MULTIPLICATION SIGN}"


def test_counts_of_decisions_have_weighted_shares_beside_them_which_are_the_rates() -> None:
    weights = np.where(np.arange(800) < 600, 3.0, 1.0)  # those who are lost weigh 3
    pair = [replace(one, weights=weights) for one in
            hair_pair(100)]  # fmt: skip
    gate = Gate.model_validate({"power": 0.8, "intersections": False, "rules": [TPR]})
    verdict = evaluate(*pair, gate)
    drawn = curves(verdict, *pair)
    group = next(one for one in verdict.groups if one.group == "hair=short")
    row = next(r for r in drawn["confusion"]["rows"] if r[:2] == ["hair=short", "blond"])
    found = group.metrics["true_positive_rate"]
    assert found.candidate == pytest.approx(100 / (3 * 100 + 100))
    arrow = "\N{RIGHTWARDS ARROW}"
    assert (row[2], row[4]) == ("200", f"200 {arrow} 100 (100.0 % {arrow} 25.0 %)")
    page = report(verdict, ReportContext(curves=drawn))
    assert "In brackets: the share of the class by weight." in page


def test_of_rows_that_weigh_alike_counts_stand_alone() -> None:
    drawn = curves(evaluated("fail"), *hair_pair(100))
    row = next(r for r in drawn["confusion"]["rows"] if r[:2] == ["hair=short", "blond"])
    assert row[4] == "200 \N{RIGHTWARDS ARROW} 100" and drawn["weighted"] is False
    assert "by weight" not in report(evaluated("fail"), ReportContext(curves=drawn)).split(
        'id="curves"')[1].split("</section>")[0]  # fmt: skip


def calibrated(before: float, after: float) -> Verdict:
    verdict = evaluated("pass")
    pair = {"baseline": before, "candidate": after, "change": after - before}
    everyone = replace(verdict.groups[0], reported={"calibration_error": pair})
    return replace(verdict, groups=[everyone, *verdict.groups[1:]])


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.006, 0.020, f"rose from 0.006 to 0.020, to 3.3{TIMES} as much."),
        (0.100, 0.130, "rose from 0.100 to 0.130."),
        (0.010, 0.020, f"rose from 0.010 to 0.020, to 2.0{TIMES} as much."),
        (0.000, 0.015, "rose from 0.000 to 0.015."),
        (0.001, 0.009, ""),  # nine times as much, and nobody would notice
        (0.050, 0.065, ""),  # neither much nor several times as much
        (0.030, 0.010, ""),
    ],
)
def test_a_calibration_error_is_a_bad_trade_by_its_rise_or_by_how_many_times_it_grew(
    before: float, after: float, words: str
) -> None:
    found = bad_trades(calibrated(before, after), ReportContext())
    assert [sentence.partition("the calibration error ")[2] for sentence in found] == (
        [words] if words else []
    )


def test_where_times_are_shown_a_footnote_tells_paired_runs_from_medians() -> None:
    footnote = "Faster: in paired runs. Milliseconds: each file&#39;s own median."
    sizes = {"dense": 9000, "pruned": 1000}
    first = report(evaluated("pass"), ReportContext(sizes=sizes, latency=LATENCY))
    # 90 ms over 9 ms are ten times, as the paired runs say; a ratio of other runs need not be
    assert "10" + TIMES + " faster" in first and "90 ms" in first
    top = first.split('<section id="rules">')[0].replace("'", "&#39;")
    assert top.count(footnote) == 1
    for context in (ReportContext(sizes=sizes), ReportContext(layers=LAYERS)):
        assert "in paired runs" not in report(evaluated("pass"), context)


def test_a_file_of_fewer_bits_that_is_larger_is_called_larger_and_one_as_large_hardly_smaller() -> (
    None
):
    def sentences(size: int) -> list[str]:
        files = [file("fp32", "pass", 2000, 4.0), file("fp16", "pass", size, 4.0)]
        return bad_trades(evaluated("pass"), ReportContext(precisions=files))

    assert sentences(2100) == ["fp16 is larger than fp32: 2.1 kB against 2 kB."]
    assert sentences(2000) == ["fp16 is hardly smaller than fp32: 2 kB against 2 kB."]
    assert sentences(1900) == ["fp16 is hardly smaller than fp32: 1.9 kB against 2 kB."]
    assert sentences(1000) == []


def test_advice_on_finetuning_says_on_what_data_network_and_speedup_it_was_measured() -> None:
    (first, *_) = SHOWN
    plan = (ROOT / "studies" / f"{first.study}.yaml").read_text()
    (speedup,) = re.findall(r"^speedups: \[(\d+)\]", plan, re.M)
    assert f"pruned {speedup}x" in first.evidence and "model: small" in plan
    assert "on the embedded portraits, network small" in first.evidence
    advice = levers(params.load(ROOT / "params.yaml"))[1]
    assert first.evidence in advice and "elsewhere it may find less" in advice


def test_each_precision_says_what_decides_it_with_its_bounds() -> None:
    words = worst_with_bounds(evaluated("fail"))
    start, _, bounds = words.partition("; bounds ")
    assert start.startswith("hair=short: true positive rate 100.0") and start.endswith("allowed")
    numbers = r"\S5\d\.\d to \S4\d\.\d points, each bound with 97\.5 % confidence"
    assert re.fullmatch(numbers, bounds)
    files = [
        {**file("fp32", "fail", 2000, 4.0), "worst": words},
        file("int8", "not evaluated", 1, 4.0),
    ]
    page = report(evaluated("fail"), ReportContext(precisions=files))
    told = page.split('<section id="precisions">')[1].split("</section>")[0]
    assert told.count(f"Worst check: {words}.") == 1
    found = precisions(files, {}, "fp32", "dense")
    assert found is not None and ["Worst check", words, "not known"] in found["table"]


def test_mlflows_table_of_rates_has_the_bounds_of_each_change_that_a_rule_limits() -> None:
    table = rates(evaluated("fail")).set_index("group")
    group = next(one for one in evaluated("fail").groups if one.group == "hair=short")
    found = group.metrics["true_positive_rate"]
    assert found.lower is not None and found.upper is not None
    row = table.loc["hair=short"]
    assert row["true_positive_rate change"] == -0.5
    assert row["true_positive_rate change, lower bound"] == round(found.lower, 5) < -0.5
    assert row["true_positive_rate change, upper bound"] == round(found.upper, 5) > -0.5
    assert not [name for name in table if "bound" in name and "accuracy" in name]  # no rule, none
