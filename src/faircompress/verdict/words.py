"""The judge's sentences."""

from collections.abc import Sequence

from faircompress.metrics import Metric
from faircompress.verdict import RIVALS, Rule
from faircompress.verdict.budgets import FEWEST_RUNS, Bill
from faircompress.verdict.evidence import Evidence, Undefined
from faircompress.verdict.findings import FAIL, INCONCLUSIVE, PASS, Finding

FALLS = {"higher": "falls", "lower": "rises", "neither": "changes"}
FALL = {"higher": "fall", "lower": "rise", "neither": "change"}


def reads(rule: Rule, metric: Metric) -> str:
    """Say what a rule demands."""
    falls = f"{metric.title} {FALLS[metric.better]}"
    where = "in every group" if rule.groups is None else f"in every group of {_list(rule.groups)}"
    if rule.binds == "change":
        return f"{falls} by at most {rule.limit:g} {where}"
    if rule.binds in RIVALS:
        return f"{falls} by at most {rule.limit:g} from the {rule.binds}'s {where}"
    if rule.binds == "excess":
        return f"{falls} by at most {rule.limit:g} more than everyone's {where}"
    if rule.binds == "drift":
        of = "" if rule.groups is None else f" of {_list(rule.groups)}"
        return f"{metric.title} drifts apart by at most {rule.limit:g} between any two groups{of}"
    least = "at least" if metric.better == "higher" else "at most"
    return f"{metric.title} of the pruned model is {least} {rule.limit:g} {where}"


def not_judged(rule: Rule, metric: Metric, barred: str | None) -> str:
    """Say why a rule was not put: there is no rival, or why it cannot be asked."""
    if barred:
        return (
            f"{reads(rule, metric)}: not settled, since the {rule.against} cannot be asked: "
            f"{barred.rstrip('.')}. A person must decide, or take this rule out of gate.rules."
        )
    return (
        f"{reads(rule, metric)}: not judged, since there is no {rule.against} to compare with; the "
        "first file that is approved becomes it."
    )


def without_rows(names: list[str]) -> list[str]:
    """Say, in one sentence or none, which groups could not be judged."""
    if not names:
        return []
    return [
        f"no test row is in {_some(names)}: not judged. Where such rows occur, harm to them goes "
        "unseen; add some, or declare in gate.absent (of an audit: --absent) that there are none."
    ]


def nobody_in(names: list[str]) -> list[str]:
    """Say for the headline, in one clause or none, what no row was there to tell."""
    return [f"no harm is done to {_some(names)}, of whom there is no row"] if names else []


def looks(way: str, look: int | None) -> str:
    """Say how much of what the rules may err was spent at this look at the test set."""
    if look is None:
        return (
            "The stated confidence is for one look at one test set; looks were not counted. "
            "An audit counts them with --looks FILE, faircompress run always."
        )
    start = f"This is look {look} at this test set"
    if way == "ignore":
        return f"{start}. Looks are not corrected for (gate.looks): the confidence is that of one."
    return (
        f"{start}, which may spend 1/{look * (look + 1)} of each rule's chance of error, so that "
        "all looks together keep within it. A fresh test set starts anew."
    )


def percent(share: float) -> str:
    """Return a share such as 0.975 as 97.5%."""
    return f"{100 * share:.6g}%"


def reason(finding: Finding, verdict: str) -> str:
    """Say what was found in a group, and why that decides or does not."""
    if isinstance(finding.evidence, Undefined):
        counts = f"{_counts(finding)}{_settle(finding)}"
        return f"{_place(finding)} is undefined: {finding.evidence.why}; {counts}."
    start = f"{_found(finding)}; {_limit(finding)}"
    if verdict == PASS:
        return f"{start}. Certified."
    if verdict == FAIL:
        return f"{start}. Harm is confirmed."
    if finding.doubt:
        return f"{start}: {finding.doubt}. {_counts(finding)}."
    alone = finding.fails_at(finding.terms.alpha)
    why = "more harm is likely, but not certain among this many checks" if alone else "not settled"
    return f"{start}: {why}. {_counts(finding)}{_settle(finding)}."


def headline(
    verdict: str,
    findings: Sequence[tuple[Finding, str]],
    bills: Sequence[Bill] = (),
    barred: Sequence[str] = (),
) -> str:
    """Say the verdict in one sentence; ``barred`` are the rules that could not be put."""
    checks = f"{len(findings)} checks" if len(findings) != 1 else "1 check"
    costs = [bill.reads for bill in bills if bill.verdict == verdict]
    if verdict == PASS:
        within = " and that it costs no more" if costs else ""
        return f"Pass: {checks} certified that no group was harmed more than allowed{within}."
    worst = [f for f, v in findings if v == verdict]
    places = _list([_place(f) for f in worst[:3]]) + (" and more" if len(worst) > 3 else "")
    if verdict == FAIL:
        found = [f"harm beyond the limit is confirmed for {places}"] if worst else []
        return f"Fail: {'; '.join(found + [f'it does not hold that {cost}' for cost in costs])}."
    found = [
        f"harm beyond the limit is neither confirmed nor excluded in {len(worst)} of {checks}: "
        f"{places}"
    ]
    unsettled = [f"it is not settled that {rule}" for rule in (*costs, *barred)]
    return f"Inconclusive: {'; '.join((found if worst else []) + unsettled)}."


