"""Packages that a library imports where they are installed, and that nothing here uses.

To import them takes seconds of each command and stage.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """Let libraries that are imported meanwhile find some packages absent, unless imported before.

    Args:
        packages: Top-level names.
    """
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: cannot be imported
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
