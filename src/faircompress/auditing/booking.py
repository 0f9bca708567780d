"""An audit's look at its test set: booked in a ledger before the verdict, completed after it."""

import getpass
import hashlib
import json
import math
import os
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from faircompress.auditing.rows import Pair
from faircompress.auditing.spelling import spelt
from faircompress.evaluation.rule_config import JOIN, Gate
from faircompress.evaluation.verdict import Verdict
from faircompress.ledger.errors import NeedsReviewerError
from faircompress.ledger.identity import TestSet
from faircompress.ledger.limits import Review, Rules
from faircompress.ledger.looks import Look, complete, looks_left, next_look
from faircompress.ledger.old_book import import_book
from faircompress.ledger.record import Ledger
from faircompress.ledger.sentences import describe
from faircompress.predictions import Predictions
from faircompress.statistics.independent_units import seed_of

Held = tuple[Predictions, Predictions] | None  # both models' predictions of validation rows
LEDGER = ".jsonl"  # how the name of a ledger ends that is made from an old book of looks
WAYS = ("spend", "ignore")
LIMITING = ("change", "flips")  # kinds for which the law of docs/statistics.md, 12, holds


def of_options(
    looks: str | None, ledger: Path | None, reviewer: str | None, reason: str
) -> tuple[str | None, "Book | None"]:
    """Return how looks are charged, None where nothing says it, and where they are booked.

    Args:
        looks: ``spend``, ``ignore``, or the book of looks of an earlier version.
        ledger: File of the ledger.
        reviewer: Who agreed to limits that changed after a look.
        reason: Why they changed.

    Raises:
        ValueError: If looks are to be counted, but nothing says where.
    """
    way = looks if looks in WAYS else None
    old = None if looks is None or way else Path(looks)
    if old is not None and ledger is None:
        old, ledger = (None, old) if old.suffix == LEDGER else (old, old.with_suffix(LEDGER))
    if ledger is None:
        if way or reviewer:
            raise ValueError(
                f"{spelt('looks') if way else spelt('reviewer')} is given without a ledger, which "
                f"counts the looks at a test set. Give {spelt('ledger')} looks.jsonl."
            )
        return None, None
    return way, Book(ledger, old, reviewer, reason)


@dataclass(frozen=True)
class Book:
    """Where an audit books its look.

    Args:
        ledger: File of the ledger; made if missing.
        old: Book of looks of version 0.2 that the ledger takes over.
        reviewer: Who agreed to limits that changed after a look.
        reason: Why they changed.
    """

    ledger: Path
    old: Path | None = None
    reviewer: str | None = None
    reason: str = ""

    @property
    def note(self) -> str:
        """Say where the looks of an old book are from now on; empty: there is none."""
        if self.old is None:
            return ""
        return (
            f"The looks of {self.old} are kept in {self.ledger} now: give {spelt('ledger')} "
            f"{self.ledger} from now on."
        )


def book_look(book: Book, pair: Pair, gate: Gate, validation: Held = None) -> Look:
    """Book a look before its outcome is known.

    Raises:
        ValueError: If the ledger cannot be used, or limits changed without a reviewer.
    """
    ledger = Ledger(book.ledger)
    if book.old is not None and book.old.exists():
        import_book(ledger, book.old)
    review = Review(_user(), book.reviewer, book.reason) if book.reviewer else None
    try:
        return next_look(
            ledger,
            test_set_of(pair),
            candidate=pair.candidate.model,
            baseline=pair.baseline.model,
            rules=rules_of(pair, gate, validation),
            way=gate.looks,
            alpha=alpha_of(gate),
            seed=seed_of(pair.baseline.labels),
            review=review,
        )
    except NeedsReviewerError as error:
        raise NeedsReviewerError(
            f"{spelt('ledger')}: {error} Give {spelt('reviewer')}, who must not be {_user()!r}, "
            f"and {spelt('reason')}."
        ) from None


def completed(book: Book, look: Look, verdict: Verdict, gate: Gate) -> Verdict:
    """Write what came of a look; return the verdict with what the look means."""
    complete(Ledger(book.ledger), look, outcome=str(verdict.outcome))
    alpha = alpha_of(gate)
    left = _looks_left(look, verdict, gate)
    notes = [*verdict.notes, *([book.note] if book.note else [])]
    return replace(verdict, looks=describe(look, alpha=alpha, left=left), notes=notes)


def test_set_of(pair: Pair) -> TestSet:
    """Return what a test set is known by."""
    rows = pair.baseline
    names = np.asarray(rows.classes)[rows.labels]
    pictures = None if pair.images is None else np.array([_sha256(one) for one in pair.images])
    return TestSet(
        labels=names,
        groups={name: column for name, column in rows.groups.items() if name != "label"},
        baseline=rows.probabilities,
        ids=rows.ids if pair.named else None,
        pictures=pictures,
        identities=rows.identities,
        weights=rows.weights,
    )


def rules_of(pair: Pair, gate: Gate, validation: Held = None) -> Rules:
    """Return what a candidate is held to: every number that the outcome hangs on, by its check.

    Other validation rows give other thresholds and caps, so they are part of the rules.
    """
    columns = _columns(pair, gate)
    limits = _declared(pair, gate)
    for rule in gate.harm_rules:
        for column in ["all", *columns] if rule.groups is None else columns:
            if rule.groups is None or set(column.split(JOIN)) <= set(rule.groups):
                name = f"{rule.name} {rule.metric} {column}"
                limits |= {name: rule.limit, f"{name} confidence": rule.confidence}
    values = gate.model_dump(mode="json", exclude={"looks", "promote", "power"})
    held = [] if validation is None else [_sha256(p.probabilities) + p.data for p in validation]
    text = json.dumps([values, columns, pair.baseline.classes, held], sort_keys=True)
    return Rules(hashlib.sha256(text.encode()).hexdigest(), limits)


def alpha_of(gate: Gate) -> float:
    """Return the chance of error that all looks at a test set share: the largest of the rules."""
    return max(round(1 - rule.confidence, 12) for rule in gate.harm_rules)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return f"user {os.getuid()}"


def _columns(pair: Pair, gate: Gate) -> list[str]:
    columns = list(pair.baseline.groups)
    crossed = [name for name in columns if name != "label"] if gate.intersections else []
    return [*columns, *(JOIN.join(two) for two in combinations(crossed, 2))]


def _declared(pair: Pair, gate: Gate) -> dict[str, float]:
    """Return threshold, absent rows and caps as numbers; a word has a name of its own."""
    found = {f"absent {one}": 1.0 for one in gate.absent} | {"absent": float(len(gate.absent))}
    for cap in pair.baseline.max_weight:
        place = JOIN.join(f"{column}={value}" for column, value in cap.where.items())
        found[f"max_weight {place}".strip()] = cap.most
    if isinstance(gate.threshold, float):
        return {**found, "threshold": gate.threshold}
    return {**found, f"threshold by {gate.threshold}": 1.0}


def _looks_left(look: Look, verdict: Verdict, gate: Gate) -> int | None:
    """Count looks until some check has fewer rows than any pass needs; None: no check has a law."""
    whole = alpha_of(gate)
    needs = [
        (check.effective_n, result.limit, 1 - rule.confidence)
        for rule, result in zip(gate.harm_rules, verdict.rules, strict=True)
        if rule.rule in LIMITING
        for check in result.checks
    ]
    if not needs:
        return None

    def can_pass(alpha: float) -> bool:
        return all(
            -n * math.log1p(-limit) >= -math.log(alpha / whole * own) for n, limit, own in needs
        )

    return looks_left(look, alpha=whole, can_pass=can_pass)


def _sha256(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
