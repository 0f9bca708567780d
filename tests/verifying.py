"""Every verdict that a test leaves on disk is derived a second time from its predictions.

An audit's verdict is looked at when it is about to be replaced or removed, and when its test ends,
since its predictions are written after it; the gate's when its folder takes its place, and after
every command that a project runs in a process of its own. A verdict that a test writes into a
gate's folder by hand is counted and not asked, and one that a test derives itself is left to it.
``conftest.py`` takes the fixture and the summary from here.
"""

import functools
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faircompress.second_opinion.reading import read
from faircompress.second_opinion.verify import verify

NAME, RESULT = "verdict.json", "second derivation"
PREDICTIONS = (
    "predictions-*.parquet", "../export/predictions/*-test.parquet", "../champion/*-test.parquet",
    "../../export/predictions/*-test.parquet", "../../champion/*-test.parquet",
    "predictions/*-test.parquet",
)  # fmt: skip
_left: set[Path] = set()  # verdicts that this test has put in their place
_found: list[tuple[str, Path]] = []  # what came of each: "agrees", or else why not, and where
_known: set[str] = set()  # sha256 of what was looked at


def look(path: Path) -> None:
    """Derive a verdict, or those of a gate's folder, if there are any and they are new."""
    places = [path] if path.name == NAME else [path / NAME, *path.glob(f"*/{NAME}")]
    for place in places:
        if place.is_file():
            content = place.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if digest not in _known:
                _known.add(digest)
                by_hand = place in _left and "gate" in place.parts[-3:-1]
                what = "written by hand" if by_hand else _derived(content, place.parent)
                _found.append((what, place))


def derived_by_test(path: Path) -> None:
    """Note that a test derives a verdict itself; to do so once more would tell nothing new."""
    _known.add(hashlib.sha256(path.read_bytes()).hexdigest())


def _derived(content: bytes, folder: Path) -> str:
    try:
        verdict = json.loads(content)
    except ValueError:
        return "no JSON"
    if not isinstance(verdict, dict) or verdict.get("schema") != 2:
        return "not of schema 2"
    named = verdict.get("models") or {}
    paths = [path for pattern in PREDICTIONS for path in folder.glob(pattern)]
    try:
        files = {rows.model: rows for rows in map(read, paths)}
        models = {n: files[digest] for n, digest in named.items() if digest in files}
        if not models or set(models) != set(named):
            return "predictions not kept"
        differences = verify(verdict, models)
    except ValueError as error:
        return f"differs: {error}"
    return f"differs: {'; '.join(map(str, differences[:3]))}" if differences else "agrees"


def _notice(name: str) -> None:
    """See, before it happens, that a file or folder is renamed or removed by a function of `os`.

    An audit hook would be told of a million other things a minute, each time torch asks for an id.
    """
    real = getattr(os, name)

    @functools.wraps(real)
    def noticed(*given: Any, **how: Any) -> None:
        if given and not isinstance(given[0], int):
            old, *_, new = 2 * [Path(os.path.abspath(os.fsdecode(p))) for p in given[:2]]
            if new.name == NAME:
                look(new)
                _left.add(new)
            elif new.name == "gate":
                look(old)
        real(*given, **how)

    setattr(os, name, noticed)


for _name in ("rename", "replace", "remove", "unlink"):
    _notice(_name)


@pytest.fixture(autouse=True)
def verdicts_agree(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that left a verdict which does not follow from its predictions."""
    yield
    for place in _left:
        look(place)
    found = [*_found]
    _left.clear()
    _found.clear()
    request.node.user_properties.extend((RESULT, what) for what, _ in found)
    wrong = [f"{place} {what}" for what, place in found if what.startswith("differs")]
    assert not wrong, "\n".join(wrong)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Count verdicts by what came of their second derivation."""
    reports = [r for of in terminalreporter.stats.values() for r in of if hasattr(r, "when")]
    found = Counter(
        value for report in reports if report.when == "teardown"
        for key, value in report.user_properties if key == RESULT
    )  # fmt: skip
    if found:
        counted = ", ".join(f"{number} {what}" for what, number in found.most_common())
        terminalreporter.write_line(f"verdicts derived a second time: {counted}")
