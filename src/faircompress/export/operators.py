"""What torch's exporter knows of ONNX's operators: read once a process, not once a file.

To read it takes a second, as long as the rest of a small network's export.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

KNOWN: dict[int, Any] = {}  # by version of the operators


@contextmanager
def known() -> Iterator[None]:
    """Let the exports inside share what the first of them read; each gets a copy of its own.

    Of a torch whose exporter is made otherwise, every export reads it, as it would without this.
    """
    try:
        from torch.onnx._internal.exporter import _registration

        registry: Any = _registration.ONNXRegistry
        read = vars(registry)["from_torchlib"]
        latest = registry().opset_version
        if set(vars(registry())) != {"_opset_version", "functions"}:
            raise AttributeError("_opset_version, functions")
    except (ImportError, AttributeError, KeyError):
        yield
        return

    def shared(cls: type[Any], opset_version: int = latest) -> Any:
        if opset_version not in KNOWN:
            KNOWN[opset_version] = read.__func__(cls, opset_version)
        mine = cls()
        mine._opset_version = opset_version
        mine.functions = {name: list(ways) for name, ways in KNOWN[opset_version].functions.items()}
        return mine

    registry.from_torchlib = classmethod(shared)
    try:
        yield
    finally:
        registry.from_torchlib = read
