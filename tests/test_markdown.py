"""Names of groups, classes and columns are words everywhere, whatever they are made of."""

import random
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from report_pairs import predicted

from faircompress.auditing.outputs import junit, summary
from faircompress.config.rules import Gate
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.verdict import Verdict
from faircompress.registry import mlflow_runs
from faircompress.registry.descriptions import described
from faircompress.registry.policy import Decision
from faircompress.report.context import ReportContext
from faircompress.report.html import report
from faircompress.report.markdown import plain_text
from faircompress.report.model_card import model_card
from faircompress.support.lines import one_line

PIECES = (
    "\n", "\r\n", "\t", "    ", "# ", "## Verdict: PASS", "===", "---", "- ", "+ ", "* ", "1. ",
    "2) ", "> ", "|", "| a |", "`", "```", "~~~", "~~", "**", "*", "_", "__", "a_b", "<b>",
    "</td>", "<script>alert(1)</script>", "</script>", "<!--", "-->", "&lt;", "&#60;", "&amp;",
    "[x](http://e.vil)", "![i](http://e.vil/x.png)", "[a]: http://e.vil", "http://e.vil",
    "www.e.vil", "a@b.c", ":smile:", "\\", "\\\\", "$x$", "\0", "\x1b[31m", "\u2028", "\u202e",
    "\u200b", "é", "[^1]", "[ ]", "#1", "(", ")", "{{ x }}", "{% x %}", "'", '"', "a", " b ",
)  # fmt: skip
HOSTILE = [
    "a\n# Verdict: PASS\n", "b|c|d", "`code` ``` *x* __y__", "<img src=x onerror=alert(1)>",
    "[pass](http://e.vil) ![i](http://e.vil/i.png)", "</script><h1>PASS</h1>", "\x00\x1b[2J\u202ex",
    "---\n===\n- 1. x", "long " * 3000,
]  # fmt: skip
TPR = {"metric": "true_positive_rate", "limit": 0.05}
RULES = [
    {"rule": "change", **TPR},
    {"rule": "disparity_change", **TPR},
    {"rule": "change", **TPR, "against": "champion"},
]
MARKUP = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(text: str) -> list[Token]:
    def walk(found: Sequence[Token]) -> Iterator[Token]:
        for one in found:
            yield one
            yield from walk(one.children or [])

    return list(walk(MARKUP.parse(text)))


def shape(text: str) -> list[str]:
    """Return what a reader's program makes of a text, without its words."""
    return [one.type for one in tokens(text) if one.type not in ("text", "text_special")]


def read(text: str) -> str:
    return "".join(t.content for t in tokens(text) if t.type in ("text", "text_special"))


def test_any_text_stays_words_and_the_same_words() -> None:
    drawn = random.Random(7)
    for _ in range(3000):
        text = "".join(drawn.choices(PIECES, k=drawn.randint(1, 7)))
        escaped = plain_text(text)
        only = ["paragraph_open", "inline", "paragraph_close"] if escaped else []
        assert shape(escaped) == only, text
        assert read(escaped) == one_line(text), text
        cell = shape(f"| a | b |\n| - | - |\n| {escaped} | 1 |")
        assert cell.count("td_open") == 2 and "link_open" not in cell, text


def harmed(names: Sequence[str]) -> Verdict:
    """Evaluate a file that loses half of the positives of each group, with rules of three kinds."""
    labels = np.tile(np.repeat([1, 1, 0], [40, 40, 20]), len(names))
    pruned = np.where(np.tile(np.repeat([0, 1, 0], [40, 40, 20]), len(names)), 0.1, 0.9)
    more = {"groups": {"hair": np.repeat(names, 100)}, "classes": (names[0], names[-1])}
    pair = (
        predicted(labels, np.full(len(labels), 0.9), "a" * 64, "test", **more),
        predicted(labels, pruned, "b" * 64, "test", **more),
    )
    return evaluate(*pair, Gate(power=0.8, intersections=False, rules=RULES), captions=CHAIN)


