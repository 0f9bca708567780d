"""Deep feature reweighting: a linear layer fitted on cells of group and label that count alike."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from faircompress.config.bounds import Count, Positive
from faircompress.training.balanced_rows import balanced_rows, cells_of
from faircompress.training.heads import Known
from faircompress.training.l1_logistic import l1_logistic

CHOICES = (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01)  # of c, the authors' for Waterbirds
HALVES = 10  # ways to cut the people in two, by which c is chosen
Values = NDArray[np.float64]


def dfr(
    known: Known,
    *,
    seed: int,
    columns: list[str] = [],  # noqa: B006 - params replace it
    subsamples: Count = 20,
    c: Positive | None = None,
) -> nn.Linear:
    """Return the mean of L1-penalised logistic regressions on balanced samples of the rows.

    Each sample has as many rows of each group x label cell as the rarest has. Features are brought
    to mean 0 and standard deviation 1 over all rows, which is folded into the layer again.

    Args:
        known: Rows with group labels.
        seed: Of which rows.
        columns: Group columns that make cells with the label; none: all, crossed.
        subsamples: Regressions whose weights are averaged.
        c: What the losses count against the penalty, as in scikit-learn; null: of .01 to 1 that
            whose worst cell is most often decided rightly by the people who were left out.

    Raises:
        InputError: If there is one group, or hardly anybody of a cell.

    Source:
        Kirichenko et al., Last Layer Re-Training is Sufficient for Robustness to Spurious
        Correlations, ICLR 2023, arXiv:2204.02937.
        Departure: of the validation rows those of half of the people; c is chosen over ten halvings
        of these people, not one of the rows; the intercept is not penalised; several classes;
        standardised by these rows, not by the train rows.
    """
    cells = cells_of(known, columns, "dfr")
    rng = np.random.default_rng(seed)
    mean, scale = known.features.mean(0), known.features.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    features = (known.features - mean) / scale
    best = c or chosen_c(known, cells, features, rng)
    fits = []
    for _ in range(subsamples):
        rows = balanced_rows(cells, rng)
        fits.append(l1_logistic(features[rows], known.labels[rows], known.classes, best))
    weights = np.mean([fit[0] for fit in fits], axis=0) / scale
    intercepts = np.mean([fit[1] for fit in fits], axis=0) - weights @ mean
    return as_layer(weights, intercepts)


def chosen_c(
    known: Known, cells: NDArray[np.int64], features: Values, rng: np.random.Generator
) -> float:
    """Return the c under which the worst cell of people left out is decided rightly most often."""
    count = int(cells.max()) + 1
    right, seen = np.zeros((len(CHOICES), count)), np.zeros(count)
    for _ in range(HALVES):
        fitting = rng.permutation(known.people.max() + 1)[known.people] % 2 == 0
        if len(np.unique(known.labels[fitting])) < known.classes:
            continue
        rows = balanced_rows(cells, rng, among=np.flatnonzero(fitting))
        seen += np.bincount(cells[~fitting], minlength=count)
        for number, c in enumerate(CHOICES):
            weights, intercepts = l1_logistic(features[rows], known.labels[rows], known.classes, c)
            decided = (features[~fitting] @ weights.T + intercepts).argmax(1)
            hits = decided == known.labels[~fitting]
            right[number] += np.bincount(cells[~fitting], hits, count)
    shares = np.where(seen > 0, right / np.maximum(seen, 1), 1.0)
    return CHOICES[int(shares.min(1).argmax())]


def as_layer(weights: Values, intercepts: Values) -> nn.Linear:
    """Return a linear layer with these weights."""
    layer = nn.Linear(weights.shape[1], len(weights))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weights))
        layer.bias.copy_(torch.from_numpy(intercepts))
    return layer
