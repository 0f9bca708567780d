"""How an option is spelt in messages: ``--label`` on the command line, ``label`` from Python."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_FROM_PYTHON: ContextVar[Mapping[str, str] | None] = ContextVar("from_python", default=None)
ARGUMENTS = {  # options that are an argument of another name
    "group": "groups",
    "rule": "rules",
    "validation": "split",
    "cross-checks": "crosschecks",
    "probabilities": "logits=False",
}
OF_FILES = {**ARGUMENTS, "validation": "validation"}  # of ``audit_files``


def spelt(name: str) -> str:
    """Return an option as its user wrote it."""
    arguments = _FROM_PYTHON.get()
    if arguments is not None:
        return arguments.get(name, name.replace("-", "_"))
    return f"--{name}"


@contextmanager
def from_python(arguments: Mapping[str, str] = ARGUMENTS) -> Iterator[None]:
    """Spell options as Python arguments.

    Args:
        arguments: Those that have another name than their option.
    """
    token = _FROM_PYTHON.set(arguments)
    try:
        yield
    finally:
        _FROM_PYTHON.reset(token)
