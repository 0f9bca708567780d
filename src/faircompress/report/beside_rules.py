"""What a verdict reports beside its rules, as tables of the report and of the model card."""

from collections.abc import Sequence

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.reported_results import Coverage, OwnRate
from faircompress.evaluation.results import CheckResult, RuleResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.plots import Json, capital
from faircompress.support.number_text import ARROW, percent, signed, unsigned

LAYERS = {
    "half": "At 0.5",
    "selection_rate": "At the {baseline} selection rate",
    "false_positive_rate": "At each group's own false positive rate",
}
MEANS = {
    "half": "Harm here that the next line lacks is the threshold's. To move it to the {baseline} "
    "model's selection rate mends it.",
    "selection_rate": "Harm here that the next line lacks is a shift: the group's scores slipped "
    "under the others'. Weight on the group in training mends it; one threshold does not.",
    "false_positive_rate": "Harm here is lost ranking within the group. No threshold mends it; to "
    "compress less may.",
}
STATUS = {"none": "no row", "few": "too few for any pass", "absent": "none, as declared"}


def beside_rules(verdict: Verdict) -> Json:
    """Return every part, each with a sentence, columns and rows; {} where there is nothing."""
    captions = verdict.captions
    return {
        "layers": _layers(verdict),
        "tipping": _tipping(verdict),
        "own_rates": own_rates(verdict),
        "dropped": _dropped(verdict),
        "coverage": _coverage(verdict.coverage, captions),
        "sparse": [f"{one.group} is {one.reason}." for one in verdict.sparse],
    }


def own_rates(verdict: Verdict) -> Json:
    """Return the candidate's own rates, a line a group; {} if the verdict has none."""
    found = verdict.own_rates
    if found is None or not found.rates:
        return {}
    titles = dict.fromkeys(rate.title for rate in found.rates)
    groups = dict.fromkeys(rate.group for rate in found.rates)
    cells = {(rate.group, rate.title): rate for rate in found.rates}
    return {
        "sentence": f"Rates of the {verdict.captions.candidate} model itself, with bounds that "
        f"hold for all {len(found.rates)} at once with {percent(found.confidence)} confidence "
        f"({percent(1 - found.alpha)} for each bound: Bonferroni). No rule reads them.",
        "columns": ["Group", *map(capital, titles)],
        "rows": [[group, *(_rate(cells.get((group, t))) for t in titles)] for group in groups],
    }


def _rate(rate: OwnRate | None) -> str:
    if rate is None:
        return "undefined"
    bounds = f"{unsigned(rate.lower)} to {unsigned(rate.upper)}"
    return f"{unsigned(rate.estimate)} ({bounds}; {rate.n:,})"


def _layers(verdict: Verdict) -> Json:
    found, captions = verdict.layers, verdict.captions
    if found is None:
        return {}
    rows = [
        [
            LAYERS[layer.threshold].format(baseline=captions.baseline),
            layer.group,
            f"{unsigned(layer.baseline)} {ARROW} {unsigned(layer.candidate)}",
            signed(layer.change),
            MEANS[layer.threshold].format(baseline=captions.baseline),
        ]
        for layer in found.layers
    ]
    columns = ["Thresholds", "Worst group", "True positive rate", "Change", "What it says"]
    return {"sentence": found.sentence, "columns": columns, "rows": rows}


def _tipping(verdict: Verdict) -> Json:
    found = [(rule, check) for rule in verdict.tested for check in rule.checks if check.tipping]
    if not found:
        return {}
    known = sorted((one for one in found if not _why(one[1])), key=lambda one: _labels(one[1]))
    why = dict.fromkeys(_why(check) for _, check in found if _why(check))
    rows = [_tipped(rule, check) for rule, check in known]
    first = f"Fewest: {rows[0][3]}, for {rows[0][0]} in {rows[0][1]}. " if rows else ""
    counts = [sum(_why(check) == text for _, check in found) for text in why]
    others = " ".join(
        f"In {count} check{'s' if count > 1 else ''}: {text}."
        for text, count in zip(why, counts, strict=True)
    )
    columns = ["Rate", "Where", "Outcome", "Wrong labels that tip the test", "the estimate"]
    return {"sentence": f"{first}{others}".strip(), "columns": columns, "rows": rows}


def _why(check: CheckResult) -> str:
    return check.tipping.why if check.tipping else ""


def _labels(check: CheckResult) -> int:
    return (check.tipping.test if check.tipping else None) or 0


def _tipped(rule: RuleResult, check: CheckResult) -> list[str]:
    tipping = check.tipping
    test, estimate = (tipping.test, tipping.estimate) if tipping else (None, None)
    of = f"{test:,} of {check.n:,}"
    return [rule.title, check.place, check.outcome, of, "none" if estimate is None else
            f"{estimate:,}"]  # fmt: skip


def _dropped(verdict: Verdict) -> Json:
    found = verdict.dropped
    if found is None:
        return {}
    rows = [
        [case.group, case.title, f"{case.dropped:,} beside {case.rows:,}", signed(case.change),
         f"{signed(case.lower)} to {signed(case.upper)}"]
        for case in found.changes
    ]  # fmt: skip
    columns = ["Group", "Rate", "Dropped", "Change without them", "With the worst answers"]
    return {"sentence": found.sentence, "columns": columns, "rows": rows}


def _coverage(found: Sequence[Coverage], captions: Captions) -> Json:
    if not found:
        all_there = (
            f"Every group that is tested has enough {captions.rows} of each class for a pass"
        )
        return {"sentence": f"{all_there}, if no harm is seen.", "columns": [], "rows": []}
    rows = [
        [
            f"{one.subgroup} in {one.group}" if one.subgroup else one.group,
            f"{one.rows:,}",
            "not known" if one.needed is None else f"{one.needed:,}",
            STATUS[one.status],
        ]
        for one in found
    ]
    sentence = "Of these nothing is known, or too little for the strictest rule to pass."
    columns = ["Where", capital(captions.rows), "Needed at least", "What is there"]
    return {"sentence": sentence, "columns": columns, "rows": rows}
