"""Looks at a test set: booked before the outcome is known, completed after it.

A look that breaks off in between is spent all the same; the same look again is free, and has the
number, seed and level that it had.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from faircompress.ledger import sets
from faircompress.ledger.entries import Booked, Completed
from faircompress.ledger.errors import LedgerError
from faircompress.ledger.family import Family, family, outcomes
from faircompress.ledger.identity import Fingerprint, TestSet, fingerprint
from faircompress.ledger.levels import WAYS, Levels, share_of
from faircompress.ledger.limits import Review, Rules, limits_changed
from faircompress.ledger.record import Ledger, OpenLedger, now

ROUNDING = 1e-6  # relative, of e-values on another machine
OUTCOMES = ("pass", "fail", "inconclusive")


@dataclass(frozen=True)
class Look:
    """A look that is booked.

    Args:
        line: Of the ledger.
        number: Which look at this test set it is, from 1.
        way: How it is charged.
        share: Of alpha that it may use.
        released: Files that ``earn`` had released on this test set before.
        seed: Of the deals.
        topping_up: Whether rows collected later may top it up.
        repeated: Whether it was booked before: nothing new is charged.
        unsure: Earlier test sets of which it cannot be told whether this is one of them.
        tops_up: Line of the look that it tops up; None: it is a look.
    """

    line: int
    number: int
    way: str
    share: float
    released: int
    seed: int
    topping_up: bool
    repeated: bool
    unsure: int
    tops_up: int | None = None

    def alpha(self, whole: float) -> float:
        """Return the part of alpha that this look may use."""
        return self.share * whole


def next_look(
    ledger: Ledger,
    test_set: TestSet,
    *,
    candidate: str,
    baseline: str,
    rules: Rules,
    way: str,
    alpha: float,
    seed: int,
    levels: Levels | None = None,
    topping_up: bool = False,
    review: Review | None = None,
) -> Look:
    """Book a look before its outcome is known.

    The same candidate, baseline, rules, way, alpha and seed on exactly the same rows is the same
    look. A row less, another seed, a new metric or group: each is a look of its own.

    Args:
        ledger: Made if it is not there.
        test_set: What is looked at.
        candidate: sha256 of its file or scores; see ``in_order`` for several files.
        baseline: sha256.
        rules: What the candidate is held to.
        way: ``spend``: alpha/(k(k + 1)) at look k; ``earn``: by ``levels``; ``ignore``: alpha.
        alpha: To be shared among the looks at this test set.
        seed: Of the deals.
        levels: For ``earn``: share of alpha by number and by files released on this set before.
        topping_up: Declare that rows collected later may top up this look.
        review: Needed if a limit, the way or alpha changed after a look at this test set.

    Raises:
        NeedsReviewerError: If one changed and nobody else agreed.
        BrokenLedgerError: If the ledger cannot be trusted.
        LedgerError: If the way is none, or ``earn`` has no levels.
    """
    wanted, known = _wanted(
        ledger, test_set, baseline=baseline, rules=rules, way=way, alpha=alpha, seed=seed,
        levels=levels, topping_up=topping_up,
    )  # fmt: skip
    with ledger.changing() as book:
        return _booked(book, replace(wanted, candidate=candidate), known, levels, review)


def next_looks(
    ledger: Ledger, test_set: TestSet, files: Sequence[str], *, review: Review | None = None,
    levels: Levels | None = None, **how: Any,
) -> dict[str, Look]:  # fmt: skip
    """Book files that are judged in this order, up to the first that does not pass.

    Files that were booked before under the same rules keep their look; the others are one look
    together, since no file is judged after one that does not pass.

    Args:
        ledger: Made if it is not there.
        test_set: What is looked at.
        files: sha256 of each.
        review: As of ``next_look``.
        levels: As of ``next_look``.
        how: As of ``next_look``: baseline, rules, way, alpha, seed, topping_up.

    Returns:
        The look of each file.

    Raises:
        LedgerError: As ``next_look``.
    """
    wanted, known = _wanted(ledger, test_set, levels=levels, **how)
    with ledger.changing() as book:
        lines = {file: _before(book, wanted, file) for file in files}
        looks = {file: to_look(n, book, repeated=True) for file, n in lines.items() if n}
        new = tuple(file for file in files if file not in looks)
        if new:
            first = replace(wanted, candidate=in_order(new), files=new)
            looks |= dict.fromkeys(new, _booked(book, first, known, levels, review))
        return {file: looks[file] for file in files}


def complete(
    ledger: Ledger, look: Look, *, outcome: str, e_values: Mapping[str, float] | None = None
) -> None:
    """Write what came of a look; the same again changes nothing.

    Args:
        ledger: Where the look is booked.
        look: Which.
        outcome: ``pass``, ``fail`` or ``inconclusive``.
        e_values: By check, >= 0; for a check without e-value 0.

    Raises:
        LedgerError: If it had another outcome before, or a value is no e-value.
    """
    values = {name: float(value) for name, value in (e_values or {}).items()}
    bad = [name for name, value in values.items() if not 0 <= value < math.inf]
    if outcome not in OUTCOMES or bad:
        raise LedgerError(
            f"outcome is {outcome!r} and e-values of {bad} are not finite and >= 0; an outcome is "
            f"one of {', '.join(OUTCOMES)}"
        )
    with ledger.changing() as book:
        before = outcomes(book.entries).get(look.line)
        if before and _agrees(before, outcome, values):
            return
        if before:
            raise LedgerError(
                f"the look of line {look.line} came out as {before.outcome!r} on {before.time}, "
                f"now as {outcome!r} or with other e-values, though files, rows, rules and seed "
                "are the same. Was another version of the code used? The first outcome stands."
            )
        book.add(Completed(now(), look.line, outcome, values))


def _agrees(before: Completed, outcome: str, values: Mapping[str, float]) -> bool:
    """Tell whether an outcome is the first one; with equal e-values, costs alone can differ."""
    if before.e_values.keys() != values.keys():
        return False
    near = all(math.isclose(before.e_values[k], v, rel_tol=ROUNDING) for k, v in values.items())
    return near and bool(before.outcome == outcome or values)


def in_order(digests: Sequence[str]) -> str:
    """Return one sha256 for files that are judged in this order until one does not pass: a look."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def to_look(line: int, book: OpenLedger, *, repeated: bool = False) -> Look:
    """Return the look of a line."""
    e = book.entries[line - 1]
    if not isinstance(e, Booked):
        raise LedgerError(f"line {line} of {book.ledger.path} is no look")
    return Look(
        line, e.number, e.way, e.share, e.released, e.seed, e.topping_up, repeated,
        len(e.unsure), e.tops_up,
    )  # fmt: skip


