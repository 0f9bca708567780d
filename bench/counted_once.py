"""How often does harm exactly at the limit pass where each person counts once?

500 people, of whom a tenth have 20 rows and all of the harm, and three in ten have rows of both
classes: the person-weighted fall of the true positive rate is a tenth, and so is the limit.
``OMP_NUM_THREADS=1 python bench/counted_once.py`` prints the passes of 200 sets (seeds 1000-1199).
"""

import argparse

import numpy as np
import pandas as pd

import faircompress


def drawn(seed: int) -> pd.DataFrame:
    """Return one set of rows."""
    rng = np.random.default_rng(seed)
    many = rng.random(500) < 0.1
    who = np.repeat(np.arange(500), np.where(many, 20, 1))
    mixed, one_class = rng.random(500) < 0.3, rng.random(500) < 0.5
    label = np.where(mixed[who], rng.random(len(who)) < 0.5, one_class[who]).astype(int)
    before = np.where(label == 1, 0.8, 0.2) + rng.normal(0, 0.02, len(who))
    after = np.where(many[who] & (label == 1), 0.3, before)
    return pd.DataFrame({"who": who, "y": label, "g": "all", "before": before, "after": after})


def main() -> None:
    """Draw, audit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=200)
    sets = parser.parse_args().sets
    outcomes = [
        faircompress.audit(
            drawn(1000 + number), label="y", groups=["g"], baseline="before", candidate="after",
            cluster="who", counts="clusters", rules=["change true_positive_rate 0.1"],
        ).outcome
        for number in range(sets)
    ]  # fmt: skip
    print(f"{outcomes.count(faircompress.Outcome('pass'))} of {sets} pass")


if __name__ == "__main__":
    main()
