"""dense model -> artifacts/screen.json: does it reach the minimums itself, before it is pruned?"""

from pathlib import Path
from typing import Any

from faircompress.config.params import Params
from faircompress.data.predictions import Predictions, taken
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.minimums import checks_of_baseline, not_shown, refuse_missed
from faircompress.evaluation.operating_point import HALF, OperatingPoint
from faircompress.support.progress import show_line


def screen(params: Params, artifacts: Path) -> dict[str, Any]:
    """Test the gate's minimums on the dense model's validation predictions; return how many.

    Without such rules nothing is loaded. One that is not shown to be reached is a warning.

    Raises:
        MinimumMissed: If the dense model is confirmed to miss one.
    """
    if not any(rule.rule == "minimum" for rule in params.gate.harm_rules):
        return {"checks": 0, "not_shown": 0}
    rows, threshold = dense_predictions(params, artifacts)
    checks = checks_of_baseline(rows, params.gate, threshold, CHAIN)
    refuse_missed(checks, CHAIN)
    open_checks = not_shown(checks)
    for clause in open_checks:
        show_line(f"the dense model itself is not shown to reach a minimum: {clause}")
    return {"checks": len(checks), "not_shown": len(open_checks)}


def dense_predictions(params: Params, artifacts: Path) -> tuple[Predictions, float | None]:
    """Return the dense model's validation predictions, and where it decides; None: by argmax.

    Rows on which the threshold was chosen are left out: it would look too good on them.
    """
    from faircompress.data.dataset import load_facts, load_split
    from faircompress.data.predicting import predictions_of
    from faircompress.export.folding import deciding_rows, operating_points
    from faircompress.export.runtime import has_gpu
    from faircompress.networks import network
    from faircompress.support.files import sha256

    facts = load_facts(artifacts / "validate")
    split = load_split(artifacts / "validate", "validation")
    path, device = artifacts / "train" / "model.pt", params.compute.device
    dense = network.load(path)
    where = "cuda" if has_gpu(device) else "cpu"
    found = network.probabilities(dense, split.images, where, what="dense, validation")
    rows, choice = predictions_of(split, found, facts, sha256(path)), params.export.threshold
    if len(facts.classes) > 2:
        return rows, None
    point: OperatingPoint = operating_points(choice, {"dense": rows}, baseline="dense")["dense"]
    if choice == "validation":
        rows = taken(rows, (~deciding_rows(rows)).nonzero()[0])
    return rows, HALF if point.chosen_by == "half" else point.threshold
