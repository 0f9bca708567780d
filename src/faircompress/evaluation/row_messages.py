"""How many rows would settle what is open, in sentences."""

from collections.abc import Sequence

from faircompress.evaluation import more_rows
from faircompress.evaluation.captions import Captions, class_phrase
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.groups import POOLED, Group
from faircompress.evaluation.hypotheses import Check
from faircompress.support.number_text import percent

MOST = 5  # names in a sentence
Counts = dict[str, int]  # by kind of rows


def test_on(checks: Sequence[Check], captions: Captions) -> list[str]:
    """Say, in one step or none, how many rows would settle what is open, most first."""
    power = checks[0].hypothesis.power if checks else 0.0
    needs = {check: more_rows.needed(check, power) for check in checks}
    settled = [check for check, needed in needs.items() if needed]
    if not settled:
        return []
    alone = _by_kind(settled, [needs[check] for check in settled])
    count = f"Test on about {some([f'{needed:,} {kind}' for kind, needed in alone.items()])}"
    start = f"{count}{_all_at_once(settled, len(checks), alone, power)}."
    if checks[0].hypothesis.parts is not None:
        return [
            f"{start} If nobody in this test set is among them they top up this look, which "
            "declared it: no new look, for the same candidate, baseline and rules."
        ]
    return [
        f"{start} Alone they are a first look; added to these {captions.rows} they are a new look "
        "at a test set seen before, since topping up was not declared."
    ]


def _all_at_once(settled: Sequence[Check], among: int, alone: Counts, power: float) -> str:
    """Say how many rows would settle all open checks at once; nothing where there is one."""
    if among == 1:
        return ""
    k, left = len(settled), among - len(settled)
    others = {0: "", 1: "; the other stays open"}.get(left, f"; the other {left} stay open")
    of = f"the {k}" if not left else f"{k} of the {among}"
    each = "each of " if k > 1 else ""
    start = f". That is for {each}{of} open checks alone, at {percent(power)} power"
    if k == 1:
        return start + others
    needs = more_rows.together(settled, power)
    these = "all of them" if not left else f"these {k}"
    if needs is None:
        return f"{start}; to settle {these} at once takes over ten times these rows{others}"
    at_once = _by_kind(settled, needs)
    largest = listed([f"{at_once[kind]:,}" for kind in list(alone)[:MOST]])
    more = ", and more of the others," if len(alone) > MOST else ""
    return f"{start}; about {largest}{more} settle {these} at once with that chance{others}"


def _by_kind(checks: Sequence[Check], needs: Sequence[int | None]) -> Counts:
    """Return the largest count of each kind of rows, the largest first."""
    most: Counts = {}
    for check, needed in zip(checks, needs, strict=True):
        group = _scarce(check)
        kind = _kind(check) + ("" if group.key == POOLED else f" in {group.key}")
        most[kind] = max(most.get(kind, 0), needed or 0)
    return dict(sorted(most.items(), key=lambda one: -one[1]))


def what_settles(check: Check) -> str:
    """Say how many rows would settle a check alone, or that they are there; nothing: unknown."""
    if check.n_needed is None:
        return ""
    own = not check.hypothesis.kind.of_changes or check.rule.rule == "flips"
    given = "the observed rate is true" if own else "nothing truly changes"
    sure = f"{check.rule.limit:g} at {percent(check.hypothesis.power)} power"
    if not more_rows.has_enough(check):
        return f"; about {check.n_needed:,} would certify {sure} if {given}"
    enough = f", enough to certify {sure} if {given}"
    if more := more_rows.if_so(check, check.hypothesis.power):
        if own:
            return f"; about {more:,} would certify {sure} if {given}"
        return f"{enough}; about {more:,} would if what was observed is true"
    where = "lies beyond" if check.distance > 0 else "is too near"
    return f"{enough}: the {'observed rate' if own else 'change'} {where} the limit"


def counts(check: Check) -> str:
    """Say how many rows a check rests on."""
    evidence, captions = check.evidence, check.hypothesis.captions
    of = "" if evidence.clusters is None else f" of {evidence.clusters:,} {captions.clusters}"
    group = _scarce(check).key
    what = [class_phrase(evidence.kind)] if evidence.kind else []
    what += [] if group == POOLED else [f"in {group}"]
    counted = f"{evidence.rows:,} {captions.rows}{of}"
    return f"{counted} are {' '.join(what)}" if what else f"there are {counted}"


def _scarce(check: Check) -> Group:
    found = check.measured
    return check.place.group if isinstance(found, Undefined) else found.scarce


def _kind(check: Check) -> str:
    evidence, captions = check.evidence, check.hypothesis.captions
    kind = f" that are {class_phrase(evidence.kind)}" if evidence.kind else ""
    rows = f"{captions.rows}{kind}"
    return rows if evidence.clusters is None else f"{captions.clusters} with {rows}"


def some(names: list[str]) -> str:
    """Join the first names, and say how many more there are."""
    return listed([*names[:MOST], f"{len(names) - MOST} more"] if len(names) > MOST else names)


def listed(names: list[str]) -> str:
    """Join names by commas and an "and"."""
    return "".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"
