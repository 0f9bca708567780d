"""Draw the table of docs/calibration.md as docs/calibration.svg; rows of people are left out."""

import argparse
import re
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

PAGE = Path("docs/calibration.md")
ROW = re.compile(
    r"^\| (\w+) \| (\w+) \| (\w+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", re.M
)
STYLES = {"deciding": "C0o-", "normal": "C3s--", "bootstrap": "C1^:"}
TITLES = {"auroc": "AUROC", "true_positive_rate": "TPR"}


def main() -> None:
    """Draw and write."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    rows = [r for r in ROW.findall(PAGE.read_text("utf-8")) if r[1] == "independent"]
    metrics, shapes = (list(dict.fromkeys(r[k] for r in rows)) for k in (0, 2))
    figure, grid = plt.subplots(
        len(metrics), len(shapes), figsize=(9, 5), sharex=True, sharey=True, squeeze=False
    )
    for axes, (metric, shape) in zip(
        grid.flat, [(m, s) for m in metrics for s in shapes], strict=True
    ):
        found = [r for r in rows if (r[0], r[2]) == (metric, shape)]
        for (name, style), column in zip(STYLES.items(), (4, 5, 6), strict=True):
            shares = [float(r[column]) for r in found]
            axes.plot([int(r[3]) for r in found], shares, style, label=name, markersize=4)
        axes.axhline(0.05, color="gray", linewidth=0.8)
        axes.set(xscale="log", title=f"{TITLES[metric]}, harm: {shape}")
    grid[0, 0].legend(frameon=False)
    figure.supxlabel("positives in the group")
    figure.supylabel("share of harmful files that pass")
    figure.tight_layout()
    figure.savefig(PAGE.with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
