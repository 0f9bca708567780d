"""What a reader must know where each cluster counts once, however many rows it has."""

from collections.abc import Sequence

import numpy as np

from faircompress.data.counting import shares
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions


def counted_once(rows: Predictions, captions: Captions) -> list[str]:
    """Return the sentence, if the rows of each cluster share a weight of 1; else nothing.

    Args:
        rows: The test rows.
        captions: What rows and clusters are called.
    """
    if rows.identities is None or not shares_one(rows):
        return []
    most = int(np.unique(rows.identities, return_counts=True)[1].max())
    if most == 1:
        return []
    return [
        f"{_start(captions)}, however many {captions.rows} it has (the largest has {most:,} of "
        f"{len(rows.ids):,}): rates are those of a {captions.cluster} drawn at random, and of a "
        f"{captions.row} of it drawn at random."
    ]


def shares_one(rows: Predictions) -> bool:
    """Tell whether the rows of each cluster share a weight of 1."""
    cluster = rows.identities
    return cluster is not None and np.allclose(rows.weights, shares(cluster), atol=0)


def is_counted_once(notes: Sequence[str], captions: Captions) -> bool:
    """Tell whether the notes of a verdict say that each cluster counts once."""
    return any(note.startswith(_start(captions)) for note in notes)


def _start(captions: Captions) -> str:
    return f"Each {captions.cluster} counts once"