def _wanted(
    ledger: Ledger, test_set: TestSet, *, baseline: str, rules: Rules, way: str, alpha: float,
    seed: int, levels: Levels | None = None, topping_up: bool = False,
) -> tuple[Booked, Fingerprint]:  # fmt: skip
    """Return the entry of a look without candidate, number and level, and what knows its rows."""
    if way not in WAYS or way == "earn" and levels is None:
        raise LedgerError(f"way is {way!r}; needed is one of {', '.join(WAYS)}, `earn` with levels")
    known = fingerprint(ledger.key(), test_set)
    limits = {name: float(value) for name, value in {**rules.limits, "alpha": alpha}.items()}
    entry = Booked(
        now(), sets.name_of(ledger.path, known), (), (), "", baseline, rules.sha256, limits, way,
        number=0, share=0.0, alpha=0.0, seed=int(seed), topping_up=topping_up,
    )  # fmt: skip
    return entry, known


def _booked(
    book: OpenLedger, wanted: Booked, known: Fingerprint, levels: Levels | None,
    review: Review | None,
) -> Look:  # fmt: skip
    """Add a look, unless it is there."""
    if line := _before(book, wanted):
        return to_look(line, book, repeated=True)
    found = family(book, wanted.test_set, known)
    changed = limits_changed(found, wanted, review)
    number = found.kept_number(wanted.files) or 1 + found.count
    before_it = min(_released(book, found), number - 1)
    share = share_of(wanted.way, number, before_it, levels)
    entry = replace(
        wanted, number=number, share=share, alpha=share * wanted.limits["alpha"],
        released=before_it, overlaps=tuple(found.near), unsure=found.unsure,
    )  # fmt: skip
    sets.save(book.ledger.path, known)
    return to_look(book.add(*changed, entry), book)


def _released(book: OpenLedger, found: Family) -> int:
    """Count the files that were released by ``earn`` on a test set."""
    passed = {
        first
        for line, came in outcomes(book.entries).items()
        if came.outcome == "pass" and (first := _first(book, line))
    }
    return sum(
        isinstance(look, Booked) and look.way == "earn" and line in passed
        for line, look in found.looks.items()
    )


def _first(book: OpenLedger, line: int) -> int:
    """Return the look that a line is, or tops up."""
    entry = book.entries[line - 1]
    return (isinstance(entry, Booked) and entry.tops_up) or line


def _before(book: OpenLedger, wanted: Booked, file: str = "") -> int | None:
    """Return the line of the same look, or of the one in which a file was judged; None: none."""
    for line, entry in enumerate(book.entries, start=1):
        if not isinstance(entry, Booked) or entry.tops_up or _key(entry) != _key(wanted):
            continue
        if file in entry.files if file else entry.candidate == wanted.candidate:
            return line
    return None


def _key(e: Booked) -> tuple[object, ...]:
    return e.test_set, e.baseline, e.rules, dict(e.limits), e.way, e.seed
