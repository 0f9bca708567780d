"""The verdict on given predictions is the same however many threads the libraries use."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json
import numpy as np
from dataclasses import replace
from hair_rates import gate, in_validation, said
from faircompress.data.caps import MaxWeight
from faircompress.evaluation.evaluate import evaluate

rng = np.random.default_rng(0)
pair = [said({"a": (90, 80), "b": (70, 60)}, model=m, negatives=150) for m in "dp"]
logit = rng.normal(pair[0].labels * 3.0)
rows = {"weights": rng.uniform(0.5, 2, len(logit)), "max_weight": (MaxWeight(2.0),)}
for k, noise in enumerate((0.0, 0.4)):
    p = 1 / (1 + np.exp(1.5 - logit - rng.normal(0, 1, len(logit)) * noise))
    pair[k] = replace(pair[k], probabilities=np.stack([1 - p, p], axis=1), **rows)
rules = [{"metric": "auroc", "rule": "change", "limit": 0.05},
         {"metric": "true_positive_rate", "rule": "disparity_change", "limit": 0.2}]
print(json.dumps(evaluate(*pair, gate(*rules), validation=in_validation(*pair)).to_json()))
"""


def verdict(threads: int) -> dict[str, Any]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    env = {**os.environ, **dict.fromkeys(names, str(threads))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=os.path.dirname(__file__), env=env,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in numbers(value[key])]
    if isinstance(value, list):
        return [number for one in value for number in numbers(one)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_a_verdict_does_not_depend_on_threads() -> None:
    one, four = verdict(1), verdict(4)
    assert one["outcome"] == four["outcome"]
    assert len(numbers(one)) > 100
    assert numbers(one) == pytest.approx(numbers(four), abs=1e-9)