def what_next(
    verdict: str, findings: Sequence[tuple[Finding, str]], bills: Sequence[Bill] = ()
) -> list[str]:
    """Say what to do, most useful first."""
    if verdict == PASS:
        return ["Release the pruned file."]
    failed = dict.fromkeys(_harmed(f) for f, v in findings if v == FAIL)
    steps = []
    if failed:
        steps.append(
            f"Protect {_list(list(failed))}: prune less (prune.speedup), fine-tune longer, or give "
            "badly served pictures more weight (prune.tuning). Do not test again on these rows."
        )
    if any(bill.verdict == FAIL for bill in bills):
        steps.append("Make the file cheaper: prune more (prune.speedup).")
    unsettled = [bill for bill in bills if bill.verdict == INCONCLUSIVE]
    if unsettled:
        few = any(bill.upper is None for bill in unsettled)
        runs = f"{FEWEST_RUNS} runs or more" if few else "more runs"
        steps.append(
            f"Time {runs} (export.latency_repeats; within a minute a batch size), on a machine "
            "that does nothing else."
        )
    needs: dict[str, int] = {}
    for finding, found in findings:
        if found == INCONCLUSIVE and finding.units_needed and not _has_enough(finding):
            key = f"{_kind(finding)} in {finding.scarce.key}"
            needs[key] = max(needs.get(key, 0), finding.units_needed)
    steps += [f"Test on about {needed} {key}." for key, needed in needs.items()]
    if verdict == INCONCLUSIVE:
        steps.append(f"{'Or have' if steps else 'Have'} a reviewer decide with the bounds in view.")
    return steps


def assumption(power: float) -> str:
    """Say what the counts that would settle a question rest on."""
    return (
        f"Counts hold with {power:.0%} power if the models go on disagreeing as often as observed "
        "and no group truly changes; for a floor, if the observed rate is the true one; for drift "
        "and excess, if all groups grow alike."
    )


def _place(finding: Finding) -> str:
    rival = f" against the {finding.rule.binds}" if finding.rule.binds in RIVALS else ""
    return f"{finding.metric.title} in {_keys(finding)}{rival}"


def _keys(finding: Finding) -> str:
    return finding.group.key if finding.other is None else _against(finding)


def _harmed(finding: Finding) -> str:
    """Name the group that changed for the worse, of two that drifted apart."""
    sign = 1 if finding.metric.better == "higher" else -1
    first_is_worse = finding.other is None or sign * (finding.estimate or 0.0) < 0
    return finding.group.key if first_is_worse or not finding.other else finding.other.key


def _against(finding: Finding) -> str:
    return f"{finding.group.key} against {finding.other.key if finding.other else ''}"


def _found(finding: Finding) -> str:
    evidence, estimate = finding.evidence, finding.estimate
    confidence = percent(1 - finding.terms.alpha)
    sure = f"{confidence} bounds {finding.lower:+.3f} and {finding.upper:+.3f}"
    if not isinstance(evidence, Evidence) or estimate is None:
        return _place(finding)
    if finding.rule.binds == "change":
        return (
            f"{_place(finding)} went from {evidence.dense:.3f} to {evidence.pruned:.3f} "
            f"({estimate:+.3f}; {sure})"
        )
    if finding.rule.binds in RIVALS:
        return (
            f"{_place(finding)} is {evidence.pruned:.3f}, not {evidence.dense:.3f} "
            f"({estimate:+.3f}; {sure})"
        )
    if finding.rule.binds == "drift":
        return f"{_place(finding)} drifted apart by {estimate:+.3f} ({sure})"
    if finding.rule.binds == "excess":
        return f"{_place(finding)} changed by {estimate:+.3f} beyond everyone's ({sure})"
    return f"{_place(finding)} is {estimate:.3f} ({sure.replace('+', '')})"


def _limit(finding: Finding) -> str:
    rule, higher = finding.rule, finding.metric.better == "higher"
    if rule.binds in ("change", "excess", *RIVALS):
        return f"a {FALL[finding.metric.better]} of at most {rule.limit:g} is allowed"
    if rule.binds == "drift":
        return f"at most {rule.limit:g} is allowed"
    return f"{'at least' if higher else 'at most'} {rule.limit:g} is needed"


def _counts(finding: Finding) -> str:
    evidence, group = finding.evidence, finding.scarce
    of = "" if evidence.people is None else f" of {evidence.people} people"
    kind = evidence.kind
    return f"{evidence.rows} pictures{of} are {kind + ' ' if kind else ''}in {group.key}"


def _settle(finding: Finding) -> str:
    if finding.units_needed is None:
        return ""
    floor = finding.rule.binds == "floor"
    given = "the observed rate is true" if floor else "there is no true change"
    sure = f"{finding.rule.limit:g} at {finding.terms.power:.0%} power"
    if _has_enough(finding):
        return f", enough to certify {sure} if {given}: more of them are unlikely to"
    return f"; about {finding.units_needed} would certify {sure}, if {given}"


def _has_enough(finding: Finding) -> bool:
    """Tell whether there are as many units as a question needs that rests on no true change."""
    evidence = finding.evidence
    there = evidence.rows if evidence.people is None else evidence.people
    return finding.units_needed is not None and finding.units_needed <= there


def _kind(finding: Finding) -> str:
    pictures = "people" if finding.evidence.people is not None else "pictures"
    return f"{pictures} that are {finding.evidence.kind}" if finding.evidence.kind else pictures


def _some(names: list[str]) -> str:
    return _list([*names[:5], f"{len(names) - 5} more"] if len(names) > 5 else names)


def _list(names: list[str]) -> str:
    return "".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"
