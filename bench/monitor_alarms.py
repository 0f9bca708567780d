"""How often does the monitor raise a false alarm in a year, and how soon does it see a harm?

    OMP_NUM_THREADS=1 python bench/monitor_alarms.py OUT [--minutes 5] [--runs 100]
    OMP_NUM_THREADS=1 python bench/monitor_alarms.py OUT --delay [--delays 200]

Goes on where it was stopped: OUT is a JSON file, one entry a scenario; seeds are of the scenario.

*False alarms*: ten processes (say five groups under two rules) share alpha .01 a year, ALL of them
exactly at the boundary: the rate of new units is the reference's true rate minus the limit. The
reference is drawn anew in each run. Shapes: *steady*: from the first week on; *late*: unharmed for
26 weeks, then at the boundary; *waves*: unharmed and at the boundary by turns of four weeks;
*people*: units are people of 1-4 rows that are right or wrong together in part, so that shares are
fractions; *right late* breaks an assumption on purpose: what was right is labelled six weeks later
than what was wrong, from the first week on.

*Delay*: one of the ten falls by a multiple of the limit, the others do not. Months of four weeks
and people from the start of the harm to the alarm; runs without an alarm within the year count as
longer. Beside it the optimum of who knows when the harm began and looks once: the fewest people
with whom the usual test of two shares, at the same level alpha / 10, sees it in half of all cases.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import beta, norm

from faircompress.monitoring.wealth import Stream, path, reference_e_values

PROCESSES, ALPHA, WEEKS = 10, 0.01, 52
Run = Callable[[np.random.Generator], bool | int | None]
SHAPES = ("steady", "late", "waves", "people", "right late")
RATES, LIMITS, REFERENCES, WEEKLY = (0.75, 0.95), (0.05, 0.1), (100, 2000), (10, 200)
FALLS, STARTS = (1.5, 2.0, 3.0, 4.0), (0, 24)
DELAY_REFERENCES, MONTHLY, DELAY_RATE, DELAY_LIMIT = (500, 5000), (20, 100, 500), 0.85, 0.1


def shares(rng: np.random.Generator, rates: np.ndarray, shape: str) -> np.ndarray:
    """Draw what is right of each unit."""
    if shape != "people":
        return (rng.random(len(rates)) < rates).astype(float)
    own = rng.beta(4 * rates, 4 * (1 - rates))  # people differ
    rows = rng.integers(1, 5, len(rates))
    return rng.binomial(rows, own) / rows


def labelled(shape: str, rate: float, limit: float, weekly: int) -> np.ndarray:
    """Return the rate of each unit of a year, in order."""
    week = np.repeat(np.arange(WEEKS), weekly)
    unharmed = {"late": week < 26, "waves": week // 4 % 2 == 0}.get(shape, week < 0)
    return np.where(unharmed, rate, rate - limit)


def alarms(
    rng: np.random.Generator, shape: str, rate: float, limit: float, rows: int, weekly: int
) -> bool:
    """Tell whether any of the processes raises an alarm within a year at the boundary."""
    week = np.repeat(np.arange(WEEKS), weekly)
    for _ in range(PROCESSES):
        known = shares(rng, np.full(rows, rate), shape)[None]
        right = shares(rng, labelled(shape, rate, limit, weekly), shape)
        at = week + 6 * (right == 1) if shape == "right late" else week
        order = np.argsort(at, kind="stable")
        stream = Stream(right[order], at[order], at[order])
        evidence = reference_e_values(known, np.ones_like(known), limit)
        _, held = path(stream, evidence, limit, first_week=0, weeks=WEEKS)
        if held.max(initial=0) >= PROCESSES / ALPHA:
            return True
    return False


def delay(rng: np.random.Generator, fall: float, start: int, rows: int, monthly: int) -> int | None:
    """Return the weeks from the start of a harm to its alarm; None: not within the year."""
    weekly = monthly // 4
    week = np.repeat(np.arange(WEEKS), weekly)
    rates = np.where(week < start, DELAY_RATE, DELAY_RATE - fall * DELAY_LIMIT)
    right = shares(rng, rates, "steady")
    known = shares(rng, np.full(rows, DELAY_RATE), "steady")[None]
    evidence = reference_e_values(known, np.ones_like(known), DELAY_LIMIT)
    at, held = path(Stream(right, week, week), evidence, DELAY_LIMIT, first_week=0, weeks=WEEKS)
    over = np.flatnonzero(held >= PROCESSES / ALPHA)
    return int(at[over[0]]) - start + 1 if len(over) else None


def optimum(fall: float, rows: int) -> float:
    """Return with how many new people one look at a known moment sees a harm in half of all cases.

    The difference of two shares is held against the limit, in standard errors at the null.
    """
    old, null = DELAY_RATE, DELAY_RATE - DELAY_LIMIT
    seen = ((fall - 1) * DELAY_LIMIT / norm.isf(ALPHA / PROCESSES)) ** 2
    left = seen - old * (1 - old) / rows
    return null * (1 - null) / left if left > 0 else np.inf


def _alarms(case: tuple[str, float, float, int, int], rng: np.random.Generator) -> bool:
    return alarms(rng, *case)


def _delay(case: tuple[float, int, int, int], rng: np.random.Generator) -> int | None:
    return delay(rng, *case)


def scenarios(runs: int, delays: int, *, of_delays: bool) -> dict[str, tuple[int, Run]]:
    """Return each scenario's name, number of runs and what one run is."""
    found: dict[str, tuple[int, Run]] = {}
    for case in product(SHAPES, RATES, LIMITS, REFERENCES, WEEKLY):
        found["alarm " + " ".join(map(str, case))] = (runs, partial(_alarms, case))
    if not of_delays:
        return found
    cases = product(FALLS, STARTS, DELAY_REFERENCES, MONTHLY)
    return {"delay " + " ".join(map(str, c)): (delays, partial(_delay, c)) for c in cases}


