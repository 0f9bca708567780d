"""Groups that nobody wrote down, guessed from the dense model's middle features.

The features of a stage are averaged over a 2x2 grid, brought to 20 principal components and
clustered by k-means, on train rows. A pseudo-cell is a cluster x label. Which stage and how many
clusters: those under which the worst pseudo-cell of the validation rows is most surely served
badly by the dense model, that is with the lowest upper bound of its share decided rightly, among
cells of 20 validation rows or more. No group label is read.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import betaincinv
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from faircompress.data.dataset import Split
from faircompress.networks.network import Network
from faircompress.support.errors import InputError
from faircompress.training.features import pooled_features, stage_names

CLUSTERS = (2, 4, 8)
COMPONENTS = 20
STAGES = 4  # that are tried at most: the last ones before the last
CONFIDENCE = 0.975  # of the bound by which the worst pseudo-cell is found
ROWS = 20  # of validation, that a pseudo-cell needs to be the worst


@dataclass(frozen=True, eq=False)
class PseudoGroups:
    """Clusters of the train rows.

    Args:
        train: Cluster of each train row, ``(rows,)``.
        count: How many clusters there are.
        stage: Module of the dense network whose features were clustered.
        worst: Share of the validation rows of the worst pseudo-cell that the dense model decides
            rightly.
        worst_rows: How many those are.
    """

    train: np.ndarray
    count: int
    stage: str
    worst: float
    worst_rows: int


@dataclass(frozen=True)
class _Tried:
    found: PseudoGroups
    bound: float


def pseudo_groups(
    dense: Network,
    train: Split,
    validation: Split,
    right: np.ndarray,
    *,
    seed: int,
    device: "torch.device | str" = "cpu",
) -> PseudoGroups:
    """Cluster train rows by what the dense model sees in them.

    Args:
        dense: In evaluation mode.
        train: Rows to be clustered.
        validation: Rows on which stage and number of clusters are chosen.
        right: Validation rows that the dense model decides rightly, booleans.
        seed: Of principal components and k-means.
        device: Where the dense model looks at the pictures.

    Raises:
        InputError: If the network has no stage before its last.
    """
    stages = stage_names(dense.net, dense.blank(train.images.shape[1:3]))[-STAGES:]
    if not stages:
        raise InputError(
            f"{dense.architecture} has no feature maps of two sizes or more, so there are no "
            "middle features to cluster; choose an objective that needs none"
        )
    ours, theirs = (
        pooled_features(dense, stages, split.images, device) for split in (train, validation)
    )
    tried = itertools.chain.from_iterable(
        _clustered(stage, ours[stage], theirs[stage], validation.labels, right, seed)
        for stage in stages
    )
    return min(tried, key=lambda one: one.bound).found


def _clustered(
    stage: str,
    ours: np.ndarray,
    theirs: np.ndarray,
    labels: np.ndarray,
    right: np.ndarray,
    seed: int,
) -> Iterator[_Tried]:
    """Cluster train rows by one stage's features, for each number of clusters."""
    short = components(ours, seed)
    ours, theirs = short.transform(ours), short.transform(theirs)
    for count in CLUSTERS:
        means = KMeans(count, n_init=4, random_state=seed).fit(ours)
        cells = means.predict(theirs) * (labels.max() + 1) + labels
        served, rows, bound = worst_cell(cells, right)
        yield _Tried(PseudoGroups(means.labels_, count, stage, served, rows), bound)


def components(features: np.ndarray, seed: int) -> PCA:
    """Return the first principal components; a seed gives the same ones each time.

    Randomized, since a whole decomposition of thousands of features takes far longer.
    """
    count = min(COMPONENTS, *features.shape)
    return PCA(count, svd_solver="randomized", random_state=seed).fit(features)


def worst_cell(cells: np.ndarray, right: np.ndarray) -> tuple[float, int, float]:
    """Return the share right, the rows and the upper bound of the cell where the bound is lowest.

    The bound is Clopper and Pearson's, so a cell of few rows is not the worst by chance.

    Args:
        cells: Cell of each row, integers.
        right: Rows decided rightly, booleans.
    """
    sizes = np.bincount(cells)
    hits = np.bincount(cells, right)
    upper = betaincinv(hits + 1, np.maximum(sizes - hits, 1e-9), CONFIDENCE)
    bounds = np.where((sizes >= ROWS) & (hits < sizes), upper, 1.0)
    worst = int(bounds.argmin())
    return float(hits[worst] / max(sizes[worst], 1)), int(sizes[worst]), float(bounds[worst])
