"""What a line of the ledger can say."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Started:
    """The first line.

    Args:
        time: In UTC, ISO 8601.
        key_check: Keyed hash of a fixed word: another key gives another one.
        version: Of the ledger's format.
    """

    time: str
    key_check: str
    version: int = 1


@dataclass(frozen=True)
class Booked:
    """A look, or rows that top one up; written before its outcome is known.

    Args:
        time: In UTC.
        test_set: sha256 of the file that holds the test set's hashes.
        overlaps: Earlier test sets that this one is taken for.
        unsure: Those among them of which it cannot be told.
        candidate: sha256.
        baseline: sha256.
        rules: sha256.
        limits: Every number that the outcome hangs on, by name.
        way: ``spend``, ``earn`` or ``ignore``.
        number: Of the look at this test set, from 1.
        share: Of alpha that it may use.
        alpha: That it may use, then.
        seed: Of the deals.
        released: Files that ``earn`` had released on this test set before.
        topping_up: Whether rows collected later may top it up.
        tops_up: Line of the look that these rows top up; None: this is a look.
        files: sha256 of the files that are judged in this order as one candidate; empty: there is
            one, or none has a file.
    """

    time: str
    test_set: str
    overlaps: tuple[str, ...]
    unsure: tuple[str, ...]
    candidate: str
    baseline: str
    rules: str
    limits: Mapping[str, float]
    way: str
    number: int
    share: float
    alpha: float
    seed: int
    released: int = 0
    topping_up: bool = False
    tops_up: int | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Completed:
    """What came of a look.

    Args:
        time: In UTC.
        look: Its line.
        outcome: ``pass``, ``fail`` or ``inconclusive``.
        e_values: By check; none where checks have no e-values.
    """

    time: str
    look: int
    outcome: str
    e_values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LimitsChanged:
    """Limits that changed after a look at the same test set.

    Args:
        time: In UTC.
        test_set: sha256 of its file.
        old: sha256 of the rules of the last look.
        new: sha256 of the rules from now on.
        changes: Name -> value before and after; None: not in the rules.
        who: Changed them.
        reviewer: Agreed; somebody else.
        why: Reason.
    """

    time: str
    test_set: str
    old: str
    new: str
    changes: Mapping[str, tuple[float | str | None, float | str | None]]
    who: str
    reviewer: str
    why: str


@dataclass(frozen=True)
class Imported:
    """A look from an earlier record, which knows a test set by one hash alone.

    Args:
        time: In UTC, of the import.
        book: Keyed hash of that hash.
        candidate: sha256, or its first digits.
        number: That the look had there; 0: it is not known, and each is a look of its own.
    """

    time: str
    book: str
    candidate: str
    number: int = 0


Entry = Started | Booked | Completed | LimitsChanged | Imported
KINDS: dict[str, type[Entry]] = {
    "start": Started,
    "look": Booked,
    "result": Completed,
    "limits": LimitsChanged,
    "imported": Imported,
}


def to_values(entry: Entry) -> dict[str, Any]:
    """Return what is written of an entry."""
    kind = next(name for name, cls in KINDS.items() if isinstance(entry, cls))
    return {"kind": kind, **asdict(entry)}


def from_values(values: Mapping[str, Any]) -> Entry:
    """Return an entry as it was.

    Raises:
        KeyError: If it is of no known kind.
        TypeError: If a value is missing or too much.
    """
    rest: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k != "kind"
    }
    if "changes" in rest:
        rest["changes"] = {name: tuple(both) for name, both in rest["changes"].items()}
    return KINDS[values["kind"]](**rest)
