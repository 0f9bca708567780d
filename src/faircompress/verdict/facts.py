"""What a verdict is about and how it was reached, for the model card: headings, names, values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faircompress.verdict.judge import Verdict
from faircompress.verdict.plots import capital

USE = "Deciding between its classes, for pictures like those tested, in the groups tested."
NOT_FOR = (
    "Groups and kinds of pictures that the test set does not hold: nothing here speaks for them. "
    "Bounds are about the change from the dense model; what dense does wrong, pruned may still do."
)


@dataclass(frozen=True)
class Facts:
    """One heading of the card.

    Args:
        heading: What it is about.
        lines: Name and value of each fact.
        code: Names whose values are to be read letter by letter.
    """

    heading: str
    lines: Sequence[tuple[str, str]]
    code: Sequence[str] = ()


def facts(verdict: Verdict, called: Mapping[str, str], precision: str = "") -> list[Facts]:
    """Return what the card says, after Mitchell et al., Model Cards for Model Reporting, 2019.

    Args:
        verdict: The verdict.
        called: Where the word of ``dense`` and ``pruned`` comes from, if not from our own files.
        precision: Of the pruned file; empty: not known.
    """
    return [
        _model(verdict, called, precision),
        Facts("Intended use", [("For", USE), ("Not for", NOT_FOR)]),
        _data(verdict),
        _judgement(verdict),
    ]


def _model(verdict: Verdict, called: Mapping[str, str], precision: str) -> Facts:
    positive = f"; positive: {verdict.positive}" if verdict.positive else ""
    hashes = [(f"{capital(name)} sha256", digest) for name, digest in verdict.models.items()]
    lines = [
        *((f"{capital(side)} model", name) for side, name in called.items()),
        *([("Precision", precision)] if precision else []),
        *hashes,
        ("Classes", ", ".join(verdict.classes) + positive),
        ("Decision", _decision(verdict.thresholds)),
    ]
    return Facts("Model", lines, [name for name, _ in hashes])


def _data(verdict: Verdict) -> Facts:
    everyone, groups = verdict.groups[0], verdict.groups[1:]
    people = everyone["people"]
    counts = f"{verdict.rows:,} pictures" + (f" of {people:,} people" if people else "")
    lines = [
        ("Test set", f"{counts}; {everyone['units']:,.0f} independent units by weight"),
        ("Groups", ", ".join(f"{group['group']} ({group['rows']:,})" for group in groups)),
        ("Data", verdict.data),
        ("Units", "All pictures of a person count as one unit; of unequal weights each counts "
         "as its share of the heaviest that may occur."),
    ]  # fmt: skip
    return Facts("Test data", lines, ("Data",))


def _judgement(verdict: Verdict) -> Facts:
    lines = [
        ("Verdict", verdict.sentence),
        ("Checks", f"{verdict.checks}, over which confirmed failures are corrected (Holm). A pass "
         "needs all of them, so passing needs no correction."),
        *([("Looks", verdict.looks)] if verdict.looks else []),
        *(("To know", note) for note in verdict.notes),
        ("Signs", "A change is pruned minus dense."),
    ]  # fmt: skip
    return Facts("Judgement", lines)


def _decision(thresholds: Mapping[str, float | None]) -> str:
    known = {name: number for name, number in thresholds.items() if number is not None}
    if not known:
        return "for the most probable class"
    if len(set(known.values())) == 1:
        return f"by threshold {known['dense']:g}, all files"
    each = ", ".join(f"{number:.4g} ({name})" for name, number in known.items())
    return f"by threshold {each}, chosen on validation"
