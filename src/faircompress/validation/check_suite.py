"""The checks themselves, one expectation each; those of pictures are in ``check_pictures.py``."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from faircompress.config.params import Checks
from faircompress.data.duplicates import CONFLICTING, DUPLICATE
from faircompress.data.ingest import DARK, READ
from faircompress.data.sources import OPEN, SPLITS
from faircompress.data.words import unknown_form
from faircompress.validation.check_frames import Frames
from faircompress.validation.check_pictures import alike, readable, warnings
from faircompress.validation.drawn_shares import larger_shares
from faircompress.validation.expectations import Check, between, in_set, not_match, not_null, unique

LEAST_SHARE = 0.04  # over classes: what a class must be of its split if params do not say


def suite(
    tables: Frames, classes: int, groups: Sequence[str], limits: Checks, drawn_by: Mapping[str, str]
) -> list[Check]:
    """Return the checks of a data set, errors first.

    Args:
        tables: What will be checked; some checks only make sense for what is in it.
        classes: Number of labels.
        groups: Group columns other than ``label``.
        limits: The section ``checks`` of params.
        drawn_by: As of ``RawData``.
    """
    return [
        *readable(tables, limits.quarantine),
        *suite_of_rows(tables, classes, groups, limits, drawn_by),
        *alike(tables),
        *warnings(tables, limits.quarantine, refuse_twice=limits.duplicates == "error"),
    ]


def suite_of_rows(
    tables: Frames, classes: int, groups: Sequence[str], limits: Checks, drawn_by: Mapping[str, str]
) -> list[Check]:
    """Return the checks for which no picture is needed; see ``suite``."""
    return [
        *_identifiers(tables),
        *_splits(tables),
        *_labels(classes),
        *_names(),
        *_weights(),
        *(check for group in groups for check in _group(group, tables)),
        *_people(tables),
        *_counts(tables, limits, classes, drawn_by),
    ]


def _identifiers(tables: Frames) -> list[Check]:
    checks = [
        Check(
            "every row has an id",
            "pictures",
            not_null("id"),
            "{count} of {total} rows have no id",
            "{total} rows have one.",
        ),
        Check(
            "no id stands twice",
            "pictures",
            unique("id"),
            "{count} of {total} rows share their id with another; needed is one row a picture, "
            "not one a box or a reader",
            "{total} ids differ.",
        ),
    ]
    if tables.pictures["identity"].notna().any():
        checks += [
            Check(
                "all rows have an identity, or none",
                "pictures",
                not_null("identity"),
                "{count} of {total} rows have none; the others say whose picture they are",
                "{total} rows say whose picture they are.",
            )
        ]
    return checks


def _splits(tables: Frames) -> list[Check]:
    splits = ", ".join(SPLITS)
    return [
        Check(
            "every row has a split",
            "pictures",
            not_null("split"),
            f"{{count}} of {{total}} rows have no split; needed: {splits}",
            "{total} rows have one.",
        ),
        Check(
            "every split is known",
            "pictures",
            in_set("split", [*SPLITS, *([OPEN] if tables.opened else [])]),
            f"{{count}} of {{total}} rows are of an unknown split; needed: {splits}",
            f"All are {splits}.",
        ),
    ]


def _labels(classes: int) -> list[Check]:
    return [
        Check(
            "every row has a label",
            "pictures",
            not_null("label"),
            "{count} of {total} rows have no label, or one that is not a whole number; fill it in, "
            "or leave them out by drop: ['']",
            "{total} rows have one.",
        ),
        Check(
            "every label is known",
            "pictures",
            in_set("label", list(range(classes))),
            f"{{count}} of {{total}} labels are no index into the {classes} classes",
            f"All are an index into the {classes} classes.",
        ),
        Check(
            "no class is a word for unknown",
            "classes",
            in_set("known", [True]),
            "{count} of {total} classes are: a model would learn to tell what nobody knew. Leave "
            "such rows out by drop, or name the class otherwise by names",
            "None of {total} is.",
        ),
    ]


def _names() -> list[Check]:
    return [
        Check(
            "no name is damaged",
            "names",
            in_set("whole", [True]),
            "{count} of {total} names of classes, groups and people seem to be. Mend the table, or "
            "say by names what each is called",
            "None seems to be.",
        ),
        Check(
            "no two names are almost equal",
            "names",
            in_set("apart", [True]),
            "Found {count} that split a class or group in two. Give both one name by names, or if "
            "they are two, names that differ by more",
            "None is.",
        ),
    ]


def _weights() -> list[Check]:
    return [
        Check(
            "every row has a weight",
            "pictures",
            not_null("weight"),
            "{count} of {total} rows have no number as weight",
            "{total} rows have a number.",
        ),
        Check(
            "every weight is above 0 and finite",
            "pictures",
            between("weight", 0, sys.float_info.max, strict_min=True),
            "{count} of {total} weights are not",
            "All are.",
        ),
    ]


def _group(group: str, tables: Frames) -> list[Check]:
    words = tables.pictures[group].dropna().map(str).unique()
    return [
        Check(
            f"every row has a group in {group}",
            "pictures",
            not_null(group),
            f"{{count}} of {{total}} rows have none in {group}; leave them out by drop: [''] there",
            "{total} rows have one.",
        ),
        Check(
            f"every group in {group} is known",
            "pictures",
            not_match(group, unknown_form(words)),
            f"{{count}} of {{total}} rows have a word for unknown, or nothing, in {group}; leave "
            "them out by drop, or name them otherwise by names",
            "None is a word for unknown.",
        ),
    ]


def _people(tables: Frames) -> list[Check]:
    leak = Check(
        "no person lies in two splits",
        "people",
        in_set("splits", [1]),
        "Found {count}; a model would be tested on whom it was trained on",
        "None does.",
    )
    spelt = Check(
        "nobody is spelt in two ways",
        "names",
        replace(in_set("spelt", [True]), warning=True),
        "{count} people seem to be, by capitals, blanks, marks or zeros alone; if they are one, "
        "they may lie in two splits, and count as two. Write them alike",
        "Nobody seems to be.",
    )
    return [leak, spelt] if tables.rows["identity"].notna().any() else []


def _counted(tables: Frames, quarantine: float) -> str:
    """Return what cells count: pictures that are fit, or all where the unfit are an error."""
    states = tables.pictures["state"]
    unfit = ~states.isin([READ, CONFLICTING, DUPLICATE])
    refused = (states == DARK).any() or unfit.sum() > quarantine * len(states)
    return "given" if refused else "count"


def _counts(
    tables: Frames, limits: Checks, classes: int, drawn_by: Mapping[str, str]
) -> list[Check]:
    least = LEAST_SHARE / classes
    low, high = limits.class_share or (least, 1 - least)
    named = Check(
        "checks.absent_subgroups names cells",
        "absent",
        in_set("known", [True]),
        "{count} of {total} entries name no cell",
        "All {total} entries do.",
    )
    counted = _counted(tables, limits.quarantine)
    share = Check(
        f"every class is {low:g} to {high:g} of its split",
        "shares",
        between("share", low, high),
        f"{{count}} of {{total}} shares are not within {low:g} to {high:g} (checks.class_share)",
        "All {total} shares are.",
    )
    return [
        *([named] if len(tables.absent) else []),
        Check(
            f"every expected subgroup has {limits.min_subgroup} pictures",
            "expected",
            between(counted, limits.min_subgroup),
            f"{{count}} of {{total}} subgroups have fewer than {limits.min_subgroup} "
            f"(checks.min_subgroup){larger_shares(tables.expected, limits.min_subgroup, drawn_by)}"
            "; name those that must be so in checks.absent_subgroups, and those that test lacks in "
            "gate.absent, too",
            f"{{total}} subgroups have; the smallest has {tables.expected[counted].min()}.",
        ),
        *([share] if counted == "count" else []),
    ]
