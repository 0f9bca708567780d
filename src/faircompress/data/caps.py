"""How much one cluster (a person, mostly) may weigh at most, and what was fixed by design.

No bound holds for weighted rows, or for people with several, unless the heaviest that the
population has is known beforehand: of those that were not drawn, the rows at hand say nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

UNKNOWN = 20.0  # taken of an audit that knows nothing
MARGIN = 1.5  # times the heaviest of the validation rows


@dataclass(frozen=True)
class MaxWeight:
    """The most that a cluster of a subgroup weighs, summed over its rows of one class.

    A cluster with rows of both classes serves one of them, with twice its weight there, and this
    bounds the doubled weight.

    Args:
        most: In units of the rows' weights, > 0.
        where: Column -> value; ``label`` is the class's name. Empty: everywhere.
    """

    most: float
    where: Mapping[str, str] = field(default_factory=dict)

    def concerns(self, where: Mapping[str, str]) -> bool:
        """Tell whether a cluster of this subgroup can be in the rows with these values."""
        return all(self.where.get(column, value) == value for column, value in where.items())


def most_of(declared: Sequence[MaxWeight], where: Mapping[str, str]) -> float | None:
    """Return the most that a cluster in the rows with these values weighs; None: not declared.

    Args:
        declared: By subgroup; together they must cover every one.
        where: Column -> value of the rows.
    """
    return max((one.most for one in declared if one.concerns(where)), default=None)
