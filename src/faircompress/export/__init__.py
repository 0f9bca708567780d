"""Networks as ONNX files, in each precision, and those files at work.

``faircompress.export(...)`` is a call, too: this module stands in for ``one_call.export``, which no
stage calls, and which is imported by its name, so that no stage's key of code depends on it.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from faircompress.support.extras import advised


class _Called(ModuleType):
    """A module that can be called."""

    def __call__(self, *given: Any, **more: Any) -> Any:
        """Write a network of one's own as a checked ONNX file."""
        with advised():
            return import_module(f"{__name__}.one_call").export(*given, **more)


sys.modules[__name__].__class__ = _Called
