"""Figures that are recorded with a run, as PNG."""

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from faircompress.support.files import write_bytes

DENSE, PRUNED = "#b8c4d6", "#1f4e8c"


def draw_curves(epochs: dict[str, dict[str, float]], path: Path, title: str) -> None:
    """Draw every number by epoch: the loss above, one panel below for each metric."""
    names = list(next(iter(epochs.values())))
    metrics = dict.fromkeys(name.split("/")[0] for name in names)
    figure = Figure(figsize=(7, 2.2 * len(metrics)))
    panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)
    numbers = [int(epoch) for epoch in epochs]
    for panel, metric in zip(panels[:, 0], metrics, strict=True):
        for name in (n for n in names if n.split("/")[0] == metric):
            label = name.partition("/")[2] or None
            values = [epoch.get(name) for epoch in epochs.values()]
            panel.plot(numbers, values, marker=".", label=label)
        panel.set_ylabel(metric.replace("_", " "))
        panel.grid(alpha=0.3)
        if panel.get_legend_handles_labels()[1]:
            panel.legend(fontsize=7, ncols=2)
    panels[0, 0].set_title(f"{title} (rates on the validation split)")
    panels[-1, 0].set_xlabel("epoch")
    _write(figure, path)


def draw_layers(layers: list[dict[str, Any]], path: Path) -> None:
    """Draw channels, parameters and multiply-adds of each layer, dense against pruned."""
    figure = Figure(figsize=(12, 1.2 + 0.24 * len(layers)))
    panels = figure.subplots(1, 3, sharey=True, squeeze=False)
    names = [layer["layer"] for layer in layers]
    for panel, what in zip(panels[0], ("channels", "parameters", "macs"), strict=True):
        panel.barh(names, [layer[f"dense_{what}"] for layer in layers], color=DENSE, label="dense")
        panel.barh(
            names, [layer[f"pruned_{what}"] for layer in layers], color=PRUNED, height=0.4,
            label="pruned",
        )  # fmt: skip
        panel.set_xlabel("multiply-adds" if what == "macs" else what)
        panel.grid(axis="x", alpha=0.3)
    panels[0, 0].invert_yaxis()
    panels[0, 0].legend(fontsize=8)
    _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    write_bytes(path, buffer.getvalue())
