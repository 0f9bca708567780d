"""Rows that no model was asked about yet, as predictions: what weights and counts alone decide."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from faircompress.data.caps import MaxWeight
from faircompress.data.predictions import Predictions


def unasked(
    rows: pd.DataFrame,
    classes: Sequence[str],
    groups: Sequence[str],
    max_weight: Sequence[MaxWeight] = (),
) -> Predictions:
    """Return rows as predictions of no model; those without a label are left out.

    Args:
        rows: As ``normalize_rows`` returns them.
        classes: Names of the labels.
        groups: Group columns; ``label`` may stand among them.
        max_weight: As ``RawData.max_weight``.
    """
    known = rows.dropna(subset=["label"])
    people = known["identity"]
    return Predictions(
        ids=known["id"].to_numpy().astype(str),
        labels=known["label"].to_numpy(np.int64),
        probabilities=np.empty((len(known), 0)),
        groups={name: known[name].to_numpy().astype(str) for name in groups if name != "label"},
        identities=(
            None if people.isna().all() else people.fillna(known["id"]).to_numpy().astype(str)
        ),
        weights=known["weight"].to_numpy(float),
        classes=tuple(classes),
        model="",
        data="",
        max_weight=tuple(max_weight),
    )
