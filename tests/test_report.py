import base64
import functools
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_pairs import (
    GATE,
    LATENCY,
    LAYERS,
    PAIRS,
    PARITY,
    RULES,
    Balance,
    class_pair,
    evaluated,
    hair_pair,
    predicted,
)

from faircompress.data.dataset import encode
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict
from faircompress.report import plots
from faircompress.report.context import ReportContext
from faircompress.report.exemplars import FIRST, OTHERS, gallery, newly_wrong
from faircompress.report.forest import forest
from faircompress.report.html import report
from faircompress.support import number_text


def colour(row: int) -> tuple[int, int, int]:
    return (row // 4, 255 - row // 4, 128)


@functools.cache
def page(which: str) -> str:
    lost = newly_wrong(evaluated(which), *PAIRS[which]())
    pictures = {
        one.id: encode(np.full((12, 9, 3), colour(int(one.id[5:])), np.uint8))
        for group in lost
        for one in group.exemplars
    }
    context = ReportContext(
        lost, pictures, {"dense": 9000, "pruned": 1000}, LAYERS, LATENCY, PARITY
    )
    return report(evaluated(which), context)


@pytest.mark.parametrize("which", PAIRS)
def test_every_tag_is_closed_in_order(which: str) -> None:
    found = Balance(page(which))
    assert found.wrong == [] and found.open == []


@pytest.mark.parametrize("which", PAIRS)
def test_the_page_asks_nothing_of_the_network(which: str) -> None:
    text = page(which)
    assert not re.search(r"https?:|//cdn|<script|<link|@import|url\(", text)
    assert all(
        src.startswith("data:image/jpeg;base64,") for src in re.findall(r'src="([^"]*)', text)
    )
    hrefs = re.findall(r'href="([^"]*)', text)
    assert all(href.startswith(("#", "data:")) for href in hrefs)
    assert str(Path(__file__).parent.parent) not in text


@pytest.mark.parametrize("which", PAIRS)
def test_every_group_rule_and_file_of_the_verdict_stands_on_the_page(which: str) -> None:
    text, verdict = page(which), evaluated(which)
    for group in verdict.groups:
        assert f"<b>{group.group}</b>" in text
    for rule in verdict.rules:
        assert plots.capital(rule.description) in text
        for check in rule.checks:
            assert check.place in text
    for fact in (verdict.data, *verdict.models.values()):
        assert fact in text


@pytest.mark.parametrize("which", ["pass", "inconclusive", "fail"])
def test_verdict_comes_first_by_colour_word_and_symbol(which: str) -> None:
    assert evaluated(which).outcome == which
    top = page(which).split("<main>")[1].split("</header>")[0]
    assert f'class="verdict {which}"' in top
    assert f'href="#mark-{which}"' in top
    assert f"</svg> {which}</p>" in top
    assert evaluated(which).sentence.split(": ", 1)[1][1:] in top


def test_a_failed_verdict_names_its_group_and_what_to_do_at_the_top() -> None:
    top = page("fail").split("<main>")[1].split('<section id="reasons">')[0]
    assert "Hardest-hit group" in top and "What to do next" in top
    assert (
        "<b>hair=short</b>: true positive rate 100.0 \N{RIGHTWARDS ARROW} 50.0 % "
        "(\N{MINUS SIGN}50.0 points); a fall of at most 10 points is allowed" in top
    )
    assert "Test on about" not in top  # confirmed harm stays, however many rows are added


@pytest.mark.parametrize("which", PAIRS)
def test_the_same_verdict_gives_the_same_bytes_also_when_read_back_from_json(which: str) -> None:
    context = ReportContext(latency=LATENCY, layers=LAYERS, parity=PARITY)
    written = json.dumps(evaluated(which).to_json(), sort_keys=True)
    again = Verdict.from_json(json.loads(written))
    assert report(again, context) == report(evaluated(which), context)


@pytest.mark.parametrize("which", ["fail", "ten"])
def test_pictures_are_those_the_dense_model_got_right_and_the_pruned_one_wrong(which: str) -> None:
    dense, pruned = PAIRS[which]()
    right = [p.probabilities.argmax(axis=1) == p.labels for p in (dense, pruned)]
    found = re.findall(
        r'<img alt="test-(\d+),[^"]*" src="data:image/jpeg;base64,([^"]*)"', page(which)
    )
    assert len(found) >= FIRST
    assert len({row for row, _ in found}) == len(found)  # none twice
    for row, data in found:
        assert right[0][int(row)] and not right[1][int(row)]
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert np.abs(np.subtract(picture.getpixel((4, 6)), colour(int(row)))).max() <= 4


def test_the_hardest_hit_group_comes_first_and_in_it_the_largest_fall() -> None:
    lost = newly_wrong(evaluated("fail"), *hair_pair(100))
    assert [(g.group, g.rows, g.lost, g.gained) for g in lost] == [
        ("hair=short", 400, 100, 0),
        ("hair=long", 400, 0, 0),
    ]
    falls = [one.baseline - one.candidate for one in lost[0].exemplars]
    assert falls == sorted(falls, reverse=True)
    assert falls[0] == pytest.approx(0.9 - (0.4 - 0.3 * 99 / 100))


def test_pictures_of_a_class_are_of_that_class_alone() -> None:
    lost = newly_wrong(evaluated("ten"), *class_pair())
    assert lost[0].group == "label=c3" and lost[0].rows == 60 and lost[0].lost == 40
    assert all(group.lost == 0 for group in lost[1:])


def test_a_picture_that_lies_in_two_groups_is_shown_once() -> None:
    everyone = {"place": np.full(800, "here")}
    pairs = {
        split: [replace(p, groups={**p.groups, **everyone}) for p in hair_pair(100, split)]
        for split in ("test", "validation")
    }
    verdict = evaluate(*pairs["test"], GATE, validation=tuple(pairs["validation"]))
    lost = newly_wrong(verdict, *pairs["test"])
    shown = [one.id for group in lost for one in group.exemplars]
    assert [group.lost for group in lost] == [100, 100, 0]
    assert len(shown) == len(set(shown)) == FIRST + OTHERS


def test_a_model_that_lost_nothing_has_no_pictures() -> None:
    assert gallery(newly_wrong(evaluated("pass"), *hair_pair(0)), {}, CHAIN) == []
    assert 'id="pictures"' not in page("pass")


def test_a_group_without_positives_is_shown_as_undefined() -> None:
    def pair(split: str = "test") -> tuple[Predictions, ...]:
        labels = np.r_[np.tile([0, 1], 200), np.zeros(50, int)]
        groups = {"hair": np.repeat(["long", "none"], [400, 50])}
        return tuple(
            predicted(labels, np.full(450, 0.9), m * 64, split, groups=groups) for m in "ab"
        )

    verdict = evaluate(*pair(), GATE, validation=pair("validation"))
    text = report(verdict, ReportContext())
    assert verdict.outcome == "inconclusive"
    assert '<span class="found">undefined</span>' in text
    assert not re.search(r"\b(nan|None|inf)\b", text)
    assert Balance(text).wrong == []


def test_each_rule_has_a_figure_and_each_figure_a_table() -> None:
    text = page("fail")
    tables = text.count("The numbers as a table")
    assert tables == len(RULES) + len(evaluated("fail").groups[0].metrics) + 3  # and the costs
    assert text.count('role="img"') == text.count('role="img"><title>')


def test_a_bound_that_rounding_would_put_on_the_limit_shows_more_decimals() -> None:
    assert number_text.signed(-0.09996, -0.1) == "\N{MINUS SIGN}0.09996"
    assert number_text.signed(-0.0996, -0.1) == "\N{MINUS SIGN}0.0996"
    assert number_text.signed(-0.0804, -0.1) == "\N{MINUS SIGN}0.080"
    assert number_text.unsigned(0.9, 0.9) == "0.900"
    assert number_text.signed(-0.0001) == "0.000"


def test_an_axis_holds_all_estimates_but_is_not_stretched_by_one_wide_interval() -> None:
    axis = plots.fitted([-0.1, 0.0], [-0.9, 0.02], most=2.0)
    assert axis.outside(-0.9) and axis(-0.9) == 0.0
    assert not axis.outside(-0.1) and not axis.outside(0.02)
    assert all(0 < axis(tick) < 100 for tick in axis.ticks())


def test_the_limit_is_drawn_on_the_side_that_is_worse() -> None:
    falling, _, minimum, rising = (
        forest(rule, evaluated("fail").groups, CHAIN) for rule in evaluated("fail").rules
    )
    limit = {kind["kind"]: kind["x"] for kind in falling["marks"]}
    assert limit["limit"] < limit["zero"] and falling["bands"][0]["x"] == 0
    limit = {kind["kind"]: kind["x"] for kind in rising["marks"]}
    assert limit["limit"] > limit["zero"] and rising["bands"][0]["x"] == limit["limit"]
    assert [mark["text"] for mark in minimum["marks"]] == ["minimum 0.8"]


@pytest.mark.parametrize("which", PAIRS)
def test_the_page_is_small(which: str) -> None:
    assert len(page(which)) < 600_000
