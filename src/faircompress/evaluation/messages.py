"""The sentences of a verdict."""

from collections.abc import Iterable, Sequence

from faircompress.config.rules import BASELINE
from faircompress.evaluation import baseline_rates
from faircompress.evaluation.captions import Captions, class_phrase
from faircompress.evaluation.costs import FEWEST_RUNS
from faircompress.evaluation.estimates import Undefined
from faircompress.evaluation.groups import POOLED, Group
from faircompress.evaluation.hypotheses import Check, Hypothesis
from faircompress.evaluation.results import CostResult, Outcome, RuleResult
from faircompress.evaluation.row_messages import counts, listed, some, test_on, what_settles
from faircompress.evaluation.rules import Measured, Scope
from faircompress.support.number_text import percent

Found = Sequence[tuple[Check, Outcome]]


def description(hypothesis: Hypothesis) -> str:
    """Say what a rule demands."""
    rule, captions = hypothesis.rule, hypothesis.captions
    groups = "group" if rule.groups is None else f"group of {listed(rule.groups)}"
    against = "" if rule.against == BASELINE else captions.model(rule.against)
    scope = Scope(groups, against, captions)
    return hypothesis.kind.describe(rule.limit, hypothesis.metric, scope)


def not_tested(hypothesis: Hypothesis, why: str | None) -> str:
    """Say why a rule was not tested: there is no reference, or why it cannot be compared."""
    captions = hypothesis.captions
    model = captions.model(hypothesis.rule.against)
    if why:
        return (
            f"not settled, since the {model} cannot be compared: {why.rstrip('.')}. A person must "
            f"decide, or take this rule out of {captions.rules}."
        )
    return f"not tested, since there is no {model} yet. The first approved file becomes it."


def without_rows(names: list[str], captions: Captions) -> list[str]:
    """Say, in one sentence or none, which groups could not be tested."""
    if not names:
        return []
    return [
        f"no test {captions.row} is in {some(names)}, so harm there goes unseen. Add some, or "
        f"declare in {captions.absent} that there are none."
    ]


def nobody_in(names: list[str]) -> list[str]:
    """Say for the headline, in one clause or none, what no row was there to tell."""
    return [f"no harm is done in {some(names)}, where there is no row"] if names else []


def reason(check: Check, outcome: Outcome) -> str:
    """Say what was found at a place, and why that decides or does not."""
    return f"{_reason(check, outcome)}{baseline_rates.baseline_rate(check, outcome)}"


def rate_and_limit(check: Check) -> str:
    """Say what was found at a place and what is allowed, in a clause."""
    if isinstance(check.measured, Undefined):
        return f"{_place(check)} is undefined: {check.measured.why}"
    return f"{_found(check)}; {check.hypothesis.kind.allowed(check.rule.limit, check.metric)}"


def _reason(check: Check, outcome: Outcome) -> str:
    if isinstance(check.measured, Undefined):
        return f"{rate_and_limit(check)}; {counts(check)}{what_settles(check)}."
    start = rate_and_limit(check)
    if outcome == Outcome.PASS:
        return f"{start}."
    if outcome == Outcome.FAIL:
        return f"{start}. Harm beyond the limit is confirmed."
    if check.doubt:
        return f"{start}: {check.doubt}. {counts(check)}."
    alone = check.fails_at(check.hypothesis.own_alpha)
    why = "not settled"
    if alone or check.harm_likely:
        why = "harm is likely, but not confirmed among this many checks"
    return f"{start}: {why}. {counts(check)}{what_settles(check)}."


def headline(
    outcome: Outcome, found: Found, costs: Sequence[CostResult] = (), open_rules: Sequence[str] = ()
) -> str:
    """Say the verdict in one sentence.

    Args:
        outcome: Of everything.
        found: Checks, worst first.
        costs: Rules on cost.
        open_rules: What else is not settled, each after "it is not settled that".
    """
    checks = f"all {len(found)} checks" if len(found) != 1 else "1 check"
    paid = [cost.description for cost in costs if cost.outcome == outcome]
    if outcome == Outcome.PASS:
        within = ", and the file costs no more than allowed" if paid else ""
        return f"Pass: {checks} passed; no group was harmed more than allowed{within}."
    worst = [check for check, of in found if of == outcome]
    more = [f"{len(worst) - 3} more"] if len(worst) > 3 else []
    places = listed([*map(_place, worst[:3]), *more])
    if outcome == Outcome.FAIL:
        harm = [f"harm beyond the limit is confirmed for {places}"] if worst else []
        return f"Fail: {'; '.join(harm + [f'it does not hold that {cost}' for cost in paid])}."
    harm = [
        f"harm beyond the limit is neither confirmed nor excluded in {len(worst)} of "
        f"{checks.removeprefix('all ')}: {places}"
    ]
    unsettled = [f"it is not settled that {rule}" for rule in (*paid, *open_rules)]
    return f"Inconclusive: {'; '.join((harm if worst else []) + unsettled)}."


