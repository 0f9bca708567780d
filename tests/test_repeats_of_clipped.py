"""Scores that were clipped meet at both ends; that is no repeat, and repeats are still found."""

import numpy as np
import pytest

from faircompress.auditing.repeats import repeats
from faircompress.data.predictions import Predictions

Clip = tuple[float, float]


def predictions(seed: int, rows: int, clip: Clip, scale: float) -> tuple[Predictions, Predictions]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, rows)
    groups = {"g": rng.choice(["a", "b"], rows)}
    logits = scale * (2 * truth - 1 + rng.normal(size=rows))
    both = []
    for noise in (0.0, 0.1):
        p = (1 / (1 + np.exp(-logits - noise * rng.normal(size=rows)))).clip(*clip)
        both.append(
            Predictions(
                ids=np.arange(rows).astype(str), labels=truth, groups=groups, identities=None,
                probabilities=np.stack([1 - p, p], axis=1), weights=np.ones(rows),
                classes=("no", "yes"), model="m", data="d",
            )
        )  # fmt: skip
    return both[0], both[1]


def kept(both: tuple[Predictions, Predictions], times: np.ndarray) -> int:
    """Return how many rows count, each of the given ones written so many times."""
    written = np.repeat(np.arange(len(times)), times)
    found = repeats(*(of(model, written) for model in both))
    return len(written) if found.kept is None else len(found.kept)


def of(model: Predictions, rows: np.ndarray) -> Predictions:
    return Predictions(
        **{
            **vars(model),
            "ids": np.arange(len(rows)).astype(str),
            "labels": model.labels[rows],
            "probabilities": model.probabilities[rows],
            "groups": {name: column[rows] for name, column in model.groups.items()},
            "weights": model.weights[rows],
        }
    )


CLIPS = [(0.001, 0.999), (0.01, 0.99), (0.05, 0.95), (0.02, 0.9), (0.1, 1.0)]


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("scale", [1.5, 3.0])
@pytest.mark.parametrize("rows", [300, 2000])
def test_different_rows_whose_scores_were_clipped_are_no_repeats(
    clip: Clip, scale: float, rows: int
) -> None:
    for seed in range(3):
        assert kept(predictions(seed, rows, clip, scale), np.ones(rows, int)) >= 0.99 * rows


@pytest.mark.parametrize("clip", [(0.0, 1.0), *CLIPS])
@pytest.mark.parametrize("times", [2, 10])
def test_rows_that_were_written_again_are_found_although_scores_were_clipped(
    clip: Clip, times: int
) -> None:
    for seed in range(3):
        count = kept(predictions(seed, 500, clip, 1.5), np.full(500, times))
        assert 490 <= count <= 500 + 1


@pytest.mark.parametrize("clip", [(0.0, 1.0), (0.001, 0.999), (0.05, 0.95)])
def test_a_few_rows_that_were_written_again_are_found_away_from_the_ends(clip: Clip) -> None:
    times = np.ones(1000, int)
    times[::10] = 2
    both = predictions(0, 1000, clip, 1.5)
    clipped = [np.isin(model.probabilities[:, 1], clip) for model in both]
    at_ends = int((clipped[0] & clipped[1])[::10].sum())
    assert kept(both, times) - 1000 <= at_ends + 1


@pytest.mark.parametrize("times", [5, 30])
@pytest.mark.parametrize("end", [0, -1])
def test_one_row_alone_that_was_written_again_counts_once_also_with_the_most_certain_score(
    end: int, times: int
) -> None:
    both = predictions(0, 1000, (0.0, 1.0), 1.5)
    certain = np.argsort(both[0].probabilities[:, 1])[end]
    for model in both:  # in both models, as where a table was sorted and its last batch padded
        model.probabilities[certain] = [0.9998, 0.0002] if end == 0 else [0.0002, 0.9998]
    written = np.ones(1000, int)
    written[certain] = times
    assert kept(both, written) == 1000
