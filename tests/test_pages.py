"""Pages beside the report: what they say first, and no barriers in a real browser."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx
import numpy as np
import pytest
from conftest import Project
from finished_runs import Finished
from PIL import Image
from test_monitor_page import watched
from test_search_plan import candidate
from test_study_harm import PLAN, said

from faircompress.monitoring.page import page as monitor_page
from faircompress.report.history_page import history_page
from faircompress.report.history_rows import Evaluated
from faircompress.report.remedies import SHOWN
from faircompress.search import page as search_page
from faircompress.search.plan import ranked
from faircompress.study import figures, outcome, pages
from faircompress.study.comparison import Comparison
from faircompress.study.harm import gains
from faircompress.study.harm_page import signed
from faircompress.study.plan import Cell
from faircompress.study.resampling import SHARE, Draws, estimate

WHOM = "blond, hair=short"
HOSTILE = "<script>alert('x')</script>"
FAILED = "stage prune failed:\n[12:00:01] going\nerror: a speed-up of 3 cannot be reached\n"
SHORT = """() => {  // no paths of this machine in pictures
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode())
    texts.currentNode.data = texts.currentNode.data.replace(/\\/tmp\\/\\S*\\/(?=artifacts)/, "");
}"""
DRAWS = Draws(np.ones((4, 1)), np.array([[2, 0], [1, 1], [0, 2], [1, 1]]))


def test_what_is_worse_is_shaded_above_0_of_flips_and_below_of_gains() -> None:
    rows = [("plain", "", estimate([(-0.1, np.full(4, -0.1)), (0.1, np.full(4, 0.1))], DRAWS), "")]
    zero = figures.effects(rows)["bands"][0]["width"]
    assert 0 < zero < 100
    assert figures.effects(rows)["bands"] == [{"x": 0, "width": zero}]
    assert figures.effects(rows, more_is_worse=True)["bands"] == [{"x": zero, "width": 100 - zero}]


def test_no_interval_reaches_beyond_what_a_share_can_change_by_and_a_cut_one_says_so() -> None:
    found = estimate([(-0.9, np.full(4, -0.9)), (-0.1, np.full(4, -0.1))], DRAWS)
    assert (found.low, found.high, found.cut) == (-1.0, 1.0, True)  # t of one degree: 12.7 errors
    assert signed(found) == "-0.500 (-1.000 to +1.000; cut)"
    share = estimate([(0.02, np.full(4, 0.02)), (0.04, np.full(4, 0.04))], DRAWS, SHARE)
    assert share.low == 0.0 and share.cut
    near = estimate([(0.100, np.full(4, 0.1)), (0.101, np.full(4, 0.101))], DRAWS)
    assert not near.cut and near.low is not None and near.low < 0.1 < 0.101 < (near.high or 0)


def against(baseline: str) -> Comparison:
    end = PLAN.endpoint.model_copy(update={"baselines": [baseline]})
    plan = PLAN.model_copy(update={"endpoint": end})
    cells = [Cell("d", "m", seed, method, 0, 2) for method in plan.methods for seed in plan.seeds]
    return Comparison(plan, "d", "m", cells, said, WHOM)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the page of a study in which two methods help and one run failed."""
    compared = against("lost")
    done = {cell: {"speedup": 2.0, "parameters": 10} for cell in compared.cells}
    failed = {Cell("d", "m", 4, HOSTILE, 0, 2): FAILED}
    folder = tmp_path_factory.mktemp("study") / "results"
    return pages.write(folder, compared.plan, [compared], done, failed, {})


def test_a_study_page_begins_with_who_is_helped_by_what_and_gives_its_numbers_along(
    study: Path,
) -> None:
    compared = against("lost")
    found = outcome.findings(gains(compared), compared.tests())
    words = outcome.sentence(compared, found)
    assert words.startswith(f"plain helps {WHOM} at 2\N{MULTIPLICATION SIGN}: ")
    assert "points more decided rightly than with lost" in words and "3 data seeds" in words
    assert "Shown to help, too: shy." in words
    text = study.read_text("utf-8")
    assert words in unescape(text) and "error: a speed-up of 3 cannot be reached" in text
    assert "<script" not in text and text.count('download="') == 5
    assert (study.parent / "d-m-gains.json").exists()


def test_a_study_that_shows_nothing_says_so_first() -> None:
    compared = against("plain")
    found = outcome.findings(gains(compared), compared.tests())
    assert outcome.conclusion([one for one in found if one.method == "lost"]) == "harms"
    assert outcome.sentence(compared, found).startswith("Not shown: at 2\N{MULTIPLICATION SIGN} no")


