"""Are our betting bounds those of a published implementation, and how do they compare with others?

`python bench/confseq_checkout.py PATH` takes the path of a checkout of
https://github.com/gostevehoward/confseq, by the authors of the method, prints Markdown and fails
if a comparison fails. The package itself is no dependency: it has no wheel for current Pythons,
builds with Boost only, and its Python part fails on NumPy 2. Of that part a copy is made in a
temporary folder, in which ``PATCHES`` are applied; nothing of it is in this repository.
"""

import argparse
import importlib
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from naive_methods import ALPHA, LIMIT, draw
from scipy.special import ndtri
from simulated import bar

from faircompress.statistics import betting, betting_steps
from faircompress.statistics.independent_units import Units, deal_ranking
from faircompress.statistics.procedures.betting_mean import BettingMean

PATCHES = {"np.float_": "np.float64", "import multiprocess\n": "\n"}  # parallel work is not used
MODULES = ("betting", "betting_strategies", "misc", "predmix", "types")
GRID = 500  # their nulls a bound
TABLED = 1e-4  # our bets are read from a table, here they are computed
UNITS = (40, 100, 300)
POSITIVES = (150, 300)
SETS = 200
ORDERS = 20  # in which units are bet on
BOUNDS = 20  # sets whose bound is searched for
Bettor = Callable[[np.ndarray, float], np.ndarray]  # (values in 0-1, null) -> bet on each unit
Wealth = Callable[[np.ndarray, float], float]  # (values in 0-1, null) -> final wealth


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path, help="of gostevehoward/confseq")
    asked = parser.parse_args()
    theirs = load(asked.checkout)
    equal = list(our_bets_in_their_machine(theirs))
    print("| units | values | largest difference of wealth | of the lower bound | needed | |")
    print("|--:|---|--:|--:|--:|---|")
    for row, _ in equal:
        print(row)
    print(
        "\n| positives | bets | harm at the limit passes | unharmed passes | mean bound | holds |"
    )
    print("|--:|---|--:|--:|--:|---|")
    for positives in POSITIVES:
        for row in strategies(theirs, positives):
            print(row, flush=True)
    sys.exit(not all(ok for _, ok in equal))


def load(checkout: Path) -> SimpleNamespace:
    """Import their modules ``betting`` and ``betting_strategies``.

    Raises:
        ValueError: If the checkout lacks a file.
    """
    source = checkout / "src" / "confseq"
    lacking = [name for name in MODULES if not (source / f"{name}.py").exists()]
    if lacking:
        raise ValueError(
            f"{source} lacks {', '.join(lacking)}; needed is a checkout of gostevehoward/confseq "
            "such as commit 70b1ef3."
        )
    home = Path(tempfile.mkdtemp(prefix="confseq-"))
    try:
        (home / "confseq").mkdir()
        for name in MODULES:
            text = (source / f"{name}.py").read_text()
            for old, new in PATCHES.items():
                text = text.replace(old, new)
            (home / "confseq" / f"{name}.py").write_text(text)
        sys.path.insert(0, str(home))
        names = MODULES[:2]
        return SimpleNamespace(**{k: importlib.import_module(f"confseq.{k}") for k in names})
    finally:
        sys.path.remove(str(home))
        shutil.rmtree(home)


def our_bets_in_their_machine(theirs: SimpleNamespace) -> Iterator[tuple[str, bool]]:
    """Give our bets to their capital process and to their search for the bound.

    Values in ``[-1, 1]`` are theirs in ``[0, 1]``: (value + 1) / 2, with twice the bet. One order
    of the units, each of full weight.
    """
    rng = np.random.default_rng(1)
    kinds = {
        "rarely -1, else 0": lambda n: np.where(rng.random(n) < 0.04, -1.0, 0.0),
        "-1, 0 or 1": lambda n: rng.choice([-1.0, 0, 1], size=n, p=[0.1, 0.8, 0.1]),
        "between": lambda n: np.clip(rng.normal(0, 0.2, size=n), -1, 1),
    }
    for units, (kind, make) in product(UNITS, kinds.items()):
        values = make(units)
        ones, scaled, wealth = np.ones((1, units)), (values + 1) / 2, 0.0
        for null in (-0.9, -0.3, -0.1, -0.05, -0.01, 0.2, 0.9):
            log = betting.log_wealth(values[None], ones, np.array([null]), ALPHA, low=-1)
            ours = math.exp(log[0, 0])
            mart = theirs.betting.betting_mart(
                scaled, (null + 1) / 2, lambdas_fn_positive=restated, theta=1, trunc_scale=1
            )
            wealth = max(wealth, abs(ours - mart[-1]) / max(1.0, mart[-1]))
        lower = theirs.betting.betting_lower_cs(
            scaled, lambdas_fns=[restated], alpha=ALPHA, breaks=GRID, trunc_scale=1
        )[-1]
        ours = betting.mean_lower(values[None], ones, ALPHA, low=-1, high=1)
        bound, step = abs(ours - (2 * lower - 1)), 2 / GRID
        ok = wealth < TABLED and bound <= step
        word = "equal" if ok else "DIFFERS"
        yield (
            f"| {units} | {kind} | {wealth:.1e} | {bound:.4f} | {TABLED:g}, {step:.4f} | {word} |",
            ok,
        )


