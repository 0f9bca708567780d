"""Pages that need no network, of one look: their templates, styled once in ``base.html.j2``."""

import base64
import marshal
import sys
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket, bc_magic

from faircompress.support.files import write_bytes
from faircompress.support.lines import all_seen

ICONS = ("pass", "fail", "inconclusive")


def page(template: str, **values: Any) -> str:
    """Return a page as HTML; style and icons inside, every value escaped, nothing unseen.

    A name that others chose may hold marks that turn the direction of a sentence, or delete.

    Args:
        template: Name of its file; it extends ``base.html.j2`` and uses ``macros.html.j2``.
        values: What it shows.
    """
    found = environment()
    for shared in (
        found.get_template("base.html.j2"),
        found.get_template("macros.html.j2"),
    ):
        assert shared.filename  # both are named here, so that a stage's key knows them
    return all_seen(found.get_template(template).render(**values))


class CompiledBeside(jinja2.BytecodeCache):
    """Templates as Python code, compiled once and kept where Python keeps that of modules."""

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return the file that holds the code."""
        return cache_from_source(filename) if filename else ""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read it, unless it is of another text or version."""
        head = bc_magic + bucket.checksum.encode()
        with suppress(OSError, EOFError, TypeError, ValueError):
            if bucket.key and (found := Path(bucket.key).read_bytes()).startswith(head):
                bucket.code = marshal.loads(found[len(head) :])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write it, as Python does (no pickle), where it may write code and the folder lets us."""
        if bucket.key and bucket.code and not sys.dont_write_bytecode:
            code = bc_magic + bucket.checksum.encode() + marshal.dumps(bucket.code)
            with suppress(OSError):
                write_bytes(Path(bucket.key), code)


@cache
def environment() -> jinja2.Environment:
    """Return where the package's templates are found; values are escaped but in Markdown."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("faircompress"),
        autoescape=lambda name: not (name or "").endswith(".md.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledBeside(),
    )
    found.globals["css"] = css
    return found


def css(outcome: str) -> str:
    """Return the style of an outcome."""
    return outcome if outcome in ICONS else "none"


def download(text: str, kind: str) -> str:
    """Return a text as an address that a page can hold.

    Args:
        text: The file.
        kind: Its media type, such as ``text/csv``.
    """
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
