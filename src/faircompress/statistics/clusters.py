"""What is independent where rows are alike: each row. Else see ``independent_units``."""

import numpy as np


def kish(weights: np.ndarray) -> float:
    """Return the number of equally weighted units that carry as much: ``(sum w)^2 / sum w^2``.

    Weights are those of clusters, each the sum over its rows. It is printed and used to plan,
    never for a bound.
    """
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def weight_of_each(cluster: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the summed weight of each cluster that has rows."""
    total = np.bincount(cluster, weights)
    return total[total > 0]


def rare_is_above(above: np.ndarray, cluster: np.ndarray) -> bool:
    """Tell whether fewer clusters have rows where ``above`` holds than where it does not."""
    return count_clusters(cluster[above]) <= count_clusters(cluster[~above])


def count_clusters(cluster: np.ndarray) -> int:
    """Count the clusters that have rows."""
    return int(np.count_nonzero(np.bincount(cluster)))
