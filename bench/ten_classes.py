"""Ten classes, 40 rows of each in a group: is a mean over classes certified, and how often wrongly?

    OMP_NUM_THREADS=1 python bench/ten_classes.py OUT.jsonl [--sets 400] [--old 100] [--quick]

One-versus-rest AUROC and recall, limit .03, alpha .025. *Unharmed*: scores correlate .99 within
each class (AUROC), 1 % of rows are lost and 1 % gained (recall). *At the limit*: the mean over
classes falls by exactly .03: evenly, in one class, in half of the classes, or (``pairs``) only
against negatives of one other class each. There, nothing else changes, which is what deceives most.
``fixed``: 40 rows of each class by design; ``random``: as they come, 400 in all, so that the
scarcest class has about 31. Beside it stands what was done before: the mean of ten bounds, each at
alpha / 10 (on the first ``--old`` sets).

Sets are drawn in chunks, seeded by scenario and chunk, so a run that was stopped goes on where it
was. About 0.3 s a set; ``--quick`` takes less than a minute. A scenario at the limit holds if it
passes in at most alpha plus 3.1 Monte-Carlo errors.
"""

import argparse
import json
import math
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from faircompress.statistics import betting
from faircompress.statistics.class_products import ClassRounds, ranking_rounds, share_rounds
from faircompress.statistics.class_side import Rows
from faircompress.statistics.independent_units import deal_ranking
from faircompress.statistics.paired_proportions import change_lower

CLASSES, EACH, LIMIT, ALPHA = 10, 40, 0.03, 0.025
APART = 1.81  # of a class's own scores from the others, in standard deviations: AUROC .9
CHUNK, MONTE_CARLO = 20, 3.1
SHAPES = ("unharmed", "evenly", "one class", "half", "pairs")


@dataclass(frozen=True)
class Scenario:
    """What is measured, how the candidate differs, and whether counts are fixed by design."""

    metric: str
    shape: str
    counts: str


@dataclass(frozen=True)
class Tally:
    """Passes of some sets: of rounds, of e-values held to 1 / alpha, and of the mean of bounds."""

    sets: int
    passed: int
    earned: int
    old_sets: int
    old: int


SCENARIOS = [
    Scenario(*x)
    for x in product(("auroc", "recall"), SHAPES, ("fixed", "random"))
    if x[:2] != ("recall", "pairs")
]


def labels(scenario: Scenario, rng: np.random.Generator) -> np.ndarray:
    """Draw the class of each row."""
    if scenario.counts == "fixed":
        return np.repeat(np.arange(CLASSES), EACH)
    return np.sort(rng.integers(CLASSES, size=CLASSES * EACH))


