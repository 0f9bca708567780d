"""What a run says at its end adds up."""

import re

import numpy as np
import pandas as pd

import faircompress
from faircompress.cli.ending import MOST, _reasons
from faircompress.evaluation.verdict import Outcome
from faircompress.report.wording import deciding


def test_of_many_reasons_the_rest_is_counted_by_what_it_is() -> None:
    rng, rows = np.random.default_rng(0), 12_000
    y, group = rng.integers(0, 2, rows), rng.choice([*"abcdefgh"], rows)
    dense = np.clip(y * 0.6 + rng.uniform(0, 0.4, rows), 0, 1)
    harmed = (y == 1) & np.isin(group, [*"abcdef"]) & (rng.random(rows) < 0.6)
    few = (group == "g") & (rng.random(rows) < 0.95)
    table = pd.DataFrame({"y": y, "g": group, "d": dense, "c": np.where(harmed, 0.1, dense)})
    verdict = faircompress.audit(
        table[~few], label="y", groups=["g"], baseline="d", candidate="c", threshold=0.5,
        rules=[{"rule": "change", "metric": "true_positive_rate", "limit": 0.1}],
    )  # fmt: skip
    assert verdict.outcome == Outcome.FAIL
    confirmed = deciding(verdict)
    lines = [*_reasons(verdict)]
    assert lines[:-1] == confirmed[:MOST] and len(confirmed) > MOST
    counts = re.fullmatch(r"and (\d+) like these and (\d+) not settled, in the report", lines[-1])
    assert counts is not None, lines[-1]
    assert int(counts[1]) == len(confirmed) - MOST
    assert MOST + int(counts[1]) + int(counts[2]) == len(verdict.reasons)
