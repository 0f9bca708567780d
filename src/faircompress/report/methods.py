"""How each bound is computed, in sentences for the model card."""

from faircompress.evaluation.verdict import Verdict
from faircompress.report.plots import CROSSCHECKS, capital

METHODS = {
    "exact": "exact, for shares of {rows} that are alike: the chance of a table as extreme, in the "
    "order of Tango's score test, maximised over all plausible discordances (Berger and Boos). A "
    "share of one model alone has Clopper and Pearson's bound.",
    "apart": "apart, for changes of such shares where counts by stratum were fixed and {rows} of "
    "several strata count: Clopper and Pearson's bounds of what is lost and of what is gained, "
    "each at half of the allowed error.",
    "betting": "betting, for AUROC, and for shares where {rows} are weighted or {clusters} have "
    "several: an equal-weight sample of {clusters} is dealt 200 times (fewer where there are very "
    "many {rows}), each unit one of the rarer class with a block of the others; a bound holds what "
    "no betting strategy could have become rich against, averaged over deals (Waudby-Smith and "
    "Ramdas, JRSS-B 2024; Ramdas and Manole 2023), at any sample size.",
    "rounds": "betting in rounds, for means over classes: in a round every class gives one unit, "
    "all are bet on alike, and the factors are multiplied, so no class needs to win alone.",
    "contrast": "betting on a contrast, for precision, where the two models' decisions choose "
    "different {rows}: betting on what each adds to the difference of the two shares.",
    "mean": "mean of bounds, over classes: each class's bound at its share of the allowed error.",
    "identity": "identity: both files have the same sha256, so the change is exactly 0.",
}
CERTAINTY = (
    "No method turns zero observed harm into certainty: n unharmed units never exclude a loss "
    "below 1 \N{MINUS SIGN} \N{GREEK SMALL LETTER ALPHA}^(1/n)."
)
CROSSCHECKED = (
    "Bootstrap (percentile, by cluster, stratified; 2,000 replicates, fewer down to 500 "
    "where more than 50,000 clusters or, of a mean over classes, answers are drawn) and DeLong "
    "(for AUROC) are cross-checks: too short in small groups, close to the deciding bound in large "
    "ones."
)
DIFFERENCE = "The bounds of two groups are combined, each at half of alpha."


def methods(verdict: Verdict) -> list[str]:
    """Return a sentence on each method that the verdict used."""
    found = {check.method for rule in verdict.rules for check in rule.checks}
    found |= {of.method for group in verdict.groups for of in group.metrics.values()}
    used = " ".join(method for method in found if method).split()
    captions = {"rows": verdict.captions.rows, "clusters": verdict.captions.clusters}
    sentences = [text.format(**captions) for name, text in METHODS.items() if name in used]
    checked = any(
        getattr(rates, name)
        for group in verdict.groups
        for rates in group.metrics.values()
        for name in CROSSCHECKS
    )
    pairs = any(check.other for rule in verdict.rules for check in rule.checks)
    more = [(DIFFERENCE, pairs), (CROSSCHECKED, checked), (CERTAINTY, True)]
    return [*map(capital, sentences), *(sentence for sentence, shown in more if shown)]
