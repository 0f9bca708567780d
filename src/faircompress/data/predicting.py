"""What a model said about a split, as the judge wants it."""

import numpy as np

from faircompress.data.dataset import Facts, Split
from faircompress.data.predictions import Predictions


def predictions_of(
    split: Split, probabilities: np.ndarray, facts: Facts, model: str
) -> Predictions:
    """Return a model's probabilities with all that is known of the rows.

    Args:
        split: The rows.
        probabilities: ``(rows, classes)``.
        facts: Of the data set.
        model: sha256 of the file that predicted.
    """
    rows, classes = split.rows, np.array(facts.classes)
    columns = {name: rows[name] for name in facts.groups if name != "label"}
    groups = {name: column.to_numpy().astype(str) for name, column in columns.items()}
    if "label" in facts.groups:
        groups["label"] = classes[split.labels].astype(str)
    identities = rows["identity"]
    return Predictions(
        ids=rows["id"].to_numpy().astype(str),
        labels=split.labels,
        probabilities=probabilities,
        groups=groups,
        identities=(
            None  # a row of nobody known stands for itself
            if identities.isna().all()
            else identities.fillna(rows["id"]).to_numpy().astype(str)
        ),
        weights=rows["weight"].to_numpy(np.float64),
        classes=facts.classes,
        model=model,
        data=facts.sha256,
        max_weight=facts.max_weight,
        fixed_counts=facts.fixed_counts if (rows["split"] == "test").all() else (),
    )
