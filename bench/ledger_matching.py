"""How often fresh tables without ids are called used: ``python bench/ledger_matching.py``.

Two tables are drawn from one population, seeds fixed; a third is half of the first. "Shuffled"
calls a table used if more of its rows stand in the other than with shuffled columns, by over 1 %.

    python bench/ledger_matching.py --bins [--pairs 100]

counts how often histograms call fresh tables used: 200 to 20,000 rows, also of different sizes,
fine scores and coarse ones, float32 at 0 and 1, a rare class, a rare group; and how often they find
the table again that was respelt, rounded, or calibrated anew.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from faircompress.ledger.identity import TestSet, fingerprint
from faircompress.ledger.likeness import in_common
from faircompress.ledger.matching import NOISE, SHARE, Answer, overlap

KEY, DRAWS = bytes(32), 200
STEPS = {1: "decisions", 100: "2 decimals", 255: "8 bits", 1000: "3 decimals", 10**4: "4 decimals"}


def drawn(rows: int, steps: int, seed: int) -> TestSet:
    """Draw two classes and two groups, with scores rounded to a number of steps."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows)
    scores = 1 / (1 + np.exp(-(3 * labels - 1.5 + rng.normal(0, 1.5, rows))))
    groups = {"sex": rng.choice(["f", "m"], rows)}
    return TestSet(labels=labels, groups=groups, baseline=np.rint(scores * steps) / steps)


def shuffled_says_used(new: TestSet, old: TestSet, rng: np.random.Generator) -> bool:
    """Tell whether more rows match than if labels, groups and scores were independent."""
    labels, sex, scores = new.labels, new.groups["sex"], new.baseline
    known = set(zip(old.labels, old.groups["sex"], old.baseline, strict=True))

    def share(*columns: np.ndarray) -> float:
        return float(np.mean([row in known for row in zip(*columns, strict=True)]))

    chance = [share(rng.permutation(labels), rng.permutation(sex), scores) for _ in range(5)]
    return share(labels, sex, scores) - float(np.mean(chance)) > 0.01


SIZES = ((200, 200), (500, 5000), (2000, 2000), (20_000, 2000), (20_000, 20_000))
KINDS = ("fine", "rare class", "rare group", "float32 at 0 and 1", "3 decimals", "2 decimals")


def of_kind(kind: str, rows: int, seed: int) -> TestSet:
    """Draw rows whose scores, classes or groups make histograms hard to tell apart."""
    rng = np.random.default_rng([seed, rows, KINDS.index(kind)])
    labels = (rng.random(rows) < (0.03 if kind == "rare class" else 0.4)).astype(int)
    apart, spread = (16, 4) if kind.startswith("float32") else (3, 1.5)
    logits = apart * (labels - 0.5) + rng.normal(0, spread, rows)
    scores = 1 / (1 + np.exp(-logits.astype(np.float32) if apart == 16 else -logits))
    if kind.endswith("decimals"):
        scores = scores.round(int(kind[0]))
    rare = 0.02 if kind == "rare group" else 0.5
    return TestSet(labels, {"sex": np.where(rng.random(rows) < rare, "f", "m")}, scores)


def _warmed(test_set: TestSet) -> TestSet:
    inside = np.clip(test_set.baseline, 1e-9, 1 - 1e-9)
    return replace(test_set, baseline=1 / (1 + np.sqrt((1 - inside) / inside)))


CHANGED: dict[str, Callable[[TestSet], TestSet]] = {
    "respelt": lambda t: replace(t, labels=np.where(t.labels == 1, "yes", "no")),
    "2 decimals": lambda t: replace(t, baseline=np.asarray(t.baseline, float).round(2)),
    "temperature": _warmed,
    "half, respelt": lambda t: replace(
        t, labels=np.where(t.labels == 1, "yes", "no")).take(np.arange(len(t) // 2)),
}  # fmt: skip


def bins(pairs: int) -> None:
    """Print a row for each kind of table and each pair of sizes."""
    print("rows, kind | fresh called used | most above chance, of its limit | found again")
    for sizes in SIZES:
        for kind in KINDS:
            used, most, known = 0, 0.0, Counter[str]()
            count = max(pairs * 2000 // max(2000, sum(sizes)), 4)
            for n in range(count):
                new, old = (
                    of_kind(kind, size, seed)
                    for size, seed in zip(sizes, (n, n + 10_000), strict=True)
                )
                one, other = fingerprint(KEY, new), fingerprint(KEY, old)
                theirs = other.bins, other.counts
                views = in_common((one.bins, one.counts), theirs) + in_common(one.turned, theirs)
                far = [v.rows / (NOISE * v.noise + SHARE * v.of) for v in views]
                used, most = used + (max(far) > 1), max(most, *far)
                if n < min(count, 10):
                    again = {name: fingerprint(KEY, of(old)) for name, of in CHANGED.items()}
                    known.update(
                        k for k, a in again.items() if overlap(a, other).answer is Answer.same
                    )
            print(f"{sizes}, {kind} | {used} of {count} | {most:.2f} | {dict(known)}", flush=True)


def main() -> None:
    """Print one of the two tables."""
    command = argparse.ArgumentParser(description=__doc__)
    command.add_argument("--bins", action="store_true", help="histograms")
    command.add_argument("--pairs", type=int, default=100, help="of tables, fewer of large ones")
    asked = command.parse_args()
    bins(asked.pairs) if asked.bins else matching()


def matching() -> None:
    """Print a row for each number of rows and each kind of scores."""
    print("rows, scores | fresh called used by shuffled columns | fresh: ours | half of it: ours")
    for rows in (100, 300, 1000, 5000):
        for steps, name in STEPS.items():
            rng, used = np.random.default_rng(0), 0
            fresh: Counter[str] = Counter()
            half: Counter[str] = Counter()
            for n in range(DRAWS if rows < 5000 else DRAWS // 10):
                old, new = drawn(rows, steps, n), drawn(rows, steps, 10_000 + n)
                known = fingerprint(KEY, old)
                used += shuffled_says_used(new, old, rng)
                fresh[overlap(fingerprint(KEY, new), known).answer.value] += 1
                part = fingerprint(KEY, old.take(np.arange(rows // 2)))
                half[overlap(part, known).answer.value] += 1
            share = used / fresh.total()
            print(f"{rows}, {name} | {share:.2f} | {dict(fresh)} | {dict(half)}", flush=True)


if __name__ == "__main__":
    main()
