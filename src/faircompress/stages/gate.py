"""predictions -> artifacts/gate: may a pruned file be released, which, and a page that says why."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from faircompress.config.params import Params
from faircompress.config.precisions import PRECISIONS, Precision, stem
from faircompress.data import predictions
from faircompress.data.dataset import load_encoded, load_facts
from faircompress.data.predictions import Predictions
from faircompress.evaluation.captions import CHAIN
from faircompress.evaluation.decisions import decide
from faircompress.evaluation.dropped import counted as counted_rows
from faircompress.evaluation.evaluate import evaluate
from faircompress.evaluation.hidden_subgroups import hidden_subgroups
from faircompress.evaluation.numbers import NUMBERS as NUMBERS
from faircompress.evaluation.numbers import numbers
from faircompress.evaluation.parts import Parts
from faircompress.evaluation.plot_tables import limits_used, rates_by_group
from faircompress.evaluation.verdict import Verdict
from faircompress.export.written_width import known_width
from faircompress.report.about import about
from faircompress.report.context import ReportContext
from faircompress.report.curves import curves
from faircompress.report.exemplars import newly_wrong
from faircompress.report.hidden import hidden
from faircompress.report.html import report
from faircompress.report.levers import in_a_clause, levers
from faircompress.report.model_card import model_card
from faircompress.report.plots import capital
from faircompress.report.wording import worst_with_bounds
from faircompress.stages.exported_files import Files
from faircompress.support.errors import InputError
from faircompress.support.files import new_folder, read_json, sha256, write_json, write_text
from faircompress.support.tables import write_csv
from faircompress.training.weak_dense import warning_for

Json = dict[str, Any]
Verdicts = Mapping[Precision, Verdict]


def gate(params: Params, artifacts: Path) -> Json:
    """Evaluate the pruned files by group; return the verdict and every defined rate.

    Files of fewer bits are evaluated after the one in float32, one after the other, up to the first
    that does not pass: so all together pass wrongly no more often than one. A rejected model is a
    result, not an error.

    Raises:
        ValueError: If predictions are unfit, or not of the exported files or the champion.
    """
    files = Files.of(artifacts)
    verdicts = _verdicts(params, artifacts, files)
    chosen = _chosen(verdicts, files, params.gate.promote)

    with new_folder(artifacts / "gate") as folder:
        _keep_part(folder / "predictions", artifacts, files, verdicts[chosen])
        for precision, verdict in verdicts.items():
            place = folder if precision == chosen else folder / precision
            context = _context(params, artifacts, files, verdicts, precision, chosen)
            write_json(place / "verdict.json", verdict.to_json())
            write_text(place / "report.html", report(verdict, context))
            write_text(place / "card.md", model_card(verdict, context))
            write_csv(place / "rates.csv", rates_by_group(verdict))
            write_csv(place / "limits.csv", limits_used(verdict))
    return {
        "outcome": verdicts[chosen].outcome,
        "released": chosen if verdicts[chosen].outcome == "pass" else None,
        "evaluated": chosen,
        "precisions": {precision: verdict.outcome for precision, verdict in verdicts.items()},
        "groups": numbers(verdicts[chosen]),
    }


def _verdicts(params: Params, artifacts: Path, files: Files) -> Verdicts:
    """Return the verdicts on all files up to the first that does not pass."""
    weak = _weak(params, files)
    captions = replace(CHAIN, protect=in_a_clause(params, weak=bool(weak)))
    counted = files.look  # plain DVC counts none
    references, on_validation = _references(artifacts)
    references = {n: r if isinstance(r, str) else files.evaluated(r) for n, r in references.items()}
    rules, parts = params.gate, _parts(params, files)
    if parts is not None and parts.number > 1:
        rules = rules.model_copy(update={"expect": {}})  # the first part had them
    facts = load_facts(artifacts / "validate")
    dropped = counted_rows(facts.dropped, "test", facts.classes)
    found: dict[Precision, Verdict] = {}
    for precision in files.precisions:
        pruned = files.predictions(stem(precision), "test")
        validation = files.predictions(stem(precision), "validation")
        found[precision] = evaluate(
            files.predictions("dense", "test"),
            pruned,
            rules,
            validation=(files.predictions("dense", "validation"), validation),
            costs=files.costs(precision),
            references=references,
            references_on_validation=on_validation,
            look=counted["looks"].get(pruned.model),
            released=counted.get("released", 0),
            parts=parts,
            captions=captions,
            crosschecks=True,
            dropped=dropped,
        )
        more = [counted.get("part", {}).get("note"), weak]
        notes = [*found[precision].notes, *filter(None, more)]
        found[precision] = replace(found[precision], notes=notes)
        if found[precision].outcome != "pass":
            break
    return found


def _weak(params: Params, files: Files) -> str:
    """Return that the dense model is too weak for the objective in use; nothing if it is not."""
    dense = files.predictions("dense", "validation")
    words = warning_for(params.prune, dense.probabilities, dense.labels)
    return f"{capital(words)}." if words else ""


def _parts(params: Params, files: Files) -> Parts | None:
    """Return which part of a look the rows are; None: it declared none."""
    part = files.look.get("part")
    if params.gate.topping_up and not part:
        raise InputError(
            "gate.topping_up is declared in the ledger, of which look.json says nothing. The flow "
            "writes both: use faircompress run."
        )
    return Parts(part["number"], part["e_values"]) if part else None


def _keep_part(folder: Path, artifacts: Path, files: Files, verdict: Verdict) -> None:
    """Keep the predictions of the rows that top up a look, from which a verdict is derived again.

    Those of a whole test split lie in ``export``.
    """
    if files.look.get("part", {}).get("rows") is None:
        return
    kept: dict[str, Predictions | str] = {
        name: files.predictions(name, "test") for name in ("dense", stem(PRECISIONS[0]))
    }
    for name, rows in (kept | _references(artifacts)[0]).items():
        if not isinstance(rows, str) and rows.model in verdict.models.values():
            predictions.save(files.evaluated(rows), folder / f"{name}-test.parquet")


def _chosen(verdicts: Verdicts, files: Files, promote: str) -> Precision:
    """Return the file that is released if it passes."""
    passing = [precision for precision, found in verdicts.items() if found.outcome == "pass"]
    if promote == "smallest" and passing:
        return min(passing, key=files.bytes)
    return PRECISIONS[0]


def _references(artifacts: Path) -> tuple[dict[str, Predictions | str], dict[str, Predictions]]:
    """Return the references' predictions on test and validation rows, or why there are none.

    Raises:
        ValueError: If predictions are missing or not those that the flow wrote.
    """
    test: dict[str, Predictions | str] = {}
    validation: dict[str, Predictions] = {}
    for name, inputs in read_json(artifacts / "champion.json").items():
        if inputs and inputs["not_comparable"]:
            test[name] = inputs["not_comparable"]
        elif inputs:
            test[name] = _reference(artifacts / "champion", name, "test", inputs)
            validation[name] = _reference(artifacts / "champion", name, "validation", inputs)
    return test, validation


def _reference(folder: Path, name: str, split: str, inputs: Mapping[str, Any]) -> Predictions:
    path = folder / f"{name}-{split}.parquet"
    found = sha256(path) if path.exists() else "missing"
    if found != inputs["predictions"][split]:
        raise InputError(
            f"{path} is {found}, but champion.json says {inputs['predictions'][split]}. The flow "
            "writes both: use faircompress run."
        )
    return predictions.load(path)


def _context(
    params: Params,
    artifacts: Path,
    files: Files,
    verdicts: Verdicts,
    precision: Precision,
    chosen: Precision,
) -> ReportContext:
    """Return what the report on one file shows beside its verdict."""
    pruned = stem(precision)
    verdict = verdicts[precision]
    pair = files.predictions("dense", "test"), files.predictions(pruned, "test")
    lost = newly_wrong(verdict, *pair)
    ids = [one.id for group in lost for one in group.exemplars]
    return ReportContext(
        newly_wrong=lost,
        pictures=load_encoded(artifacts / "validate", "test", ids),
        sizes=files.sizes(precision),
        layers=read_json(artifacts / "prune" / "layers.json"),
        latency=files.times(precision),
        parity={k: v for k, v in files.parity.items() if k.rpartition("-")[0] in ("dense", pruned)},
        operating_points=files.operating_points(precision),
        precision=precision,
        precisions=[
            _file(files, verdicts, other, chosen)
            | {"report": _way(precision, other, chosen) if other in verdicts else ""}
            for other in files.precisions
        ],
        about=about(params, verdict.data, known_width(artifacts)),
        levers=levers(params, weak=bool(_weak(params, files))),
        curves=curves(verdict, *pair),
        hidden=_hidden(artifacts, verdict, pair),
        card=params.card,
    )


def _hidden(artifacts: Path, verdict: Verdict, pair: tuple[Predictions, Predictions]) -> Json:
    """Return what happened to the groups that export found without labels; {} without any."""
    known = read_json(artifacts / "export" / "hidden_groups.json")
    if not known:
        return {}
    sides = zip(("baseline", "candidate"), pair, strict=True)
    ours, theirs = (decide(said, verdict.thresholds[name]) for name, said in sides)
    places = {str(i): row for row, i in enumerate(pair[0].ids)}
    here = np.array([i in places for i in known["ids"]], bool)  # all, or a part's fresh rows
    rows = np.array([places[i] for i in known["ids"] if i in places], int)
    cluster, distance = (np.asarray(known[name])[here] for name in ("cluster", "distance"))
    found = hidden_subgroups(pair[0], (ours, theirs), rows, cluster, distance)
    ids = [i for one in found for i in one.nearest]
    pictures = load_encoded(artifacts / "validate", "test", ids)
    return hidden(found, pictures, verdict.captions, found_on=known["found_on"])


def _file(files: Files, verdicts: Verdicts, precision: Precision, chosen: Precision) -> Json:
    """Return what every report says of a file."""
    verdict, far = verdicts.get(precision), files.parity[f"{stem(precision)}-test"]
    return {
        "precision": precision,
        "verdict": verdict.outcome if verdict else "not evaluated",
        "sentence": verdict.sentence if verdict else "",
        "worst": worst_with_bounds(verdict) if verdict else "",
        "bytes": files.bytes(precision),
        "times": files.times(precision)["times"],
        "flips": far["flips"] + far["near_ties"],
        "max_difference": far["max_difference"],
        "released": precision == chosen and verdicts[chosen].outcome == "pass",
    }


def _way(here: Precision, there: Precision, chosen: Precision) -> str:
    """Return the link from one file's report to another's."""
    folder = "" if there == chosen else f"{there}/"
    return f"{'' if here == chosen else '../'}{folder}report.html"
