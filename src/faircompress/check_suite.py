"""The checks themselves, one expectation each. Importing this imports Great Expectations (5 s)."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from great_expectations.expectations.core.expect_column_values_to_be_between import (
    ExpectColumnValuesToBeBetween as Between,
)
from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
    ExpectColumnValuesToBeInSet as InSet,
)
from great_expectations.expectations.core.expect_column_values_to_be_unique import (
    ExpectColumnValuesToBeUnique as Unique,
)
from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
    ExpectColumnValuesToNotBeNull as NotNull,
)
from great_expectations.expectations.core.expect_column_values_to_not_match_regex import (
    ExpectColumnValuesToNotMatchRegex as NotMatch,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity

from faircompress.check_frames import Frames
from faircompress.datasets import SPLITS
from faircompress.ingest import READ
from faircompress.params import Checks

WARNING = FailureSeverity.WARNING
UNKNOWN = r"^\s*(?:[Uu]nknown|UNKNOWN|nan|NaN|None|null|NULL|[Nn]/[Aa]|\?|-1)?\s*$"


@dataclass(frozen=True)
class Check:
    """One expectation of one table, and the words for what comes of it.

    Args:
        name: What must hold.
        frame: Table that is checked; a name of ``Frames``.
        expectation: Of Great Expectations; its severity is the check's.
        wrong: Sentence if it does not hold, with ``{count}`` and ``{total}`` lines.
        holds: Sentence if it does.
    """

    name: str
    frame: str
    expectation: Expectation
    wrong: str
    holds: str


def suite(tables: Frames, classes: int, groups: Sequence[str], limits: Checks) -> list[Check]:
    """Return the checks of a data set, errors first.

    Args:
        tables: What will be checked; some checks only make sense for what is in it.
        classes: Number of labels.
        groups: Group columns other than ``label``.
        limits: The section ``checks`` of params.
    """
    return [
        *_pictures(tables, limits.quarantine),
        *_identifiers(tables),
        *_splits(),
        *_labels(classes),
        *_weights(),
        *(check for group in groups for check in _group(group)),
        *_sizes(tables),
        *_leaks(tables),
        *_counts(tables, limits),
        *_warnings(limits.quarantine),
    ]


def _pictures(tables: Frames, quarantine: float) -> list[Check]:
    states = tables.pictures["state"].value_counts().drop(READ, errors="ignore")
    why = ", ".join(f"{count:,} {state}" for state, count in states.items())
    some = f"; {quarantine:g} of them may be set aside (checks.quarantine)"
    return [
        Check(
            "every picture can be read",
            "pictures",
            InSet(column="state", value_set=[READ], mostly=1 - quarantine),
            f"{{count}} of {{total}} pictures cannot be read ({why}){some}",
            f"{len(tables.rows):,} of {{total}} pictures were read{some if why else ''}.",
        )
    ]


def _identifiers(tables: Frames) -> list[Check]:
    checks = [
        Check(
            "every row has an id",
            "pictures",
            NotNull(column="id"),
            "{count} of {total} rows have no id",
            "{total} rows have one.",
        ),
        Check(
            "no id stands twice",
            "pictures",
            Unique(column="id"),
            "{count} of {total} rows share their id with another",
            "{total} ids differ.",
        ),
    ]
    if tables.pictures["identity"].notna().any():
        checks += [
            Check(
                "all rows have an identity, or none",
                "pictures",
                NotNull(column="identity"),
                "{count} of {total} rows have none; the others say whose picture they are",
                "{total} rows say whose picture they are.",
            )
        ]
    return checks


def _splits() -> list[Check]:
    splits = ", ".join(SPLITS)
    return [
        Check(
            "every row has a split",
            "pictures",
            NotNull(column="split"),
            f"{{count}} of {{total}} rows have no split; needed: {splits}",
            "{total} rows have one.",
        ),
        Check(
            "every split is known",
            "pictures",
            InSet(column="split", value_set=list(SPLITS)),
            f"{{count}} of {{total}} rows are of an unknown split; needed: {splits}",
            f"All are {splits}.",
        ),
    ]


def _labels(classes: int) -> list[Check]:
    return [
        Check(
            "every row has a label",
            "pictures",
            NotNull(column="label"),
            "{count} of {total} rows have no label, or one that is not a whole number",
            "{total} rows have one.",
        ),
        Check(
            "every label is known",
            "pictures",
            InSet(column="label", value_set=list(range(classes))),
            f"{{count}} of {{total}} labels are no index into the {classes} classes",
            f"All are an index into the {classes} classes.",
        ),
    ]


def _weights() -> list[Check]:
    return [
        Check(
            "every row has a weight",
            "pictures",
            NotNull(column="weight"),
            "{count} of {total} rows have no number as weight",
            "{total} rows have a number.",
        ),
        Check(
            "every weight is above 0 and finite",
            "pictures",
            Between(column="weight", min_value=0, strict_min=True, max_value=sys.float_info.max),
            "{count} of {total} weights are not",
            "All are.",
        ),
    ]


def _group(group: str) -> list[Check]:
    return [
        Check(
            f"every row has a group in {group}",
            "pictures",
            NotNull(column=group),
            f"{{count}} of {{total}} rows have none in {group}",
            "{total} rows have one.",
        ),
        Check(
            f"every group in {group} is known",
            "pictures",
            NotMatch(column=group, regex=UNKNOWN),
            f"{{count}} of {{total}} rows have a word for unknown, or nothing, in {group}",
            "None is a word for unknown.",
        ),
    ]


def _sizes(tables: Frames) -> list[Check]:
    sizes = tables.rows["size"].mode()
    usual = str(sizes.iloc[0]) if len(sizes) else ""
    return [
        Check(
            "all pictures have one size",
            "rows",
            InSet(column="size", value_set=[usual]),
            f"{{count}} of {{total}} pictures are not {usual} as most are; set data.resize or crop",
            f"All are {usual}.",
        )
    ]


def _leaks(tables: Frames) -> list[Check]:
    checks = [
        Check(
            "no picture lies in two splits",
            "equal",
            InSet(column="splits", value_set=[1]),
            "Found {count}; a model would be tested on what it was trained on",
            "None does.",
        ),
        Check(
            "no person lies in two splits",
            "people",
            InSet(column="splits", value_set=[1]),
            "Found {count}; a model would be tested on whom it was trained on",
            "None does.",
        ),
    ]
    return checks if tables.rows["identity"].notna().any() else checks[:1]


def _counts(tables: Frames, limits: Checks) -> list[Check]:
    low, high = limits.class_share
    named = Check(
        "checks.absent_cells names cells",
        "absent",
        InSet(column="known", value_set=[True]),
        "{count} of {total} entries name no cell",
        "All {total} entries do.",
    )
    return [
        *([named] if len(tables.absent) else []),
        Check(
            f"every expected cell has {limits.min_cell} pictures",
            "expected",
            Between(column="count", min_value=limits.min_cell),
            f"{{count}} of {{total}} cells have fewer than {limits.min_cell} (checks.min_cell); "
            "name those that must be so in checks.absent_cells",
            f"{{total}} cells have; the smallest has {tables.expected['count'].min()}.",
        ),
        Check(
            f"every class is {low:g} to {high:g} of its split",
            "shares",
            Between(column="share", min_value=low, max_value=high),
            f"{{count}} of {{total}} shares are not within {low:g} to {high:g} "
            "(checks.class_share)",
            "{total} shares are.",
        ),
    ]


def _warnings(quarantine: float) -> list[Check]:
    checks = [
        Check(
            "no picture stands twice in a split",
            "equal",
            InSet(column="within", value_set=[0], severity=WARNING),
            "Found {count}, which count more than once",
            "None does.",
        ),
        Check(
            "all pictures are RGB",
            "rows",
            InSet(column="mode", value_set=["RGB"], severity=WARNING),
            "{count} of {total} pictures were converted",
            "All {total} are.",
        ),
        Check(
            "no picture is enlarged",
            "rows",
            InSet(column="enlarged", value_set=[False], severity=WARNING),
            "{count} of {total} pictures are smaller than data.resize asks for",
            "None of {total} is.",
        ),
    ]
    aside = Check(
        "no picture is set aside",
        "pictures",
        InSet(column="state", value_set=[READ], severity=WARNING),
        "{count} of {total} pictures cannot be read and were left out",
        "None of {total} is.",
    )
    return [aside, *checks] if quarantine else checks
