"""Networks as ONNX files, in each precision, and those files at work.

``faircompress.export(...)`` is a call, too: this module stands in for ``one_call.export``.
"""

import sys
from types import ModuleType
from typing import Any


class _Called(ModuleType):
    """A module that can be called."""

    def __call__(self, *given: Any, **more: Any) -> Any:
        """Write a network of one's own as a checked ONNX file."""
        from faircompress.export.one_call import export

        return export(*given, **more)


sys.modules[__name__].__class__ = _Called
