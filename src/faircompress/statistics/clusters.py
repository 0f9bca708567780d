"""What is independent where rows are alike: each row. Else see ``dealing``."""

import numpy as np


def kish(weights: np.ndarray) -> float:
    """Return the number of equally weighted units that carry as much: ``(sum w)^2 / sum w^2``.

    Weights are those of identities, each the sum over its rows. This treats all pictures of a
    person as one answer, the safest reading: m pictures never count for more than one person.
    """
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def weight_of_each(who: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the summed weight of each identity that has rows."""
    total = np.bincount(who, weights)
    return total[total > 0]


def rare_is_above(above: np.ndarray, who: np.ndarray) -> bool:
    """Tell whether fewer identities have rows where ``above`` holds than where it does not."""
    return count_people(who[above]) <= count_people(who[~above])


def count_people(who: np.ndarray) -> int:
    """Count the identities that have rows."""
    return int(np.count_nonzero(np.bincount(who)))
