"""Hidden subgroups for the report: a sentence, a table, and the pictures that name them."""

from collections.abc import Mapping, Sequence

from faircompress.evaluation.captions import Captions
from faircompress.evaluation.hidden_subgroups import HiddenSubgroup
from faircompress.report.exemplars import embedded
from faircompress.report.plots import Json
from faircompress.support.number_text import points, share

MOST = 3  # subgroups whose pictures are shown
COLUMNS = (
    "Cluster and class", "Rows", "Decided rightly, before", "After", "Change", "Lost", "Gained",
    "p, corrected",
)  # fmt: skip


def hidden(
    found: Sequence[HiddenSubgroup],
    pictures: Mapping[str, bytes],
    captions: Captions,
    *,
    found_on: int,
) -> Json:
    """Return what the report shows; {} where no cluster has enough rows.

    Args:
        found: The worst first.
        pictures: Encoded, by id of the row.
        captions: What rows are called.
        found_on: Validation rows that made the clusters.
    """
    if not found:
        return {}
    worse = [one for one in found if one.worse]
    shown = worse[:MOST] or found[:1]
    return {
        "worse": len(worse),
        "sentence": _sentence(found, worse),
        "how": f"{found_on:,} validation {captions.rows} were clustered by the {captions.baseline} "
        f"model's middle features, without group labels; test {captions.rows}, one a "
        f"{captions.cluster}, judge the {len(found)} clusters and classes with enough of them "
        "(sign test of what was lost and gained; p corrected for all, Holm). Exploratory: no rule "
        "reads it, and what a cluster stands for is for you to see.",
        "columns": COLUMNS,
        "rows": [_row(one) for one in found],
        "shown": [
            {
                "name": _name(one),
                "note": f"{points(one.after - one.before)}, "
                + ("worse" if one.worse else "not shown to be worse"),
                "pictures": [
                    {"alt": f"{i}, near the centre of {_name(one)}", "data": embedded(pictures[i])}
                    for i in one.nearest
                    if i in pictures
                ],
            }
            for one in shown
        ],
    }


def _name(one: HiddenSubgroup) -> str:
    return f"cluster {one.cluster}, {one.label}"


def _sentence(found: Sequence[HiddenSubgroup], worse: Sequence[HiddenSubgroup]) -> str:
    if not worse:
        return f"None of the {len(found)} hidden subgroups is shown to have lost."
    first = worse[0]
    fell = f"from {share(first.before)} to {share(first.after)} decided rightly"
    names = ", ".join(map(_name, worse))
    return f"{len(worse)} of {len(found)} hidden subgroups lost: {names}. The surest: {fell}."


def _row(one: HiddenSubgroup) -> list[str]:
    p = "< 0.001" if one.p < 0.001 else f"{one.p:.3f}"
    return [
        _name(one), f"{one.rows:,}", share(one.before), share(one.after),
        points(one.after - one.before), f"{one.lost:,}", f"{one.gained:,}", p,
    ]  # fmt: skip