def what_next(
    outcome: Outcome, found: Found, costs: Sequence[CostResult], captions: Captions
) -> list[str]:
    """Say what to do, most useful first."""
    if outcome == Outcome.PASS:
        return [f"Release the {captions.candidate} file."]
    failed = [check for check, of in found if of == Outcome.FAIL]
    steps = []
    lost = baseline_rates.lost_by_compression(failed)
    if harmed := _names(lost):
        steps.append(f"Protect {harmed}: {captions.protect}. Do not test again on these rows.")
    too = [check for check in failed if baseline_rates.baseline_misses(check)]
    if too:
        steps.append(baseline_rates.improve(_names(too), captions))
    served = _names(check for check in failed if check not in lost and check not in too)
    if served:
        steps.append(
            f"Look at the {captions.baseline} model's rates of {served}: if they miss the limit "
            "too, compressing less will not mend it."
        )
    if any(cost.outcome == Outcome.FAIL for cost in costs):
        steps.append(f"{captions.cheapen}: the file costs too much.")
    unsettled = [cost for cost in costs if cost.outcome == Outcome.INCONCLUSIVE]
    if unsettled:
        few = any(cost.upper is None for cost in unsettled)
        steps.append(f"{captions.measure}{f'; {FEWEST_RUNS} runs at least' if few else ''}.")
    if outcome == Outcome.INCONCLUSIVE:  # confirmed harm stays, however many rows are added
        steps += test_on([check for check, of in found if of == Outcome.INCONCLUSIVE], captions)
        steps.append(f"{'Or have' if steps else 'Have'} a reviewer decide with the bounds in view.")
    return steps


def assumption(power: float) -> str:
    """Say what the counts that would settle a question rest on."""
    return (
        f"Counts hold for each check alone, with {percent(power)} power, if the models go on "
        "disagreeing as often as observed and no group truly changes; for flips, a minimum, a gap "
        "or a ratio, if the observed rates are true; for differences between groups, if all groups "
        "grow alike. Counts for k open checks at once ask each of them for the power 1 - "
        f"{1 - power:.2g} / k; then all of them pass with {percent(power)} chance at least, "
        "whatever ties them together. All are counts at the level of this look."
    )


def open_rules(rules: Sequence[RuleResult]) -> list[str]:
    """Return the descriptions of rules that nothing could be compared for, and that block."""
    return [r.description for r in rules if not r.checks and r.outcome == Outcome.INCONCLUSIVE]


def _place(check: Check) -> str:
    rule, captions = check.rule, check.hypothesis.captions
    against = "" if rule.against == BASELINE else f" against the {captions.model(rule.against)}"
    return f"{check.metric.title} {_where(check)}{against}"


def _where(check: Check) -> str:
    place = check.place
    if place.other is not None:
        return f"in {place.group.key} against {place.other.key}"
    if place.label is not None:
        name = class_phrase(check.classes[place.label])
        return f"of {name} {_in(place.group, check)}"
    return _in(place.group, check)


def _in(group: Group, check: Check) -> str:
    if group.key == POOLED:
        return f"over all {check.hypothesis.captions.rows}"
    return f"in {group.key}"


def _names(checks: Iterable[Check]) -> str:
    """Name the groups of checks: of pairs those that changed for the worse, if that is known."""
    names = (name for check in checks for name in _harmed(check))
    return listed(list(dict.fromkeys(names)))


def _harmed(check: Check) -> list[str]:
    place, found, better = check.place, check.measured, check.metric.better
    if place.other is None:
        return ["everyone" if place.group.key == POOLED else place.group.key]
    if isinstance(found, Undefined) or found.estimate is None or better == "neither":
        return [place.group.key, place.other.key]
    excess = found.estimate - (check.hypothesis.kind.neutral or 0.0)
    first = excess < 0 if better == "higher" else excess > 0
    return [place.group.key if first else place.other.key]


def _found(check: Check) -> str:
    found, bounds = check.measured, check.bounds
    if isinstance(found, Undefined) or bounds is None:
        return _place(check)
    sure = f"{percent(1 - check.hypothesis.alpha)} bounds {bounds[0]:+.3f} and {bounds[1]:+.3f}"
    if check.hypothesis.kind.neutral != 0.0 or check.rule.rule == "flips":
        sure = sure.replace("+", "")
    if found.estimate is None:
        return f"{_place(check)} has no value, since a rate is 0 ({sure})"
    shown = check.hypothesis.kind.shown(check.metric, found.evidence, found.estimate)
    return f"{_place(check)} {shown}{_apart(found)}, {sure}"


def _apart(found: Measured) -> str:
    """Say whether two groups came nearer to each other, which a change either way hides."""
    if found.apart is None:
        return ""
    before, after = found.apart
    nearer = "nearer to" if after < before else "further from"
    return f", {nearer} each other: {before:.3f} apart before, {after:.3f} now"
