"""Random tables, rules and changes of both, given to ``faircompress.audit``: does a promise break?

    OMP_NUM_THREADS=1 python bench/audit_fuzz.py OUT.jsonl [--minutes 30] [--cases 2000]
        [--only attack:17 ...] [--kinds same attack unharmed odd limit]

Five kinds of cases take turns, each drawn by its kind and number:

*same*: a table (bench/fuzzed_tables.py; to half of them something was done as in *attack*) and
two other ways to write it (bench/fuzzed_same.py) give
the same verdict, number by number: other order, types, index, names, arrays, files, the command
line, another hash seed and number of threads.
*attack*: harm far beyond the limit in one group; then up to four things are done that somebody may
do in the hope of a pass (bench/fuzzed_attacks.py, bench/fuzzed_asks.py). It must not pass.
*unharmed*: the same is done to a large table without harm. It must not fail.
*odd*: one to three arguments are of another type or shape, or nearly right
(bench/fuzzed_arguments.py): a sentence comes, or a verdict, and where harm stays in sight no pass.
*limit*: harm exactly at the limit, drawn and changed as the sampling model admits
(bench/fuzzed_limits.py): few sets of each of many; then the worst again (``--worst``, ``--again``).

In every case: an error is a ``FaircompressError`` with a sentence, no warning comes, the table that
was given stays as it was, the verdict agrees with its own table of checks, can be shown, and is
derived a second time from its predictions (``faircompress verify``). Results are JSON lines; a run
goes on where it was stopped. Exit code 1 if anything broke.
"""

import collections
import json
import warnings
from functools import partial
from typing import Any

import fuzzed_sets
import numpy as np
import pandas as pd
from fuzzed_arguments import odd_case
from fuzzed_asks import ATTACKS, HARMLESS, REFUSED
from fuzzed_same import SAME, by_command, drawn, elsewhere, from_file, here, numbers, scratch
from fuzzed_tables import Case, draw, one_of
from odd_tables import differences
from simulated import Job, Record, parser, run, table

import faircompress

KINDS = ("same", "attack", "unharmed", "odd", "limit")
SEED = {"attack": 71, "unharmed": 72, "odd": 73}
MOST = 4  # things that are done to a table
TURNS = {"attack": 4, "odd": 8}  # cases in a row
SHORT = 25  # characters: no sentence is shorter


class Fault(Exception):
    """A promise that did not hold."""


def audited(table: Any, asks: dict[str, Any]) -> Any:
    """Return the verdict, or why the audit refuses; whatever else happens is a fault."""
    before = table.copy(deep=True) if isinstance(table, pd.DataFrame) else None
    with warnings.catch_warnings(record=True) as leaked:
        warnings.simplefilter("always")
        try:
            verdict: Any = faircompress.audit(table, **asks)
        except faircompress.FaircompressError as error:
            verdict = str(error)
            if len(str(error)) < SHORT or "Traceback" in str(error):
                raise Fault(f"refused without a sentence: {error}") from error
        except Exception as error:  # any other is what is searched for
            raise Fault(f"{type(error).__name__}: {error}"[:300]) from error
    if leaked:
        raise Fault(f"warns: {leaked[0].category.__name__}: {leaked[0].message}"[:300])
    if before is not None:
        try:
            pd.testing.assert_frame_equal(before, table)
        except AssertionError as error:
            raise Fault("the table that was given was changed") from error
    return verdict


def derived_again(verdict: Any, asks: dict[str, Any], *, again: bool) -> None:
    """Look for what a verdict and its predictions, its table of checks, or its page differ in."""
    shown = verdict.to_frame()
    outcomes = set(shown["outcome"])
    worst = next((o for o in ("fail", "inconclusive") if o in outcomes), "pass")
    if worst != verdict.outcome and not (worst == "pass" and verdict.outcome == "inconclusive"):
        raise Fault(f"{verdict.outcome}, and the worst of its checks is {worst}")
    if any(len(str(reason)) < SHORT for reason in shown["reason"]):
        raise Fault("a check without a reason")
    beyond = [row for row in shown.to_dict("records") if row["outcome"] == "pass" and _beyond(row)]
    if beyond:
        raise Fault(f"passes beyond its limit: {beyond[0]}"[:300])
    if again and asks.get("sparse") != "merge" and (found := differences(verdict)):
        raise Fault(f"verify: {found[0]}"[:300])


def _beyond(row: dict[str, Any]) -> bool:
    """Tell whether the estimate of a check lies at or beyond its limit, as far as it is plain."""
    if row["rule"] == "flips":
        return bool(row["estimate"] >= row["limit"])
    if row["rule"] not in ("change", "disparity_change"):
        return False
    if row["rule"] == "disparity_change" or row["metric"] == "selection_rate":
        return bool(abs(row["estimate"]) >= row["limit"])
    sign = -1 if row["metric"] in ("false_positive_rate", "false_negative_rate") else 1
    return bool(sign * row["estimate"] <= -row["limit"])


def same(number: int) -> Record:
    """Audit a table, and the same written otherwise."""
    case, rng = drawn(number)
    done: list[str] = []
    first = audited(case.table, case.asks)
    if not isinstance(first, str):
        derived_again(first, case.asks, again=number % 5 == 0)
        if number % 10 == 0:
            with scratch() as folder:
                first.save(folder)
            assert first._repr_html_()
    for _ in range(1 + number % 2):
        way = SAME[rng.integers(len(SAME))]
        rewritten, asks, named = way(case, rng)
        done.append(way.__name__)
        _compare(first, audited(rewritten, asks), way.__name__, named)
    if number % 3 == 0:
        with scratch() as folder:
            _compare(first, _written(case, rng, folder), "from_file", {})
            _compare(first, by_command(case, folder), "by_command", {})
    if number % 15 == 0 and elsewhere(number) != here(number):
        raise Fault("another hash seed or number of threads: other numbers")
    why = {"why": first[:200]} if isinstance(first, str) else {}
    return {"outcome": outcome(first), "done": done, **why}


