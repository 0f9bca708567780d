"""What a reviewer sees in MLflow, through a browser, on the server that ``faircompress ui`` starts.

``PICTURES=docs/pictures python -m pytest tests/test_mlflow_ui.py`` also draws the pictures of
docs/report.md, of this project's own last run.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, Project, free_port, serving
from mlflow.entities import Run
from PIL import Image
from prefect.settings import PREFECT_API_URL, temporary_settings
from registered import moved, registered_as

from faircompress.orchestration.deployment import Registry
from faircompress.orchestration.record import recorded
from faircompress.orchestration.workspace import Workspace
from faircompress.registry.run_pages import view_address

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra dev: playwright")
CHROMIUM = Path(shutil.which("chromium") or "/usr/bin/chromium")
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs a browser: apt-get install chromium, as .ci/run does"
)
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]
COPIED = ("params.yaml", "dvc.yaml", "dvc.lock", "artifacts", "mlflow.db", "mlartifacts")
JUDGED = "tags.verdict LIKE '%' and tags.workspace LIKE '%'"
NAMED = re.compile("^(PASS|FAIL|INCONCLUSIVE) project$")
PICTURES = os.environ.get("PICTURES")
OPEN = "Inconclusive: 1 of 39 checks is open, newly wrong share of blond in hair=short."
SEEN = {  # what MLflow shows a first-time visitor only
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
    "mlflow.assistant.panelOpen_v1": "false",
    "_mlflow_model_registry_promo_modal_dismissed_v1": "true",
}


@pytest.fixture(scope="module")
def where(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    prefect_server: dict[str, str],
) -> Iterator[Registry]:
    """Give a project with two judged runs: the second's files decide where most rows are right."""
    own = PICTURES and (ROOT / "mlflow.db").exists()
    first = ROOT if own else request.getfixturevalue("finished")[0].folder
    folder = tmp_path_factory.mktemp("reviewed")
    found = moved(first, folder, *COPIED)
    project = Project(folder)
    project.set(export={"threshold": "validation"})
    for stage in ("export", "gate"):
        done = project.stage(stage)
        assert done.returncode == 0, done.stderr
    with recorded(Workspace(folder, folder)) as record:
        record.conclude()
    with temporary_settings({PREFECT_API_URL: prefect_server["PREFECT_API_URL"]}):
        yield found


@pytest.fixture(scope="module")
def server(where: Registry) -> Iterator[str]:
    """Give the address of a real MLflow server on the project's store."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ("ui", "--port", str(port))
    with serving("faircompress", *words, health=f"{url}/health", cwd=where.store.project):
        yield url


@pytest.fixture(scope="module")
def browser() -> "Iterator[playwright.Browser]":
    """Give a browser without a window."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "playwright.Browser", server: str) -> "Iterator[playwright.Page]":
    """Give a page as MLflow shows it to somebody who was here before."""
    page = browser.new_page(viewport={"width": 1200, "height": 800}, base_url=server)
    page.set_default_timeout(15_000)
    words = "".join(f"localStorage.setItem('{k}', '{v}');" for k, v in SEEN.items())
    page.add_init_script(words)
    yield page
    page.close()


def judged_runs(page: "playwright.Page", where: Registry) -> "playwright.Locator":
    """Ask for the runs that have a verdict; return their links, the newest first."""
    experiment = where.store.experiment(where.model)
    page.goto(f"/#/experiments/{experiment}/runs?workflowType=machine_learning")
    asked = page.get_by_placeholder("metrics.rmse")
    asked.fill(JUDGED)
    with page.expect_response("**/runs/search"):
        asked.press("Enter")
    page.get_by_text("2 matching runs").wait_for()
    runs = page.get_by_role("link", name=NAMED)
    runs.nth(1).wait_for()
    return runs


def evaluated_runs(where: Registry) -> list[Run]:
    """Return both runs, the newest first."""
    return list(where.store.client.search_runs([where.store.experiment(where.model)], JUDGED))


def opened(page: "playwright.Page", folder: str, file: str) -> "playwright.FrameLocator":
    """Open a file of the run that is shown, and return the page inside the page."""
    page.get_by_text(folder, exact=True).click()
    page.get_by_text(file, exact=True).click()
    page.get_by_text(f"{folder}/{file}", exact=True).wait_for()
    return page.frame_locator("iframe.mlflow-html-iframe")


def draw(what: "playwright.Page | playwright.Locator", name: str) -> None:
    """Keep a picture without this machine's paths, if pictures are asked for."""
    if PICTURES:
        file = Path(PICTURES) / f"{name}.png"
        hidden = "[title^='file:'] { visibility: hidden; } .bar-top { position: static }"
        what.screenshot(path=file, animations="disabled", caret="hide", style=hidden)
        Image.open(file).convert("RGB").quantize(128).save(file, optimize=True)


def test_a_reviewer_finds_the_judged_runs_by_their_verdict(
    page: "playwright.Page", where: Registry
) -> None:
    page.goto(view_address("", where.store, where.model))  # as faircompress ui says
    page.get_by_role("columnheader", name="verdict").first.wait_for()
    page.goto("about:blank")  # else MLflow keeps what it drew, and waits for nothing
    runs = judged_runs(page, where)
    assert runs.count() == 2
    page.set_viewport_size({"width": 1200, "height": 400})
    draw(page, "mlflow-runs")
    page.set_viewport_size({"width": 1200, "height": 800})
    runs.first.click()
    page.get_by_text("verdict.sentence").wait_for()
    sentence = evaluated_runs(where)[0].data.tags["verdict.sentence"]
    assert page.get_by_text(sentence).count() == 2  # as a tag, and in the description