def main() -> None:
    """Run what is not known yet, for so many minutes; print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--delays", type=int, default=200)
    parser.add_argument("--delay", action="store_true", help="simulate delays, not false alarms")
    options = parser.parse_args()
    known = json.loads(options.out.read_text()) if options.out.exists() else {}
    stop = time.monotonic() + 60 * options.minutes
    wanted = scenarios(options.runs, options.delays, of_delays=options.delay)
    for number, (name, (runs, work)) in enumerate(wanted.items()):
        done = known.setdefault(name, [])
        while len(done) < runs and time.monotonic() < stop:
            done.append(work(np.random.default_rng([number, len(done)])))
        options.out.write_text(json.dumps(known))
    delays(known) if options.delay else false_alarms(known)


def false_alarms(known: dict[str, list]) -> None:
    """Print how many years had a false alarm, as Markdown."""
    print(
        "| shape | scenarios | years | years with a false alarm | worst scenario |\n"
        "|---|---|---|---|---|"
    )
    for shape in SHAPES:
        of = [v for k, v in known.items() if k.startswith(f"alarm {shape} ") and v]
        if of:
            years, wrong = sum(map(len, of)), sum(map(sum, of))
            upper = beta.ppf(0.95, wrong + 1, years - wrong)
            worst = max(sum(v) / len(v) for v in of)
            print(
                f"| {shape} | {len(of)} | {years} | {wrong} (.95 bound {upper:.4f}) | {worst:.3f} |"
            )


def delays(known: dict[str, list]) -> None:
    """Print how long harms lasted before their alarm, as Markdown."""
    print(
        "| fall, limits | test people | new people a month | seen within a year |"
        " months: median, .9 | begins after 24 weeks: median | people: median |"
        " one look at its best | ratio |\n"
        "|--:|--:|--:|--:|---|--:|--:|--:|--:|"
    )
    for fall, rows, monthly in product(FALLS, DELAY_REFERENCES, MONTHLY):
        first, later = (known.get(f"delay {fall} {start} {rows} {monthly}") for start in STARTS)
        if first and later:
            weeks = np.sort([np.inf if v is None else v for v in first])
            middle, most = (float(np.quantile(weeks, q, method="higher")) for q in (0.5, 0.9))
            late = float(np.median([np.inf if v is None else v for v in later]))
            best, people = optimum(fall, rows), middle * (monthly // 4)
            words = [_months(x) for x in (middle, most, late)]
            ratio = f"{people / best:.1f}" if np.isfinite([people, best]).all() else "-"
            print(
                f"| {fall:g} | {rows:,} | {monthly} | {np.isfinite(weeks).mean():.2f} |"
                f" {words[0]}, {words[1]} | {words[2]} | {_count(people)} | {_count(best)} |"
                f" {ratio} |"
            )


def _months(weeks: float) -> str:
    return f"{weeks / 4:.1f}" if np.isfinite(weeks) else "-"


def _count(people: float) -> str:
    return f"{people:,.0f}" if np.isfinite(people) else "-"


if __name__ == "__main__":
    main()
