"""A waiting review is answered in Prefect's pages, in a real browser, on a real server.

``PICTURES=docs/pictures python -m pytest tests/test_review_in_browser.py`` also draws the pictures
of docs/review.md.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from finished_runs import Finished
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from registered import moved, registered_as
from signing import at_home, make_key
from test_mlflow_ui import CHROMIUM, FLAGS
from test_pages import draw

from faircompress.orchestration.clone import name_of
from faircompress.orchestration.deployment import Registry
from faircompress.registry import attestations, signatures, versions
from faircompress.registry.keys import keys_of

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra dev: playwright")
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs a browser: apt-get install chromium"
)
SENTENCE = "Inconclusive: 1 of 12 checks is undecided, for want of rows; none failed."


@pytest.fixture
def waiting(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Registry]:
    """Give a project with a reviewer's key whose second version waits for a review at Prefect."""
    at_home(monkeypatch, tmp_path / "home")
    where = moved(finished[0].folder, tmp_path / "project")
    make_key(monkeypatch, tmp_path / "project", "reviewer", "ann", tmp_path / "home")
    env = {**os.environ, **finished[0].env, "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "flows.promote"], cwd=tmp_path / "project", env=env
    )
    try:
        with temporary_settings({PREFECT_API_URL: finished[0].env["PREFECT_API_URL"]}):
            until(lambda: name_of(tmp_path / "project") in deployed())
            registered_as(tmp_path / "project", "inconclusive", sentence=SENTENCE)
            until(lambda: "INCONCLUSIVE" in tags_of_suspended())
            yield where
    finally:
        server.terminate()
        server.wait()


def deployed() -> list[str]:
    with get_client(sync_client=True) as client:
        return [one.name for one in client.read_deployments()]


def tags_of_suspended() -> list[str]:
    """Return the tags of runs that wait: the list of runs tells the outcome without a click."""
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs()
        return [tag for run in runs if run.state_name == "Suspended" for tag in run.tags]


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.5)


def test_a_reviewer_finds_the_waiting_run_answers_its_form_and_the_alias_moves(
    waiting: Registry, finished: Finished
) -> None:
    url = finished[0].env["PREFECT_API_URL"].removesuffix("/api")
    with playwright.sync_playwright() as started:  # not before: Prefect would await its loop
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 860})
        page.set_default_timeout(60_000)
        approves(page, url, waiting)
        browser.close()
    assert waiting.aliases()["champion"] == "2"
    (kept,) = versions.decisions(waiting.store, waiting.find("2"))
    assert (kept.act, kept.reviewer, kept.reason) == ("approved", "Ann", "few rows, none harmed")
    project = waiting.store.project
    decision = [one for one in attestations.read(project) if one.kind == "decision"][-1]
    assert decision.signatures and not signatures.fault(keys_of(project), decision)


def approves(page: "playwright.Page", url: str, where: Registry) -> None:
    """Go a reviewer's way from the list of runs to what came of it."""
    page.goto(f"{url}/runs")
    page.get_by_text("Suspended").first.wait_for()
    page.get_by_role("link", name="version 2", exact=True).first.click()  # the newest
    page.get_by_role("button", name="Resume").click()
    form = page.locator(".p-modal")
    form.get_by_text(SENTENCE).wait_for()
    form.get_by_text("Worst: ").wait_for()
    filled(form, "Ann", "few rows, none harmed")
    form.get_by_role("switch").click()
    draw(page, "prefect-form")
    filled(form, "", "")
    form.get_by_role("button", name="Submit").click()
    form.get_by_text("'reviewer' is a required property").wait_for()  # nobody decides unnamed
    assert where.aliases()["champion"] == "1"
    filled(form, "Ann", "few rows, none harmed")
    sent(page, form)
    page.get_by_text("Artifacts", exact=True).last.click()
    page.get_by_text("few rows, none harmed").first.wait_for()
    page.get_by_text("approve by Ann").first.wait_for()
    draw(page, "prefect-decided")


def filled(form: "playwright.Locator", reviewer: str, reason: str) -> None:
    """Write into both fields of the form."""
    form.locator("textarea").nth(0).fill(reviewer)
    form.locator("textarea").nth(1).fill(reason)


def sent(page: "playwright.Page", form: "playwright.Locator") -> None:
    """Submit the form; a busy server may refuse it, which says so and keeps what was written."""
    for _ in range(3):
        form.get_by_role("button", name="Submit").click(force=True)
        with suppress(playwright.TimeoutError):
            page.get_by_text("Completed").first.wait_for(timeout=40_000)
            if form.is_visible():  # a slow answer leaves it open
                page.keyboard.press("Escape")
            return
    raise AssertionError("the form was not taken")
