"""predictions -> artifacts/gate: may the pruned file go out, and a page that says why."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as arrow

from faircompress import predictions
from faircompress.dataset import TABLE
from faircompress.files import new_folder, read_json, sha256, write_json, write_text
from faircompress.params import Params
from faircompress.predictions import Predictions
from faircompress.verdict.budgets import Costs
from faircompress.verdict.card import card
from faircompress.verdict.exemplars import Unlearnt, unlearnt
from faircompress.verdict.judge import Verdict, judge
from faircompress.verdict.report import ReportContext, report

SIDES = ("dense", "pruned")
NUMBERS = ("dense", "pruned", "change", "lower", "upper")


def gate(params: Params, artifacts: Path) -> dict[str, Any]:
    """Judge the pruned file by group; return the verdict and every defined rate.

    A rejected model is a result, not an error.

    Raises:
        ValueError: If predictions are unfit, or not of the exported files or the champion.
    """
    exported = artifacts / "export"
    dense, pruned = (_said(exported, side, "test") for side in SIDES)
    tuned = (_said(exported, "dense", "validation"), _said(exported, "pruned", "validation"))
    rivals, tuned_rivals = _rivals(artifacts)
    sizes = {side: (exported / f"{side}.onnx").stat().st_size for side in SIDES}

    verdict = judge(
        dense,
        pruned,
        params.gate,
        validation=tuned,
        costs=Costs(sizes, read_json(exported / "latency.json")),
        rivals=rivals,
        rivals_in_validation=tuned_rivals,
        look=read_json(artifacts / "look.json")["look"],
    )
    lost = unlearnt(verdict, dense, pruned)

    with new_folder(artifacts / "gate") as folder:
        write_json(folder / "verdict.json", verdict.to_json())
        context = _context(artifacts, lost, sizes)
        write_text(folder / "report.html", report(verdict, context))
        write_text(folder / "card.md", card(verdict, context))
    return {"verdict": verdict.verdict, "groups": _numbers(verdict)}


def _rivals(artifacts: Path) -> tuple[dict[str, Predictions | str], dict[str, Predictions]]:
    """Return what champion and anchor say of test and validation rows, or why they cannot.

    Raises:
        ValueError: If predictions are missing or not those that the flow wrote.
    """
    test: dict[str, Predictions | str] = {}
    validation: dict[str, Predictions] = {}
    for name, told in read_json(artifacts / "champion.json").items():
        if told and told["not_judged"]:
            test[name] = told["not_judged"]
        elif told:
            test[name] = _rival(artifacts / "champion", name, "test", told)
            validation[name] = _rival(artifacts / "champion", name, "validation", told)
    return test, validation


def _rival(folder: Path, name: str, split: str, told: Mapping[str, Any]) -> Predictions:
    path = folder / f"{name}-{split}.parquet"
    found = sha256(path) if path.exists() else "missing"
    if found != told["predictions"][split]:
        raise ValueError(
            f"{path} is {found}, but champion.json says {told['predictions'][split]}. The flow "
            "writes both: use faircompress run."
        )
    return predictions.load(path)


def _said(exported: Path, side: str, split: str) -> Predictions:
    """Return what one exported file said, and refuse the word of any other file."""
    said = predictions.load(exported / "predictions" / f"{side}-{split}.parquet")
    found = sha256(exported / f"{side}.onnx")
    if said.model != found:
        raise ValueError(
            f"predictions {side}-{split} are of file {said.model}, but {side}.onnx is {found}; the "
            "verdict must be about the file that goes out. Run export again."
        )
    return said


def _context(artifacts: Path, lost: list[Unlearnt], sizes: dict[str, int]) -> ReportContext:
    exported = artifacts / "export"
    ids = pa.array([one.id for group in lost for one in group.exemplars], pa.string())
    return ReportContext(
        unlearnt=lost,
        pictures=_pictures(artifacts / "validate" / TABLE, ids),
        sizes=sizes,
        layers=read_json(artifacts / "prune" / "layers.json"),
        latency=read_json(exported / "latency.json"),
        parity=read_json(exported / "parity.json"),
    )


def _pictures(table: Path, ids: pa.Array) -> dict[str, bytes]:
    """Return the encoded test pictures of some rows; row groups of other splits are not read."""
    wanted = (arrow.field("split") == "test") & arrow.field("id").isin(ids)
    scanner = arrow.dataset(table).scanner(
        columns=["id", "image"], filter=wanted, batch_size=256, batch_readahead=2
    )
    found = scanner.to_table()
    return dict(zip(found["id"].to_pylist(), found["image"].to_pylist(), strict=True))


def _numbers(verdict: Verdict) -> dict[str, dict[str, dict[str, float]]]:
    """Return metric -> group -> number; what is undefined is left out."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for group in verdict.groups:
        for name, rates in group["metrics"].items():
            defined = _defined(rates)
            if defined:
                found.setdefault(name, {})[group["group"]] = defined
    return found


def _defined(rates: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(rates[key]) for key in NUMBERS if rates[key] is not None}
