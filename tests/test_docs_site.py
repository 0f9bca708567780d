"""The documentation as a site: every page is in its contents, every link leads somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

QUIET = {"NO_MKDOCS_2_WARNING": "1"}


def test_the_site_is_built_without_a_dead_link(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(
        build, cwd=ROOT, env={**os.environ, **QUIET}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "python" / "index.html").read_text("utf-8")
    assert "Verdict" in page and "confidence" in page
    fetched = re.findall(r'(?:src|href)="(https?://[^"]+)"', page)
    assert [url for url in fetched if not url.startswith("https://squidfunk.github.io")] == []


def test_every_page_is_in_the_contents() -> None:
    listed = set(re.findall(r"[\w-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    assert listed == {path.name for path in (ROOT / "docs").glob("*.md")}
