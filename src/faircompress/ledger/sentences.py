"""What a report says of a look."""

from faircompress.ledger.levels import MOST_COUNTED
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
    if look.tops_up is not None:
        parts.append("These rows top it up: the e-values of its parts are multiplied.")
    elif look.topping_up:
        parts.append(f"Rows of fresh people may top it up: it stands in line {look.line}.")
    if left is not None:
        looks = "no look is" if left == 0 else f"{left:,} look{'s are' if left > 1 else ' is'}"
        looks = f"at least {looks}" if left == MOST_COUNTED else looks
        parts.append(f"After it {looks} left before this set can certify nothing.")
    return " ".join(parts)
