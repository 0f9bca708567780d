"""What a report says of a look."""

from faircompress.ledger.looks import Look

WAYS = {
    "spend": "alpha is shared among all looks at this set",
    "earn": (
        "of the files released on this set, at most {alpha:.1%} are harmful in expectation, if no "
        "candidate was chosen by earlier outcomes on these rows"
    ),
    "ignore": "looks are counted but not charged, so repeated looks are not covered",
}


def describe(look: Look, *, alpha: float, left: int | None) -> str:
    """Say which look this is, at what level, what it promises, and how many looks are left.

    Args:
        look: Which.
        alpha: Of all looks at this test set.
        left: What ``looks_left`` returned.
    """
    parts = [
        f"Look {look.number} at this test set, at level {look.alpha(alpha):.4g} of {alpha:.4g}: "
        f"{WAYS[look.way].format(alpha=alpha)}."
    ]
    if look.number == 1:
        parts.append("The rows are fresh: the guarantee is this test set's alone.")
    if look.unsure:
        parts.append(
            f"Scores are too coarse to tell whether this is one of {look.unsure} earlier test sets "
            "and the look counts as if it were. Give ids, pictures or people."
        )
    if left is not None:
        looks = "no look is" if left == 0 else f"{left} look{'s are' if left > 1 else ' is'}"
        parts.append(f"After it {looks} left before this set can certify nothing.")
    return " ".join(parts)


def collect_more(rows: int, look: Look) -> str:
    """Say what collecting more rows means for a look that came out inconclusive.

    Args:
        rows: How many more would settle it.
        look: That came out so.
    """
    start = f"Inconclusive: collect {rows:,} rows"
    if look.topping_up:
        return (
            f"{start} of people who are not in this test set. They top up look {look.number}, "
            "which declared it: no new look, for the same candidate, baseline and rules."
        )
    return (
        f"{start}. The enlarged test set is a whole look, at least number {look.number + 1}: "
        "topping up was not declared before this outcome (`topping_up: true`)."
    )
