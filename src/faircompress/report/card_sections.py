"""What a verdict is about and how it was reached, for the model card: headings, names, values."""

from collections.abc import Sequence
from dataclasses import dataclass

from faircompress.evaluation.fail_order import HOLM, ORDERED
from faircompress.evaluation.verdict import Verdict
from faircompress.evaluation.worst_check import worst_check
from faircompress.report.context import ReportContext
from faircompress.report.decision import decision, operating_point
from faircompress.report.plots import capital
from faircompress.report.untested import untested
from faircompress.support.number_text import unsigned

CORRECTED = {
    HOLM: "with Holm's correction over all checks",
    ORDERED: "in the order of validation evidence, at levels that share each rule's alpha",
}

NOT_STATED = (  # in the chain: by card.license and card.contact in params.yaml
    ("License", "not stated; whoever publishes the file states it, here and in the card's head"),
    ("Contact", "not stated; whoever publishes the file names who answers for it"),
)

MISSING = {
    "none": "Without rows",
    "few": "Too few rows for a pass",
    "absent": "Without rows, as declared",
}


@dataclass(frozen=True)
class CardSection:
    """One heading of the card.

    Args:
        heading: What it is about.
        lines: Name and value of each fact.
        code: Names whose values are to be read letter by letter.
    """

    heading: str
    lines: Sequence[tuple[str, str]]
    code: Sequence[str] = ()


def card_sections(verdict: Verdict, context: ReportContext) -> list[CardSection]:
    """Return what the card says, after Mitchell et al., Model Cards for Model Reporting, 2019."""
    return [
        _model(verdict, context),
        CardSection("Intended use", _use(verdict)),
        CardSection("Bias, risks and limits", _risks(verdict)),
        _data(verdict),
        _evaluation(verdict),
        CardSection("Owner", _owner(context)),
    ]


def _owner(context: ReportContext) -> list[tuple[str, str]]:
    stated = {"License": context.card.license, "Contact": context.card.contact}
    return [(name, stated[name] or words) for name, words in NOT_STATED]


def _use(verdict: Verdict) -> list[tuple[str, str]]:
    captions = verdict.captions
    use = f"Deciding between its classes, for {captions.rows} like those tested, in their groups."
    not_for = (
        f"Groups and kinds of {captions.rows} that the test set does not hold: nothing here speaks "
        f"for them. Bounds are about the change from the {captions.baseline} model; what that one "
        f"does wrong, the {captions.candidate} one may still do."
    )
    return [("For", use), ("Not for", not_for)]


def _risks(verdict: Verdict) -> list[tuple[str, str]]:
    """Say who is served worst, by the file itself and by the change, and what nobody looked at."""
    captions, found = verdict.captions, worst_check(verdict)
    lines = []
    if found is not None:
        rule, check = found
        lines.append(("Nearest to its limit", f"{check.place}: {rule.title}, {check.outcome}"))
    rates = verdict.own_rates.rates if verdict.own_rates else []
    served = min(rates, key=lambda rate: rate.estimate, default=None)
    if served is not None:
        bounds = f"{unsigned(served.lower)} to {unsigned(served.upper)}"
        rate = f"{served.title} {unsigned(served.estimate)} ({bounds})"
        lines.append(("Lowest rate of its own", f"{served.group}: {rate}"))
    few = [one for one in verdict.coverage if one.status != "absent"]
    if few:
        known = f"of {len(few)} groups and classes in them the test set says nothing or too little"
        lines.append(("Unknown", f"{known}; they are named below"))
    limits = (
        f"Only the groups listed were looked at. Others, and {captions.rows} unlike those tested, "
        "may be served worse. A pass is no statement that the model is fair."
    )
    return [*lines, ("Limits", limits)]


def _model(verdict: Verdict, context: ReportContext) -> CardSection:
    positive = f"; positive: {verdict.positive}" if verdict.positive else ""
    named = verdict.captions.model
    point = operating_point(context.operating_points, verdict.captions)
    hashes = [(f"{capital(named(name))} sha256", sha) for name, sha in verdict.models.items()]
    lines = [
        *((f"{capital(named(name))} model", source) for name, source in context.called.items()),
        *([("Precision", context.precision)] if context.precision else []),
        *hashes,
        ("Classes", ", ".join(verdict.classes) + positive),
        ("Decision", decision(verdict)),
        *([("Operating point", point)] if point else []),
    ]
    return CardSection("Model", lines, [name for name, _ in hashes])


def _data(verdict: Verdict) -> CardSection:
    everyone, groups, captions = verdict.groups[0], verdict.groups[1:], verdict.captions
    of = f" of {everyone.clusters:,} {captions.clusters}" if everyone.clusters else ""
    counts = f"{verdict.rows:,} {captions.rows}{of}"
    units = (
        f"All {captions.rows} of one {captions.cluster} count as one unit; of unequal weights each "
        "counts as its share of the heaviest that may occur."
    )
    lines = [
        ("Test set", f"{counts}; {everyone.effective_n:,.0f} independent units by weight"),
        ("Groups", ", ".join(f"{group.group} ({group.rows:,})" for group in groups)),
        *([("Dropped", verdict.dropped.sentence)] if verdict.dropped else []),
        *_missing(verdict),
        *(("Sparse", f"{one.group} is {one.reason}.") for one in verdict.sparse),
        ("Data", verdict.data),
        ("Units", units),
    ]
    return CardSection("Test data", lines, ("Data",))


def _missing(verdict: Verdict) -> list[tuple[str, str]]:
    """Name the groups and subgroups that the test set says too little of."""
    by_status: dict[str, list[str]] = {}
    for one in verdict.coverage:
        where = f"{one.subgroup} in {one.group}" if one.subgroup else one.group
        by_status.setdefault(one.status, []).append(where)
    return [
        (name, ", ".join(by_status[status]))
        for status, name in MISSING.items()
        if status in by_status
    ]


def _evaluation(verdict: Verdict) -> CardSection:
    captions = verdict.captions
    checks = (
        f"{verdict.checks}. A pass needs all of them, so passing needs no correction; failures "
        f"are confirmed {CORRECTED.get(verdict.failures, verdict.failures)}."
    )
    lines = [
        ("Verdict", verdict.sentence),
        ("Checks", checks),
        *([("Looks", verdict.looks)] if verdict.looks else []),
        *(("Not tested", capital(sentence)) for sentence in untested(verdict)),
        *(("To know", note) for note in verdict.notes),
        ("Signs", f"A change is {captions.candidate} minus {captions.baseline}."),
    ]
    return CardSection("Evaluation", lines)
