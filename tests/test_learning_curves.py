"""The numbers of the learning curves, held against scikit-learn's, which takes long to import."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from faircompress.training.auroc import auroc


@pytest.mark.parametrize("values", [2, 7, 1000])
def test_auroc_is_that_of_scikit_learn_whatever_ties_there_are(values: int) -> None:
    rng = np.random.default_rng(values)
    labels, scores = rng.integers(0, 2, 300), rng.integers(0, values, 300) / values
    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


def test_pairs_in_order_count_one_and_ties_one_half() -> None:
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.5, 0.5, 0.9])
    assert auroc(labels, scores) == pytest.approx(3.5 / 4)