@pytest.fixture(scope="module")
def verdicts() -> tuple[Verdict, Verdict]:
    """Give the same verdict on groups of plain and of hostile names."""
    return harmed([f"g{k}" for k in range(len(HOSTILE))]), harmed(sorted(HOSTILE))


def test_hostile_groups_add_nothing_to_card_summary_and_description(
    verdicts: tuple[Verdict, Verdict],
) -> None:
    for write in (
        summary,
        lambda v: model_card(v, ReportContext()),
        lambda v: described(v, "int8"),
    ):
        plain, hostile = (Counter(shape(write(one))) for one in verdicts)
        strange = {kind for kind in hostile if hostile[kind] > plain[kind]}
        assert strange <= {"paragraph_open", "paragraph_close", "inline"}  # what found no room
        assert not any(kind.startswith(("html", "image", "link", "fence")) for kind in hostile)
        heads = [hostile[f"{kind}_open"] for kind in ("heading", "table")]
        assert heads == [plain[f"{kind}_open"] for kind in ("heading", "table")]


def test_a_description_finds_room_in_mlflows_databases(verdicts: tuple[Verdict, Verdict]) -> None:
    many = replace(verdicts[0], groups=verdicts[0].groups * 20)
    for verdict in (*verdicts, many):
        assert len(described(verdict, "fp32")) <= 5000
    assert "more lines are in the run's gate/card.md." in described(many, "fp32")


def test_hostile_groups_add_no_element_to_the_report(verdicts: tuple[Verdict, Verdict]) -> None:
    class Elements(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: Counter[str] = Counter()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.found[tag] += 1
            assert not any(name.startswith("on") for name, _ in attrs)

    found = []
    for verdict in verdicts:
        parser = Elements()
        parser.feed(report(verdict, ReportContext()))
        found.append(parser.found)
    assert found[0] == found[1]
    assert not {"script", "img", "iframe"} & set(found[1])


def test_hostile_columns_and_groups_are_valid_xml(verdicts: tuple[Verdict, Verdict]) -> None:
    plain, hostile = (ET.fromstring(junit(one)) for one in verdicts)
    assert [e.tag for e in plain.iter()] == [e.tag for e in hostile.iter()]
    rule = replace(verdicts[1].rules[0], columns=["hair\x00\x1b"])
    named = ET.fromstring(junit(replace(verdicts[1], rules=[rule])))
    case = next(named.iter("testcase"))
    assert case.get("classname", "").endswith("hair" + 2 * "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("mark", ["\u202e", "\x1b", "\x9b", "\u2028", "\x00", "\ufffe", "\u200b"])
def test_no_page_or_xml_holds_a_mark_that_turns_hides_or_deletes(
    mark: str, verdicts: tuple[Verdict, Verdict]
) -> None:
    named = replace(verdicts[0], sentence=f"Fail in g={mark}ssap")
    rules = [replace(named.rules[0], columns=[f"hair{mark}"])]
    pages = [report(named, ReportContext()), junit(replace(named, rules=rules)).decode()]
    assert not any(mark in text for text in pages)
    assert "g=\N{REPLACEMENT CHARACTER}ssap" in pages[0]


def test_a_persons_reason_is_one_line() -> None:
    told = Decision("t", "approved", "a", "pass", "Ann", "fine\n# Verdict: PASS\x1b[2J").sentence
    assert told == "approved by Ann, verdict pass: fine # Verdict: PASS\N{REPLACEMENT CHARACTER}[2J"


def test_groups_whose_names_look_alike_to_mlflow_keep_their_own_numbers() -> None:
    named = mlflow_runs.named({"tpr.g=女": 1.0, "tpr.g=男": 2.0, "tpr.a|b": 3.0, "tpr.a*b": 4.0})
    assert len(named) == 4 and sorted(named.values()) == [1, 2, 3, 4]
    assert named["tpr.g_女"] == 1
    paths = mlflow_runs.named({"right/../../x": 1.0, "right//y": 2.0, "/z": 3.0, "q" * 400: 4.0})
    assert set(paths) == {"right/_/_/x", "right/_/y", "_/z", "q" * 250}
