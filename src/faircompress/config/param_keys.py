"""The keys of params.yaml, with dots between them, as ``-S`` takes them."""

from collections.abc import Iterator

from faircompress.config.params import Params
from faircompress.config.plugins import Section


def known_keys(section: type[Section] = Params, prefix: str = "") -> Iterator[str]:
    """Give the key of each value, in the order of the file; a section is none.

    Args:
        section: Whose.
        prefix: What stands before its keys.
    """
    for name, field in section.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from known_keys(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
