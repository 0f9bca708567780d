"""Groups that nobody wrote down, found where compression did harm: on validation pictures.

Pictures are clustered by what the dense network sees in them, as ``pseudo_cells`` does; stage and
number of clusters are those under which the worst cluster x label lost most surely. Test pictures
are only put into the clusters: what happened to them there chooses nothing.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from faircompress.data.dataset import Split
from faircompress.networks.network import Network
from faircompress.training.features import pooled_features, stage_names
from faircompress.training.pseudo_cells import CLUSTERS, STAGES, components, worst_cell

MOST = {"validation": 2000, "test": 4000}  # pictures that are looked at, so that it stays cheap
SEED = 1


@dataclass(frozen=True, eq=False)
class HiddenGroups:
    """Test pictures in clusters that validation pictures made.

    Args:
        stage: Module of the dense network whose features were clustered.
        count: How many clusters there are.
        found_on: Validation pictures that made them.
        rows: Positions of the test pictures that were looked at.
        cluster: Cluster of each.
        distance: Of each from its cluster's centre.
    """

    stage: str
    count: int
    found_on: int
    rows: np.ndarray
    cluster: np.ndarray
    distance: np.ndarray


def hidden_groups(
    dense: Network, validation: Split, test: Split, lost: np.ndarray, *, device: str = "cpu"
) -> HiddenGroups | None:
    """Return the clusters; None of a network without feature maps before its last.

    Args:
        dense: In evaluation mode.
        validation: Pictures that are clustered.
        test: Pictures that are put into the clusters.
        lost: Validation pictures that only the dense file decides rightly, booleans.
        device: Where the dense network looks at the pictures.
    """
    stages = stage_names(dense.net, dense.blank(validation.images.shape[1:3]))[-STAGES:]
    if not stages or len(validation.labels) < max(CLUSTERS) or not len(test.labels):
        return None
    ours, theirs = (_some(split, MOST[split_name]) for split_name, split in
                    (("validation", validation), ("test", test)))  # fmt: skip
    features = pooled_features(dense, stages, validation.images[ours], device)
    labels, kept = validation.labels[ours], ~lost[ours]
    tried: list[tuple[float, int, str, PCA, KMeans]] = []
    for stage in stages:
        short = components(features[stage], SEED)
        points = short.transform(features[stage])
        for count in CLUSTERS:
            means = KMeans(count, n_init=4, random_state=SEED).fit(points)
            cells = means.labels_ * (labels.max() + 1) + labels
            tried.append((worst_cell(cells, kept)[2], len(tried), stage, short, means))
    _, _, stage, short, means = min(tried, key=lambda one: one[:2])
    points = short.transform(pooled_features(dense, [stage], test.images[theirs], device)[stage])
    distances = means.transform(points)
    cluster = distances.argmin(1)
    return HiddenGroups(stage, int(means.n_clusters), len(ours), theirs, cluster, distances.min(1))


def _some(split: Split, most: int) -> np.ndarray:
    """Return positions of pictures that are looked at: all, or some drawn evenly."""
    count = len(split.labels)
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(SEED).choice(count, most, replace=False))
