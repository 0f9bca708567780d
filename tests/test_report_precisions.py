"""One network as several files: what page and card say of each."""

import functools
from typing import Any

import pytest
from report_pairs import LATENCY, LAYERS, Balance, evaluated

from faircompress.report.context import ReportContext
from faircompress.report.html import report
from faircompress.report.model_card import model_card
from faircompress.report.precisions import precisions

SIZES = {"dense": 8000, "pruned": 1000}


def file(precision: str, verdict: str, size: int, speedup: float, **more: Any) -> dict[str, Any]:
    """A file that is never slower than twice its median."""
    time = {**LATENCY["times"][0], "speedup": speedup, "low": speedup / 2}
    basics = {"flips": 0, "max_difference": 0.0, "released": False, "report": ""}
    named = {"precision": precision, "verdict": verdict, "bytes": size, "times": [time]}
    return {**named, "sentence": f"{precision} in a sentence.", **basics, **more}


FILES = [
    file("fp32", "pass", 2000, 4.0, report="fp32/report.html"),
    file("fp16", "pass", 1000, 4.0, released=True, report="fp16/report.html"),
    file("int8", "not evaluated", 500, 8.0, flips=3, max_difference=0.02),
]
CONTEXT = ReportContext(
    sizes=SIZES, layers=LAYERS, latency=LATENCY, precision="fp16", precisions=FILES
)


@functools.cache
def page() -> str:
    return report(evaluated("pass"), CONTEXT)


def section() -> str:
    return page().split('<section id="precisions">')[1].split("</section>")[0]


def test_each_file_costs_a_share_of_dense() -> None:
    found = precisions(FILES, SIZES, "fp16", "dense")
    assert found is not None and found["columns"] == ["What", "fp32", "fp16", "int8"]
    rows = {row[0]: row[1:] for row in found["table"]}
    assert rows["ONNX file, share of the dense file's"] == ["0.25", "0.12", "0.06"]
    assert rows["Latency, batch 64, share of the dense file's"] == [
        "0.25 (at most 0.50)",
        "0.25 (at most 0.50)",
        "0.12 (at most 0.25)",
    ]
    assert rows["Verdict"] == ["pass", "pass", "not evaluated"]
    assert rows["Released"] == ["no", "yes", "no"]
    assert rows["Decisions that differ from the network's"] == ["0", "0", "3"]
    assert rows["Largest difference of probability"][1:] == ["0", "0.02"]


def test_all_files_share_one_axis() -> None:
    found = precisions([file("fp32", "pass", 8000, 0.5), FILES[1]], SIZES, "fp32", "dense")
    assert found is not None
    whole, eighth = (one["figure"]["bars"][0]["at"] for one in found["files"])
    assert whole / eighth == pytest.approx(8, rel=0.01)
    slow = found["files"][0]["figure"]["bars"][1]
    assert slow["found"] == "2.00 (at most 4.00)" and slow["at"] < slow["high"] == 100


def test_the_page_says_how_they_were_evaluated_and_links_the_other_pages() -> None:
    assert "stopping at the first that does not pass, so no correction is needed" in section()
    assert 'href="fp32/report.html"' in section() and 'href="fp16/' not in section()
    assert "released; this page is about it" in section()
    assert 'class="stamp none"' in section() and "int8 in a sentence." in section()
    assert '<a href="#precisions">Precisions</a>' in page()
    assert Balance(page()).wrong == [] and Balance(page()).open == []


def test_page_and_card_name_the_precision_of_the_evaluated_file() -> None:
    facts = page().split('id="card"')[1]
    assert "<dt>Precision</dt><dd>fp16</dd>" in facts
    assert "<dt>Precision</dt><dd>fp16</dd>" in page().split("</dl>")[0]
    text = model_card(evaluated("pass"), CONTEXT)
    assert "- **Precision**: fp16\n" in text
    assert "| Verdict | pass | pass | not evaluated |" in text and "\n\n\n" not in text


def test_a_single_file_has_no_such_section_and_an_unknown_precision_no_such_fact() -> None:
    assert precisions(FILES[:1], SIZES, "fp32", "dense") is None
    alone = ReportContext(sizes=SIZES)
    assert 'id="precisions"' not in report(evaluated("pass"), alone)
    for text in (report(evaluated("pass"), alone), model_card(evaluated("pass"), alone)):
        assert "Precision</dt>" not in text and "**Precision**" not in text
        assert "Every precision" not in text


def test_files_without_measured_times_or_a_dense_size_still_have_their_words() -> None:
    bare = [{**one, "times": ()} for one in FILES]
    found = precisions(bare, {}, "", "dense")
    assert found is not None and [row[0] for row in found["table"]][2:4] == [
        "Bytes",
        "Decisions that differ from the network's",
    ]
    text = report(evaluated("pass"), ReportContext(precisions=bare))
    assert "int8 in a sentence." in text and Balance(text).wrong == []
