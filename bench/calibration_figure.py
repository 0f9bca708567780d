"""Draw the tables of docs/calibration.md as docs/calibration.svg.

The two upper rows of panels are the changes, independent rows only. Below stand the other rules,
each in its worst shape of harm, with independent rows and by people, and the whole verdict's power.
"""

import argparse
import re
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

PAGE = Path("docs/calibration.md")
SHARE = r"[\d.]+"
CHANGES = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \|(.* / .*)\| \w+ \|$", re.M)
RULES = re.compile(rf"^\| (\w+ \w+) \| {SHARE} \| (\w+) \| \w+ \|(.*)\| \w+ \|$", re.M)
POWER = re.compile(rf"^\| (\d+) \| ({SHARE}) \+- ({SHARE}) \| \d+ \|$", re.M)
STYLES = {"deciding": "C0o-", "normal": "C3s--", "bootstrap": "C1^:"}
MARKS = ("o-", "s--", "^:", "v-.", "D-", "x--")
TITLES = {"auroc": "AUROC", "true_positive_rate": "TPR"}
SHAPES = ("few", "noise", "shift")


def main() -> None:
    """Draw and write."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    page = PAGE.read_text("utf-8")
    figure = Figure(figsize=(10, 8.5))
    grid = figure.subplots(3, 3, sharex=True)
    for row, metric in zip(grid[:2], TITLES, strict=True):
        for axes, shape in zip(row, SHAPES, strict=True):
            draw_change(axes, page, metric, shape)
    for axes, rows in zip(grid[2], ("independent", "people"), strict=False):
        draw_rules(axes, page, rows)
    draw_power(grid[2, 2], page)
    grid[0, 0].legend(frameon=False)
    for axes in grid[:, 0]:
        axes.set_ylabel("harmful files that pass")
    figure.supxlabel("positives in the group (for accuracy: rows; for precision: rows chosen)")
    figure.tight_layout()
    figure.savefig(PAGE.with_suffix(".svg"), metadata={"Date": None})


def draw_change(axes: Axes, page: str, metric: str, shape: str) -> None:
    """Draw the three bounds' false passes."""
    rows = {found[:3]: found[3] for found in CHANGES.findall(page)}
    cells = [cell.split("/") for cell in rows[metric, "independent", shape].split("|")]
    for (name, style), column in zip(STYLES.items(), zip(*cells, strict=True), strict=True):
        axes.plot(sizes_of(page, "metric"), [*map(float, column)], style, label=name, markersize=4)
    axes.axhline(0.05, color="gray", linewidth=0.8)
    axes.set(xscale="log", title=f"{TITLES[metric]} change, harm: {shape}", ylim=(-0.03, 0.75))


def draw_rules(axes: Axes, page: str, rows: str) -> None:
    """Draw the other rules, each at its worst shape of harm."""
    found = [(rule, cells.split("|")) for rule, of, cells in RULES.findall(page) if of == rows]
    for mark, name in zip(MARKS, dict.fromkeys(rule for rule, _ in found), strict=True):
        columns = zip(*(cells for rule, cells in found if rule == name), strict=True)
        at_size = zip(sizes_of(page, "rule"), columns, strict=True)
        worst = {size: max(map(float, column)) for size, column in at_size if column[0].strip()}
        metric, binds = name.split()
        label = f"{TITLES.get(metric, metric)} {binds}"
        axes.plot([*worst], [*worst.values()], mark, label=label, markersize=4)
    axes.axhline(0.05, color="gray", linewidth=0.8)
    axes.set(title=f"other rules, {rows}", ylim=(-0.004, 0.1))
    axes.legend(frameon=False, fontsize="x-small", ncols=2, loc="upper left")


def sizes_of(page: str, table: str) -> list[int]:
    """Return the sizes in the head of the table whose first column has this name."""
    head = next(line for line in page.splitlines() if line.startswith(f"| {table} | "))
    return [int(cell) for cell in head.split("|") if cell.strip().isdigit()]


def draw_power(axes: Axes, page: str) -> None:
    """Draw how often an unharmed file passes the whole verdict."""
    found = [tuple(map(float, r)) for r in POWER.findall(page)]
    sizes, shares, errors = zip(*found, strict=True)
    axes.errorbar(sizes, shares, [2 * e for e in errors], fmt="C2o-", markersize=4, capsize=2)
    axes.set(title="unharmed that pass, 8 groups", ylim=(-0.03, 1.03))


if __name__ == "__main__":
    main()
