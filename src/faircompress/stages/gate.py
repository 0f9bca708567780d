"""predictions -> artifacts/gate: may a pruned file go out, which one, and a page that says why."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from faircompress.verdict.numbers import NUMBERS as NUMBERS
from faircompress.verdict.numbers import numbers
from faircompress.verdict.report import ReportContext, report

Json = dict[str, Any]
Verdicts = Mapping[Precision, Verdict]


def gate(params: Params, artifacts: Path) -> Json:
    """Judge the pruned files by group; return the verdict and every defined rate.

    Files of fewer bits are judged after the one in float32, one after the other, up to the first
    that does not pass: so all together pass wrongly no more often than one. A rejected model is a
    result, not an error.

    Raises:
        ValueError: If predictions are unfit, or not of the exported files or the champion.
    """
    files = Files.of(artifacts)
    verdicts = _verdicts(params.gate, artifacts, files)
    chosen = _chosen(verdicts, files, params.gate.promote)

    with new_folder(artifacts / "gate") as folder:
        for precision, verdict in verdicts.items():
            place = folder if precision == chosen else folder / precision
            context = _context(artifacts, files, verdicts, precision, chosen)
            write_json(place / "verdict.json", verdict.to_json())
            write_text(place / "report.html", report(verdict, context))
            write_text(place / "card.md", card(verdict, context))
    return {
        "verdict": verdicts[chosen].verdict,
        "goes_out": chosen if verdicts[chosen].verdict == "pass" else None,
        "judged": chosen,
        "precisions": {precision: verdict.verdict for precision, verdict in verdicts.items()},
        "groups": numbers(verdicts[chosen]),
    }


@dataclass(frozen=True)
class Files:
    """What ``export`` left.

    Args:
        folder: Where it is.
        precisions: Of the pruned files, in the order of judging.
        latency: As ``latency.json``.
        parity: As ``parity.json``.
    """

    folder: Path
    precisions: tuple[Precision, ...]
    latency: Json
    parity: Json

    @classmethod
    def of(cls, artifacts: Path) -> "Files":
        """Read what lies in the folder of a run's results."""
        folder = artifacts / "export"
        latency, parity = (read_json(folder / f"{name}.json") for name in ("latency", "parity"))
        precisions = tuple(p for p in PRECISIONS if p in latency["times"])
        return cls(folder, precisions, latency, parity)

    def bytes(self, precision: Precision) -> int:
        """Return the size of a pruned file."""
        return (self.folder / f"{stem(precision)}.onnx").stat().st_size

    def costs(self, precision: Precision) -> Costs:
        """Return size and times of a pruned file beside the dense one's."""
        dense = (self.folder / "dense.onnx").stat().st_size
        sizes = {"dense": dense, "pruned": self.bytes(precision)}
        return Costs(sizes, {**self.latency, "times": self.latency["times"][precision]})

    def said(self, name: str, split: str) -> Predictions:
        """Return what one file said, and refuse the word of any other file."""
        said = predictions.load(self.folder / "predictions" / f"{name}-{split}.parquet")
        file = self.folder / f"{name}.onnx"
        found = sha256(file) if file.exists() else "missing"
        if said.model != found:
            raise ValueError(
                f"predictions {name}-{split} are of file {said.model}, but {name}.onnx is {found}; "
                "the verdict must be about the file that goes out. Run export again."
            )
        return said


def _verdicts(gate: Gate, artifacts: Path, files: Files) -> Verdicts:
    """Return the verdicts on all files up to the first that does not pass."""
    looks = read_json(artifacts / "look.json")["looks"]  # plain DVC counts none
    rivals, tuned_rivals = _rivals(artifacts)
    found: dict[Precision, Verdict] = {}
    for precision in files.precisions:
        pruned = files.said(stem(precision), "test")
        tuned = files.said(stem(precision), "validation")
        found[precision] = judge(
            files.said("dense", "test"),
            pruned,
            gate,
            validation=(files.said("dense", "validation"), tuned),
            costs=files.costs(precision),
            rivals=rivals,
            rivals_in_validation=tuned_rivals,
            look=looks.get(pruned.model),
        )
        if found[precision].verdict != "pass":
            break
    return found


def _chosen(verdicts: Verdicts, files: Files, promote: str) -> Precision:
    """Return the file that goes out if it passes."""
    passing = [precision for precision, found in verdicts.items() if found.verdict == "pass"]
    if promote == "smallest" and passing:
        return min(passing, key=files.bytes)
    return PRECISIONS[0]


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


def _context(
    artifacts: Path, files: Files, verdicts: Verdicts, precision: Precision, chosen: Precision
) -> ReportContext:
    """Return what the report on one file shows beside its verdict."""
    pruned, costs = stem(precision), files.costs(precision)
    lost = unlearnt(verdicts[precision], files.said("dense", "test"), files.said(pruned, "test"))
    ids = [one.id for group in lost for one in group.exemplars]
    return ReportContext(
        unlearnt=lost,
        pictures=load_encoded(artifacts / "validate", "test", ids),
        sizes=costs.sizes,
        layers=read_json(artifacts / "prune" / "layers.json"),
        latency=costs.latency,
        parity={k: v for k, v in files.parity.items() if k.rpartition("-")[0] in ("dense", pruned)},
        precision=precision,
        precisions=[
            _file(files, verdicts, other, chosen)
            | {"report": _way(precision, other, chosen) if other in verdicts else ""}
            for other in files.precisions
        ],
    )


def _file(files: Files, verdicts: Verdicts, precision: Precision, chosen: Precision) -> Json:
    """Return what every report says of a file."""
    verdict, far = verdicts.get(precision), files.parity[f"{stem(precision)}-test"]
    return {
        "precision": precision,
        "verdict": verdict.verdict if verdict else "not judged",
        "sentence": verdict.sentence if verdict else "",
        "bytes": files.bytes(precision),
        "times": files.costs(precision).latency["times"],
        "flips": far["flips"] + far["near_ties"],
        "max_difference": far["max_difference"],
        "goes_out": precision == chosen and verdicts[chosen].verdict == "pass",
    }


def _way(here: Precision, there: Precision, chosen: Precision) -> str:
    """Return the link from one file's report to another's."""
    folder = "" if there == chosen else f"{there}/"
    return f"{'' if here == chosen else '../'}{folder}report.html"
