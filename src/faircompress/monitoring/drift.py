"""Are new rows others than those that the champion was made with? Information, no alarm.

Numbers are compared by Kolmogorov and Smirnov's two-sample test, words by chi-squared, one row a
person, p-values corrected over all columns (Holm). With many rows everything differs, so a column
has drifted only where the difference is also large: by how much its distribution function, or the
shares of its values, differ at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, ks_2samp

LEVEL, LARGE, FEWEST = 0.01, 0.1, 20  # corrected p-value; difference; people for a test


@dataclass(frozen=True)
class Drift:
    """One column, before and now.

    Args:
        column: Its name.
        kind: ``picture``, ``score``, ``label`` or ``group``.
        before: Mean, or the largest share, then.
        now: Likewise, of new rows; of words of the value that changed most.
        value: Which value that is; of numbers empty.
        difference: Largest difference of distribution functions, or of shares, in 0-1.
        p: Corrected p-value; None: too few people.
        drifted: Both small and large enough.
    """

    column: str
    kind: str
    before: float
    now: float
    value: str
    difference: float
    p: float | None
    drifted: bool


def drift(before: pd.DataFrame, now: pd.DataFrame, kinds: Mapping[str, str]) -> list[Drift]:
    """Compare columns of two tables that have a column ``person``.

    Args:
        before: Rows that the champion was made with.
        now: New rows.
        kinds: Column -> kind; see ``Drift``.
    """
    one, other = (t.drop_duplicates("person") for t in (before, now))
    enough = min(len(one), len(other)) >= FEWEST
    compared = {c: _compare(one[c], other[c]) for c in kinds}
    raw = np.array([found[-1] for found in compared.values()])
    corrected = _holm(raw) if enough else [None] * len(raw)
    return [
        Drift(
            column, kinds[column], *found[:-1], p,
            drifted=p is not None and p < LEVEL and found[3] >= LARGE,
        )
        for (column, found), p in zip(compared.items(), corrected, strict=True)
    ]  # fmt: skip


def _compare(before: pd.Series, now: pd.Series) -> tuple[float, float, str, float, float]:
    if not (len(before) and len(now)):
        return 0.0, 0.0, "", 0.0, 1.0
    if pd.api.types.is_numeric_dtype(before):
        found = ks_2samp(before, now, method="asymp")
        gap, p = float(found.statistic), float(found.pvalue)
        return float(before.mean()), float(now.mean()), "", gap, p
    values = sorted({*before, *now})
    counts = np.stack([c.value_counts().reindex(values, fill_value=0) for c in (before, now)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    at = int(np.abs(shares[0] - shares[1]).argmax())
    p = float(chi2_contingency(counts).pvalue) if len(values) > 1 else 1.0
    gap = float(abs(shares[0, at] - shares[1, at]))
    return float(shares[0, at]), float(shares[1, at]), values[at], gap, p


def _holm(p: np.ndarray) -> list[float]:
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    found = np.empty(len(p))
    found[order] = np.minimum(steps, 1)
    return found.tolist()


def picture_statistics(pixels: np.ndarray) -> dict[str, float]:
    """Return what is cheap to know of a uint8 picture ``(height, width, 3)``, shares of 255."""
    scaled = pixels.astype(np.float32) / 255
    grey = scaled.mean(axis=2)
    red, green, blue = scaled.mean(axis=(0, 1))
    found = {"brightness": grey.mean(), "contrast": grey.std(), "red": red, "green": green}
    return {name: float(value) for name, value in {**found, "blue": blue}.items()}
