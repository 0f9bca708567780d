"""The verdict as one page that needs no network, for whoever must answer for it.

Nothing is computed anew: what the page says is what ``verdict.json`` and export's files say.
The same input gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2

from faircompress.verdict import costs, plots, rate_plots
from faircompress.verdict.exemplars import Unlearnt, gallery
from faircompress.verdict.facts import facts
from faircompress.verdict.forest import forest
from faircompress.verdict.judge import Verdict
from faircompress.verdict.methods import methods
from faircompress.verdict.plots import Json, capital, group_name, minus, plain, signed
from faircompress.verdict.precisions import precisions
from faircompress.verdict.tradeoff import tradeoff
from faircompress.verdict.words import percent

PARTS = {
    "change": ("Harm by group", "Is any group harmed more than allowed?"),
    "champion": ("Against the champion", "Is any group served worse than by the file in use?"),
    "anchor": ("Against the first champion", "Have small losses added up in any group since?"),
    "excess": ("Harm beyond everyone's", "Does any group lose more than all do together?"),
    "drift": ("Drift between groups", "Has pruning moved any two groups apart?"),
    "floor": ("Floors", "Is the pruned model good enough for each group, whatever dense was?"),
}
HOW_TO_READ = (
    "Pass: the line stays clear of the shaded area. Fail: it lies wholly inside, also after Holm's "
    "correction over all checks. Inconclusive: neither."
)
NEGATIVE = {f"-{digit}" for digit in range(10)}
TOP = 4  # reasons and steps that stand at the top; the others one click below


@dataclass(frozen=True)
class ReportContext:
    """What the report shows beside the verdict; every part may be absent.

    Args:
        unlearnt: By group, hardest-hit first; see ``exemplars.unlearnt``.
        pictures: Encoded pictures by row id.
        sizes: Bytes of the ONNX files: ``dense``, ``pruned``.
        layers: As ``prune/layers.json``.
        latency: As ``export/latency.json``.
        parity: As ``export/parity.json``.
        called: Where the word of ``dense`` and ``pruned`` comes from, if not from our own files.
        precision: Of the judged file: ``fp32``, ``fp16`` or ``int8``; empty: not known.
        precisions: All files of the network in the order of judging. Each has ``precision``;
            ``verdict`` (a word, or ``not judged``) and its ``sentence``; ``bytes``; ``times`` as in
            ``export/latency.json``; ``flips``, the test pictures decided otherwise than by the
            network, and ``max_difference`` of a probability from the network's; ``goes_out``; and
            ``report``, where its own page lies as seen from this one, or nothing.
    """

    unlearnt: Sequence[Unlearnt] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    layers: Sequence[Mapping[str, Any]] = ()
    latency: Mapping[str, Any] = field(default_factory=dict)
    parity: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    precision: str = ""
    precisions: Sequence[Mapping[str, Any]] = ()


def report(verdict: Verdict, context: ReportContext) -> str:
    """Return the page as HTML; style, figures and pictures inside."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("faircompress"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts, pictures = _parts(verdict), gallery(context.unlearnt, context.pictures)
    every = precisions(context.precisions, context.sizes, context.precision)
    return environment.get_template("report.html.j2").render(
        contents=_contents(parts, every=bool(every), pictures=bool(pictures)),
        css=lambda word: word if word in plots.SEVERITY else "none",
        top=TOP,
        **_headline(verdict),
        rules=[
            *map(_rule, verdict.rules),
            *(_one(rule, "compared by group") for rule in verdict.not_judged),
            *(_one(bill, f"what the file costs: {bill['binds']}") for bill in verdict.budgets),
        ],
        tradeoff=tradeoff(verdict, context.sizes, context.latency),
        every=every,
        parts=parts,
        rates=_rates(verdict),
        rivals=rate_plots.rivals(verdict.groups),
        reported=rate_plots.reported(verdict.groups),
        gallery=pictures,
        cost=costs.cost(context.sizes, context.layers, context.latency),
        cut=costs.cut(context.layers),
        parity=costs.parity(context.parity),
        power=_power(verdict),
        glance=_glance(verdict, context),
        card=facts(verdict, context.called, context.precision),
        methods=methods(verdict),
    )


def _contents(parts: Sequence[Json], *, every: bool, pictures: bool) -> list[tuple[str, str]]:
    """Return the ids and names of the page's sections for its menu."""
    return [
        ("rules", "Rules"),
        *([("precisions", "Every precision")] if every else []),
        *((part["id"], part["heading"]) for part in parts),
        ("rates", "Rates"),
        *([("pictures", "Pictures")] if pictures else []),
        ("power", "What it can certify"),
        ("card", "Model card"),
    ]


def _headline(verdict: Verdict) -> Json:
    word, colon, rest = verdict.sentence.partition(": ")
    told_apart = colon and word.lower() == verdict.verdict
    return {
        "title": verdict.sentence,
        "verdict": verdict.verdict,
        "sentence": capital(rest) if told_apart else verdict.sentence,
        "reasons": [minus_signs(capital(reason)) for reason in verdict.reasons],
        "next": verdict.next,
    }