def restated(scaled: np.ndarray, scaled_null: float) -> np.ndarray:
    """Place our bets one by one, restated from the docstring of statistics/betting.py.

    An option pays ``OVERSHOOT / alpha`` at the last unit if all goes well. Wealth is its price, so
    far at ``z`` standard deviations; the bet is by how much the price moves with the sum to come.
    """
    values, null, units = 2 * scaled - 1, 2 * scaled_null - 1, len(scaled)
    starts = np.unique(np.linspace(0, units, min(units, betting_steps.STEPS) + 1).astype(int))[:-1]
    goal, wealth, bet, bets = betting.OVERSHOOT / ALPHA, 1.0, 0.0, []
    for i, value in enumerate(values):
        if i in starts:
            spread = ((values[:i] - values[:i].mean()) ** 2).sum() if i else 0.0
            variance = (abs(null) * (1 - abs(null)) + 1e-6 + spread) / (1 + i)
            z = float(ndtri(min(max(wealth / goal, 1e-250), 1.0)))
            density = math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
            moves = density / max(wealth / goal, 1e-250) / math.sqrt(variance * (units - i))
            bet = min(moves, 1 / max(null + 1, 1e-9))
        bets.append(2 * bet)
        wealth *= max(1 + bet * (value - null), 0.0)
    return np.array(bets)


def strategies(theirs: SimpleNamespace, positives: int) -> Iterator[str]:
    """Put the bets of their paper, in their code, to the AUROC units of bench/naive_methods.py.

    All average wealth over the same orders of the same units; ours, as it decides, also takes the
    best moment of the running mean. Bounds are searched for in the first order only.
    """
    drawn = {}
    for number, shape in enumerate(("few", "none")):
        rng = np.random.default_rng([positives, number, 81])
        drawn[shape] = [_units(shape, positives, rng) for _ in range(SETS)]
    unharmed = drawn["none"][:BOUNDS]
    shares = {k: float(np.mean([_ours(u) for u in units])) for k, units in drawn.items()}
    yield _row(positives, "ours", shares, [_our_bound(units) for units in unharmed])
    for name, place in their_bets(theirs).items():
        shares = {k: float(np.mean([_won(u, place) for u in us])) for k, us in drawn.items()}
        yield _row(positives, name, shares, [_their_bound(units, place) for units in unharmed])


def _units(shape: str, positives: int, rng: np.random.Generator) -> Units:
    label, scores, rows = draw(shape, positives, rng)
    return deal_ranking(scores[0], scores[1], label == 1, rows, (1.0, 1.0), most=ORDERS)


def _ours(units: Units) -> bool:
    return BettingMean(units, 1.0).change_at_most(-LIMIT, ALPHA).rejects


def _constant(values: np.ndarray, null: float, *, share: float) -> np.ndarray:
    return np.full(len(values), share / null)


def their_bets(theirs: SimpleNamespace) -> dict[str, Wealth]:
    """Return final wealth by the bets of their paper, by name.

    Bets below 0 are left out: they bet on a lower mean, which the null grants.
    """
    lib = theirs.betting_strategies
    grid: list[Bettor] = [partial(_constant, share=k / 11) for k in range(1, 11)]
    hedged = [lambda x, m: lib.lambda_predmix_eb(x, alpha=ALPHA)]
    fixed = [lambda x, m: lib.lambda_predmix_eb(x, alpha=ALPHA, fixed_n=len(x))]
    kelly = [lambda x, m: np.maximum(lib.lambda_aKelly(x, m), 0.0)]
    bets: dict[str, tuple[list[Bettor], float]] = {
        "mean of ten constant bets": (grid, 1.0),
        "plug-in for any number of units": (hedged, 0.5),
        "plug-in for this many units": (fixed, 1.0),
        "approximate Kelly (aGRAPA)": (kelly, 0.5),
    }

    def wealth(lambdas: list[Bettor], most: float) -> Wealth:
        return lambda x, m: float(
            theirs.betting.diversified_betting_mart(
                x, m, lambdas, alpha=ALPHA, theta=1, trunc_scale=most
            )[-1]
        )

    return {name: wealth(*how) for name, how in bets.items()}


def _won(units: Units, wealth: Wealth) -> bool:
    null = (1 - LIMIT) / 2
    changes = units.candidate - units.baseline
    return bool(np.mean([wealth((x + 1) / 2, null) for x in changes]) >= 1 / ALPHA)


def _our_bound(units: Units) -> float:
    values = (units.candidate - units.baseline)[:1]
    return betting.mean_lower(values, np.ones_like(values), ALPHA, low=-1, high=1)


def _their_bound(units: Units, wealth: Wealth) -> float:
    scaled = ((units.candidate - units.baseline)[0] + 1) / 2
    low, high = 0.0, float(scaled.mean())
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if wealth(scaled, middle) >= 1 / ALPHA else (low, middle)
    return 2 * low - 1


def _row(positives: int, name: str, shares: dict[str, float], bounds: list[float]) -> str:
    return (
        f"| {positives} | {name} | {shares['few']:.3f} | {shares['none']:.3f} "
        f"| {np.mean(bounds):.4f} | {'yes' if shares['few'] <= bar(ALPHA, SETS) else 'NO'} |"
    )


if __name__ == "__main__":
    main()
