"""What a release is: one version in all places, a dated changelog, pinned steps with few rights."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

import faircompress
from tools import release

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TEMPLATES = (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")
FORMS = sorted(path for path in TEMPLATES if path.stem != "config")
PLACES = [*(file for file, _ in release.STATED), "CHANGELOG.md"]


def test_one_version_stands_everywhere() -> None:
    assert release.stated(ROOT) == dict.fromkeys(PLACES, {faircompress.__version__})


@pytest.mark.parametrize("place", PLACES[1:])
def test_a_place_that_states_another_version_is_named(place: str, tmp_path: Path) -> None:
    for name in PLACES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    text = (tmp_path / place).read_text("utf-8")
    (tmp_path / place).write_text(text.replace(faircompress.__version__, "9.9.9"), "utf-8")
    (sentence,) = release.contradictions(release.stated(tmp_path))
    assert sentence == f"{place} states 9.9.9, the package is {faircompress.__version__}"


def test_wheel_archive_and_tag_are_places_too(tmp_path: Path) -> None:
    for name in ("faircompress-1.2.3-py3-none-any.whl", "faircompress-1.2.4.tar.gz"):
        (tmp_path / name).touch()
    assert [*release.built(tmp_path).values()] == [{"1.2.3"}, {"1.2.4"}]


def test_each_release_in_the_changelog_has_its_date() -> None:
    headings = re.findall("(?m)^## .*$", (ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert headings[-1] == "## 0.1.0 - 2026-11-22"
    assert all(release.HEADING.fullmatch(heading) for heading in headings)


def test_a_changelog_with_undated_lines_is_not_ready() -> None:
    ready = "# Changes\n\n## Unreleased\n\n## 0.2.0 - 2030-01-31\n\n- One.\n"
    assert release.undated(ready) == []
    (waiting,) = release.undated(ready.replace("ased\n", "ased\n\n- Two.\n- Three.\n"))
    assert waiting == "CHANGELOG.md has 2 lines under Unreleased; give them version and date"
    (undated,) = release.undated(ready.replace(" - 2030-01-31", ""))
    assert undated.startswith('CHANGELOG.md has the heading "## 0.2.0", needed:')


@pytest.mark.installs
def test_the_bill_of_materials_holds_what_users_install_with_versions_and_hashes() -> None:
    bill = release.bill_of_materials(ROOT)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    ours = bill["metadata"]["component"]
    assert (ours["name"], ours["version"]) == ("faircompress", faircompress.__version__)
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    parts = {part["name"]: part for part in bill["components"]}
    assert {"numpy", "torch", "mlflow", "dvc-s3", "ray", "onnxruntime-gpu"} <= set(parts)
    assert not {"pytest", "mkdocs", "ruff"} & set(parts)
    for name, part in parts.items():
        assert f"{name}=={part['version']}" in lock
    hashes = json.dumps(parts["numpy"])
    assert set(re.findall("[0-9a-f]{64}", hashes)) <= set(re.findall("[0-9a-f]{64}", lock))
    assert '"alg": "SHA-256"' in hashes


def test_the_check_says_its_options() -> None:
    asked = [sys.executable, str(ROOT / "tools/release.py"), "--help"]
    assert "--tag" in subprocess.run(asked, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_pinned_steps_with_the_rights_that_they_need(path: Path) -> None:
    text = path.read_text("utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    used = re.findall(r"(?m)uses: (.*)$", text)
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", step) for step in used)
    for name, job in yaml.safe_load(text)["jobs"].items():
        rights = {"attest": {"id-token", "attestations"}, "publish": {"id-token"}}
        writes = {right for right, how in job.get("permissions", {}).items() if how == "write"}
        assert writes == rights.get(name, set())
        assert "timeout-minutes" in job


def test_each_make_word_of_the_workflows_exists() -> None:
    words = set(re.findall(r"run: make (\S+)", "".join(p.read_text("utf-8") for p in WORKFLOWS)))
    assert words == {"site", "release-check", "versions", ".venv/.uv"}
    for word in words:
        subprocess.run(["make", "--dry-run", word], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_what_is_needed_and_for_no_data_of_people(path: Path) -> None:
    form = yaml.safe_load(path.read_text("utf-8"))
    assert form["name"] and form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) <= 4
    assert all(field["attributes"]["label"] for field in fields)
    if path.stem != "feature":
        assert "**Attach no data of people" in path.read_text("utf-8")
    if path.stem == "bug":
        assert "`faircompress --version`" in path.read_text("utf-8")
        assert "`FAIRCOMPRESS_DEBUG=1`" in path.read_text("utf-8")


def test_no_page_speaks_of_a_version_that_is_not_there_yet() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    told = r"(?i)\b(?:versions?(?: up to)?|since|before|judged after) v?(\d+\.\d+)(?![\d.]* ?%)\b"
    found = {
        (page.name, version)
        for page in pages
        for version in re.findall(told, page.read_text("utf-8"))
    }
    ours = tuple(int(part) for part in faircompress.__version__.split("."))[:2]
    later = {(page, v) for page, v in found if tuple(map(int, v.split("."))) > ours}
    assert ("review.md", "0.2") in found and later == set()
