"""Which looks count against a test set.

Each look is booked on its own test set and on every one that this overlaps. A new test set counts
all looks that are booked on any set it overlaps: one that overlaps two earlier sets counts the
looks of both, and slices of one set count each other. It goes no further: a set that shares rows
with a neighbour of a neighbour alone is fresh, so a window that moves on leaves old looks behind.

Of the looks at or after S's first one that overlap a test set S, the j-th has a number of at least
j; so ``spend`` uses at most alpha (1/2 + 1/6 + 1/12 + ...) = alpha on them together.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faircompress.ledger import sets
from faircompress.ledger.entries import Booked, Completed, Entry, Imported
from faircompress.ledger.identity import Fingerprint
from faircompress.ledger.matching import Answer, Overlap, overlap
from faircompress.ledger.record import OpenLedger

SHORT = 16  # digits by which an earlier record may know a file
IDENTICAL = Overlap(Answer.same, "everything", 1, 1)


@dataclass(frozen=True)
class Family:
    """What the ledger knows of a test set.

    Args:
        near: Earlier test sets that this one is taken for, and what they share.
        looks: Looks that count against it, by line, oldest first.
    """

    near: dict[str, Overlap]
    looks: dict[int, Booked | Imported]

    @property
    def unsure(self) -> tuple[str, ...]:
        """Test sets of which it cannot be told whether this is one of them."""
        return tuple(n for n, o in self.near.items() if o.answer is Answer.cannot_tell)

    @property
    def booked(self) -> list[Booked]:
        """Return the looks whose limits are known."""
        return [look for look in self.looks.values() if isinstance(look, Booked)]

    @property
    def count(self) -> int:
        """Return how many looks count: an imported one not again once its file was booked here."""
        again = {file[:SHORT] for look in self.booked for file in look.files}
        imported = {
            (look.number, 0 if look.number else line)
            for line, look in self.looks.items()
            if isinstance(look, Imported) and look.candidate[:SHORT] not in again
        }
        last = max((number for number, _ in imported), default=0)
        return max(len(self.booked) + len(imported), last)

    def last(self) -> Booked | None:
        """Return the last look whose limits are known."""
        return self.booked[-1] if self.booked else None

    def kept_number(self, files: Sequence[str]) -> int:
        """Return the number that files had in an earlier record; 0: none, or booked here since."""
        names = {file[:SHORT] for file in files}
        if any(file[:SHORT] in names for look in self.booked for file in look.files):
            return 0
        imported = [look for look in self.looks.values() if isinstance(look, Imported)]
        return max((one.number for one in imported if one.candidate[:SHORT] in names), default=0)


def family(ledger: OpenLedger, name: str, fingerprint: Fingerprint) -> Family:
    """Find the looks that count against a test set.

    Args:
        ledger: Open, so that no look is added meanwhile.
        name: sha256 of the test set's file.
        fingerprint: Its hashes.
    """
    near = {
        known: found
        for known in known_sets(ledger.entries)
        if (found := _overlap(ledger, known, name, fingerprint)).answer is not Answer.fresh
    }
    books = {e.book for e in ledger.entries if isinstance(e, Imported)}
    if fingerprint.book in books:
        near[fingerprint.book] = IDENTICAL
    neighbours = _neighbours(ledger.entries)
    around = set(near).union(*(neighbours[known] for known in near))
    return Family(near, dict(_looks(ledger.entries, around)))


def known_sets(entries: Sequence[Entry]) -> list[str]:
    """Return the sha256 of each test set that was looked at, oldest first."""
    return list(dict.fromkeys(e.test_set for e in entries if isinstance(e, Booked)))


def outcomes(entries: Sequence[Entry]) -> dict[int, Completed]:
    """Return what came of each look, by its line."""
    return {e.look: e for e in entries if isinstance(e, Completed)}


def _overlap(ledger: OpenLedger, known: str, name: str, fingerprint: Fingerprint) -> Overlap:
    if known == name:
        return IDENTICAL
    return overlap(fingerprint, sets.load(ledger.ledger.path, known))


def _neighbours(entries: Sequence[Entry]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if isinstance(entry, Booked):
            for other in entry.overlaps:
                found[entry.test_set].add(other)
                found[other].add(entry.test_set)
    return found


def _looks(entries: Sequence[Entry], around: set[str]) -> Iterable[tuple[int, Booked | Imported]]:
    for line, entry in enumerate(entries, start=1):
        if isinstance(entry, Booked) and entry.tops_up is None and entry.test_set in around:
            yield line, entry
        if isinstance(entry, Imported) and entry.book in around:
            yield line, entry