def evaluated(day: int, verdict: str) -> Evaluated:
    return Evaluated(
        f"2026-11-{day:02d}T10:00:00Z", str(day), "project", "fp32", verdict, HOSTILE,
        0.4 * day, 6e4, 3e5, 0.6, 2.0, 4.1, ("approve by =Ann, 2026-11-03",), day == 2,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shown(study: Path, finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give the pages that a browser looks at."""
    project: Project = finished[0]
    folder = tmp_path_factory.mktemp("pages")
    told = [evaluated(1, "fail"), evaluated(2, "pass"), evaluated(3, "inconclusive")]
    (folder / "history.html").write_text(history_page("p", told), "utf-8")
    done = project.call(sys.executable, "-m", "faircompress", "history", "--html",
                        str(folder / "own.html"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    findings = project.folder / "artifacts/validate/findings.html"
    for wrong_every in (2, 10):
        watch = monitor_page(watched(wrong_every=wrong_every))
        (folder / f"monitor-{wrong_every}.html").write_text(watch, "utf-8")
    return [
        *(study, folder / "history.html", folder / "own.html", findings),
        *(folder / f"monitor-{wrong_every}.html" for wrong_every in (2, 10)),
        *(frontier(folder / name, asked) for name, asked in (("found", 0.8), ("none", 1.1))),
    ]


def frontier(folder: Path, asked: float) -> Path:
    """Write the page of a search of six files, of which the widest is drawn beyond the edge."""
    folder.mkdir()
    line = f"prune.epochs=9 {HOSTILE}"
    candidates = [
        candidate(4, ("fp32", 4000, 10), ("fp16", 2000, 9)),
        candidate(8, ("fp32", 3000, 8), ("fp16", 1500, 5)),
        candidate(4, ("fp32", 4000, 10), ("int8", 1200, 3), line=line),
    ]
    check = f"flips negative_flips against baseline: {HOSTILE}"
    found = [
        replace(one, file=replace(one.file, worst=check, stops=check, used=(at, 0.1, 2 * at + 1)))
        for at, one in enumerate(ranked(candidates, asked=asked, by="bytes"))
    ]
    return search_page.write(folder, found, asked, "bytes", {f"9x {line}": FAILED}, SHOWN)


def test_a_frontier_says_first_whether_a_file_is_expected_to_pass_and_what_to_do(
    tmp_path: Path,
) -> None:
    text = frontier(tmp_path / "found", 0.8).read_text("utf-8")
    assert "<script" not in text and "is expected to pass the gate, with a chance of" in text
    assert "Let the gate decide" in text and "faircompress run -S" in text
    none = frontier(tmp_path / "none", 1.1).read_text("utf-8")
    assert "None of the 6 files that were tried is expected to pass." in none
    assert "Try a smaller speed-up or another method" in none


def test_history_names_the_last_verdict_the_champion_and_nothing_runs_in_it() -> None:
    text = history_page("p", [evaluated(1, "fail"), evaluated(2, "pass")])
    assert "<script" not in text and "Champion: version 2" in text
    alone = history_page("p", [replace(evaluated(1, "fail"), is_champion=False, limit_used=None)])
    assert "No champion." in alone and 'id="limits"' not in alone


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Give a browser without a window."""
    sync = pytest.importorskip("playwright.sync_api", reason="needs the extra dev")
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs a browser: apt-get install chromium")
    with sync.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def test_axe_finds_nothing_on_any_page_in_light_and_dark_and_all_fit_a_phone(
    browser: object, shown: list[Path]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="extra dev")
    page = browser.new_page()  # type: ignore[attr-defined]
    for file in shown:
        for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(file.as_uri())
            assert [v["id"] for v in axe.Axe().run(page).response["violations"]] == [], file
            assert page.evaluate("document.documentElement.scrollWidth") == width, file
    page.close()


def test_prefects_run_page_tells_the_verdict_without_logs(
    browser: object, finished: Finished, prefect_server: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(finished[0].folder, tmp_path / "p", symlinks=True)
    assert Project(tmp_path / "p", prefect_server).run().returncode == 0
    api = prefect_server["PREFECT_API_URL"]
    asked = {"artifacts": {"key": {"any_": ["verdict"]}}, "sort": "CREATED_DESC", "limit": 1}
    (told,) = httpx.post(f"{api}/artifacts/filter", json=asked).json()
    assert "PASS" in httpx.get(f"{api}/flow_runs/{told['flow_run_id']}").json()["tags"]
    page = browser.new_page(viewport={"width": 1200, "height": 800})  # type: ignore[attr-defined]
    page.goto(f"{api.removesuffix('/api')}/runs/flow-run/{told['flow_run_id']}")
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_text(told["description"]).first.wait_for()
    assert "Worst: " in told["description"] and "Gained: " in told["description"]
    assert page.get_by_text("PASS", exact=True).count()  # below the run's name
    draw(page, "prefect-run")
    page.get_by_text("verdict", exact=True).last.click()
    page.get_by_text("Worst group: ").first.wait_for()
    draw(page, "prefect-verdict")
    page.close()


def draw(page: object, name: str) -> None:
    """Keep a picture for the docs, if pictures are asked for."""
    if folder := os.environ.get("PICTURES"):
        file = Path(folder) / f"{name}.png"
        page.evaluate(SHORT)  # type: ignore[attr-defined]
        page.screenshot(path=file, animations="disabled")  # type: ignore[attr-defined]
        Image.open(file).convert("RGB").quantize(128).save(file, optimize=True)
