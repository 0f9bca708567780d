"""Pages that need no network, of one look: their templates, styled once in ``base.html.j2``."""

import base64
from functools import cache
from typing import Any

import jinja2

ICONS = ("pass", "fail", "inconclusive")


def page(template: str, **values: Any) -> str:
    """Return a page as HTML; style and icons inside, and every value escaped.

    Args:
        template: Name of its file; it extends ``base.html.j2`` and uses ``macros.html.j2``.
        values: What it shows.
    """
    environment = environment_of(escaped=True)
    for shared in (
        environment.get_template("base.html.j2"),
        environment.get_template("macros.html.j2"),
    ):
        assert shared.filename  # both are named here, so that a stage's key knows them
    return environment.get_template(template).render(**values)


@cache
def environment_of(*, escaped: bool) -> jinja2.Environment:
    """Return the one that keeps our templates: compiling one takes longer than filling it in.

    Args:
        escaped: Are values, as HTML needs it? Markdown's templates do so themselves.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("faircompress"),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["css"] = css
    return environment


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
