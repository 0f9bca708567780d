"""What MkDocs calls while it builds the site: pages that are made from code and from notebooks.

A page says where: a line ``<!-- made by: params_page -->`` becomes what that function returns. A
notebook becomes a page of its name; links to ``NAME.ipynb`` lead to that page.
"""

import os
import re
import tempfile
from pathlib import Path
from typing import Any

from commands_page import commands_page
from mkdocs.structure.files import File, Files
from notebook_page import executed, is_long, notebook, notebook_page
from params_page import params_page
from verdict_page import verdict_page

QUICK = "FAIRCOMPRESS_QUICK_DOCS"  # 1: notebooks that take a minute are shown without outputs
MAKERS = {maker.__name__: maker for maker in (commands_page, params_page, verdict_page)}


def on_files(files: Files, config: Any) -> Files:
    """Add a page for each notebook."""
    for path in sorted(Path(config["docs_dir"]).rglob("*.ipynb")):
        at = path.relative_to(config["docs_dir"]).with_suffix(".md").as_posix()
        with tempfile.TemporaryDirectory() as folder:
            known = notebook(path)
            skipped = is_long(known) and os.environ.get(QUICK) == "1"
            shown = known if skipped else executed(known, Path(folder))
            text = notebook_page(shown, source=path.name, executed=not skipped)
        files.append(File.generated(config, at, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put made text in its place, and let links to notebooks lead to their pages."""
    if not page.file.generated_by:
        markdown = re.sub(r"\]\(([\w/.-]+)\.ipynb(#[\w-]+)?\)", r"](\1.md\2)", markdown)
    return re.sub(r"<!-- made by: (\w+) -->", lambda found: MAKERS[found[1]](), markdown)
