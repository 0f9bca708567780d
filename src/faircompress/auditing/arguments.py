"""What the arguments of an audit may be; columns and tables are looked at where they are read."""

import os
from collections.abc import Mapping
from typing import Any

from faircompress.support.arguments import (
    Kind,
    is_count,
    is_flag,
    is_listed,
    is_map_of_lists,
    is_number,
    is_path,
    is_text,
)


def _are_groups(value: Any) -> bool:
    return isinstance(value, Mapping) or is_listed(value)


def _are_rules(value: Any) -> bool:
    return hasattr(value, "rule") or isinstance(value, os.PathLike) or _are_groups(value)


FLAG, TEXT = Kind(is_flag, "True or False", must=True), Kind(is_text, "a text")
COUNT = Kind(is_count, "a whole number")
OF_BOTH = {  # of ``audit`` and of ``audit_files``
    "groups": Kind(_are_groups, 'columns of groups, such as ["sex"]', must=True),
    "rules": Kind(
        _are_rules,
        'rules, such as ["change auroc 0.03"], or the path of a file of them',
        must=True,
    ),
    "classes": Kind(is_listed, 'names of classes, such as ["no", "yes"]'),
    "absent": Kind(is_listed, 'what is missing by design, such as ["skin=dark & y=1"]'),
    "fixed_counts": Kind(is_listed, 'columns, such as ["y"]'),
    "counts": Kind(is_text, "rows or clusters", must=True),
    "threshold": Kind(lambda v: is_number(v) or is_text(v), "a number or a word, such as 0.5"),
    "intersections": FLAG,
    "sparse": TEXT,
    "min_rows": COUNT,
    "expect": Kind(is_map_of_lists, 'groups by column, such as {"sex": ["f", "m"]}'),
    "ledger": Kind(is_path, "the path of a file"),
    "looks": TEXT,
    "topping_up": FLAG,
    "tops_up": COUNT,
    "reviewer": TEXT,
    "reason": TEXT,
    "crosschecks": FLAG,
}
OF_FILES = OF_BOTH | {
    "baseline": Kind(is_path, "the path of an ONNX file", must=True),
    "candidate": Kind(is_path, "the path of an ONNX file", must=True),
    "data": Kind(is_path, "the path of a table", must=True),
    "validation": Kind(is_path, "the path of a table"),
    "image": Kind(is_text, "the name of a column", must=True),
}
