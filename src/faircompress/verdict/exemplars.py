"""Test pictures that the dense model decides rightly and the pruned one wrongly.

Hooker et al. (What Do Compressed Deep Neural Networks Forget?, 2019) call them
compression-identified exemplars. They show what was unlearnt; they are no evidence.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from faircompress.pictures import look
from faircompress.predictions import Predictions
from faircompress.verdict.groups import Group, groups_of
from faircompress.verdict.judge import Verdict
from faircompress.verdict.plots import ARROW, SEVERITY, Json, margin
from faircompress.verdict.rates import Decided, decide

FIRST, OTHERS, MOST = 12, 6, 60  # pictures of the hardest-hit group, of others, of all
SIDE, QUALITY = 128, 88  # longest side in pixels and JPEG quality in the report


@dataclass(frozen=True)
class Exemplar:
    """One picture that pruning unlearnt.

    Args:
        id: Of its row.
        label: Its true class.
        said: What the pruned model decides.
        dense: Probability that the dense model gives to the true class.
        pruned: The pruned model's.
    """

    id: str
    label: str
    said: str
    dense: float
    pruned: float


@dataclass(frozen=True)
class Unlearnt:
    """What pruning unlearnt in one group.

    Args:
        group: Key of the group.
        rows: Rows looked at; of the class itself, where the group is a class.
        lost: Rows that only the dense model decides rightly.
        gained: Rows that only the pruned model decides rightly.
        exemplars: Some of the lost, largest fall first, none that an earlier group shows.
    """

    group: str
    rows: int
    lost: int
    gained: int
    exemplars: tuple[Exemplar, ...]


def unlearnt(verdict: Verdict, dense: Predictions, pruned: Predictions) -> list[Unlearnt]:
    """Return what pruning unlearnt in each group of the verdict, hardest-hit group first."""
    ours, theirs = (
        decide(said, verdict.thresholds[side])
        for side, said in (("dense", dense), ("pruned", pruned))
    )
    right = [said.decisions == said.labels for said in (ours, theirs)]
    every = np.arange(len(dense.labels))
    fall = (ours.probabilities - theirs.probabilities)[every, dense.labels]
    found: list[Unlearnt] = []
    seen: set[int] = set()
    for group in _hardest_hit_first(verdict, dense):
        rows = group.rows
        if group.question is not None:
            rows = rows[dense.labels[rows] == group.question]
        lost = rows[right[0][rows] & ~right[1][rows]]
        order = lost[np.lexsort((dense.ids[lost], -fall[lost]))]
        room = min(OTHERS if found else FIRST, MOST - len(seen))
        shown = [int(row) for row in order if row not in seen][:room]
        seen.update(shown)
        gained = int((right[1][rows] & ~right[0][rows]).sum())
        exemplars = tuple(_exemplar(row, dense, ours, theirs) for row in shown)
        found.append(Unlearnt(group.key, len(rows), len(lost), gained, exemplars))
    return found


def gallery(groups: Sequence[Unlearnt], pictures: Mapping[str, bytes]) -> list[Json]:
    """Return what the report shows of each group that lost a picture."""
    return [
        {
            "name": group.group,
            "note": _note(group),
            "pictures": [_shown(one, group.group, pictures) for one in group.exemplars],
        }
        for group in groups
        if group.lost
    ]


def _hardest_hit_first(verdict: Verdict, dense: Predictions) -> list[Group]:
    """Return groups by their worst finding: failed first, then the nearest to its limit."""
    worst: dict[str, tuple[int, float]] = {}
    for rule in verdict.rules:
        for finding in rule["findings"] if rule["binds"] in ("change", "excess") else ():
            key = (SEVERITY.index(finding["verdict"]), margin(rule, finding))
            worst[finding["group"]] = min(worst.get(finding["group"], key), key)
    judged = {group["group"] for group in verdict.groups}
    crossed = any("&" in group["column"] for group in verdict.groups)
    groups = [g for g in groups_of(dense, intersections=crossed) if g.key in judged]
    return sorted(groups, key=lambda g: worst.get(g.key, (len(SEVERITY), 0.0)))


def _exemplar(row: int, predictions: Predictions, dense: Decided, pruned: Decided) -> Exemplar:
    label, classes = int(predictions.labels[row]), predictions.classes
    return Exemplar(
        str(predictions.ids[row]),
        classes[label],
        classes[int(pruned.decisions[row])],
        float(dense.probabilities[row, label]),
        float(pruned.probabilities[row, label]),
    )


def _note(group: Unlearnt) -> str:
    above = "" if group.exemplars else "; all shown above or beyond the room here"
    return f"{group.lost:,} of {group.rows:,} pictures lost, {group.gained:,} gained{above}"


def _shown(one: Exemplar, group: str, pictures: Mapping[str, bytes]) -> Json:
    encoded = pictures.get(one.id)
    return {
        "label": one.label,
        "said": one.said,
        "fall": f"{one.dense:.2f} {ARROW} {one.pruned:.2f}",
        "dense_at": round(6 + 88 * one.dense, 1),
        "pruned_at": round(6 + 88 * one.pruned, 1),
        "alt": f"{one.id}, {one.label}, {group}: probability of {one.label} {one.dense:.2f} by the "
        f"dense model, {one.pruned:.2f} by the pruned one, which says {one.said}",
        "data": _embedded(encoded) if encoded else "",
    }


def _embedded(encoded: bytes) -> str:
    """Return a picture, no larger than it is shown, as a data URI."""
    buffer = io.BytesIO()
    small = Image.fromarray(look(encoded).pixels)
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    small.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
