"""Two evaluated files side by side: versions, runs, variants or verdict.json of anywhere."""

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from faircompress.config.params import load
from faircompress.config.precisions import PRECISIONS, Precision
from faircompress.evaluation.verdict import Verdict
from faircompress.evaluation.verdict_comparison import (
    Difference,
    RateDifference,
    checks_that_differ,
    rates_that_differ,
    rules_that_differ,
)
from faircompress.orchestration.stage_words import costs
from faircompress.support.errors import InputError, MissingFileError
from faircompress.support.files import read_json

PROJECT, VERDICT = "project", Path("artifacts") / "gate" / "verdict.json"
COSTS = {"bytes": "size, bytes", "speedup_macs": "dense over pruned multiply-adds"}


@dataclass(frozen=True)
class Side:
    """An evaluated file.

    Args:
        name: As it was asked for.
        verdict: On it.
        params: Of its chain, by dotted name; empty: they are not known.
        costs: What it costs, as ``costs``; empty: it is not known.
    """

    name: str
    verdict: Verdict
    params: Mapping[str, str]
    costs: Mapping[str, float]


@dataclass(frozen=True)
class Comparison:
    """What differs between two evaluated files.

    Args:
        names: Of both.
        outcomes: Of both.
        sentences: Of both verdicts.
        same_rows: Whether both were evaluated on as many rows of the same data.
        params: That differ.
        rules: That differ.
        checks: That came out otherwise.
        rates: Of the candidates that differ, by metric and group.
        costs: That differ.
    """

    names: tuple[str, str]
    outcomes: tuple[str, str]
    sentences: tuple[str, str]
    same_rows: bool
    params: list[Difference]
    rules: list[Difference]
    checks: list[Difference]
    rates: list[RateDifference]
    costs: list[Difference]


def compare(project: Path, first: str, second: str) -> Comparison:
    """Return what differs between two evaluated files.

    Args:
        project: Folder with ``params.yaml``; needed for versions, runs and variants.
        first: Number of a version, id of a run, ``project``, name of a variant, or a path.
        second: Likewise.

    Raises:
        InputError: If it is none of these.
    """
    one, two = (side(project.resolve(), name) for name in (first, second))
    same = (one.verdict.data, one.verdict.rows) == (two.verdict.data, two.verdict.rows)
    return Comparison(
        names=(first, second),
        outcomes=(str(one.verdict.outcome), str(two.verdict.outcome)),
        sentences=(one.verdict.sentence, two.verdict.sentence),
        same_rows=same,
        params=list(_differences(one.params, two.params)),
        rules=rules_that_differ(one.verdict, two.verdict),
        checks=checks_that_differ(one.verdict, two.verdict),
        rates=rates_that_differ(one.verdict, two.verdict),
        costs=list(_costs(one.costs, two.costs)),
    )


def side(project: Path, name: str) -> Side:
    """Return the evaluated file of this name; see ``compare``."""
    for path in (Path(name), project / "variants" / name / VERDICT):
        if path.is_file():
            return _of_file(name, path)
    if name == PROJECT:
        if not (project / VERDICT).exists():
            raise MissingFileError(f"{project / VERDICT} is not there. Run faircompress run.")
        return _of_file(name, project / VERDICT)
    if name.isdecimal():
        return _of_version(project, name)
    if re.fullmatch("[0-9a-f]{32}", name):
        return _of_run(project, name)
    variants = sorted(path.parents[2].name for path in project.glob(f"variants/*/{VERDICT}"))
    raise InputError(
        f"{name!r} is no evaluated file here. Name a version by its number, an MLflow run by its "
        f"id, a verdict.json by its path, {PROJECT}, or a variant: "
        f"{', '.join(variants) or 'none yet'}."
    )


def _of_file(name: str, path: Path) -> Side:
    folder = path.resolve().parent
    precision: Precision = PRECISIONS[0]
    for one in PRECISIONS:
        if folder.name == one:
            precision, folder = one, folder.parent
    artifacts = folder.parent
    params, exported = artifacts.parent / "params.yaml", artifacts / "export.json"
    is_chain = folder.name == "gate" and params.exists()
    known = _flat(load(params).model_dump()) if is_chain else {}
    spent = costs(read_json(exported), precision) if is_chain and exported.exists() else {}
    return Side(name, Verdict.from_json(read_json(path)), known, spent)


def _of_version(project: Path, number: str) -> Side:
    from faircompress.orchestration.registered_model import registry_of
    from faircompress.registry import versions
    from faircompress.registry.run_pages import file_run

    where = registry_of(project)
    version = where.find(number)
    for content in versions.verdicts(where.store, version):
        verdict = Verdict.from_json(json.loads(content))
        if verdict.models["candidate"] == version.tags.get("sha256"):
            run = file_run(where.store, version.run_id)
            return Side(f"version {number}", verdict, run.params, run.numbers)
    raise MissingFileError(f"MLflow keeps no verdict of version {number} of {where.model}.")


def _of_run(project: Path, run_id: str) -> Side:
    from faircompress.orchestration.registered_model import registry_of
    from faircompress.registry import mlflow_runs
    from faircompress.registry.run_pages import file_run

    store = registry_of(project).store
    if "gate/verdict.json" not in mlflow_runs.kept_files(store, run_id, "gate"):
        raise MissingFileError(f"MLflow's run {run_id} holds no gate/verdict.json.")
    with tempfile.TemporaryDirectory() as folder:
        raw = read_json(mlflow_runs.fetch(store, run_id, "gate/verdict.json", Path(folder)))
    run = file_run(store, run_id)
    return Side(f"run {run_id[:8]}", Verdict.from_json(raw), run.params, run.numbers)


def _flat(raw: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in raw.items():
        name = f"{prefix}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: str(value)}
    return found


def _differences(one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Difference]:
    """Name the params that differ; one that only a side names is left out: it has its default."""
    for name in one:
        if name in two and one[name] != two[name] and not name.startswith("look."):
            yield Difference(name, one[name], two[name])


def _costs(one: Mapping[str, float], two: Mapping[str, float]) -> Iterator[Difference]:
    for key in one:
        is_cost = key in COSTS or re.fullmatch(r"ms_batch_\d+", key)
        if is_cost and key in two and one[key] != two[key]:
            name = COSTS.get(key, key.replace("ms_batch_", "ms, batch "))
            form = ",.0f" if key == "bytes" else ".3g"
            yield Difference(name, f"{one[key]:{form}}", f"{two[key]:{form}}")
