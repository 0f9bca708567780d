"""An audit's page shows what the chain's does: when, which version, and curves by group."""

from pathlib import Path

import numpy as np
import pandas as pd
from report_pairs import Balance

import faircompress


def table(rows: int = 800) -> pd.DataFrame:
    """Give labels, groups and two models' scores; the candidate is a little worse."""
    rng = np.random.default_rng(3)
    labels = np.arange(rows) % 2
    score = 1 / (1 + np.exp(-(np.where(labels == 1, 2.0, -2.0) + rng.normal(0, 1.5, rows))))
    return pd.DataFrame({
        "label": labels, "sex": np.where(np.arange(rows) % 4 < 2, "f", "m"), "old": score,
        "new": np.clip(score + rng.normal(0, 0.02, rows), 0.001, 0.999),
    })  # fmt: skip


def test_an_audits_page_has_day_version_and_curves_of_each_group(tmp_path: Path) -> None:
    found = faircompress.audit(
        table(), label="label", groups=["sex"], baseline="old", candidate="new",
        rules=[{"rule": "change", "metric": "auroc", "limit": 0.1}],
    )  # fmt: skip
    found.save(tmp_path)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<dt>Evaluated</dt><dd>20" in page and faircompress.__version__ in page
    for heading in ("ROC", "Calibration", "Confusion"):
        assert f"<h3>{heading}</h3>" in page
    curves = page.partition('id="curves"')[2].partition("</section>")[0]
    assert "<title>ROC, sex=f: AUROC 0.9" in curves and "sex=m" in curves
    assert Balance(page).wrong == []
