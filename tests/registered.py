"""Projects with a registry of their own, made from the finished one without running it again."""

import json
import shutil
import sqlite3
from pathlib import Path

import onnx
from mlflow.tracking._tracking_service.utils import _artifact_repos_cache

from faircompress.config.precisions import PRECISIONS
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration.champion_inputs import write_champion_inputs
from faircompress.orchestration.deployment import Registry, registry_of
from faircompress.orchestration.record import recorded
from faircompress.orchestration.registration import register_versions
from faircompress.orchestration.workspace import Workspace
from faircompress.registry import attestations, mlflow_runs, versions
from faircompress.registry.policy import Decision
from faircompress.support.files import sha256, write_json

PLACES = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}


def moved(old: Path, new: Path, *names: str) -> Registry:
    """Copy a project, or some of it, with a registry that keeps its files in the copy."""
    (new / attestations.FILE).parent.mkdir(parents=True, exist_ok=True)
    record = [str(attestations.FILE)] if (old / attestations.FILE).exists() else []
    for name in [*names, *record] if names else [p.name for p in old.iterdir()]:
        if (old / name).is_dir():
            shutil.copytree(old / name, new / name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(old / name, new / name)
    with sqlite3.connect(new / "mlflow.db") as database:
        for table, column in PLACES.items():
            database.execute(
                f"update {table} set {column} = replace({column}, ?, ?)", (str(old), str(new))
            )
    _artifact_repos_cache.clear()  # by run id, and here one run lies in several stores
    return registry_of(new)


def another_file(folder: Path, words: str, name: str = "pruned") -> None:
    """Put a file into a project that predicts the same and has another hash."""
    file = folder / f"artifacts/export/{name}.onnx"
    model = onnx.load(file)
    onnx.helper.set_model_props(model, {"made for": words})
    file.write_bytes(model.SerializeToString())


def registered_as(
    folder: Path, word: str, *, variant: str | None = None, words: str = "", sentence: str = ""
) -> Verdict:
    """Put another file into a project, have it judged with this word, and register it."""
    space = Workspace(folder, folder) if variant is None else _variant(folder, variant)
    another_file(space.folder, words or f"{word} {variant}")
    verdict = space.artifacts / "gate/verdict.json"
    said = json.loads(verdict.read_text())
    said |= {"outcome": word, "sentence": sentence or f"{word}: said the judge of this test"}
    said["models"]["pruned"] = sha256(space.artifacts / "export/pruned.onnx")
    write_json(verdict, said)
    book = json.loads((space.artifacts / "look.json").read_text())
    number = 1 + max(book["looks"].values())
    book["looks"] |= {said["models"][name]: number for name in ("pruned", "candidate")}
    write_json(space.artifacts / "look.json", book)
    only(space.artifacts, word)
    return again(space)


def only(artifacts: Path, word: str) -> None:
    """Say that the gate judged the file in float32, with this word, and no other."""
    for precision in PRECISIONS[1:]:
        shutil.rmtree(artifacts / "gate" / precision, ignore_errors=True)
    numbers = json.loads((artifacts / "gate.json").read_text())
    said = {"outcome": word, "released": "fp32", "evaluated": "fp32", "precisions": {"fp32": word}}
    write_json(artifacts / "gate.json", numbers | said)


def told(folder: Path) -> bool:
    """Brief the gate of a project; return whether it heard news."""
    with recorded(Workspace(folder, folder)) as record:
        return write_champion_inputs.fn(record)


def again(space: Workspace) -> Verdict:
    """End a run with what lies in a workspace."""
    with recorded(space) as record:
        verdict = record.conclude()
        register_versions.fn(record)
    return verdict


def overwrite(where: Registry, number: str, folder: Path, **changes: str) -> None:
    """Put another verdict in the place of a version's, and its hash into the tags."""
    version = where.find(number)
    said = json.loads(versions.verdicts(where.store, version)[0])
    renamed = {"outcome" if key == "verdict" else key: value for key, value in changes.items()}
    write_json(folder / "verdict.json", said | renamed)
    run_id = version.tags["evaluated_by"]
    mlflow_runs.log_files(where.store, run_id, [folder / "verdict.json"], "gate")
    digest = versions.sha256(folder / "verdict.json")
    versions.note(where.store, version, {"verdict.sha256": digest, **changes})


def lay(where: Registry, number: str, folder: Path, decision: Decision) -> None:
    """Lay a decision to those of a version, as only the project's own commands should."""
    write_json(folder / f"{decision.time}.json", decision.as_json())
    file = folder / f"{decision.time}.json"
    mlflow_runs.log_files(where.store, where.find(number).run_id, [file], versions.DECISIONS)


def _variant(folder: Path, name: str) -> Workspace:
    where = folder / "variants" / name
    for copied in ("params.yaml", "dvc.yaml", "dvc.lock", "artifacts"):
        source = folder / copied
        where.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, where / copied)
    return Workspace(where, folder, (name,))
