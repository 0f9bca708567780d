"""What the README and the docs say can be done, can be done."""

import functools
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from faircompress.config import params
from faircompress.config.presets import preset

pytestmark = pytest.mark.usefixtures("preloaded_interpreter")
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = [
    line.split("#")[0].strip()
    for page in PAGES
    for block in re.findall(r"```(?:console|bash|sh)\n(.*?)```", page.read_text(), re.DOTALL)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
] + [c for page in PAGES for c in re.findall(r"\| `(faircompress [^`]+)` \|", page.read_text())]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_a_make_target_of_the_docs_exists(command: str) -> None:
    said = subprocess.run(
        ["make", "--dry-run", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr


@functools.cache
def helps(*command: str) -> subprocess.CompletedProcess[str]:
    """Return how a command ends that is asked for help; the docs name some of them often."""
    return subprocess.run(
        [sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True
    )


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("faircompress ")])
def test_a_command_of_the_docs_exists_and_its_overrides_are_valid(command: str) -> None:
    name, *given = command.split()[1:]
    said = helps("-m", "faircompress", name)
    assert said.returncode == 0, said.stderr
    named = [after for word, after in pairwise(given) if word == "--preset"]
    changed = [w for w in given if "=" in w and not w.startswith("-")]
    changed = [w for w in changed if w != "prune.speedup=auto"]  # the run searches for it first
    params.load(ROOT / "params.yaml", [*preset(ROOT / "presets.yaml", named), *changed])
    if name == "study":
        assert (ROOT / "studies" / f"{given[0]}.yaml").exists()


@pytest.mark.parametrize("command", [c for c in COMMANDS if re.match(r"python \S+\.py", c)])
def test_a_script_of_the_docs_explains_itself(command: str) -> None:
    said = helps(command.split()[1])
    assert said.returncode == 0, said.stderr


def test_there_are_commands_to_check() -> None:
    assert {"make run", "make test"} <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_params_are_checked_in_words_by_a_command() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "faircompress", "params"], cwd=ROOT, capture_output=True, text=True
    )
    assert (said.returncode, said.stdout.strip()) == (0, "params.yaml is fine.")