def minus_signs(sentence: str) -> str:
    """Return a sentence with proper minus signs before its numbers."""
    words = sentence.split(" ")
    return " ".join(
        w.replace("-", "\N{MINUS SIGN}", 1) if w.lstrip("(")[:2] in NEGATIVE else w for w in words
    )


def _rule(rule: Json) -> Json:
    findings = rule["findings"]
    counts = {word: sum(f["verdict"] == word for f in findings) for word in plots.SEVERITY}
    closest = min(findings, key=plots.urgency(rule))
    what = "pairs" if rule["binds"] == "drift" else "groups"
    tally = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    return {
        "verdict": rule["verdict"],
        "reads": f"{capital(rule['reads'])}, at {percent(rule['confidence'])} confidence.",
        "tally": f"{len(findings)} {what}: {tally}",
        "closest": f"{group_name(closest)}: {_found(rule, closest)}",
    }


def _one(rule: Json, tally: str) -> Json:
    """Return a rule that is put to the file as a whole, or to nothing."""
    found = rule["reason"].removeprefix(rule["reads"]).lstrip(":; ")
    reads = f"{capital(rule['reads'])}."
    word = rule["verdict"]
    return {"verdict": word, "reads": reads, "tally": tally, "closest": capital(found)}


def _found(rule: Json, finding: Json) -> str:
    if finding["estimate"] is None:
        return "undefined"
    show = plain if rule["binds"] == "floor" else signed
    low, high, line = finding["lower"], finding["upper"], finding["line"]
    return f"{show(finding['estimate'])} [{show(low, line)}, {show(high, line)}]"


def _parts(verdict: Verdict) -> list[Json]:
    parts, units = [], "pictures" if verdict.groups[0]["people"] is None else "people"
    for binds, (heading, caption) in PARTS.items():
        figures = [forest(r, verdict.groups) for r in verdict.rules if r["binds"] == binds]
        if figures:
            caption = f"{caption} {HOW_TO_READ} Units are independent {units}, by weight."
            part = {"id": binds, "heading": heading, "caption": caption, "figures": figures}
            parts.append(part)
    return parts


def _rates(verdict: Verdict) -> dict[str, list[Json]]:
    """Return the rates that some rule judges, and the others."""
    bound = {rule["metric"] for rule in verdict.rules}
    found: dict[str, list[Json]] = {"judged": [], "others": []}
    for name in verdict.groups[0]["metrics"]:
        kept = found["judged" if name in bound else "others"]
        kept.append(rate_plots.rates(verdict.groups, name))
    return found


def _glance(verdict: Verdict, context: ReportContext) -> list[Json]:
    """Return the few numbers that a reader in a hurry wants."""
    glance = []
    changes = [
        (plots.urgency(rule)(f), rule, f)
        for rule in verdict.rules
        if rule["binds"] in ("change", "excess")
        for f in rule["findings"]
    ]
    if changes:
        _, rule, worst = min(changes, key=lambda one: one[0])
        what = "Hardest-hit group" if worst["verdict"] == "fail" else "Nearest to its limit"
        number, _, bounds = _found(rule, worst).partition(" ")
        limit = minus(format(worst["line"], "g"))
        sides = "\N{PLUS-MINUS SIGN}" if plots.two_sided(rule) else ""
        note = f"{rule['title']} in {worst['group']} {bounds}, limit {sides}{limit}"
        glance.append({"what": what, "number": number, "note": note})
    if context.precision:
        words = (f"{one['precision']} {one['verdict']}" for one in context.precisions)
        note = ", ".join(words)
        glance.append({"what": "Precision", "number": context.precision, "note": note})
    cost = costs.cost(context.sizes, context.layers, context.latency)
    for bar in cost["bars"] if cost else ():
        if bar["glance"]:
            glance.append({"what": bar["glance"], "number": bar["found"], "note": bar["size"]})
    return glance


def _power(verdict: Verdict) -> Json:
    return {
        "caption": f"How small a harm these {verdict.rows:,} pictures can exclude, and how many "
        f"independent units would do for the limit asked. {verdict.assumption}",
        "rules": [
            {
                "reads": capital(rule["reads"]),
                "rows": [
                    _power_row(rule, finding)
                    for finding in sorted(rule["findings"], key=plots.urgency(rule))
                ],
            }
            for rule in verdict.rules
        ],
    }


def _power_row(rule: Json, finding: Json) -> list[str]:
    best, needed = finding["smallest_certifiable_limit"], finding["units_needed"]
    return [
        group_name(finding),
        f"{finding['units']:,.0f}",
        f"{rule['limit']:g}",
        "nothing" if best is None else plain(best, rule["limit"]),
        "not known" if needed is None else f"{needed:,}",
    ]
