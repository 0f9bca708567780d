"""How often is the whole verdict wrong, and how often does it find out?

`judge.judge()` decides by the rules of params.yaml over 8 groups of one column; rows are
independent. Three questions, each at several sizes:

- false passes: one group lies exactly at a limit, the other seven have 300 positives each and are
  unharmed. Its AUROC falls by the limit as few positives lose everything; or its TPR does, as the
  scores of all its rows fall alike (so that its AUROC stays).
- power: nothing truly changed in any group. How often is the word pass?
- failures: one group's AUROC falls by nothing, or by twice or three times the limit. How often is
  the word fail?

To save time the judge is not asked about sets in which a bet at a limit, or a bound for TPR, is
lost already: they cannot pass. The first sets of each case are put to the judge all the same,
and a pass among those stops the script. `--quick` takes two minutes.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from math import sqrt
from pathlib import Path

import numpy as np
from calibration_bets import holds, within
from calibration_draws import BEFORE, LINE, MEAN, Cell, Drawn, decided, draw, hearing
from scipy.special import ndtri

from faircompress import params, plugins
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.rule_config import Gate
from faircompress.predictions import Predictions

GROUPS = 8
OTHERS = 300  # positives in each unharmed group beside a harmed one
CHECKED = 10  # sets of each case that are judged in any case
AUROC, TPR = "change of AUROC", "change of TPR"  # the rule at its limit


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few sets, one size")
    parser.add_argument("--sets", type=int, default=2000, help="for false passes")
    parser.add_argument("--power-sets", type=int, default=100)
    parser.add_argument("--fail-sets", type=int, default=40)
    parser.add_argument("--positives", type=int, nargs="+", default=[150, 500])
    parser.add_argument("--power-positives", type=int, nargs="+", default=[100, 150, 200, 300, 500])
    asked = parser.parse_args()
    if asked.quick:
        asked.sets, asked.power_sets, asked.fail_sets = 200, 20, 10
        asked.positives, asked.power_positives = [150], [150]
    gate = params.load(Path("params.yaml")).gate
    print("| one group at the limit of | its positives | sets | false passes | holds |")
    print("|---|--:|--:|--:|---|")
    for harm in (AUROC, TPR):
        for positives in asked.positives:
            print(false_passes(harm, positives, gate, asked.sets), flush=True)
    print("\n| positives in each of 8 groups | pass | sets |\n|--:|--:|--:|")
    for positives in asked.power_positives:
        print(power(positives, gate, asked.power_sets), flush=True)
    print("\n| one group's AUROC falls by | positives in each | fail | pass | sets |")
    print("|--:|--:|--:|--:|--:|")
    for times, sets in ((0, asked.power_sets), (2, asked.fail_sets), (3, asked.fail_sets)):
        for positives in asked.positives:
            print(failures(times, positives, gate, sets), flush=True)


def false_passes(harm: str, positives: int, gate: Gate, sets: int) -> str:
    """Return a row of the first table."""
    told = words(one_harmed(harm, positives, gate), gate, sets)
    share = float(np.mean([one == "pass" for one in told]))
    held = "yes" if holds(share, sets) else "NO"
    return f"| {harm} | {positives} | {sets} | {share:.3f} | {held} |"


def power(positives: int, gate: Gate, sets: int) -> str:
    """Return a row of the second table."""
    cell, rng = Cell("auroc", "none", positives, people=False), np.random.default_rng(positives)
    drawn = ([draw(cell, rng) for _ in range(GROUPS)] for _ in range(sets))
    return f"| {positives} | {_share(words(drawn, gate, sets), 'pass')} | {sets} |"


def failures(times: int, positives: int, gate: Gate, sets: int) -> str:
    """Return a row of the third table; every set is judged."""
    fall = times * limit_of(gate, "auroc", "change")
    rng = np.random.default_rng([times, positives])
    cells = [
        Cell("auroc", "few" if harmed else "none", positives, people=False, fall=fall)
        for harmed in [times > 0] + [False] * (GROUPS - 1)
    ]
    told = [word([draw(cell, rng) for cell in cells], gate) for _ in range(sets)]
    counts = f"{_share(told, 'fail')} | {_share(told, 'pass')}"
    return f"| {fall:.2f} | {positives} | {counts} | {sets} |"


def one_harmed(harm: str, positives: int, gate: Gate) -> Iterator[list[Drawn]]:
    """Draw a group exactly at a limit, and seven that are unharmed."""
    rng = np.random.default_rng([positives, *harm.encode()])
    unharmed = Cell("auroc", "none", OTHERS, people=False)
    shape, fall = "few", limit_of(gate, "auroc", "change")
    after = BEFORE["true_positive_rate"] - limit_of(gate, "true_positive_rate", "change")
    while True:
        first = draw(Cell("auroc", shape, positives, people=False, fall=fall), rng)
        if harm == TPR:  # both classes alike, so that ranks stay
            first = replace(first, pruned=first.dense - (MEAN - LINE) + float(ndtri(after)))
        yield [first] + [draw(unharmed, rng) for _ in range(GROUPS - 1)]


def limit_of(gate: Gate, metric: str, binds: str) -> float:
    """Return the limit of a rule."""
    return next(rule.limit for rule in gate.harms if (rule.metric, rule.binds) == (metric, binds))


def words(drawn: Iterator[list[Drawn]], gate: Gate, sets: int) -> list[str]:
    """Return the verdict on each set; empty: not judged, since it cannot pass.

    Raises:
        RuntimeError: If a set passes that could not.
    """
    told = []
    for number, groups in enumerate(islice(drawn, sets)):
        possible = all(could_pass(group, gate) for group in groups)
        told.append(word(groups, gate) if possible or number < CHECKED else "")
        if told[-1] == "pass" and not possible:
            raise RuntimeError(f"set {number} passes, though a check of it was lost")
    return told


def could_pass(group: Drawn, gate: Gate) -> bool:
    """Tell whether a group wins every bet at a limit that the rules on groups place."""
    heard = hearing([group], people=False)
    told = {"change": within}
    return all(
        told[rule.binds](
            [heard.evidence(plugins.find("metrics", rule.metric), heard.everyone())],
            rule.limit,
        )[0]
        for rule in gate.harms
        if rule.binds in told
    )


def word(groups: list[Drawn], gate: Gate) -> str:
    """Put groups before the judge."""
    pair = said(groups, "dense"), said(groups, "pruned")
    return evaluate(*pair, gate, validation=pair).verdict


def said(groups: list[Drawn], file: str) -> Predictions:
    """Return what a file says of all groups."""
    names = np.repeat(np.arange(len(groups)), [len(g.who) for g in groups]).astype(str)
    positive = np.concatenate([g.positive for g in groups])
    answers = decided(np.concatenate([getattr(g, file) for g in groups]), positive)
    return Predictions(
        ids=np.char.zfill(np.arange(len(names)).astype(str), 8),
        labels=answers.labels,
        probabilities=answers.probabilities,
        groups={"group": names},
        identities=None,
        weights=np.ones(len(names)),
        classes=("no", "yes"),
        model=file,
        data="drawn",
    )


def _share(told: list[str], wanted: str) -> str:
    share = float(np.mean([one == wanted for one in told]))
    return f"{share:.2f} +- {sqrt(share * (1 - share) / len(told)):.2f}"


if __name__ == "__main__":
    main()
