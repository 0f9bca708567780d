"""The figure of one rule: the intervals that decide, against the limit, as plain values."""

from collections.abc import Callable, Mapping, Sequence

from faircompress.config import plugins
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.results import CheckResult, GroupResult, RuleResult
from faircompress.evaluation.rules import Kind
from faircompress.report.plots import (
    CROSSCHECKS,
    GOES_ON,
    Json,
    Scale,
    capital,
    fitted,
    interval_texts,
    limit_text,
    lines,
    size,
    ticks,
    units_text,
    urgency,
)
from faircompress.support.number_text import minus, percent, signed, unsigned

OWN = ("minimum", "ratio", "flips")  # values without a sign
HEIGHTS = {"bootstrap": 24, "delong": 76}  # percent of a row's height; the deciding one is at 50
MOST_PAIRS = 12  # of a rule on pairs that are drawn; the table has them all
EDGE = 20.0  # percent of the width that the word for a line may need on a phone


def figure_of(rule: RuleResult) -> str:
    """Return what figures of a rule's kind show."""
    kind: Kind = plugins.find("rules", rule.rule)
    return kind.figure or f"{rule.rule.replace('_', ' ')} by group"


def forest(
    rule: RuleResult,
    groups: Sequence[GroupResult],
    captions: Captions,
    beside: Callable[[CheckResult], str] = lambda check: "",
) -> Json:
    """Return the figure of one rule: an interval for every group or pair, against the limit.

    Args:
        rule: The rule with its checks; their bounds decide and are drawn in full.
        groups: All rates of all groups; cross-checks of the same confidence are drawn faintly.
        captions: What rows are called.
        beside: Gives what else must be said beside a check's numbers.
    """
    checks, own = rule.checks, rule.rule in OWN
    known = [c for c in checks if c.estimate is not None]
    ends = lines(checks[0])
    scale = fitted(
        [*ends, *([] if own else [0.0]), *(c.estimate for c in known if c.estimate is not None)],
        [end for c in known for end in (c.lower, c.upper) if end is not None],
        most=2.5,
    )
    many = rule.two_sided and len(checks) > MOST_PAIRS
    shown = sorted(checks, key=urgency(rule))[:MOST_PAIRS] if many else checks
    show = unsigned if own else signed
    others = crosschecks(rule, groups)
    drawn = [name for name in CROSSCHECKS if any(name in found for found in others.values())]
    sizes = (capital(captions.rows), "Units")
    return {
        "heading": f"{capital(rule.title)}: {figure_of(rule)}{_against(rule, captions)}",
        "outcome": rule.outcome,
        "caption": _caption(rule, drawn, captions),
        "marks": _marks(rule, ends, scale),
        "bands": _bands(checks[0], scale),
        "ticks": ticks(scale, signs=not own),
        "bars": [
            {
                **_bar(c, scale, show, captions.rows),
                "others": _others(others.get(c.group, {}), scale),
                "beside": beside(c),
            }
            for c in shown
        ],
        "hidden": len(checks) - len(shown),
        "columns": [
            "Group", "Found", "Lower", "Upper", "Limit", *sizes, "Bound",
            *(CROSSCHECKS[name] for name in drawn), "Outcome",
        ],
        "table": [
            [*_row(c, show), *interval_texts(others.get(c.group, {}), drawn), c.outcome]
            for c in checks
        ],
    }  # fmt: skip


def crosschecks(
    rule: RuleResult, groups: Sequence[GroupResult]
) -> dict[str, dict[str, list[float]]]:
    """Return group -> method -> interval of the change that a rule limits; {} where none is."""
    if rule.rule != "change" or rule.against != "baseline":
        return {}
    found = {}
    for group in groups:
        rates = group.metrics.get(rule.metric)
        if rates is not None and rates.confidence == rule.confidence:
            known = {name: getattr(rates, name) for name in CROSSCHECKS}
            found[group.group] = {name: pair for name, pair in known.items() if pair}
    return found


def _against(rule: RuleResult, captions: Captions) -> str:
    return "" if rule.against == "baseline" else f", from the {captions.model(rule.against)}"


def _caption(rule: RuleResult, drawn: Sequence[str], captions: Captions) -> str:
    worse = {"higher": "below 0 is worse", "lower": "above 0 is worse"}
    alone = f"the {captions.candidate} model alone"
    ends = {
        "disparity_change": "0 means that both groups changed alike",
        "minimum": alone,
        "gap": f"{alone}; 0 means that both groups are served alike",
        "ratio": f"{alone}; 1 means that both groups are served alike",
        "flips": "less is better",
    }.get(rule.rule, worse.get(rule.better, "a change either way is harm"))
    places = zip((CROSSCHECKS[name] for name in drawn), ("above", "below"), strict=False)
    thin = " and ".join(f"{name} ({place})" for name, place in places)
    because = f" Why this limit: {rule.because.rstrip('.')}." if rule.because else ""
    return (
        f"{capital(rule.description)}.{because} Bounds at {percent(rule.confidence)}; {ends}."
        + (f" Thin grey lines: {thin}, cross-checks that decide nothing." if thin else "")
    )


