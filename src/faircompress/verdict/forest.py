"""The figure of one rule: the intervals that decide, against the limit, as plain values."""

from collections.abc import Callable, Mapping, Sequence

from faircompress.verdict.plots import (
    CROSSCHECKS,
    SIZES,
    Json,
    Scale,
    capital,
    cells,
    fitted,
    group_name,
    lines,
    minus,
    plain,
    signed,
    size,
    ticks,
    two_sided,
    urgency,
)
from faircompress.verdict.words import percent

NAMES = {
    "change": "change by group",
    "champion": "change from the champion by group",
    "anchor": "change from the first champion by group",
    "excess": "change by group beyond everyone's",
    "drift": "drift between groups",
    "floor": "floor by group",
}
COLUMNS = ("Group", "Found", "Lower", "Upper", "Limit", *SIZES, "Bound")
HEIGHTS = {"bootstrap": 24, "delong": 76}  # percent of a row's height; the deciding one is at 50
MOST_PAIRS = 12  # of a drift rule that are drawn; the table has them all
EDGE = 20.0  # percent of the width that the word for a line may need on a phone


def forest(rule: Json, groups: Sequence[Json] = ()) -> Json:
    """Return the figure of one rule: an interval for every group or pair, against the limit.

    Args:
        rule: The rule with its findings; their bounds decide and are drawn in full.
        groups: All rates of all groups; cross-checks of the same confidence are drawn faintly.
    """
    findings, floor = rule["findings"], rule["binds"] == "floor"
    known = [f for f in findings if f["estimate"] is not None]
    scale = fitted(
        [*lines(rule), *([] if floor else [0.0]), *(f["estimate"] for f in known)],
        [f[end] for f in known for end in ("lower", "upper")],
        most=2.5,
    )
    many = rule["binds"] == "drift" and len(findings) > MOST_PAIRS
    shown = sorted(findings, key=urgency(rule))[:MOST_PAIRS] if many else findings
    show = plain if floor else signed
    checks = crosschecks(rule, groups)
    drawn = [name for name in CROSSCHECKS if any(name in found for found in checks.values())]
    return {
        "heading": f"{capital(rule['title'])}: {NAMES[rule['binds']]}",
        "verdict": rule["verdict"],
        "reads": _caption(rule, drawn),
        "marks": _marks(rule, scale),
        "bands": _bands(rule, scale),
        "ticks": ticks(scale, signs=not floor),
        "bars": [
            {**_bar(f, scale, show), "others": _others(checks.get(f["group"], {}), scale)}
            for f in shown
        ],
        "hidden": len(findings) - len(shown),
        "columns": [*COLUMNS, *(CROSSCHECKS[name] for name in drawn), "Verdict"],
        "table": [
            [*_row(rule, f, show), *cells(checks.get(f["group"], {}), drawn), f["verdict"]]
            for f in findings
        ],
    }


def crosschecks(rule: Json, groups: Sequence[Json]) -> dict[str, dict[str, list[float]]]:
    """Return group -> method -> interval of the change that a rule binds; {} where none is."""
    if rule["binds"] != "change":
        return {}
    rates = {group["group"]: group["metrics"].get(rule["metric"], {}) for group in groups}
    return {
        key: {name: found[name] for name in CROSSCHECKS if found.get(name)}
        for key, found in rates.items()
        if found.get("confidence") == rule["confidence"]
    }


def _caption(rule: Json, drawn: Sequence[str]) -> str:
    worse = {"higher": "below 0 is worse", "lower": "above 0 is worse"}
    ends = {
        "drift": "0 means that both groups changed alike",
        "floor": "the pruned model alone",
    }.get(rule["binds"], worse.get(rule["better"], "a change either way is harm"))
    places = zip((CROSSCHECKS[name] for name in drawn), ("above", "below"), strict=False)
    thin = " and ".join(f"{name} ({place})" for name, place in places)
    return (
        f"{capital(rule['reads'])}. Mark: what was found; line: its bounds, one-sided at "
        f"{percent(rule['confidence'])} each; {ends}."
        + (f" Thin grey lines: {thin}, cross-checks that decide nothing." if thin else "")
    )


def _marks(rule: Json, scale: Scale) -> list[Json]:
    """Return the lines across the figure, and words for them that stay on a narrow screen."""
    higher, ends = rule["better"] == "higher", lines(rule)
    if two_sided(rule):
        words = [_limit_mark("limit", x, scale, left=x < 0) for x in ends]
        return [*words, _zero_mark(scale, left=False, text="")]
    line = ends[0]
    word = "floor" if rule["binds"] == "floor" and higher else "limit"
    marks = [_limit_mark(word, line, scale, left=higher)]
    if rule["binds"] != "floor":
        apart = abs(scale(0) - scale(line)) > EDGE or EDGE < scale(line) < 100 - EDGE
        roomy = apart and EDGE < scale(0) < 100 - EDGE
        marks.append(_zero_mark(scale, left=not higher, text="no change" if roomy else ""))
    return marks


def _limit_mark(word: str, line: float, scale: Scale, *, left: bool) -> Json:
    place = scale(line)
    left = place > 100 - EDGE or (left and place > EDGE)
    text = f"{word} {minus(f'{line:g}')}"
    return {"x": place, "text": text, "side": "end" if left else "start", "kind": "limit"}


def _zero_mark(scale: Scale, *, left: bool, text: str) -> Json:
    return {"x": scale(0), "text": text, "side": "end" if left else "start", "kind": "zero"}


def _bands(rule: Json, scale: Scale) -> list[Json]:
    """Shade where harm is beyond the limit."""
    start, end = scale(lines(rule)[0]), scale(lines(rule)[-1])
    left = {"x": 0, "width": start}
    right = {"x": end, "width": round(100 - end, 2)}
    if two_sided(rule):
        return [left, right]
    return [left] if rule["better"] == "higher" else [right]


def _others(found: Mapping[str, Sequence[float]], scale: Scale) -> list[Json]:
    return [
        {"y": HEIGHTS[name], "low": scale(low), "high": scale(high)}
        for name, (low, high) in found.items()
    ]


def _bar(finding: Json, scale: Scale, show: Callable[..., str]) -> Json:
    name, verdict = group_name(finding), finding["verdict"]
    bar = {"name": name, "size": size(finding), "verdict": verdict, "title": finding["reason"]}
    nothing = dict.fromkeys(("at", "low", "high"))
    if finding["estimate"] is None:
        return {**bar, **nothing, "low_cut": False, "high_cut": False, "found": "undefined"}
    low, high, line = finding["lower"], finding["upper"], finding["line"]
    return {
        **bar,
        "at": scale(finding["estimate"]),
        "low": scale(low),
        "high": scale(high),
        "low_cut": scale.outside(low),
        "high_cut": scale.outside(high),
        "found": f"{show(finding['estimate'])} [{show(low, line)}, {show(high, line)}]",
    }


def _row(rule: Json, finding: Json, show: Callable[..., str]) -> list[str]:
    numbers = [finding[k] for k in ("estimate", "lower", "upper")]
    words = ["undefined" if x is None else show(x, finding["line"]) for x in numbers]
    both = f"\N{PLUS-MINUS SIGN}{rule['limit']:g}" if two_sided(rule) else show(finding["line"])
    counts = [f"{finding['rows']:,}", f"{finding['units']:,.1f}"]
    return [group_name(finding), *words, both, *counts, finding["method"] or "none"]
