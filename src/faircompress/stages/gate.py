"""predictions -> artifacts/gate: may a pruned file go out, which one, and a page that says why."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faircompress import predictions
from faircompress.dataset import load_encoded
from faircompress.files import new_folder, read_json, sha256, write_json, write_text
from faircompress.params import Gate, Params
from faircompress.precisions import PRECISIONS, Precision, stem
from faircompress.predictions import Predictions
from faircompress.verdict.budgets import Costs
from faircompress.verdict.card import card
from faircompress.verdict.exemplars import unlearnt
from faircompress.verdict.judge import Verdict, judge
from faircompress.verdict.report import ReportContext, report

NUMBERS = ("dense", "pruned", "change", "lower", "upper")
Verdicts = Mapping[Precision, Verdict]


def gate(params: Params, artifacts: Path) -> dict[str, Any]:
    """Judge the pruned files by group; return the verdict and every defined rate.

    Files of fewer bits are judged after the one in float32, one after the other, up to the first
    that does not pass: so all together pass wrongly no more often than one. A rejected model is a
    result, not an error.

    Raises:
        ValueError: If predictions are unfit, or not of the exported files or the champion.
    """
    exported = artifacts / "export"
    sizes = {file.stem: file.stat().st_size for file in sorted(exported.glob("*.onnx"))}
    verdicts = _verdicts(params.gate, artifacts, sizes)
    chosen = _chosen(verdicts, sizes, params.gate.promote)

    with new_folder(artifacts / "gate") as folder:
        for precision, verdict in verdicts.items():
            place = folder if precision == chosen else folder / precision
            context = _context(artifacts, verdicts, sizes, precision, chosen)
            write_json(place / "verdict.json", verdict.to_json())
            write_text(place / "report.html", report(verdict, context))
            write_text(place / "card.md", card(verdict, context))
    return {
        "verdict": verdicts[chosen].verdict,
        "goes_out": chosen,
        "precisions": {precision: verdict.verdict for precision, verdict in verdicts.items()},
        "groups": _numbers(verdicts[chosen]),
    }


def _verdicts(gate: Gate, artifacts: Path, sizes: Mapping[str, int]) -> Verdicts:
    """Return the verdicts on all files up to the first that does not pass."""
    exported = artifacts / "export"
    latency, looks = read_json(exported / "latency.json"), read_json(artifacts / "look.json")
    rivals, tuned_rivals = _rivals(artifacts)
    dense = {split: _said(exported, "dense", split) for split in ("test", "validation")}
    found: dict[Precision, Verdict] = {}
    for precision in _exported(latency):
        file = stem(precision)
        found[precision] = judge(
            dense["test"],
            _said(exported, file, "test"),
            gate,
            validation=(dense["validation"], _said(exported, file, "validation")),
            costs=Costs(_sizes(sizes, precision), _latency(latency, precision)),
            rivals=rivals,
            rivals_in_validation=tuned_rivals,
            look=looks["look"][precision],
        )
        if found[precision].verdict != "pass":
            break
    return found


def _chosen(verdicts: Verdicts, sizes: Mapping[str, int], promote: str) -> Precision:
    """Return the file that goes out, or would if it passed."""
    passing = [precision for precision, found in verdicts.items() if found.verdict == "pass"]
    if promote == "smallest" and passing:
        return min(passing, key=lambda precision: sizes[stem(precision)])
    return PRECISIONS[0]


def _exported(latency: Mapping[str, Any]) -> list[Precision]:
    return [precision for precision in PRECISIONS if precision in latency["times"]]


def _sizes(sizes: Mapping[str, int], precision: str) -> dict[str, int]:
    return {"dense": sizes["dense"], "pruned": sizes[stem(precision)]}


def _latency(latency: Mapping[str, Any], precision: str) -> dict[str, Any]:
    return {**latency, "times": latency["times"][precision]}


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


def _context(
    artifacts: Path,
    verdicts: Verdicts,
    sizes: Mapping[str, int],
    precision: Precision,
    chosen: Precision,
) -> ReportContext:
    """Return what the report on one file shows beside its verdict."""
    exported, file = artifacts / "export", stem(precision)
    lost = unlearnt(
        verdicts[precision], _said(exported, "dense", "test"), _said(exported, file, "test")
    )
    latency, parity = (read_json(exported / f"{name}.json") for name in ("latency", "parity"))
    ids = [one.id for group in lost for one in group.exemplars]
    return ReportContext(
        unlearnt=lost,
        pictures=load_encoded(artifacts / "validate", "test", ids),
        sizes=_sizes(sizes, precision),
        layers=read_json(artifacts / "prune" / "layers.json"),
        latency=_latency(latency, precision),
        parity={k: v for k, v in parity.items() if k.rpartition("-")[0] in ("dense", file)},
        precision=precision,
        precisions=[
            {
                "precision": other,
                "verdict": verdicts[other].verdict if other in verdicts else "not judged",
                "sentence": verdicts[other].sentence if other in verdicts else "",
                "bytes": sizes[stem(other)],
                "times": latency["times"][other],
                "flips": parity[f"{stem(other)}-test"]["flips"],
                "max_difference": parity[f"{stem(other)}-test"]["max_difference"],
                "goes_out": other == chosen and verdicts[chosen].verdict == "pass",
                "report": _way(precision, other, chosen) if other in verdicts else "",
            }
            for other in _exported(latency)
        ],
    )


def _way(here: Precision, there: Precision, chosen: Precision) -> str:
    """Return the link from one file's report to another's; none to itself."""
    if here == there:
        return ""
    folder = "" if there == chosen else f"{there}/"
    return f"{'' if here == chosen else '../'}{folder}report.html"


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
