"""What can be expected of a column. Great Expectations judges it; rows alone are also judged here.

Great Expectations takes 5 s to import, so that ``params`` and ``source``, which only want to know
whether a data set is worth a long look, ask ``unexpected`` instead. A test holds the two together.
"""

import importlib
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

GX = "great_expectations.expectations.core"


@dataclass(frozen=True)
class Expected:
    """One expectation of a column.

    Args:
        kind: What is expected, as Great Expectations' class is called.
        column: Of the table.
        options: Of the kind.
        warning: It stops nothing.
    """

    kind: str
    column: str
    options: dict[str, Any] = field(default_factory=dict)
    warning: bool = False

    def built(self, meta: dict[str, Any]) -> Any:
        """Return it as an expectation of Great Expectations."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", self.kind).lower()
        severity = {"severity": "warning"} if self.warning else {}
        kind = getattr(importlib.import_module(f"{GX}.{name}"), self.kind)
        return kind(column=self.column, meta=meta, **self.options, **severity)

    def unexpected(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell which lines of a table are not as expected; null only where a value is."""
        values = table[self.column]
        if self.kind == "ExpectColumnValuesToNotBeNull":
            return values.isna().to_numpy()
        how = self.options
        if self.kind == "ExpectColumnValuesToBeInSet":
            bad = ~values.isin(how["value_set"])
        elif self.kind == "ExpectColumnValuesToNotBeInSet":
            bad = values.isin(how["value_set"])
        elif self.kind == "ExpectColumnValuesToBeUnique":
            bad = values.duplicated(keep=False)
        elif self.kind == "ExpectColumnValuesToNotMatchRegex":
            bad = values.astype(str).str.contains(how["regex"])
        else:
            low, high = how["min_value"], how.get("max_value", np.inf)
            above = values > low if how.get("strict_min") else values >= low
            bad = ~(above & (values <= high))
        return (bad & values.notna()).to_numpy(bool)


def in_set(column: str, values: list[Any], *, mostly: float = 1.0) -> Expected:
    """Expect one of these values, in this share of the lines at least."""
    return Expected("ExpectColumnValuesToBeInSet", column, {"value_set": values, "mostly": mostly})


def not_in_set(column: str, values: list[Any], *, mostly: float = 1.0) -> Expected:
    """Expect none of these values, in this share of the lines at least."""
    return Expected(
        "ExpectColumnValuesToNotBeInSet", column, {"value_set": values, "mostly": mostly}
    )


def unique(column: str) -> Expected:
    """Expect no value twice."""
    return Expected("ExpectColumnValuesToBeUnique", column)


def not_null(column: str) -> Expected:
    """Expect a value everywhere."""
    return Expected("ExpectColumnValuesToNotBeNull", column)


def not_match(column: str, regex: str) -> Expected:
    """Expect no value in which the expression is found."""
    return Expected("ExpectColumnValuesToNotMatchRegex", column, {"regex": regex})


def between(column: str, low: float, high: float | None = None, **strict: bool) -> Expected:
    """Expect numbers from low to high; ``strict_min``: above low."""
    ends = {"min_value": low} | ({} if high is None else {"max_value": high})
    return Expected("ExpectColumnValuesToBeBetween", column, {**ends, **strict})


@dataclass(frozen=True)
class Check:
    """One expectation of one table, and the words for what comes of it.

    Args:
        name: What must hold.
        frame: Table that is checked; a name of ``Frames``.
        expected: What is expected.
        wrong: Sentence if it does not hold, with ``{count}`` and ``{total}`` lines.
        holds: Sentence if it does.
    """

    name: str
    frame: str
    expected: Expected
    wrong: str
    holds: str
