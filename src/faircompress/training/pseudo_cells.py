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
from torch import Tensor
from torch.nn import functional

from faircompress.data.dataset import Split
from faircompress.networks.network import Network
from faircompress.support.errors import InputError
from faircompress.training.features import maps_of, stage_names

CLUSTERS = (2, 4, 8)
COMPONENTS = 20
GRID = 2  # places across and down that a feature map is averaged to
STAGES = 4  # that are tried at most: the last ones before the last
CONFIDENCE = 0.975  # of the bound by which the worst pseudo-cell is found
ROWS = 20  # of validation, that a pseudo-cell needs to be the worst
BATCH = 256


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
    dense: Network, train: Split, validation: Split, right: np.ndarray, *, seed: int
) -> PseudoGroups:
    """Cluster train rows by what the dense model sees in them.

    Args:
        dense: On the CPU, in evaluation mode.
        train: Rows to be clustered.
        validation: Rows on which stage and number of clusters are chosen.
        right: Validation rows that the dense model decides rightly, booleans.
        seed: Of k-means.

    Raises:
        InputError: If the network has no stage before its last.
    """
    stages = stage_names(dense.net, dense.blank(train.images.shape[1:3]))[-STAGES:]
    if not stages:
        raise InputError(
            f"{dense.architecture} has no feature maps of two sizes or more, so there are no "
            "middle features to cluster; choose another objective than pseudo_cell_dro"
        )
    tried = itertools.chain.from_iterable(
        _clustered(dense, stage, train, validation, right, seed) for stage in stages
    )
    return min(tried, key=lambda one: one.bound).found


def _clustered(
    dense: Network, stage: str, train: Split, validation: Split, right: np.ndarray, seed: int
) -> Iterator[_Tried]:
    """Cluster by one stage, for each number of clusters."""
    ours, theirs = (pooled_features(dense, stage, split.images) for split in (train, validation))
    short = PCA(min(COMPONENTS, *ours.shape), svd_solver="full").fit(ours)
    ours, theirs = short.transform(ours), short.transform(theirs)
    for count in CLUSTERS:
        means = KMeans(count, n_init=4, random_state=seed).fit(ours)
        cells = means.predict(theirs) * (validation.labels.max() + 1) + validation.labels
        served, rows, bound = worst_cell(cells, right)
        yield _Tried(PseudoGroups(means.labels_, count, stage, served, rows), bound)


@torch.no_grad()
def pooled_features(network: Network, stage: str, images: np.ndarray) -> np.ndarray:
    """Return a stage's features, averaged over a grid, float32 ``(rows, channels * 4)``."""
    found = []
    for start in range(0, len(images), BATCH):
        with maps_of(network.net, stage) as maps:
            network.net(network.normalised(torch.from_numpy(images[start : start + BATCH])))
        found.append(pooled(maps[0]))
    return np.concatenate(found)


def pooled(maps: Tensor) -> np.ndarray:
    """Return feature maps averaged over a grid, ``(rows, channels * 4)``."""
    return functional.adaptive_avg_pool2d(maps, GRID).flatten(1).numpy()


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
