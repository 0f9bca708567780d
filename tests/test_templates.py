"""Templates: compiled once, and values escaped."""

import sys
from pathlib import Path

import pytest

from faircompress.support.pages import environment


def test_templates_are_compiled_once_where_python_keeps_the_code_of_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    environment.cache_clear()
    first = environment().get_template("base.html.j2")
    (kept,) = tmp_path.rglob("base.html.*.pyc")
    written = kept.stat().st_mtime_ns
    environment.cache_clear()  # as in another process
    assert environment().get_template("base.html.j2").filename == first.filename
    assert kept.stat().st_mtime_ns == written
    kept.write_bytes(b"of another version")
    environment.cache_clear()
    environment().get_template("base.html.j2")
    assert kept.read_bytes() != b"of another version"


def test_values_are_escaped_but_in_markdown() -> None:
    asks = environment().autoescape
    assert callable(asks)
    assert [asks(name) for name in ("report.html.j2", "card.md.j2", None)] == [True, False, True]
