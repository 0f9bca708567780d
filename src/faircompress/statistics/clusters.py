"""What is independent where rows are alike: each row. Else see ``independent_units``."""

import numpy as np


def kish(weights: np.ndarray) -> float:
    """Return the number of equally weighted units that carry as much: ``(sum w)^2 / sum w^2``.

    Weights are those of clusters, each the sum over its rows. It is printed and used to plan,
    never for a bound.
    """
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def rising(names: np.ndarray) -> bool:
    """Tell whether each is larger than the one before, so that none stands twice."""
    return bool((names[1:] > names[:-1]).all())


def numbered(names: np.ndarray) -> np.ndarray:
    """Number names in their order, equal ones alike."""
    if rising(names):
        return np.arange(len(names))
    return np.unique(names, return_inverse=True)[1]


def weight_of_each(cluster: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the summed weight of each cluster that has rows."""
    if rising(cluster):
        return weights[weights > 0]
    total = np.bincount(cluster, weights)
    return total[total > 0]


def rare_is_above(above: np.ndarray, cluster: np.ndarray) -> bool:
    """Tell whether fewer clusters have rows where ``above`` holds than where it does not."""
    return count_clusters(cluster[above]) <= count_clusters(cluster[~above])


def count_clusters(cluster: np.ndarray) -> int:
    """Count the clusters that have rows."""
    if rising(cluster):
        return len(cluster)
    return int(np.count_nonzero(np.bincount(cluster)))
