"""How often is harm within the limit confirmed where validation and test hold the same people?

    OMP_NUM_THREADS=1 python bench/people_in_both_splits.py [SETS]

20 groups of 200 people, all exactly at the limit: of each group's positives a tenth is lost, and a
tenth may be. Everybody has a row in validation and one in test with equal answers, or validation
holds other people. Nobody names the clusters: an audit that knows of such people refuses them. The
order in which failures are looked for follows the validation rows, so it must not know the test.
Sets 0, 1, ... (100) are drawn by these seeds. Prints how many verdicts fail at alpha .025.
"""

import sys

import numpy as np
import pandas as pd

import faircompress

GROUPS, PEOPLE, HARM = 20, 200, 0.1


def drawn(rng: np.random.Generator, *, same_people: bool) -> pd.DataFrame:
    """Return validation and test rows."""
    parts = []
    for group in range(GROUPS):
        lost = rng.random(PEOPLE) < HARM
        for split in ("validation", "test"):
            if split == "test" and not same_people:
                lost = rng.random(PEOPLE) < HARM
            p = np.clip(0.8 + 0.05 * rng.normal(size=PEOPLE), 0.55, 1)
            row = {"g": f"group {group}", "split": split}
            parts.append(pd.DataFrame({"y": 1, "p": p, "q": np.where(lost, 1 - p, p), **row}))
            no = np.clip(0.2 + 0.05 * rng.normal(size=PEOPLE), 0, 0.45)
            parts.append(pd.DataFrame({"y": 0, "p": no, "q": no, **row}))
    return pd.concat(parts, ignore_index=True).assign(id=lambda rows: np.arange(len(rows)))


def main() -> None:
    """Count the verdicts that fail, though no group is beyond the limit."""
    sets = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for same_people in (True, False):
        fails = 0
        for seed in range(sets):
            verdict = faircompress.audit(
                drawn(np.random.default_rng(seed), same_people=same_people),
                label="y", groups=["g"], baseline="p", candidate="q", id="id", split="split",
                rules=["change true_positive_rate 0.1"],
            )  # fmt: skip
            fails += verdict.outcome == "fail"
        whom = "the same people" if same_people else "other people"
        print(f"validation holds {whom}: {fails} of {sets} verdicts fail")


if __name__ == "__main__":
    main()
