"""Tables to audit from Python, and what came back as numbers."""

from typing import Any

import numpy as np
import pandas as pd
from auditing import hair

import faircompress
from faircompress.auditing.result import AuditVerdict

TPR = "change true_positive_rate 0.1"


COLUMNS: dict[str, Any] = {
    "label": "y", "groups": ["hair"], "baseline": "p_dense", "candidate": "p_small",
}  # fmt: skip


def table(short: int = 80) -> pd.DataFrame:
    """100 positives a group; the candidate finds ``short`` of the 80 that the baseline finds."""
    return hair({"long": 90, "short": 80}, {"long": 90, "short": short})


def noisy(rows: int = 1200, *, classes: int = 2, seed: int = 0) -> pd.DataFrame:
    """Rows of two groups, and two models that hardly differ; classes in turn."""
    rng = np.random.default_rng(seed)
    truth = np.arange(rows) % classes
    logits = 3.0 * np.eye(classes)[truth] + rng.normal(0, 1, (rows, classes))
    found = {"y": truth, "g": rng.choice(["a", "b"], rows), "id": [f"r{k}" for k in range(rows)]}
    for name, noise in (("d", 0.0), ("s", 0.05)):
        p = np.exp(logits + noise * rng.normal(0, 1, logits.shape))
        p /= p.sum(axis=1, keepdims=True)
        found |= {f"{name}_{k}": p[:, k] for k in range(classes)}
    return pd.DataFrame(found)


def audit(df: pd.DataFrame, *rules: Any, **more: Any) -> AuditVerdict:
    return faircompress.audit(df, **{"rules": list(rules) or [TPR], **COLUMNS, **more})


def numbers(verdict: AuditVerdict) -> list[list[object]]:
    return verdict.to_frame()[["group", "estimate", "lower", "upper", "outcome"]].values.tolist()
