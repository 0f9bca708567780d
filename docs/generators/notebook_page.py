"""A notebook, executed anew, as a page: text, code, and what each cell gave."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

PATIENCE = 600  # seconds for the kernel to start, and for a cell: a busy machine is slow


def notebook(source: Path) -> Any:
    """Read a notebook."""
    return nbformat.read(source, as_version=4)


def is_long(known: Any) -> bool:
    """Tell whether a notebook says that it takes a minute."""
    return bool(known.metadata.get("faircompress", {}).get("long"))


def executed(known: Any, folder: Path) -> Any:
    """Return a notebook whose cells were run from the first to the last, in a folder.

    Its commands are those of this Python's environment; no port is opened.
    """
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as sockets:
        pipes = Config({"ConnectionFileMixin": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
        where = {"metadata": {"path": str(folder)}}
        client = NotebookClient(
            known,
            kernel_name="python3",
            timeout=PATIENCE,
            startup_timeout=PATIENCE,
            resources=where,
            config=pipes,
        )
        client.execute(env={**os.environ, "PATH": path})
    return known


def notebook_page(known: Any, *, source: str, executed: bool = True) -> str:
    """Return Markdown; ``source`` is the notebook's own file, which readers may download."""
    parts = [_cell(one) for one in known.cells]
    how = "executed when the site was built" if executed else "not executed in this quick build"
    note = f"*This page is the notebook [{source}]({source}), {how}.*"
    return "\n\n".join([parts[0], note, *parts[1:]]) + "\n"


def _cell(one: Any) -> str:
    if one.cell_type == "markdown":
        return str(one.source)
    # on stderr are progress, which a page cannot overwrite, and warnings of other libraries
    shown = [out for out in one.outputs if out.get("name") != "stderr"]
    return "\n\n".join([f"```python\n{one.source}\n```", *map(_output, shown)])


def _output(output: Any) -> str:
    """Return an output: HTML as it is, everything else as text."""
    if output.output_type == "stream":
        return _text(output.text)
    if output.output_type == "error":
        return _text(f"{output.ename}: {output.evalue}")
    html = output.data.get("text/html")
    return f'<div class="output">\n{html}\n</div>' if html else _text(output.data["text/plain"])


def _text(words: str) -> str:
    return f"```text\n{words.rstrip()}\n```"
