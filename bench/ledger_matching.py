"""How often fresh tables without ids are called used: ``python bench/ledger_matching.py``.

Two tables are drawn from one population, seeds fixed; a third is half of the first. "Shuffled"
calls a table used if more of its rows stand in the other than with shuffled columns, by over 1 %.
"""

from collections import Counter

import numpy as np

from faircompress.ledger.identity import TestSet, fingerprint
from faircompress.ledger.matching import overlap

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


def main() -> None:
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
