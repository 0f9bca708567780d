"""What follows from a verdict: what to do, what it was tested on, and what it does not say."""

from collections.abc import Sequence

from faircompress.evaluation import more_rows
from faircompress.evaluation.counted import is_counted_once
from faircompress.evaluation.results import Outcome
from faircompress.evaluation.verdict import Verdict
from faircompress.report.plots import Json, capital

HEADINGS = {
    "fail": "What to do next",
    "inconclusive": "What would settle it",
    "pass": "What to do next, and what this pass does not say",
}
MOST = 3  # names in a sentence
HOW = {  # in the chain, what a reader types or clicks
    "pass": "How: faircompress champion --out model.onnx checks the champion's file and writes it "
    "with its model card.",
    "inconclusive": "How: a reviewer sets the tags review, reviewer and reason of the version in "
    "MLflow, or answers Prefect's form; then faircompress promote moves the alias.",
}


def outlook(verdict: Verdict, levers: Sequence[str] = ()) -> Json:
    """Return what stands under the numbers of the first screen.

    Args:
        verdict: The verdict.
        levers: Settings that could mend harm, with numbers; empty: the verdict's words serve.
    """
    steps = [_step(step, verdict, levers) for step in verdict.next]
    if levers and (how := HOW.get(verdict.outcome)):
        steps.append({"text": how, "levers": ()})
    about = in_vain(verdict) if verdict.outcome == Outcome.INCONCLUSIVE else []
    about.append(_tested_on(verdict))
    about += not_said(verdict) if verdict.outcome == Outcome.PASS else []
    steps += [{"text": sentence, "levers": ()} for sentence in about]
    return {"heading": HEADINGS[verdict.outcome], "steps": steps}


def in_vain(verdict: Verdict) -> list[str]:
    """Say, in a sentence or none, which open questions more rows will probably not settle."""
    names = [
        f"{rule.title} in {check.place}"
        for rule in verdict.tested
        for check in rule.checks
        if check.outcome == Outcome.INCONCLUSIVE and more_rows.in_vain(rule, check, verdict.power)
    ]
    if not names:
        return []
    rows = verdict.captions.rows
    return [
        f"More {rows} will probably not settle {_some(names)}: there are enough for no harm at "
        "all, and what was found lies beyond the limit, or so near that over ten times as many "
        "would be needed. Treat it as harm, or have a reviewer decide."
    ]


def not_said(verdict: Verdict) -> list[str]:
    """Say what a pass does not cover, most important first."""
    captions = verdict.captions
    columns = list(dict.fromkeys(group.column for group in verdict.groups[1:]))
    named = [column for column in columns if "&" not in column and column != "label"]
    found = []
    if len(named) > 1 and not any("&" in column for column in columns):
        found.append(f"It says nothing of intersections such as {named[0]} & {named[1]}.")
    if missing := [one.group for one in verdict.coverage if one.status != "few"]:
        found.append(f"It says nothing of {_some(missing)}: no {captions.row} there.")
    if not any(rule.rule in ("minimum", "gap", "ratio") for rule in verdict.tested):
        found.append(
            f"It compares with the {captions.baseline} model: what that one does wrong, the "
            f"{captions.candidate} one may still do."
        )
    found.append(
        f"It holds for {captions.rows} like those tested: other groups, places, cameras or times "
        "need a test of their own."
    )
    return found


def _tested_on(verdict: Verdict) -> str:
    everyone, captions = verdict.groups[0], verdict.captions
    clusters = everyone.clusters
    of = f" of {clusters:,} {captions.clusters}" if clusters else ""
    of += ", each counted once" if is_counted_once(verdict.notes, captions) else ""
    columns: dict[str, list[str]] = {}
    for group in verdict.groups[1:]:
        columns.setdefault(group.column, []).append(group.group.removeprefix(f"{group.column}="))
    groups = "; ".join(f"{column}: {_some(names)}" for column, names in columns.items())
    look = f", look {verdict.look} at this test set" if verdict.look else ""
    tested = f"Tested on {verdict.rows:,} {captions.rows}{of}{look}, by {verdict.checks} checks"
    uneven = everyone.effective_n < (clusters or everyone.rows) - 0.5
    weighed = " Rates are weighted, so counts do not give them." if uneven else ""
    return f"{tested}. Groups: {groups}.{weighed}" if groups else f"{tested}.{weighed}"


def _step(step: str, verdict: Verdict, levers: Sequence[str]) -> Json:
    """Return a step; the one that says how to mend harm with its levers one by one."""
    lead, found, rest = step.partition(f": {verdict.captions.protect}")
    if not found or not levers:
        return {"text": step, "levers": ()}
    text = f"{lead}. {rest.lstrip('. ')}".rstrip()
    return {"text": text, "levers": [capital(lever) for lever in levers]}


def _some(names: Sequence[str]) -> str:
    shown = [*names[:MOST], *([f"{len(names) - MOST} more"] if len(names) > MOST else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
