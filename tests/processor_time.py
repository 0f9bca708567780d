"""`pytest --processor-time`: what each test file costs, with the processes that it started.

A server that all workers share is nobody's; the commands of `preloaded` are those of who asked.
`--durations` shows how long somebody waited instead.
"""

import resource
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

SPENT: Counter[str] = Counter()  # seconds by file
OWN, CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let it be asked for."""
    words = "print processor seconds by test file"
    parser.addoption("--processor-time", action="store_true", help=words)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Add what a test costs, with its fixtures, to its file."""
    before = _spent()
    try:
        return (yield)
    finally:
        SPENT[item.path.name] += _spent() - before


def _spent() -> float:
    return sum(sum(resource.getrusage(who)[:2]) for who in (OWN, CHILDREN))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Give a worker's share to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["processor_time"] = dict(SPENT)


@pytest.hookimpl(optionalhook=True)  # of xdist
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's share."""
    SPENT.update(getattr(node, "workeroutput", {}).get("processor_time", {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the files, the dearest first."""
    if config.getoption("--processor-time"):
        for line in _preloaded(config):
            seconds, name = line.split("\t")
            SPENT[name] += float(seconds)
        terminalreporter.section(f"processor time: {SPENT.total():.0f} s")
        for name, seconds in SPENT.most_common():
            terminalreporter.line(f"{seconds:7.1f} s  {name}")


def _preloaded(config: pytest.Config) -> list[str]:
    spent = config._tmp_path_factory.getbasetemp() / "preloaded" / "spent.tsv"  # type: ignore[attr-defined]
    return spent.read_text().splitlines() if spent.exists() else []
