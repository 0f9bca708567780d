"""What the caller calls the two models, the rows and the clusters. The core knows no pictures."""

from dataclasses import dataclass

from faircompress.evaluation.groups import POOLED


@dataclass(frozen=True)
class Captions:
    """Words that a verdict uses; the defaults are those of an audit of a table.

    Args:
        baseline: The model from which changes are counted.
        candidate: The model that may be released.
        row: One row.
        rows: Several.
        cluster: One cluster of rows that belong together.
        clusters: Several.
        protect: How the harm of a group is mended, after "Protect sex=f: ".
        improve: How the baseline itself is made better.
        cheapen: How a file is made cheaper.
        measure: How a cost is measured better, before the reason.
        rules: Where rules are written.
        absent: How groups that are absent by design are declared.
    """

    baseline: str = "baseline"
    candidate: str = "candidate"
    row: str = "row"
    rows: str = "rows"
    cluster: str = "cluster"
    clusters: str = "clusters"
    protect: str = "compress less, or train longer with more weight on badly served rows"
    improve: str = "train a better baseline"
    cheapen: str = "Compress more"
    measure: str = "Time more runs, on a machine that does nothing else"
    rules: str = "the rules"
    absent: str = "absent"

    def model(self, name: str) -> str:
        """Return what a model is called: the caption of baseline or candidate, else its name."""
        names = {"baseline": self.baseline, "candidate": self.candidate}
        return names.get(name, name.replace("_", " "))


CHAIN = Captions(
    baseline="dense",
    candidate="pruned",
    row="picture",
    rows="pictures",
    cluster="person",
    clusters="people",
    protect="prune less (prune.speedup), fine-tune longer, or give badly served pictures more "
    "weight (prune.finetune)",
    improve="train a better dense model (train.epochs, train.model, more pictures of the group)",
    cheapen="Prune more (prune.speedup)",
    measure="Time more runs (export.latency_repeats; within a minute a batch size), on a machine "
    "that does nothing else",
    rules="gate.rules",
    absent="gate.absent",
)
AUDITED_FILES = Captions(row="picture", rows="pictures", cluster="person", clusters="people")


def class_phrase(name: str) -> str:
    """Return a class's name as a sentence says it: a number alone would read as a count."""
    return name if any(letter.isalpha() for letter in name) else f"label {name}"


def group_phrase(place: str) -> str:
    """Say the name of a group, or of a class in it, as people do."""
    of_class, mark, group = place.rpartition(" in ")
    if group == POOLED:
        return f"{of_class} of everyone" if mark else "everyone"
    return place
