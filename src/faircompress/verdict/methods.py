"""How each bound is computed, in sentences for the model card."""

from faircompress.verdict.judge import Verdict
from faircompress.verdict.plots import CROSSCHECKS, capital

METHODS = {
    "exact": "exact, for shares of pictures that are alike: the chance of a table as extreme, in "
    "the order of Tango's score test, maximised over all plausible discordances (Berger and "
    "Boos). A share of the pruned model alone (a floor) has Clopper and Pearson's bound.",
    "betting": "betting, for AUROC, and for shares where pictures are weighted or people have "
    "several: an equal-weight sample of people is dealt 200 times (fewer where there are very many "
    "pictures), each unit a person of the rarer class with a block of the others; a bound holds "
    "what no betting strategy could have become rich against, averaged over deals (Waudby-Smith "
    "and Ramdas, JRSS-B 2024; Ramdas and Manole 2023), at any sample size.",
    "contrast": "betting on a contrast, for precision, where the two files' answers choose "
    "different rows: betting on what each row adds to the difference of the two shares.",
    "mean": "mean of bounds, over classes: each class's bound at its share of the allowed error.",
    "identity": "identity: both files have the same sha256, so the change is exactly 0.",
}
CERTAINTY = (
    "No method turns zero observed harm into certainty: n unharmed units never exclude a harm "
    "below 1 \N{MINUS SIGN} \N{GREEK SMALL LETTER ALPHA}^(1/n)."
)
CROSSCHECKED = (
    "Bootstrap (percentile, by person or picture, stratified; 2,000 replicates, fewer down to 500 "
    "where more than 50,000 people or, of a mean over classes, answers are drawn) and DeLong (for "
    "AUROC) are cross-checks: too short in small groups, close to the deciding bound in large ones."
)
DRIFT = "A drift's bounds are the difference of those of two groups, each at half of alpha."


def methods(verdict: Verdict) -> list[str]:
    """Return a sentence on each method that the verdict used."""
    found = {f["method"] for rule in verdict.rules for f in rule["findings"]}
    found |= {m["method"] for group in verdict.groups for m in group["metrics"].values()}
    said = " ".join(method for method in found if method).split()
    lines = [line for word, line in METHODS.items() if word in said]
    binds = {rule["binds"] for rule in verdict.rules}
    checked = any(
        rates.get(name)
        for group in verdict.groups
        for rates in group["metrics"].values()
        for name in CROSSCHECKS
    )
    more = [(DRIFT, "drift" in binds), (CROSSCHECKED, checked), (CERTAINTY, True)]
    return [*map(capital, lines), *(line for line, said in more if said)]