def _written(case: Case, rng: np.random.Generator, folder: Any) -> Any:
    try:
        return from_file(case, rng, folder)
    except faircompress.FaircompressError as error:
        return str(error)


def _compare(first: Any, other: Any, way: str, named: dict[str, str]) -> None:
    if isinstance(first, str) != isinstance(other, str):
        raise Fault(f"{way}: {outcome(first)} became {outcome(other)}: {first} {other}"[:500])
    if isinstance(first, str):
        return
    before, after = numbers(first), numbers(other, named)
    if len(before) != len(after):
        raise Fault(f"{way}: {len(before)} checks became {len(after)}")
    for ours, theirs in zip(before, after, strict=True):
        for x, y in zip(ours, theirs, strict=True):
            near = isinstance(x, float) and isinstance(y, float) and abs(x - y) < 1e-9
            if x != y and not near:
                raise Fault(f"{way}: {ours} became {theirs}"[:400])


def outcome(verdict: Any) -> str:
    """Return pass, fail, inconclusive or refused."""
    return "refused" if isinstance(verdict, str) else str(verdict.outcome)


def changed(kind: str, number: int) -> tuple[Case, np.random.Generator]:
    """Draw a table and do several things to it."""
    rng = np.random.default_rng([number, SEED[kind]])
    if kind == "odd":
        return odd_case(rng), rng
    case = draw(rng, harmed=kind == "attack")
    of = ATTACKS if kind == "attack" else HARMLESS
    for _ in range(int(rng.integers(1, MOST + 1))):
        attack = one_of(rng, *of)
        if attack in REFUSED and rng.random() < 0.8:
            continue
        made = attack(case, rng)
        case = made if len(made.frame) > 2 else case
    return case, rng


def attacked(kind: str, number: int) -> Record:
    """Audit a table to which several things were done; no pass of harm, no fail without."""
    case, _ = changed(kind, number)
    verdict = audited(case.table, case.asks)
    found = outcome(verdict)
    if not isinstance(verdict, str):
        derived_again(verdict, case.asks, again=number % 8 == 0)
    if kind != "unharmed" and case.strict and found == "pass":
        raise Fault(f"harm passes after {', '.join(case.done)}")
    if kind == "unharmed" and found == "fail":
        raise Fault(f"fails without harm after {', '.join(case.done)}")
    why = {"why": verdict[:200]} if isinstance(verdict, str) else {}
    return {"outcome": found, "strict": bool(case.strict), "done": list(case.done), **why}


def tried(kind: str, number: int) -> Record:
    """Do a case; a fault is what comes of it."""
    try:
        if kind == "limit":
            return fuzzed_sets.sets(number, fuzzed_sets.FIRST, 0)
        return same(number) if kind == "same" else attacked(kind, number)
    except Exception as fault:  # a fault of the bench is one, too: no case may stop the others
        found: Record = {"fault": f"{type(fault).__name__}: {fault}"[:600]}
        if kind in SEED:
            found["done"] = list(changed(kind, number)[0].done)
        return found


def main() -> None:
    """Draw, do, count."""
    command = parser(__doc__)
    command.add_argument("--cases", type=int, default=100_000, help="turns of each kind, at most")
    command.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    command.add_argument("--only", nargs="+", help="cases anew, as KIND:NUMBER; nothing is written")
    command.add_argument("--worst", type=int, default=10, help="limits that are drawn again")
    command.add_argument("--again", type=int, default=0, help="sets of each")
    asked = command.parse_args()
    if asked.only:
        for kind, _, number in (text.partition(":") for text in asked.only):
            print(kind, number, json.dumps(tried(kind, int(number)), default=str))
        return
    jobs: list[Job] = [
        ({"kind": kind, "number": number}, partial(tried, kind, number))
        for turn in range(asked.cases)
        for kind in asked.kinds
        for number in range(turn * TURNS.get(kind, 1), (turn + 1) * TURNS.get(kind, 1))
    ]
    minutes = asked.minutes * (0.6 if asked.again else 1)
    records = run(asked.out, jobs, minutes=minutes)
    at_limits = [one for one in records if one["key"]["kind"] == "limit" and "fault" not in one]
    more = fuzzed_sets.jobs_again(at_limits, asked.worst, asked.again)
    again = run(asked.out, more, minutes=asked.minutes - minutes) if more else []
    over = report(records) + fuzzed_sets.report(at_limits, again)
    raise SystemExit(1 if over else 0)


def report(records: list[Record]) -> int:
    """Print how many cases came to what, and all faults; return how many there are."""
    found: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for one in records:
        what = "fault" if "fault" in one else one.get("outcome", "drawn")
        found[one["key"]["kind"]][what] += 1
    heads = ("kind", "cases", "pass", "inconclusive", "fail", "refused", "faults")
    rows = [
        (kind, sum(of.values()), *(of[k] for k in heads[2:-1]), of["fault"])
        for kind, of in found.items()
    ]
    print(table(heads, rows))
    faults = [one for one in records if "fault" in one]
    for one in faults:
        print(f"\n{one['key']['kind']}:{one['key']['number']} {one['fault']}")
    return len(faults)


if __name__ == "__main__":
    main()
