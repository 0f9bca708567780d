"""What a reader learns in ten seconds: what it is about, who was hit, what was gained and lost."""

from dataclasses import replace

from faircompress import __version__
from faircompress.evaluation.groups import POOLED
from faircompress.evaluation.results import Outcome
from faircompress.evaluation.verdict import Verdict
from faircompress.evaluation.worst_check import Worst, worst_check
from faircompress.report import gains, sureness, wording
from faircompress.report.context import ReportContext
from faircompress.report.forest import forest
from faircompress.report.outlook import outlook
from faircompress.report.plots import Json, capital
from faircompress.report.tradeoff import used
from faircompress.report.untested import untested
from faircompress.support.number_text import as_number

WORST = {
    "fail": "Hardest-hit group",
    "inconclusive": "Most in doubt",
    "pass": "Nearest to its limit",
}
SHORT = 12  # characters of a sha256 in the head


def summary(verdict: Verdict, context: ReportContext) -> Json:
    """Return the first screen of the report, as plain values."""
    worst = worst_check(verdict)
    group = worst[1].group if worst else POOLED
    return {
        "about": about(verdict, context),
        "outcome": verdict.outcome,
        "sentence": _sentence(verdict),
        "claim": sureness.claim(verdict),
        "worst": _worst(worst, verdict) if worst else None,
        "harm": confirmed_harm(verdict),
        "gained": gains.gained(context),
        "paid": gains.paid(verdict, group),
        "trades": gains.bad_trades(verdict, context),
        "outlook": outlook(verdict, context.levers),
        "untested": [capital(sentence) for sentence in untested(verdict)],
    }


def about(verdict: Verdict, context: ReportContext) -> list[Json]:
    """Return what the verdict is about; of a hash the first digits, and all of it as a title."""
    captions = verdict.captions
    facts = [_fact(*fact) for fact in context.about]
    if not context.about:
        for name in ("baseline", "candidate"):
            text, sha = context.called.get(name, ""), verdict.models.get(name, "")
            facts.append(_fact(capital(captions.model(name)), text, sha))
        facts.append(_fact("Rows" if captions.row == "row" else capital(captions.rows), "",
                           verdict.data))  # fmt: skip
    if context.precision:
        facts.append(_fact("Precision", context.precision))
    if context.evaluated:
        facts.append(_fact("Evaluated", context.evaluated))
    return [*facts, _fact("faircompress", __version__)]


def confirmed_harm(verdict: Verdict) -> list[Json]:
    """Return where harm beyond a limit is confirmed, by place, furthest beyond its limit first."""
    failed = [(r, c) for r in verdict.tested for c in r.checks if c.outcome == Outcome.FAIL]
    failed.sort(key=lambda one: -used(one[1], one[1].estimate))
    places: dict[str, list[str]] = {}
    for rule, check in failed:
        text = f"{wording.what(rule)} {wording.found(rule, check)}; {wording.allowed(rule, check)}"
        places.setdefault(wording.where(check, verdict.captions), []).append(text)
    return [{"place": place, "found": found} for place, found in places.items()]


def _sentence(verdict: Verdict) -> str:
    outcome, colon, rest = verdict.sentence.partition(": ")
    apart = colon and outcome.lower() == verdict.outcome
    return capital(rest) if apart else verdict.sentence


def _worst(found: Worst, verdict: Verdict) -> Json:
    """Return the worst check in words, and its figure: what was observed against the limit."""
    rule, check = found
    figure = forest(replace(rule, checks=[check]), (), verdict.captions)
    more = [capital(sureness.open_beyond(verdict, rule, check)), wording.beyond_room(rule, check)]
    for mark in figure["marks"]:
        name, _, number = mark["text"].partition(" ")
        if mark["kind"] == "limit" and name in ("limit", "minimum"):
            mark["text"] = f"{name} {wording.limit(rule, as_number(number))}"
    return {
        "title": WORST[verdict.outcome],
        "place": wording.where(check, verdict.captions),
        "what": capital(wording.what(rule)),
        "found": wording.found(rule, check),
        "allowed": wording.allowed(rule, check),
        "bounds": f"{wording.bounds(rule, check)}.",
        "more": [sentence.removesuffix(".") + "." for sentence in more if sentence],
        "outcome": check.outcome,
        "figure": figure,
    }


def _fact(name: str, text: str, sha256: str = "") -> Json:
    short = f"{sha256[:SHORT]}\N{HORIZONTAL ELLIPSIS}" if len(sha256) > SHORT else sha256
    return {"name": name, "text": text, "short": short, "sha256": sha256}
