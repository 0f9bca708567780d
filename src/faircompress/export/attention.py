"""Attention over more axes than torch's exporter can write, folded into those that it can."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.nn import functional

AXES = 4  # pictures, heads, positions, numbers


@contextmanager
def folded() -> Iterator[None]:
    """Let networks inside attend over pictures and windows as if windows were pictures.

    ``scaled_dot_product_attention`` takes any number of leading axes, and the exporter writes four
    axes alone. Attention of one picture and window knows of no other, so the result is the same.
    """
    attend: Any = functional.scaled_dot_product_attention

    def in_four(
        query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
        *more: Any, **options: Any,
    ) -> Tensor:  # fmt: skip
        if query.ndim <= AXES:
            whole: Tensor = attend(query, key, value, attn_mask, *more, **options)
            return whole
        before = query.shape[: 1 - AXES]
        if attn_mask is not None and attn_mask.ndim > 2:
            shape = (*query.shape[:-1], key.shape[-2])
            attn_mask = attn_mask.broadcast_to(shape).flatten(0, len(before) - 1)
        four = (one.flatten(0, len(before) - 1) for one in (query, key, value))
        found: Tensor = attend(*four, attn_mask, *more, **options)
        return found.reshape(*before, *found.shape[1:])

    functional.scaled_dot_product_attention = in_four  # type: ignore[assignment]  # put back
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = attend
