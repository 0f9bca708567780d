"""The audit of two ONNX files from Python."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from faircompress.auditing import arguments
from faircompress.auditing.api import gate_of
from faircompress.auditing.audit import audit_pair, check_threshold
from faircompress.auditing.booking import of_options
from faircompress.auditing.result import AuditVerdict
from faircompress.auditing.rows import Asked
from faircompress.auditing.rules import BASICS
from faircompress.auditing.spelling import OF_FILES, from_python
from faircompress.support.arguments import listed, of_kinds

if TYPE_CHECKING:
    from faircompress.config.rules import Rule

Side = int | Sequence[int]  # of a picture: one, or height and width


@of_kinds(arguments.OF_FILES)
def audit_files(
    baseline: str | Path,
    candidate: str | Path,
    data: str | Path,
    *,
    rules: "Sequence[Mapping[str, Any] | Rule | str] | str | Path",
    label: str | None = None,
    groups: Sequence[str] = (),
    image: str = "image",
    layout: str | None = None,
    channels: str | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    scale: float | None = None,
    resize: Side | None = None,
    crop: Side | None = None,
    resampler: str | None = None,
    logits: bool | None = None,
    output: str | None = None,
    score: str | int | None = None,
    input: str | None = None,
    constant: Mapping[str, Any] | None = None,
    baseline_with: Mapping[str, Any] | None = None,
    candidate_with: Mapping[str, Any] | None = None,
    classes: Sequence[str] = (),
    cluster: str | None = None,
    weight: str | None = None,
    max_weight: float | Mapping[str, float] | None = None,
    counts: Literal["rows", "clusters"] = "rows",
    fixed_counts: Sequence[str] = (),
    id: str | None = None,
    validation: str | Path | None = None,
    threshold: float | Literal["validation", "baseline"] | None = None,
    confidence: float | None = None,
    intersections: bool = False,
    sparse: Literal["judge", "merge", "parent"] | None = None,
    min_rows: int | None = None,
    expect: Mapping[str, Sequence[str]] | None = None,
    absent: Sequence[str] = (),
    ledger: str | Path | None = None,
    looks: Literal["spend", "earn", "ignore"] | None = None,
    topping_up: bool = False,
    tops_up: int | None = None,
    reviewer: str | None = None,
    reason: str = "",
    crosschecks: bool = False,
) -> AuditVerdict:
    """Tell whether a candidate file harms no group more than the rules allow.

    Both files are asked about the pictures of a table. What a file tells is not asked for; what
    it does not tell is an error that names the argument. See docs/audit.md.

    Args:
        baseline: ONNX file of the baseline.
        candidate: Of the model that may be released.
        data: Parquet table of image files, labels and groups, one row a picture.
        rules: As ``audit`` takes them; those on ``size`` and ``latency`` too.
        label: Column of the true classes.
        groups: Columns of groups.
        image: Column of the pictures.
        layout: Order of the input's axes: ``NCHW``, ``NHWC``, ``CHW``, ``HWC`` or ``NHW``.
        channels: ``rgb`` (if left out), ``bgr`` or ``grey``.
        mean: Subtracted from scaled pixels, one number or one a channel, in the file's order.
        std: What they are divided by after that.
        scale: What pixels 0-255 are multiplied by; 1/255 with ``mean`` or ``std`` if left out.
        resize: Height and width of the pictures, or a shorter side.
        crop: Height and width, or a side, from the centre, after that.
        resampler: ``bilinear`` (if left out), ``bicubic``, ``lanczos`` or ``box``.
        logits: Are the scores logits? False: they are probabilities.
        output: Name of the output that holds the scores.
        score: Of several yes-or-no scores a picture, the one that is asked about: number or name.
        input: Name of the input that takes the pictures, of several.
        constant: What each other input gets, by name, for every picture: numbers or arrays.
        baseline_with: What is said of the baseline alone, by the names of these arguments.
        candidate_with: Of the candidate alone.
        classes: Names of the scores, in order; of two, the positive second.
        cluster: Column of whose row it is.
        weight: Column of what a row counts.
        max_weight: The most that a cluster (or a row without one) weighs in the population,
            twice that if its rows may be of several classes, whether one was drawn or not; or by
            subgroup, such as ``{"sex=f": 3, "sex=m & y=1": 5, "sex=m & y=0": 2}``.
        counts: What rates count: rows, or clusters, each once however many rows it has. Nobody can
            then weigh much, so many rows of a few cost the others nothing.
        fixed_counts: Columns of whose crossed values the numbers of pictures were fixed by design.
        id: Column of the rows' ids.
        validation: Parquet table of validation pictures, on which thresholds are chosen.
        threshold: As ``audit`` takes it; ``validation`` if there is such a table, else 0.5.
        confidence: As ``audit`` takes it.
        intersections: Test the intersections of group columns too.
        sparse: What becomes of small ones, as ``audit`` takes it.
        min_rows: Of each class, with which one is not small.
        expect: Group column -> groups that must be there.
        absent: What the rows lack by design.
        ledger: File that counts looks at a test set.
        looks: ``spend``, ``earn`` or ``ignore``.
        topping_up: Declare that pictures of fresh people may be added to this look later.
        tops_up: Line in the ledger of the look that the fresh ones of ``data`` top up.
        reviewer: Who agreed to limits that changed after a look.
        reason: Why they changed.
        crosschecks: Compute bootstrap and DeLong intervals too.

    Returns:
        The verdict, as ``audit`` does.

    Raises:
        ValueError: Naming the file, the row or the argument, and what to do.

    Example:
        >>> verdict = faircompress.audit_files(  # doctest: +SKIP
        ...     "dense.onnx", "small.onnx", "pictures.parquet", label="y", groups=["hair"],
        ...     mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225], logits=True,
        ...     candidate_with={"logits": False}, rules=["change true_positive_rate 0.1"])
    """
    from faircompress.auditing.file_options import of_both
    from faircompress.auditing.pictures import pair_and_validation

    with from_python(OF_FILES):
        classes, absent = listed(classes), listed(absent)
        both = {
            "layout": layout, "channels": channels, "mean": mean, "std": std, "scale": scale,
            "resize": resize, "crop": crop, "resampler": resampler, "logits": logits,
            "output": output, "score": score, "input": input, "constant": constant,
        }  # fmt: skip
        options = of_both(both, baseline_with, candidate_with)
        names = tuple(map(str, classes))
        asked = Asked(label, tuple(groups), names, id, cluster, weight, max_weight, counts=counts)
        asked = replace(asked, fixed_counts=tuple(map(str, listed(fixed_counts))))
        where = None if ledger is None else Path(ledger)
        way, book = of_options(looks, where, reviewer, reason, tops_up)
        cut = threshold or ("validation" if validation else BASICS["threshold"])
        more: dict[str, Any] = {"threshold": cut, "intersections": intersections, "looks": way}
        more |= {"sparse": sparse, "min_rows": min_rows, "topping_up": topping_up or None}
        gate = gate_of(rules, confidence, {**more, "expect": expect, "absent": absent})
        files = Path(baseline), Path(candidate)
        tables = Path(data), Path(validation) if validation else None
        pair, held = pair_and_validation(files, tables, asked, image, gate, options)
        if cut != BASICS["threshold"]:
            check_threshold(pair, "threshold")
        found = audit_pair(pair, gate, asked, held, book, crosschecks=crosschecks)
        return AuditVerdict.of(*found)
