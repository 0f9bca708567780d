"""The tables of harm to the subgroup that a plan names, in words."""

from collections.abc import Sequence
from typing import Any

from faircompress.study.comparison import Comparison
from faircompress.study.harm import Gain, Harm, gains, harms
from faircompress.study.plan import Endpoint
from faircompress.study.power import sentence
from faircompress.study.resampling import Estimate

Json = dict[str, Any]
HARM_HEAD = [
    "Method", "Right", "Dense, moved", "At 0.5", "Beyond moved", "At dense selection rate",
    "At own FPR", "Flips", "Cross-group AUROC", "Accuracy", "Thresholds",
]  # fmt: skip
GAIN_HEAD = ["Method", "Against", "Gain", "p", "p of signs", "Flips", "Accuracy", "Helps"]
CUT = (
    "Cut: the interval would reach further than a share can change, and ends at what is possible. "
    "So few seeds say little."
)
AT = {
    "half": "at 0.5",
    "selection_rate": "at the dense model's selection rate",
    "false_positive_rate": "at the dense model's false positive rate in the group",
}


def signed(found: Estimate | None) -> str:
    """Return a change with its interval in words; nothing where it is undefined."""
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{found.mean:+.3f} (one seed)"
    cut = "; cut" if found.cut else ""
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f}{cut})"


def harm_section(comparison: Comparison) -> Json:
    """Return what the page shows of the plan's subgroup; nothing if the plan names none."""
    end = comparison.plan.endpoint
    if end.subgroup is None:
        return {}
    found, against = harms(comparison), gains(comparison)
    return {
        "harms": found,
        "gains": against,
        "head": HARM_HEAD,
        "rows": [_dense(found[0]), *map(_harm, found)] if found else [],
        "gain_head": GAIN_HEAD,
        "gain_rows": [_gain(gain) for gain in against],
        "words": [word for word in (named(end), sentence(comparison.plan)) if word],
    }


def named(end: Endpoint) -> str:
    """Return what the plan said before the run, in words."""
    margins = end.margins
    return (
        f"Named before the run: {end.subgroup}, {AT[end.at]}; a gain above {margins.gain:g} at no "
        f"more than {margins.accuracy:g} of accuracy. {end.analysis}".strip()
    )


def _dense(first: Harm) -> list[str]:
    return ["dense", f"{first.dense.mean:.3f}", *[""] * (len(HARM_HEAD) - 2)]


def _harm(found: Harm) -> list[str]:
    shares = [f"{found.dense.mean + found.half.mean:.3f}", f"{found.moved.mean:.3f}"]
    changes = (
        found.half, found.beyond_moved, found.selection_rate, found.false_positive_rate,
    )  # fmt: skip
    rest = (found.cross_group_auroc, found.accuracy)
    thresholds = " ".join(f"{threshold:.2f}" for threshold in found.thresholds)
    flips = _share(found.flips)
    return [found.method, *shares, *map(signed, changes), flips, *map(signed, rest), thresholds]


def _share(found: Estimate) -> str:
    return signed(found).replace("+", "")


def _gain(found: Gain) -> list[str]:
    p_values = ["" if p is None else f"{p:.4f}" for p in (found.p, found.gain.flips)]
    helps = "" if found.helps is None else "yes" if found.helps else "not shown"
    changes = [signed(found.flips), signed(found.accuracy)]
    return [found.method, found.against, signed(found.gain), *p_values, *changes, helps]


def tables(section: Json) -> Sequence[tuple[list[str], list[list[str]]]]:
    """Return heads and rows, for Markdown."""
    if not section:
        return []
    return [(section["head"], section["rows"]), (section["gain_head"], section["gain_rows"])]
