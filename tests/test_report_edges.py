"""What does not fit a figure: a line that goes on has an arrow, and words that say how far."""

import re
from dataclasses import replace

from report_pairs import LATENCY, Balance, evaluated
from test_by_speedup import line

from faircompress.evaluation.captions import CHAIN
from faircompress.report.context import ReportContext
from faircompress.report.forest import forest
from faircompress.report.html import report
from faircompress.report.plots import GOES_ON, fitted
from faircompress.report.tradeoff import axis, figure
from faircompress.study.by_speedup import BOTTOM, TOP, by_speedup
from faircompress.study.figures import cuts
from faircompress.study.resampling import Estimate

SIZES = {"dense": 9, "pruned": 9}
SLOW = {"name": "Latency", "of": "of the dense file's", "at": 0.5, "high": 4.0, "kind": "cost"}


def test_a_bar_of_costs_that_goes_on_beyond_the_edge_has_an_arrow_and_says_how_far() -> None:
    within = {**SLOW, "high": 0.6}
    cut, whole = figure([SLOW, within], axis([SLOW, within]))["bars"]
    assert (cut["cut"], cut["high"], whole["cut"]) == (True, 100, False)
    assert cut["title"] == f"Latency: 0.50 (at most 4.00) of the dense file's. {GOES_ON}"
    assert GOES_ON not in whole["title"]
    files = [
        {"precision": p, "verdict": "pass", "bytes": 9, "flips": 0, "max_difference": 0.0,
         "released": False, "report": "", "sentence": "",
         "times": [{**LATENCY["times"][0], "speedup": 2.0, "low": low}]}
        for p, low in (("fp32", 0.25), ("int8", 1.9))
    ]  # fmt: skip
    page = report(evaluated("pass"), ReportContext(sizes=SIZES, precisions=files))
    times = page.split('id="precisions"')[1].split("</section>")[0]
    assert times.count('href="#cut-right"') == 1 and times.count('href="#cap"') == 3


def test_an_interval_that_is_cut_says_so_in_its_title_and_thin_lines_have_arrows_too() -> None:
    verdict = evaluated("pass")
    rule = verdict.rules[0]
    far = [
        check if check.group != "hair=long" else
        replace(check, lower=-0.99)
        for check in rule.checks
    ]  # fmt: skip
    shown = forest(replace(rule, checks=far), verdict.groups, CHAIN)
    bars = {bar["name"]: bar for bar in shown["bars"]}
    cut = bars["hair=long"]
    assert cut["low_cut"] and not cut["high_cut"] and cut["title"].endswith(GOES_ON)
    assert GOES_ON not in bars["all"]["title"]
    wide = [
        replace(group, metrics={name: replace(found, bootstrap=[-0.999, 0.0])
                                for name, found in group.metrics.items()})
        for group in verdict.groups
    ]  # fmt: skip
    other = forest(rule, wide, CHAIN)["bars"][0]["others"][0]
    assert (other["low_cut"], other["high_cut"]) == (True, False)
    page = report(replace(verdict, groups=wide), ReportContext())
    assert '<use href="#cut-left" class="thin"' in page and Balance(page).wrong == []


def test_a_studys_whiskers_that_are_cut_have_an_arrow_at_the_edge() -> None:
    scale = fitted([0.0, 0.1], [-9.0, 0.1], most=2.0)
    far = Estimate(0.1, -9.0, 0.1, None, None, (0.1,))

    def at(number: float) -> float:
        return scale(number)

    assert cuts(far, scale, ("left", "right"), 7.0, at) == [{"way": "left", "x": 0.0, "y": 7.0}]
    down = cuts(far, scale, ("down", "up"), 7.0, at)
    assert down == [{"way": "down", "y": 0.0, "x": 7.0}]
    short = line("plain", 2, "a", 0.1)
    long = line("plain", 4, "a", 0.1)
    wide = Estimate(0.1, -9.0, 9.0, None, None, (0.1,))
    long = replace(long, change=wide)
    points = by_speedup([short, long])["panels"][0]["lines"][0]["points"]
    assert points[0]["cuts"] == []
    assert [(c["way"], c["y"]) for c in points[1]["cuts"]] == [("down", BOTTOM), ("up", TOP)]


def test_every_arrow_that_a_page_uses_is_defined_in_it() -> None:
    page = report(evaluated("fail"), ReportContext())
    used = set(re.findall(r'href="#((?:cut|mark|model|cap)[^"]*)"', page))
    assert used <= set(re.findall(r' id="([^"]+)"', page))
    assert {"cut-up", "cut-down"} <= set(re.findall(r' id="([^"]+)"', page))