def test_two_runs_are_compared_number_by_number(page: "playwright.Page", where: Registry) -> None:
    judged_runs(page, where)
    page.wait_for_timeout(500)  # the answer draws the rows anew, with nothing ticked
    page.get_by_label("Select all runs").check(force=True)
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("Comparing 2 Runs").wait_for()
    assert ["export.threshold", "validation", "baseline"] in [
        row.split() for row in page.get_by_role("row").all_inner_texts()
    ]
    page.get_by_role("switch").nth(1).click()  # Show diff only, of metrics
    metric = "accuracy.candidate"
    name = page.get_by_text(metric, exact=True)
    beside = page.get_by_role("grid").nth(1)
    beside.hover()
    for _ in range(40):  # only rows in view are drawn, and those of export come first
        if name.count():
            break
        page.mouse.wheel(0, 200)
        page.wait_for_timeout(100)
    name.wait_for()
    line = name.locator("..").evaluate("cell => cell.style.top")
    cells = beside.locator(f"[style*='top: {line};']").all_inner_texts()
    expected = [run.data.metrics[metric] for run in evaluated_runs(where)]
    assert expected[0] != expected[1]
    assert [float(cell) for cell in cells] == pytest.approx(expected, abs=0.0006)
    name.scroll_into_view_if_needed()
    draw(page, "mlflow-compare")


def test_the_report_and_the_findings_about_the_data_open_inside_mlflow(
    page: "playwright.Page", where: Registry
) -> None:
    judged_runs(page, where).first.click()
    page.get_by_role("tab", name="Artifacts").click()
    report = opened(page, "gate", "report.html")
    heading = report.get_by_role("heading", level=1).inner_text()
    sentence = evaluated_runs(where)[0].data.tags["verdict.sentence"]
    assert sentence.lower().endswith(heading.lower())
    box = report.get_by_role("img", name="hair=long went from").first.bounding_box()
    assert box is not None and box["width"] > 100
    draw(page, "mlflow-report")
    findings = opened(page, "validate", "findings.html")
    assert findings.get_by_role("heading", level=1).inner_text() == "Fit to train on"
    draw(page, "mlflow-findings")


def test_the_registered_version_shows_aliases_tags_and_its_groups(
    page: "playwright.Page", where: Registry
) -> None:
    page.goto("/#/models?workflowType=machine_learning")
    page.get_by_role("cell").get_by_role("link", name=where.model).click()
    page.get_by_role("link", name="Version 1").click()
    page.get_by_role("heading", name="Version 1").wait_for()
    assert page.get_by_text("champion").first.is_visible()
    version = where.find("1")
    rows = [row.split() for row in page.get_by_role("row").all_inner_texts()]
    for tag in ("verdict", "sha256", "sha256.data", "evaluated_by"):
        assert [tag, version.tags[tag]] in rows
    assert any(row[:1] == ["hair=long"] for row in rows)
    draw(page, "mlflow-version")


def test_the_report_fits_a_wide_screen_a_phone_and_paper(
    page: "playwright.Page", where: Registry
) -> None:
    page.goto((where.store.project / "artifacts" / "gate" / "report.html").as_uri())
    draw(page.locator("#tradeoff"), "report-tradeoff")
    draw(page.locator("#change"), "report-change")
    if PICTURES:  # of a run in one precision there is nothing to see
        draw(page.locator("#precisions"), "report-precisions")
    for width in (1200, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("window.scrollTo(0, 0)")
    draw(page, "report-phone")
    page.set_viewport_size({"width": 688, "height": 800})  # A4 within its margins
    page.emulate_media(media="print")
    cut = "tables => tables.filter(t => t.scrollWidth > t.clientWidth + 1).length"
    assert page.locator(".scroll").evaluate_all(cut) == 0
    assert page.locator(".scroll").nth(1).is_visible()  # folded on a screen


def test_the_report_can_be_read_by_keyboard(page: "playwright.Page", where: Registry) -> None:
    page.goto((where.store.project / "artifacts" / "gate" / "report.html").as_uri())
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.tagName"))
    assert "A" in reached and "SUMMARY" in reached
    page.locator("#change summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#change table").first.is_visible()


def test_a_reviewer_approves_in_the_browser_and_the_alias_moves(
    page: "playwright.Page", where: Registry, prefect_server: dict[str, str]
) -> None:
    registered_as(where.store.project, "inconclusive", sentence=OPEN)
    number = where.aliases()["challenger"]
    page.goto("/#/models?workflowType=machine_learning")
    page.get_by_role("cell").get_by_role("link", name=where.model).click()
    page.get_by_role("link", name=f"Version {number}").click()
    page.get_by_text("@ challenger").first.wait_for()
    add = page.get_by_role("button", name="Add", exact=True)
    for tag, word in {"review": "approve", "reviewer": "Ann", "reason": "none harmed"}.items():
        page.get_by_placeholder("Name").fill(tag)
        page.get_by_placeholder("Value").fill(word)
        with page.expect_response("**/model-versions/set-tag"):
            add.click()
    page.get_by_role("cell", name="none harmed", exact=True).scroll_into_view_if_needed()
    page.set_viewport_size({"width": 1200, "height": 560})
    draw(page, "mlflow-approve")
    page.set_viewport_size({"width": 1200, "height": 800})
    project = Project(where.store.project, prefect_server)
    done = project.call(sys.executable, "-m", "faircompress", "promote")
    assert f"version {number} of {where.model} is the champion" in done.stdout, done.stderr
    page.reload()
    page.get_by_text("@ champion").first.wait_for()
    assert where.aliases()["champion"] == number
    page.get_by_text("@ champion").first.scroll_into_view_if_needed()
    draw(page, "mlflow-approved")
