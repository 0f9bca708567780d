"""Test rows that the baseline decides rightly and the candidate wrongly.

Hooker et al. (What Do Compressed Deep Neural Networks Forget?, 2019) call them
compression-identified exemplars. They show what was unlearnt; they are no evidence.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import Captions
from faircompress.evaluation.decisions import Decided, decide
from faircompress.evaluation.groups import Group, groups_of
from faircompress.evaluation.verdict import Verdict
from faircompress.report.plots import SEVERITY, Json, margin
from faircompress.support.number_text import ARROW

FIRST, OTHERS, MOST = 12, 6, 60  # pictures of the hardest-hit group, of others, of all
SIDE, QUALITY = 128, 88  # longest side in pixels and JPEG quality in the report


@dataclass(frozen=True)
class Exemplar:
    """One row that compression unlearnt.

    Args:
        id: Of its row.
        label: Its true class.
        decided: What the candidate decides.
        baseline: Probability that the baseline gives to the true class.
        candidate: The candidate's.
    """

    id: str
    label: str
    decided: str
    baseline: float
    candidate: float


@dataclass(frozen=True)
class NewlyWrong:
    """What compression unlearnt in one group.

    Args:
        group: Key of the group.
        rows: Rows looked at; of the class itself, where the group is a class.
        lost: Rows that only the baseline decides rightly.
        gained: Rows that only the candidate decides rightly.
        exemplars: Some of the lost, largest fall first, none that an earlier group shows.
    """

    group: str
    rows: int
    lost: int
    gained: int
    exemplars: tuple[Exemplar, ...]


def newly_wrong(
    verdict: Verdict, baseline: Predictions, candidate: Predictions
) -> list[NewlyWrong]:
    """Return what compression unlearnt in each group of the verdict, hardest-hit group first."""
    ours, theirs = (
        decide(predictions, verdict.thresholds[name])
        for name, predictions in (("baseline", baseline), ("candidate", candidate))
    )
    right = [decided.decisions == decided.labels for decided in (ours, theirs)]
    every = np.arange(len(baseline.labels))
    fall = (ours.probabilities - theirs.probabilities)[every, baseline.labels]
    found: list[NewlyWrong] = []
    seen: set[int] = set()
    for group in _hardest_hit_first(verdict, baseline):
        rows = group.rows
        if group.question is not None:
            rows = rows[baseline.labels[rows] == group.question]
        lost = rows[right[0][rows] & ~right[1][rows]]
        order = lost[np.lexsort((baseline.ids[lost], -fall[lost]))]
        room = min(OTHERS if found else FIRST, MOST - len(seen))
        shown = [int(row) for row in order if row not in seen][:room]
        seen.update(shown)
        gained = int((right[1][rows] & ~right[0][rows]).sum())
        exemplars = tuple(_exemplar(row, baseline, ours, theirs) for row in shown)
        found.append(NewlyWrong(group.key, len(rows), len(lost), gained, exemplars))
    return found


def gallery(
    groups: Sequence[NewlyWrong], pictures: Mapping[str, bytes], captions: Captions
) -> list[Json]:
    """Return what the report shows of each group that lost a picture."""
    return [
        {
            "name": group.group,
            "note": _note(group, captions),
            "pictures": [_shown(one, group.group, pictures, captions) for one in group.exemplars],
        }
        for group in groups
        if group.lost
    ]


def _hardest_hit_first(verdict: Verdict, baseline: Predictions) -> list[Group]:
    """Return groups by their worst finding: failed first, then the nearest to its limit."""
    worst: dict[str, tuple[int, float]] = {}
    for rule in verdict.tested:
        for check in rule.checks if rule.rule in ("change", "excess_loss") else ():
            key = (SEVERITY.index(check.outcome), margin(rule, check))
            worst[check.group] = min(worst.get(check.group, key), key)
    known = {group.group for group in verdict.groups}
    crossed = any("&" in group.column for group in verdict.groups)
    groups = [g for g in groups_of(baseline, intersections=crossed) if g.key in known]
    return sorted(groups, key=lambda g: worst.get(g.key, (len(SEVERITY), 0.0)))


def _exemplar(
    row: int, predictions: Predictions, baseline: Decided, candidate: Decided
) -> Exemplar:
    label, classes = int(predictions.labels[row]), predictions.classes
    return Exemplar(
        str(predictions.ids[row]),
        classes[label],
        classes[int(candidate.decisions[row])],
        float(baseline.probabilities[row, label]),
        float(candidate.probabilities[row, label]),
    )


def _note(group: NewlyWrong, captions: Captions) -> str:
    above = "" if group.exemplars else "; all shown above or beyond the room here"
    counts = f"{group.lost:,} of {group.rows:,} {captions.rows} lost"
    return f"{counts}, {group.gained:,} gained{above}"


def _shown(one: Exemplar, group: str, pictures: Mapping[str, bytes], captions: Captions) -> Json:
    encoded = pictures.get(one.id)
    return {
        "label": one.label,
        "decided": one.decided,
        "fall": f"{one.baseline:.2f} {ARROW} {one.candidate:.2f}",
        "baseline_at": round(6 + 88 * one.baseline, 1),
        "candidate_at": round(6 + 88 * one.candidate, 1),
        "alt": f"{one.id}, {one.label}, {group}: probability of {one.label} {one.baseline:.2f} by "
        f"the {captions.baseline} model, {one.candidate:.2f} by the {captions.candidate} one, "
        f"which decides {one.decided}",
        "data": embedded(encoded) if encoded else "",
    }


def embedded(encoded: bytes) -> str:
    """Return a picture, no larger than it is shown, as a data URI."""
    buffer = io.BytesIO()
    from PIL import Image  # here, since most audits show no picture

    from faircompress.data.pictures import look

    small = Image.fromarray(look(encoded).pixels)
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    small.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