def _marks(rule: RuleResult, ends: Sequence[float], scale: Scale) -> list[Json]:
    """Return the lines across the figure, and words for them that stay on a narrow screen."""
    if len(ends) == 2:
        marks = _two_limits(ends, scale)
        return marks if rule.rule in OWN else [*marks, _zero_mark(scale, left=False, text="")]
    line, left = ends[0], rule.checks[0].limit_lower is not None
    name = "minimum" if rule.rule == "minimum" and left else "limit"
    marks = [_limit_mark(name, line, scale, left=left)]
    if rule.rule not in OWN:
        apart = abs(scale(0) - scale(line)) > EDGE or EDGE < scale(line) < 100 - EDGE
        roomy = apart and EDGE < scale(0) < 100 - EDGE
        marks.append(_zero_mark(scale, left=not left, text="no change" if roomy else ""))
    return marks


def _two_limits(ends: Sequence[float], scale: Scale) -> list[Json]:
    """Return both lines; with one text between them where two would overlap."""
    marks = [_limit_mark("limit", x, scale, left=x == ends[0]) for x in ends]
    sides, apart = [mark["side"] for mark in marks], marks[1]["x"] - marks[0]["x"]
    room = {("end", "start"): 0.0, ("start", "end"): 2 * EDGE}.get((sides[0], sides[1]), EDGE)
    if apart >= room:
        return marks
    low, high = (minus(f"{x:.3g}") for x in ends)
    text = f"limits \N{PLUS-MINUS SIGN}{high}" if ends[0] == -ends[1] else f"limits {low}, {high}"
    kept = 1 if marks[0]["side"] == "start" else 0
    return [mark | {"text": text if k == kept else ""} for k, mark in enumerate(marks)]


def _limit_mark(name: str, line: float, scale: Scale, *, left: bool) -> Json:
    place = scale(line)
    left = place > 100 - EDGE or (left and place > EDGE)
    text = f"{name} {minus(f'{line:.3g}')}"
    return {"x": place, "text": text, "side": "end" if left else "start", "kind": "limit"}


def _zero_mark(scale: Scale, *, left: bool, text: str) -> Json:
    return {"x": scale(0), "text": text, "side": "end" if left else "start", "kind": "zero"}


def _bands(check: CheckResult, scale: Scale) -> list[Json]:
    """Shade where harm is beyond the limit."""
    bands = []
    if check.limit_lower is not None:
        bands.append({"x": 0, "width": scale(check.limit_lower)})
    if check.limit_upper is not None:
        end = scale(check.limit_upper)
        bands.append({"x": end, "width": round(100 - end, 2)})
    return bands


def _others(found: Mapping[str, Sequence[float]], scale: Scale) -> list[Json]:
    return [
        {
            "y": HEIGHTS[name],
            "low": scale(low),
            "high": scale(high),
            "low_cut": scale.outside(low),
            "high_cut": scale.outside(high),
        }
        for name, (low, high) in found.items()
    ]


def _bar(check: CheckResult, scale: Scale, show: Callable[..., str], rows: str) -> Json:
    bar = {
        "name": check.place,
        "size": size(check, rows),
        "outcome": check.outcome,
        "title": check.reason,
    }
    low, high, ends = check.lower, check.upper, lines(check)
    nothing = dict.fromkeys(("at", "low", "high"))
    if check.estimate is None or low is None:
        return {**bar, **nothing, "low_cut": False, "high_cut": False, "found": "undefined"}
    top = scale.high + 1 if high is None else high
    shown = "no end" if high is None else show(high, *ends)
    cut = scale.outside(low) or scale.outside(top)
    return {
        **bar,
        "title": f"{check.reason} {GOES_ON}" if cut else check.reason,
        "at": scale(check.estimate),
        "low": scale(low),
        "high": scale(top),
        "low_cut": scale.outside(low),
        "high_cut": scale.outside(top),
        "found": f"{show(check.estimate)} [{show(low, *ends)}, {shown}]",
    }


def _row(check: CheckResult, show: Callable[..., str]) -> list[str]:
    numbers, ends = (check.estimate, check.lower, check.upper), lines(check)
    texts = ["undefined" if x is None else show(x, *ends) for x in numbers]
    counts = [f"{check.n:,}", units_text(check)]
    return [check.place, *texts, limit_text(check, show), *counts, check.method or "none"]
