"""Limits that change: after a look, and against rules that were agreed on; a reviewer is needed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from faircompress.ledger.entries import Booked, LimitsChanged
from faircompress.ledger.errors import NeedsReviewerError
from faircompress.ledger.family import Family

Value = float | str | None
EVERYWHERE = re.compile(r"in \S+?( at |: )")  # a column of a rule's name
PERMISSIONS = ("declared absent", "rows of an intersection")  # limits that loosen by being there


@dataclass(frozen=True)
class Rules:
    """What a candidate is held to.

    Args:
        sha256: Of all of it.
        limits: Every number that the outcome hangs on, under a name that spells out its check, such
            as ``change auroc sex``; confidence too.
    """

    sha256: str
    limits: Mapping[str, float]


CONFIDENCE, SHOWN = " confidence", 6


@dataclass(frozen=True)
class Review:
    """Who changed limits after a look, who agreed, and why."""

    who: str
    reviewer: str
    why: str


def limits_changed(
    found: Family, wanted: Booked, review: Review | None
) -> tuple[LimitsChanged, ...]:
    """Return what is to be recorded of limits that changed since the last look, if any did.

    A check that is left out is a changed limit; a new one is not, it only makes another look. Rules
    that were used on this test set before need no second review.

    Raises:
        NeedsReviewerError: If a limit changed and nobody else agreed.
    """
    last = found.last()
    used = [_conditions(look) for look in found.looks.values() if isinstance(look, Booked)]
    if last is None or _conditions(wanted) in used:
        return ()
    old, new = _values(last), _values(wanted)
    changes = {name: (value, new.get(name)) for name, value in old.items()
               if new.get(name) != value}  # fmt: skip
    if not changes:
        return ()
    if review is None or not _is_complete(review):
        listed = _listed(changes)
        raise NeedsReviewerError(
            f"limits changed after a look at this test set ({listed}). Needed are a reviewer other "
            "than who changed them, and a reason. Name them, or keep the limits."
        )
    return (
        LimitsChanged(
            wanted.time, wanted.test_set, last.rules, wanted.rules, changes,
            review.who, review.reviewer, review.why,
        ),
    )  # fmt: skip


def _listed(changes: Mapping[str, tuple[Value, Value | None]]) -> str:
    """Name changes in few words; a check that is dropped is, with its confidence, one change."""
    dropped = {name for name, (_, new) in changes.items() if new is None}
    dropped -= {name for name in dropped if name.endswith(CONFIDENCE)}
    named = [
        f"{name} {old}: dropped" if new is None else f"{name}: {old} -> {new}"
        for name, (old, new) in changes.items()
        if not (name.endswith(CONFIDENCE) and name.removesuffix(CONFIDENCE) in dropped)
    ]
    more = f"; and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return "; ".join(named[:SHOWN]) + more


def loosened(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[str, ...]:
    """Say what later rules allow that earlier ones did not; nothing where nothing is looser.

    Args:
        before: Limits by name; a name ends in ``at most`` or ``at least``, which says which way is
            looser. One that says ``in all groups`` also stands for each column.
        after: Limits of the later rules.
    """
    found = []
    for name, old in before.items():
        everywhere = EVERYWHERE.sub(r"in all groups\1", name)
        new = after.get(name, after.get(everywhere))
        if new is None and not name.startswith(PERMISSIONS):
            found.append(f"{name} {old:g}: dropped")
        elif new is not None and (new < old if name.endswith("at least") else new > old):
            found.append(f"{name} {old:g}: now {new:g}")
    new_ones = [name for name in after if name.startswith(PERMISSIONS) and name not in before]
    return (*found, *(f"{name} {after[name]:g}: new" for name in new_ones))


def _values(look: Booked) -> dict[str, Value]:
    return {**look.limits, "looks": look.way}


def _conditions(look: Booked) -> tuple[str, dict[str, Value]]:
    return look.rules, _values(look)


def _is_complete(review: Review) -> bool:
    who, reviewer = (name.strip().casefold() for name in (review.who, review.reviewer))
    return bool(who and reviewer and review.why.strip()) and who != reviewer
