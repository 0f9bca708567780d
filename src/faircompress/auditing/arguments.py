"""Arguments of another type than needed, refused before any is used: a word for a list, 0 for no.

What is no path would count no looks, and an empty list of thresholds is no threshold. Columns and
tables are looked at where they are read.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from faircompress.support.errors import InputError
from faircompress.support.lines import one_line


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not _is_flag(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not _is_flag(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and str(value).strip() != ""


def _is_listed(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, bytes | Mapping)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_map_of_lists(value: Any) -> bool:
    return _is_map(value) and all(_is_listed(names) for names in value.values())


Kind = tuple[Callable[[Any], bool], str]
FLAG: Kind = (_is_flag, "True or False")
TEXT: Kind = (_is_text, "a text")
COUNT: Kind = (_is_count, "a whole number")
KINDS: dict[str, Kind] = {
    "groups": (lambda v: _is_map(v) or _is_listed(v), 'columns of groups, such as ["sex"]'),
    "rules": (
        lambda v: hasattr(v, "rule") or isinstance(v, os.PathLike) or _is_map(v) or _is_listed(v),
        'rules, such as ["change auroc 0.03"], or the path of a file of them',
    ),
    "classes": (_is_listed, 'names of classes, such as ["no", "yes"]'),
    "absent": (_is_listed, 'what is missing by design, such as ["skin=dark & y=1"]'),
    "counts": TEXT,
    "threshold": (lambda v: _is_number(v) or _is_text(v), "a number or a word, such as 0.5"),
    "intersections": FLAG,
    "sparse": TEXT,
    "min_rows": COUNT,
    "expect": (_is_map_of_lists, 'groups by column, such as {"sex": ["f", "m"]}'),
    "ledger": (_is_path, "the path of a file"),
    "looks": TEXT,
    "topping_up": FLAG,
    "tops_up": COUNT,
    "reviewer": TEXT,
    "reason": TEXT,
    "crosschecks": FLAG,
    "baseline_file": (_is_path, "the path of an ONNX file"),
    "candidate_file": (_is_path, "the path of an ONNX file"),
    "data": (_is_path, "the path of a table"),
    "validation": (_is_path, "the path of a table"),
    "image": (_is_text, "the name of a column"),
}
MUST = {"groups", "rules", "intersections", "topping_up", "crosschecks", "counts", "image", "data"}
MUST |= {"baseline_file", "candidate_file"}


def refuse_other_types(given: Mapping[str, Any]) -> None:
    """Refuse arguments that are of another type than needed; None is as if left out.

    Args:
        given: Some of ``KINDS`` by name.

    Raises:
        InputError: Naming the first, what it is, and what is needed.
    """
    for name, value in given.items():
        fits, needed = KINDS[name]
        if value is None and name not in MUST or value is not None and fits(value):
            continue
        spelt = name.removesuffix("_file")
        raise InputError(f"{spelt} is {_shown(value)}; needed is {needed}.")


def listed(values: Sequence[Any] | None) -> Sequence[Any]:
    """Return what is listed; None lists nothing."""
    return () if values is None else values


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return one_line(repr(value), 60)
    return f"of type {type(value).__name__}"
