"""How an option is spelt in messages: ``--label`` on the command line, ``label`` from Python."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FROM_PYTHON: ContextVar[bool] = ContextVar("from_python", default=False)
ARGUMENTS = {  # options that are an argument of another name
    "group": "groups",
    "rule": "rules",
    "validation": "split",
    "cross-checks": "crosschecks",
}


def spelt(name: str) -> str:
    """Return an option as its user wrote it."""
    if _FROM_PYTHON.get():
        return ARGUMENTS.get(name, name.replace("-", "_"))
    return f"--{name}"


@contextmanager
def from_python() -> Iterator[None]:
    """Spell options as Python arguments."""
    token = _FROM_PYTHON.set(True)
    try:
        yield
    finally:
        _FROM_PYTHON.reset(token)
