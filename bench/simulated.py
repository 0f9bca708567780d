"""What the simulations share: runs that go on where they were stopped, and when a level holds.

A job is a chunk of test sets of one scenario. Its key is written with what came out, as a line of
JSON; its draws are seeded by its key alone. So a run may be stopped, and gives the same numbers in
any number of goes.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

MONTE_CARLO = 3.1  # errors that a share may lie above a level that holds
Record = dict[str, Any]
Job = tuple[Record, Callable[[], Record]]


def run(out: Path, jobs: Iterable[Job], *, minutes: float) -> list[Record]:
    """Do the jobs that are not in the file; return what came out of all that were done.

    Args:
        out: File of JSON lines.
        jobs: Keys, and what is to be done; in this order.
        minutes: After which no new job is begun.
    """
    known = {}
    for line in out.read_text().splitlines() if out.exists() else []:
        record = json.loads(line)
        known[json.dumps(record["key"])] = record
    found, end = [], time.monotonic() + 60 * minutes
    for key, do in jobs:
        name = json.dumps(key)
        if name not in known and time.monotonic() < end:
            known[name] = {"key": json.loads(name), **do()}
            with out.open("a") as file:
                file.write(json.dumps(known[name]) + "\n")
        if name in known:
            found.append(known[name])
    return found


def bar(alpha: float, sets: int) -> float:
    """Return the share of sets up to which a level holds."""
    return alpha + MONTE_CARLO * math.sqrt(alpha * (1 - alpha) / sets)


def share(hits: float, sets: int) -> str:
    """Write a share with its Monte-Carlo error."""
    p = hits / sets
    return f"{p:.3f} ± {math.sqrt(p * (1 - p) / sets):.3f}"


def row(*values: object) -> str:
    """Write a row of a Markdown table."""
    return f"| {' | '.join(map(str, values))} |"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table."""
    return "\n".join([row(*heads), f"|{'---|' * len(heads)}", *(row(*one) for one in rows)])


def parser(about: str | None) -> argparse.ArgumentParser:
    """Return the command line of a bench: where results go, and for how long it may draw."""
    found = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawTextHelpFormatter
    )
    found.add_argument("out", type=Path, help="file of JSON lines; what stands there is not redone")
    found.add_argument("--minutes", type=float, default=1e6, help="after which nothing is begun")
    return found
