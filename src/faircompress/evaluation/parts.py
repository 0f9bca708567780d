"""Rows that top up a look: the parts' e-values multiply, check by check.

What is no e-value (harm that is confirmed, skill above chance) is tested on each part's own rows at
alpha / 2**number, so that all parts together spend no more than alpha on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faircompress.statistics.e_values import topped_up


@dataclass(frozen=True, eq=False)
class Parts:
    """A look that declared topping up, and which of its parts the rows are.

    Args:
        number: Of the part, from 1.
        e_values: Product over the parts before, by check; {}: these rows are the first.
    """

    number: int = 1
    e_values: Mapping[str, float] = field(default_factory=dict)

    def own_alpha(self, alpha: float) -> float:
        """Return the chance of error that this part may spend on what is no e-value."""
        return alpha / 2**self.number

    def together(self, check: str, e_value: float) -> float:
        """Return the product over all parts of a check, this one's e-value included."""
        return topped_up((self.e_values.get(check, 1.0), e_value))

    def unmet(self, checks: set[str], alpha: Mapping[str, float]) -> list[str]:
        """Return the places that these rows do not test, and that the parts before leave open.

        Args:
            checks: Names of the checks that they test.
            alpha: Of each rule, by the start of its checks' names.
        """
        left = {name: value for name, value in self.e_values.items() if name not in checks}
        parted = {name: name.partition(": ") for name in left}
        return [parted[n][2] for n, value in left.items() if value < 1 / alpha[parted[n][0]]]
