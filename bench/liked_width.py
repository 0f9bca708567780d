"""Is the multiple of channels that a machine likes the same each time it is measured?

    OMP_NUM_THREADS=1 python bench/liked_width.py [--repeats 20] [--load 4]

It is measured so many times on the machine as it is, then as often beside so many processes that
do nothing but compute. Printed are the multiples found, and the range of the ratio that decides:
40 channels over 48, 1 where 16 are computed at once and .69 where not; the line lies at .85.
"""

import argparse
import multiprocessing
import os
from collections import Counter

import numpy as np

from faircompress.config.widths import WIDEST
from faircompress.export import liked_width as measuring
from faircompress.export.liked_width import FULL


def main() -> None:
    """Print a row for the machine as it is, and one for it under load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--load", type=int, default=4, help="processes that compute beside it")
    asked = parser.parse_args()
    print("| machine | load average | multiples found | 40 over 48 channels | 36 over 40 |")
    print("|---|--:|---|--:|--:|", flush=True)
    row("as it is", asked.repeats)
    busy = [multiprocessing.Process(target=compute, daemon=True) for _ in range(asked.load)]
    for process in busy:
        process.start()
    row(f"{asked.load} more processes", asked.repeats)
    for process in busy:
        process.terminate()


def row(name: str, repeats: int) -> None:
    """Measure again and again, and print what came out."""
    found = [once() for _ in range(repeats)]
    multiples = Counter(measuring.widest_block(ratios) for ratios in found)
    words = ", ".join(f"{multiple}: {count}" for multiple, count in sorted(multiples.items()))
    ranges = [
        f"{min(r[m] for r in found):.2f} to {max(r[m] for r in found):.2f}"
        for m in (WIDEST, WIDEST // 2)
    ]
    print(f"| {name} | {os.getloadavg()[0]:.1f} | {words} | {' | '.join(ranges)} |", flush=True)


def once() -> dict[int, float]:
    """Measure as `liked_width` does, with nothing remembered."""
    widths = sorted({FULL + multiple for multiple in (WIDEST, WIDEST // 2, WIDEST // 4)})
    return measuring.ratios({width: measuring._session(width, "cpu") for width in widths})


def compute() -> None:
    """Keep a core and its caches busy."""
    numbers = np.ones((500, 500), np.float32)
    while True:
        numbers = np.tanh(numbers @ numbers / 500)


if __name__ == "__main__":
    main()
