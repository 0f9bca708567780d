"""The documentation as a site: all pages in its contents, all links alive, nothing left out."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from conftest import ROOT
from pydantic import BaseModel

import faircompress
from faircompress.cli.main import app
from faircompress.config.params import Params
from faircompress.config.rules import CostRule, Rule

DOCS = ROOT / "docs"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
SCHEMA = json.loads((ROOT / "src/faircompress/evaluation/verdict.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, which executes the notebooks but the long one, which ``make docs`` does."""
    folder = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "OMP_NUM_THREADS": "1"}
    quiet["FAIRCOMPRESS_QUICK_DOCS"] = "1"
    done = subprocess.run(build, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def page(site: Path, name: str) -> str:
    return (site / name / "index.html").read_text("utf-8")


def keys(section: type[BaseModel]) -> set[str]:
    """Return every key of a section and of the sections in it."""
    found = {field.alias or name for name, field in section.model_fields.items()}
    for field in section.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= keys(kind)
    return found


@pytest.mark.docs
def test_the_site_is_built_without_a_dead_link_and_fetches_nothing(site: Path) -> None:
    for one in site.rglob("*.html"):
        fetched = re.findall(r'(?:src|<link[^>]*href)="(https?://[^"]+)"', one.read_text("utf-8"))
        assert fetched == [], one


def test_every_page_and_notebook_is_in_the_contents() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    sources = [*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]
    assert listed == {path.relative_to(DOCS).with_suffix(".md").as_posix() for path in sources}


@pytest.mark.docs
def test_every_key_of_params_is_on_its_page(site: Path) -> None:
    shown = set(re.findall(r"<td><code>([\w.]+)</code></td>", page(site, "params")))
    heads = re.findall(r"<h[2-4][^>]*><code>([\w.]+)</code>", page(site, "params"))
    shown |= {name.rpartition(".")[2] for name in heads}
    expected = keys(Params) | keys(Rule) | keys(CostRule)
    assert len(expected) > 100
    known = set(re.findall(r"<strong><code>[\w.]+\.(\w+)</code></strong>", page(site, "params")))
    assert expected - shown - known == set()


@pytest.mark.docs
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_on_its_page_with_its_options(site: Path, name: str) -> None:
    head = rf"<h\d[^>]*><code>faircompress {name}</code>"
    after = re.split(head, page(site, "command-line"), maxsplit=1)[-1]
    section = after.partition("<h2")[0]
    options = [one for param in COMMANDS[name].params for one in param.opts if one != "--help"]
    missing = [one for one in options if one[0] == "-" and not re.search(rf"{one}[ ,&<]", section)]
    assert re.search(head, page(site, "command-line")) and missing == []


@pytest.mark.docs
def test_every_public_name_and_argument_is_on_the_page_of_python(site: Path) -> None:
    text = page(site, "python")
    public = [name for name in faircompress.__all__ if name != "__version__"]
    assert [name for name in public if f">{name}<" not in text] == []
    arguments: dict[str, Any] = faircompress.audit.__annotations__
    assert [one for one in arguments if one != "return" and f"<code>{one}</code>" not in text] == []


@pytest.mark.docs
def test_every_key_of_the_verdict_is_on_its_page(site: Path) -> None:
    text = page(site, "verdict-json")
    parts = {"Verdict": SCHEMA, **SCHEMA["$defs"]}
    for name, part in parts.items():
        _, _, after = text.partition(f'<h2 id="{name.lower()}"')
        section = after.partition("<h2")[0]
        assert after, name
        missing = [
            key for key in part.get("properties", {}) if f"<code>{key}</code>" not in section
        ]
        assert missing == [], name


@pytest.mark.docs
def test_the_notebook_shows_a_fail_an_inconclusive_verdict_and_a_pass(site: Path) -> None:
    text = page(site, "tutorials/audit-a-table")
    found = [text.find(words) for words in ("Fail: harm", "Inconclusive: harm", "Pass: all 10")]
    assert -1 not in found and found == sorted(found)
    assert "verdict.json agrees with the predictions: 10 checks re-derived" in text
    assert "<iframe srcdoc=" in text and "true_positive_rate" in text
    assert "Traceback" not in text and "NotPassed:" not in text
    assert (site / "tutorials/audit-a-table.ipynb").exists()


def test_the_notebook_is_kept_without_outputs() -> None:
    for path in DOCS.rglob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        assert [one for one in cells if one.get("outputs") or one.get("execution_count")] == []
