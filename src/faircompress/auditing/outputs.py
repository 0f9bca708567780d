"""The verdict for machines, for a pull request, for a test report and for people."""

import xml.etree.ElementTree as ET
from pathlib import Path

from faircompress.data.predictions import Predictions, save
from faircompress.evaluation.results import CheckResult, CostResult, RuleResult
from faircompress.evaluation.verdict import Verdict
from faircompress.report.context import ReportContext
from faircompress.report.forest import OWN
from faircompress.report.html import report
from faircompress.report.markdown import plain_text
from faircompress.report.model_card import model_card
from faircompress.report.plots import capital, limit_text, lines, urgency
from faircompress.support.errors import InputError
from faircompress.support.files import write_bytes, write_json, write_text
from faircompress.support.lines import all_seen
from faircompress.support.number_text import percent, signed, unsigned

NAMES = ("report.html", "card.md", "summary.md", "verdict.json", "junit.xml")
PREDICTIONS = ("predictions-baseline.parquet", "predictions-candidate.parquet")
MOST = 30  # groups of a rule in the summary, worst first: a comment has limited room
HEAD = ("Outcome", "Group", "Found", "Bounds", "Limit", "Rows")


def clear(folder: Path) -> None:
    """Take away an earlier audit's files, so that none outlives an error.

    Raises:
        ValueError: If it is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--out: {folder} is a file; name a folder.")
    for name in (*NAMES, *PREDICTIONS):
        (folder / name).unlink(missing_ok=True)


def write(
    folder: Path,
    verdict: Verdict,
    context: ReportContext,
    models: tuple[Predictions, Predictions] | None = None,
) -> list[Path]:
    """Write all files; return their paths.

    Args:
        folder: Where to; made if missing.
        verdict: The verdict.
        context: What the report shows beside it.
        models: Both models' predictions, by which ``faircompress verify`` checks the verdict.
    """
    write_text(folder / "report.html", report(verdict, context))
    write_text(folder / "card.md", model_card(verdict, context))
    write_text(folder / "summary.md", summary(verdict))
    write_bytes(folder / "junit.xml", junit(verdict))
    write_json(folder / "verdict.json", verdict.to_json())
    for name, predictions in zip(PREDICTIONS, models or (), strict=False):
        save(predictions, folder / name)
    kept = [*NAMES, *(PREDICTIONS if models else ())]
    return [folder / name for name in kept]


def summary(verdict: Verdict) -> str:
    """Return the verdict as Markdown: the sentence, each rule by group, what to do next."""
    parts = [f"## {plain_text(verdict.sentence)}"]
    steps = "\n".join(f"- {plain_text(step)}" for step in verdict.next)
    parts += ["### What to do next", steps]
    for rule in verdict.tested:
        sentence = f"{capital(rule.description)}, at {percent(rule.confidence)} confidence"
        parts += [f"### {capital(rule.outcome)}: {plain_text(sentence)}", _table(rule)]
    parts += [
        f"### {capital(one.outcome)}: {plain_text(f'{one.description}: {one.reason}')}"
        for one in _whole(verdict)
    ]
    captions = verdict.captions
    counted = (
        f"{verdict.rows:,} {captions.rows}. A change is {captions.candidate} minus "
        f"{captions.baseline}; bounds are one-sided."
    )
    ends = [f"{counted} {plain_text(verdict.assumption)}", plain_text(verdict.looks)]
    ends += map(plain_text, verdict.notes)
    return "\n\n".join([*parts, *ends]) + "\n"


def junit(verdict: Verdict) -> bytes:
    """Return the verdict as JUnit XML: one case for each rule and group.

    A failure is confirmed harm; skipped is what the rows cannot tell.
    """
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", name="faircompress audit", errors="0")
    for rule in verdict.tested:
        where = ".".join([rule.metric, rule.rule, *(rule.columns or ())])
        for check in rule.checks:
            _case(suite, where, check.place, check.outcome, check.reason)
    for one in _whole(verdict):
        _case(suite, one.rule, one.description, one.outcome, one.reason)
    for count, tag in {"tests": "testcase", "failures": "failure", "skipped": "skipped"}.items():
        suite.set(count, str(len(list(suite.iter(tag)))))
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _whole(verdict: Verdict) -> list[CostResult | RuleResult]:
    """Return the rules that are about the file as a whole, or about nothing yet."""
    return [*verdict.costs, *verdict.not_tested]


def _case(suite: ET.Element, where: str, name: str, outcome: str, reason: str) -> None:
    named = {"classname": all_seen(where), "name": all_seen(name)}
    case = ET.SubElement(suite, "testcase", named, time="0")
    sentence = all_seen(capital(reason))
    kind = {"pass": None, "fail": "failure"}.get(outcome, "skipped")
    if kind is None:
        ET.SubElement(case, "system-out").text = sentence
    else:
        ET.SubElement(case, kind, message=sentence).text = sentence


def _table(rule: RuleResult) -> str:
    checks = sorted(rule.checks, key=urgency(rule))
    rows = [HEAD, ["---"] * len(HEAD), *(_row(rule, one) for one in checks[:MOST])]
    table = ["| " + " | ".join(row) + " |" for row in rows]
    left = len(checks) - MOST
    return "\n".join(table) + (f"\n\n{left} more, none worse than these." if left > 0 else "")


def _row(rule: RuleResult, check: CheckResult) -> list[str]:
    show, ends, found, bounds = (
        unsigned if rule.rule in OWN else signed,
        lines(check),
        "undefined",
        "",
    )
    if check.estimate is not None and check.lower is not None:
        found = show(check.estimate, *ends)
        high = "no end" if check.upper is None else show(check.upper, *ends)
        bounds = f"{show(check.lower, *ends)} to {high}"
    outcome = f"**{check.outcome}**" if check.outcome != "pass" else "pass"
    limit = limit_text(check, show)
    return [outcome, plain_text(check.place), found, bounds, limit, f"{check.n:,}"]
