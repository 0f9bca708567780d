"""What a check found, in the words and units that people use: points, percent, a score."""

from faircompress.evaluation.captions import Captions, class_phrase, group_phrase
from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import CheckResult, Outcome, RuleResult
from faircompress.evaluation.verdict import Verdict
from faircompress.evaluation.worst_check import in_doubt, room, worst_check
from faircompress.report.plots import lines
from faircompress.support.number_text import (
    MINUS,
    minus,
    percent,
    plain_points,
    points,
    share,
    signed,
    unsigned,
    went,
    went_share,
)

TITLES = {"auroc": "AUROC", "cross_group_auroc": "cross-group AUROC"}
SCORES = ("auroc", "cross_group_auroc")  # the other metrics are shares
PAIRS = ("disparity_change", "gap")
FALL = {"higher": "a fall", "lower": "a rise", "neither": "a change"}


def where(check: CheckResult, captions: Captions) -> str:
    """Name the place of a check."""
    if check.group == POOLED and not check.other:
        return f"{class_phrase(check.subgroup)} over all {captions.rows}" if check.subgroup else (
            f"all {captions.rows}"
        )  # fmt: skip
    return check.place


def what(rule: RuleResult) -> str:
    """Name what a rule is about, in a word or two."""
    return about(rule.rule, rule.title, rule.against)


def about(kind: str, title: str, against: str) -> str:
    """Name what a rule of a kind is about, with its metric's name in a sentence."""
    named = {
        "flips": "newly wrong",
        "disparity_change": f"difference of changes, {title}",
        "gap": f"gap, {title}",
        "ratio": f"ratio, {title}",
        "excess_loss": f"{title} beyond everyone's",
    }
    other = "" if against == "baseline" else f", from the {against.replace('_', ' ')}"
    return f"{named.get(kind, title)}{other}"


def check_in_words(check: str) -> str:
    """Say the name of a check, "flips negative_flips against baseline: g=a", as people do."""
    head, _, place = check.partition(": ")
    kind, metric, _, against = head.split(" ", 3)
    least = "minimum, " if kind == "minimum" else ""  # which a change of it is told apart from
    return f"{least}{about(kind, metric_in_words(metric), against)}: {group_phrase(place)}"


def metric_in_words(metric: str) -> str:
    """Say the name of a metric as people do."""
    return TITLES.get(metric, metric.replace("_", " "))


def value(rule: RuleResult, number: float | None, *others: float) -> str:
    """Write a value of a rule in its unit."""
    if number is None:
        return "undefined"
    if rule.rule == "ratio":
        return unsigned(number, *others)
    if rule.rule in ("flips", "minimum"):
        return unsigned(number, *others) if rule.metric in SCORES else share(number, *others)
    return signed(number, *others) if rule.metric in SCORES else points(number, *others)


def limit(rule: RuleResult, number: float) -> str:
    """Write a limit in the unit of the rule's values."""
    if rule.rule == "ratio" or rule.metric in SCORES:
        return minus(f"{number:g}")
    unit = "%" if rule.rule in ("flips", "minimum") else "points"
    return f"{minus(f'{100 * number:.4g}')} {unit}"


def found(rule: RuleResult, check: CheckResult) -> str:
    """Say what was found in a check: both rates where a change is limited, else the value."""
    if check.estimate is None:
        return "undefined"
    number = value(rule, check.estimate, *lines(check))
    if rule.rule != "change" or check.baseline is None or check.candidate is None:
        return number
    rates = (went if rule.metric in SCORES else went_share)(check.baseline, check.candidate)
    return rates if rates.startswith("unchanged") else f"{rates} ({number})"


def allowed(rule: RuleResult, check: CheckResult) -> str:
    """Say what is allowed there."""
    if rule.rule == "ratio":
        return f"{' to '.join(unsigned(line) for line in lines(check))} is allowed"
    score = rule.metric in SCORES
    if rule.rule in ("flips", "minimum"):
        least = "at most" if check.limit_lower is None else "at least"
        limit = f"{rule.limit:g}" if score else f"{100 * rule.limit:.4g} %"
        return f"{least} {limit} is {'allowed' if rule.rule == 'flips' else 'needed'}"
    size = f"{rule.limit:g}" if score else plain_points(rule.limit)
    what = "at most" if rule.rule in PAIRS else f"{FALL[rule.better]} of at most"
    return f"{what} {size} is allowed"


def worst_sentence(verdict: Verdict) -> str:
    """Say who is served worst, what was found there and what is allowed; empty: no check."""
    decides = worst_check(verdict)
    if decides is None:
        return ""
    return sentence(*decides, verdict.captions)


def worst_with_bounds(verdict: Verdict) -> str:
    """Say the same, and between which bounds the truth lies; empty: no check."""
    decides = worst_check(verdict)
    return f"{worst_sentence(verdict)}; bounds {bounds(*decides)}" if decides else ""


def sentence(rule: RuleResult, check: CheckResult, captions: Captions) -> str:
    """Say where a check was made, what was found and what is allowed."""
    place = where(check, captions)
    return f"{place}: {what(rule)} {found(rule, check)}; {allowed(rule, check)}"


def deciding(verdict: Verdict) -> list[str]:
    """Return a sentence for each check that came out as the verdict did, worst first.

    Of a fail that is confirmed harm; of an inconclusive what is open, with its bounds.
    """
    checks = [(r, c) for r in verdict.tested for c in r.checks if c.outcome == verdict.outcome]
    checks = [(rule, check) for rule, check in checks if check.estimate is not None]
    is_open = verdict.outcome == Outcome.INCONCLUSIVE
    checks.sort(key=lambda one: in_doubt(*one) if is_open else room(*one))
    return [
        sentence(rule, check, verdict.captions) + (f"; {bounds(rule, check)}" if is_open else "")
        for rule, check in checks
    ]


def beyond_room(rule: RuleResult, check: CheckResult) -> str:
    """Say when a change could reach its bound, if the observed rate leaves no room for it."""
    before, low, high = check.baseline, check.lower, check.upper
    if rule.rule != "change" or before is None or low is None or high is None:
        return ""
    ways = [("rise", high, "lower")] if before + high > 1 else []
    ways += [("fall", low, "higher")] if before + low < 0 else []
    return " ".join(
        f"A {way} of {value(rule, end).lstrip('+' + MINUS)} needs a true rate before that is "
        f"{than} than the one observed."
        for way, end, than in ways
    )


def bounds(rule: RuleResult, check: CheckResult) -> str:
    """Say between which bounds the truth lies, and how surely."""
    if check.lower is None:
        return "no bounds"
    low = value(rule, check.lower, *lines(check))
    high = "no end" if check.upper is None else value(rule, check.upper, *lines(check))
    for unit in (" points", " %"):
        if low.endswith(unit) and high.endswith(unit):
            low = low.removesuffix(unit)
    return f"{low} to {high}, each bound with {percent(rule.confidence)} confidence"
