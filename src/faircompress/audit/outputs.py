"""The verdict for machines, for a pull request, for a test report and for people."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from faircompress.files import write_bytes, write_json, write_text
from faircompress.verdict.card import card
from faircompress.verdict.judge import Verdict
from faircompress.verdict.markdown import words
from faircompress.verdict.plots import Json, capital, group_name, plain, signed, urgency
from faircompress.verdict.report import ReportContext, report
from faircompress.verdict.words import percent

NAMES = ("report.html", "card.md", "summary.md", "verdict.json", "junit.xml")
MOST = 30  # groups of a rule in the summary, worst first: a comment has limited room
HEAD = ("Verdict", "Group", "Found", "Bounds", "Limit", "Rows")


def clear(folder: Path) -> None:
    """Take away an earlier audit's files, so that none outlives an error.

    Raises:
        ValueError: If it is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out: {folder} is a file; name a folder.")
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)


def write(folder: Path, verdict: Verdict, context: ReportContext) -> list[Path]:
    """Write all files; return their paths."""
    write_text(folder / "report.html", report(verdict, context))
    write_text(folder / "card.md", card(verdict, context))
    write_text(folder / "summary.md", summary(verdict))
    write_bytes(folder / "junit.xml", junit(verdict))
    write_json(folder / "verdict.json", verdict.to_json())
    return [folder / name for name in NAMES]


def summary(verdict: Verdict) -> str:
    """Return the verdict as Markdown: the sentence, each rule by group, what to do next."""
    parts = [f"## {words(verdict.sentence)}"]
    parts += ["### What to do next", "\n".join(f"- {words(step)}" for step in verdict.next)]
    for rule in verdict.rules:
        reads = f"{capital(rule['reads'])}, at {percent(rule['confidence'])} confidence"
        parts += [f"### {rule['verdict'].capitalize()}: {words(reads)}", _table(rule)]
    parts += [
        f"### {one['verdict'].capitalize()}: {words(one['reason'])}"
        for one in (*verdict.budgets, *verdict.not_judged)
    ]
    counted = f"{verdict.rows:,} rows. A change is candidate minus dense; bounds are one-sided."
    ends = [f"{counted} {words(verdict.assumption)}", words(verdict.looks)]
    ends += map(words, verdict.notes)
    return "\n\n".join([*parts, *ends]) + "\n"


def junit(verdict: Verdict) -> bytes:
    """Return the verdict as JUnit XML: one case for each rule and group.

    A failure is confirmed harm; skipped is what the rows cannot tell.
    """
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", name="faircompress audit", errors="0")
    for rule in verdict.rules:
        where = ".".join([rule["metric"], rule["binds"], *(rule["columns"] or ())])
        for finding in rule["findings"]:
            _case(suite, where, group_name(finding), finding)
    for one in (*verdict.budgets, *verdict.not_judged):
        _case(suite, one["binds"], one["reads"], one)
    for count, tag in {"tests": "testcase", "failures": "failure", "skipped": "skipped"}.items():
        suite.set(count, str(len(list(suite.iter(tag)))))
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _case(suite: ET.Element, where: str, name: str, found: Json) -> None:
    named = {"classname": _printable(where), "name": _printable(name)}
    case = ET.SubElement(suite, "testcase", named, time="0")
    sentence = _printable(capital(found["reason"]))
    kind = {"pass": None, "fail": "failure"}.get(found["verdict"], "skipped")
    if kind is None:
        ET.SubElement(case, "system-out").text = sentence
    else:
        ET.SubElement(case, kind, message=sentence).text = sentence


def _table(rule: Json) -> str:
    findings = sorted(rule["findings"], key=urgency(rule))
    rows = [HEAD, ["---"] * len(HEAD), *(_row(rule, one) for one in findings[:MOST])]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    left = len(findings) - MOST
    return "\n".join(lines) + (f"\n\n{left} more, none worse than these." if left > 0 else "")


def _row(rule: Json, finding: Json) -> list[str]:
    show = plain if rule["binds"] == "floor" else signed
    line, found, bounds = finding["line"], "undefined", ""
    if finding["estimate"] is not None:
        found = show(finding["estimate"], line)
        bounds = f"{show(finding['lower'], line)} to {show(finding['upper'], line)}"
    both_ways = rule["binds"] == "drift" or rule["better"] == "neither"
    limit = f"\N{PLUS-MINUS SIGN}{rule['limit']:g}" if both_ways else show(line)
    rows = f"{finding['rows']:,}"
    word = f"**{finding['verdict']}**" if finding["verdict"] != "pass" else "pass"
    return [word, words(group_name(finding)), found, bounds, limit, rows]


def _printable(words: str) -> str:
    """Return words without what XML cannot hold."""
    return re.sub(
        "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\N{REPLACEMENT CHARACTER}", words
    )
