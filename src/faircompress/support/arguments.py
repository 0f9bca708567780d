"""Arguments of another type than needed, refused before any is used: a word for a list, 0 for no.

What is no path would count no looks, and an empty list of thresholds is no threshold.
"""

import functools
import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import numpy as np

from faircompress.support.errors import InputError
from faircompress.support.lines import one_line

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Kind:
    """What an argument may be.

    Args:
        fits: Tells it of a value; None is as if the argument was left out.
        needed: As a message says it.
        must: May it not be None?
    """

    fits: Callable[[Any], bool]
    needed: str
    must: bool = False


def is_flag(value: Any) -> bool:
    """Tell whether it is True or False, numpy's too."""
    return isinstance(value, bool | np.bool_)


def is_number(value: Any) -> bool:
    """Tell whether it is a finite number and no flag."""
    known = isinstance(value, int | float | np.integer | np.floating) and not is_flag(value)
    return known and math.isfinite(value)


def is_count(value: Any) -> bool:
    """Tell whether it is a whole number."""
    return isinstance(value, int | np.integer) and not is_flag(value)


def is_text(value: Any) -> bool:
    """Tell whether it is a text."""
    return isinstance(value, str)


def is_path(value: Any) -> bool:
    """Tell whether it is a path, or a text that is not blank."""
    return isinstance(value, str | os.PathLike) and str(value).strip() != ""


def is_listed(value: Any) -> bool:
    """Tell whether it lists names, or is one."""
    single = isinstance(value, np.ndarray) and value.ndim == 0  # it is no list, though it has iter
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping) and not single


def is_map_of_lists(value: Any) -> bool:
    """Tell whether it maps names to lists."""
    return isinstance(value, Mapping) and all(is_listed(names) for names in value.values())


def refuse_other_types(kinds: Mapping[str, Kind], given: Mapping[str, Any]) -> None:
    """Refuse arguments that are of another type than needed.

    Args:
        kinds: By the name of an argument.
        given: Some of these.

    Raises:
        InputError: Naming the first, what it is, and what is needed.
    """
    for name, value in given.items():
        kind = kinds[name]
        if kind.must if value is None else not kind.fits(value):
            raise InputError(f"{name} is {_shown(value)}; needed is {kind.needed}.")


def of_kinds(kinds: Mapping[str, Kind]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator by which a function refuses arguments that are of another type."""

    def decorator(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given = signature.bind(*args, **kwargs).arguments
            refuse_other_types(kinds, {k: v for k, v in given.items() if k in kinds})
            return function(*args, **kwargs)

        return checked

    return decorator


def listed(values: Sequence[Any] | None) -> Sequence[Any]:
    """Return what is listed; None lists nothing, and a text is one name and no list of letters."""
    return () if values is None else (values,) if isinstance(values, str) else values


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return one_line(repr(value), 60)
    return f"of type {type(value).__name__}"