def lost(
    shape: str, label: np.ndarray, rng: np.random.Generator, *, worth: float = 1.0
) -> np.ndarray:
    """Draw which rows are lost, so that the mean over classes falls by the limit.

    Args:
        shape: In which classes.
        label: Class of each row.
        rng: Source of all luck.
        worth: By how much a class falls where all its rows are lost.
    """
    harmed = {"evenly": CLASSES, "one class": 1, "half": CLASSES // 2}.get(shape, 0)
    share = LIMIT * CLASSES / max(harmed, 1) / worth
    return (label < harmed) & (rng.random(len(label)) < share)


def scores(
    shape: str, label: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw both models' scores, ``(rows, classes)``; the AUROC falls by the limit on average."""
    rows = np.arange(len(label))
    baseline = rng.normal(size=(len(label), CLASSES))
    own = np.zeros_like(baseline)
    own[rows, label] = APART
    if shape == "unharmed":
        candidate = 0.99 * baseline + math.sqrt(1 - 0.99**2) * rng.normal(size=baseline.shape)
        return baseline + own, candidate + own
    baseline = baseline + own
    candidate, auroc = baseline.copy(), ndtr(APART / math.sqrt(2))
    if shape == "pairs":  # rows of class k + 1 seem to be of class k
        seems = rng.random(len(label)) < LIMIT * (CLASSES - 1) / auroc
        candidate[rows[seems], (label[seems] - 1) % CLASSES] = 99
        return baseline, candidate
    gone = lost(shape, label, rng, worth=auroc)
    candidate[rows[gone], label[gone]] = -99
    return baseline, candidate


def rounds(scenario: Scenario, rng: np.random.Generator, *, old: bool) -> tuple[ClassRounds, float]:
    """Draw a set; return its rounds and, if asked for, the mean of ten bounds (else -1)."""
    label = labels(scenario, rng)
    rows = Rows(
        np.arange(len(label)), np.ones(len(label)), label if scenario.counts == "fixed" else None
    )
    if scenario.metric == "auroc":
        before, after = scores(scenario.shape, label, rng)
        found = ranking_rounds(before, after, label, rows, [1.0] * CLASSES)
        return found, _mean_of_ranking_bounds(before, after, label, rows) if old else -1.0
    right = rng.random(len(label)) < (1.0 if scenario.shape != "unharmed" else 0.85)
    gone = lost(scenario.shape, label, rng)
    come = np.zeros(len(label), bool)
    if scenario.shape == "unharmed":
        luck = rng.random(len(label))
        gone, come = luck < 0.01, (luck >= 0.01) & (luck < 0.02)
        right = (right | gone) & ~come
    found = share_rounds(right, (right & ~gone) | come, label, rows, [1.0] * CLASSES)
    return found, _mean_of_share_bounds(gone, come, label) if old else -1.0


def _mean_of_ranking_bounds(
    before: np.ndarray, after: np.ndarray, label: np.ndarray, rows: Rows
) -> float:
    bounds = []
    for k in range(CLASSES):
        units = deal_ranking(
            before[:, k], after[:, k], label == k, Rows(rows.cluster, rows.weights), (1.0, 1.0)
        )
        change = units.candidate - units.baseline
        bounds.append(betting.mean_lower(change, units.weights, ALPHA / CLASSES, low=-1, high=1))
    return float(np.mean(bounds))


def _mean_of_share_bounds(gone: np.ndarray, come: np.ndarray, label: np.ndarray) -> float:
    counts = [np.bincount(label[x], minlength=CLASSES) for x in (gone, come, gone | ~gone)]
    return float(
        np.mean([change_lower(*map(int, x), ALPHA / CLASSES) for x in zip(*counts, strict=True)])
    )


def chunk(number: int, part: int, *, sets: int, old: bool) -> Tally:
    """Judge the sets of one chunk."""
    rng = np.random.default_rng([number, part, 1111])
    passed = earned = olds = 0
    for _ in range(sets):
        found, bound = rounds(SCENARIOS[number], rng, old=old)
        passed += found.excludes(LIMIT, ALPHA)
        earned += found.e_value(LIMIT, ALPHA) >= 1 / ALPHA
        olds += bound > -LIMIT
    return Tally(sets, passed, earned, sets if old else 0, olds)


def run(out: Path, *, sets: int, old: int) -> dict[int, Tally]:
    """Judge what is not in the file yet; return the sums."""
    lines = out.read_text().splitlines() if out.exists() else []
    size = min(sets, CHUNK)
    records = [r for r in map(json.loads, lines) if r["tally"]["sets"] == size]
    known = {(r["scenario"], r["part"]): Tally(**r["tally"]) for r in records}
    wanted = [(n, p) for p in range(math.ceil(sets / size)) for n in range(len(SCENARIOS))]
    with out.open("a") as file:
        for number, part in wanted:
            if (number, part) in known:
                continue
            tally = chunk(number, part, sets=size, old=part * size < old)
            known[number, part] = tally
            record = {"scenario": number, "part": part, "tally": asdict(tally)}
            print(json.dumps(record), file=file, flush=True)
    return {
        n: Tally(*np.sum([list(asdict(known[x]).values()) for x in wanted if x[0] == n], axis=0))
        for n in range(len(SCENARIOS))
    }


def table(sums: dict[int, Tally]) -> str:
    """Write the sums as a table."""
    head = "| metric | candidate | counts | sets | pass | as e-value | mean of bounds | holds |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for number, tally in sums.items():
        scenario, share = SCENARIOS[number], tally.passed / tally.sets
        most = ALPHA + MONTE_CARLO * math.sqrt(ALPHA * (1 - ALPHA) / tally.sets)
        holds = "" if scenario.shape == "unharmed" else ("yes" if share <= most else "NO")
        before = f"{tally.old / tally.old_sets:.3f} of {tally.old_sets}" if tally.old_sets else "-"
        lines.append(
            f"| {scenario.metric} | {scenario.shape} | {scenario.counts} | {tally.sets} "
            f"| {share:.3f} | {tally.earned / tally.sets:.3f} | {before} | {holds} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the command line, and print the table."""
    parser = argparse.ArgumentParser(description="Means over ten classes of 40 rows.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--sets", type=int, default=400)
    parser.add_argument("--old", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="10 sets, in less than a minute")
    args = parser.parse_args()
    sets, old = (10, 3) if args.quick else (args.sets, args.old)
    print(table(run(args.out, sets=sets, old=old)))


if __name__ == "__main__":
    main()
