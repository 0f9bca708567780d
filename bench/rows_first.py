"""How long it takes to check 200,000 rows before a picture is opened.

    OMP_NUM_THREADS=1 python bench/rows_first.py [--rows 200000]

A table of rows that share 360 files of no picture at all is checked as ``faircompress params`` does
it: whole, and with one fault each that rows alone tell. No picture is opened, which would fail.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faircompress.config import params
from faircompress.config.overrides import overridden
from faircompress.evaluation.too_small import of_data
from faircompress.support.errors import FaircompressError
from faircompress.validation import rows_first

FILES = 360
PARAMS = Path(__file__).parents[1] / "params.yaml"
AGES = {"young": [0, 45], "old": [45, None]}


def main() -> None:
    """Make the table, check it, print seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "p").mkdir()
        for at in range(FILES):
            (root / "p" / f"{at}.jpg").write_bytes(b"no picture")
        table(rows).to_csv(root / "data.csv", index=False)
        for name, changed in asked().items():
            print(f"{name:<28} {seconds(root, changed):6.2f} s", flush=True)


def table(rows: int) -> pd.DataFrame:
    """Return rows of two labels, two sexes, 90 ages, three splits, 4 rows a person."""
    at = np.arange(rows)
    cells = pd.DataFrame({"image": [f"p/{k}.jpg" for k in at], "label": at % 2})
    cells["sex"] = np.where(at // 2 % 2, "f", "m")
    cells["age"], cells["person"] = at * 7 % 90, at // 4
    cells["split"] = np.array(["train", "validation", "test"])[at // 4 % 3]
    cells["worn"] = np.where(at % 7, "glasses", np.where(at % 2, "Glasses", "none"))
    cells["band"] = np.array(["0-4", "9-May", "10-14"])[at // 3 % 3]
    return cells


def asked() -> dict[str, dict[str, Any]]:
    """Return what is asked of the table, and the fault that is in it."""
    return {
        "nothing wrong": {},
        "a column that is not there": {"groups": ["gender"]},
        "an age in no bin": {"groups": {"age": {"bins": {"young": [0, 45], "old": [45, 80]}}}},
        "ages without bins": {"groups": ["age"]},
        "names almost equal": {"groups": ["worn"]},
        "a range that became a date": {"groups": ["band"]},
        "no folder": {"root": "nowhere"},
    }


def seconds(root: Path, changed: dict[str, Any]) -> float:
    """Return how long the check takes; say what it found."""
    raw = overridden(PARAMS, [])
    raw["data"] |= {
        "name": "table",
        "table": {
            "root": str(root), "groups": {"sex": "sex", "age": {"bins": AGES}}, "split": "split",
            "identity": "person", "max_weight": 9, **changed,
        },
    }  # fmt: skip
    start = time.perf_counter()
    chosen = params.check(raw)
    try:
        found = rows_first.count(chosen, also=lambda data: of_data(data, gate=chosen.gate))
    except FaircompressError as error:
        found = " ".join(str(error).split()[:24])
    took = time.perf_counter() - start
    print(f"  {found}")
    return took


if __name__ == "__main__":
    main()
