"""The registry of evaluated files in MLflow: one version for each sha256.

Whoever reaches MLflow can change what is kept there, tags and files alike. What a version is good
for rests on ``attestations``, which lie in the project; ``verification`` holds one against the
other.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from faircompress.registry import attestations, logged_models, mlflow_runs
from faircompress.registry.locking import one_at_a_time as one_at_a_time
from faircompress.registry.mlflow_runs import VALUE_LIMIT, Store
from faircompress.registry.policy import Decision
from faircompress.support.errors import InputError
from faircompress.support.files import sha256, write_json

VERDICT, DECISIONS = "verdict.json", "decisions"


@dataclass(frozen=True)
class Version:
    """A registered file.

    Args:
        model: Name of the registered model.
        number: Of the version.
        run_id: Run that registered it; decisions about it are kept there.
        tags: What the registry and its readers say of it.
    """

    model: str
    number: str
    run_id: str
    tags: Mapping[str, str]


def versions(store: Store, model: str) -> list[Version]:
    """Return all versions of a model, newest first; none of a model that is not there."""
    found = store.client.search_model_versions(f"name='{model}'")
    newest = sorted(found, key=lambda v: -int(v.version))
    return [Version(model, str(v.version), v.run_id or "", dict(v.tags)) for v in newest]


def find(store: Store, model: str, number: str) -> Version:
    """Return a version.

    Raises:
        ValueError: If there is none of this number.
    """
    known = versions(store, model)
    for version in known:
        if version.number == number:
            return version
    there_are = ", ".join(v.number for v in known) or "none yet; start with faircompress run"
    raise InputError(f"{model} has no version {number!r}; there are: {there_are}")


def of_file(store: Store, model: str, digest: str) -> list[Version]:
    """Return the versions that are said to be the file with this sha256, newest first."""
    return [v for v in versions(store, model) if v.tags.get("sha256") == digest]


def register(store: Store, run_id: str, onnx_file: Path, model: str, name: str) -> Version:
    """Add a file as a new version.

    Args:
        store: Where to.
        run_id: Run whose numbers are the file's.
        onnx_file: The file.
        model: Name of the registered model.
        name: Under which MLflow lists the file among the logged ones.
    """
    logged = logged_models.log_onnx(store, run_id, onnx_file, name)
    version = Version(model, _new_version(store, run_id, logged, model), run_id, {})
    note(store, version, {"sha256": sha256(onnx_file)})
    return version


def _new_version(store: Store, run_id: str, logged: str, model: str) -> str:
    """Make a logged model a version; MLflow's ``registered_model_name`` prints two lines for it."""
    _tags_of_model(store, model)
    source = f"models:/{logged}"
    made = store.client.create_model_version(model, source, run_id=run_id, model_id=logged)
    shown = json.dumps([{"name": model, "version": made.version}])  # by the UI, beside the model
    store.client.set_logged_model_tags(logged, {"mlflow.modelVersions": shown})
    return str(made.version)


def _tags_of_model(store: Store, model: str) -> Mapping[str, str]:
    """Return the tags of a registered model, which is made if missing."""
    found = store.client.search_registered_models(filter_string=f"name='{model}'")
    tags: Mapping[str, str] = (
        found[0] if found else store.client.create_registered_model(model)
    ).tags
    return tags


def note(store: Store, version: Version, tags: Mapping[str, str]) -> None:
    """Set tags on a version."""
    for key, value in tags.items():
        store.client.set_model_version_tag(version.model, version.number, key, value[:VALUE_LIMIT])


def forget_approval(store: Store, version: Version) -> None:
    """Take a reviewer's approval off a version; it was of an earlier verdict than today's."""
    if version.tags.get("review") == "approve":
        for key in ("review", "reviewer", "reason"):
            if key in version.tags:
                store.client.delete_model_version_tag(version.model, version.number, key)


def describe(store: Store, version: Version, markdown: str) -> None:
    """Set the text that the UI shows for a version."""
    store.client.update_model_version(version.model, version.number, description=markdown)


def aliases(store: Store, model: str) -> dict[str, str]:
    """Return alias -> number of the version it points to."""
    found = store.client.search_registered_models(filter_string=f"name='{model}'")
    return {name: str(number) for one in found for name, number in one.aliases.items()}


def point(store: Store, model: str, alias: str, number: str) -> None:
    """Point an alias to a version."""
    store.client.set_registered_model_alias(model, alias, number)


def withdraw(store: Store, version: Version, alias: str) -> None:
    """Take an alias away from a version, if it points there."""
    if aliases(store, version.model).get(alias) == version.number:
        store.client.delete_registered_model_alias(version.model, alias)


@contextmanager
def file(store: Store, version: Version) -> Iterator[Path]:
    """Give a copy of the file of a version, which is not there if the registry lost it."""
    with tempfile.TemporaryDirectory() as folder:
        yield logged_models.fetch_onnx(store, version.model, version.number, Path(folder))


def file_sha256(store: Store, version: Version) -> str:
    """Return the sha256 of the file as it lies in the registry now; ``none`` if it is gone."""
    with file(store, version) as copy:
        return sha256(copy) if copy.exists() else "none"


def evaluating_run(version: Version) -> str:
    """Return the run that is said to have evaluated a version last; versions of 0.2 say judged."""
    tags = version.tags
    return tags.get("evaluated_by") or tags.get("judged_by") or version.run_id


def verdicts(store: Store, version: Version) -> list[bytes]:
    """Return each ``verdict.json`` as the run that evaluated a version last keeps it now."""
    run_id = evaluating_run(version)
    places = ["gate", *mlflow_runs.kept_folders(store, run_id, "gate")]
    paths = [f"{place}/{VERDICT}" for place in places]
    there = {path for place in places for path in mlflow_runs.kept_files(store, run_id, place)}
    return [_bytes(store, run_id, path) for path in paths if path in there]


def decision_files(store: Store, version: Version) -> dict[str, bytes]:
    """Return the decisions that lie with a version's run now, by their path."""
    paths = sorted(mlflow_runs.kept_files(store, version.run_id, DECISIONS))
    return {path: _bytes(store, version.run_id, path) for path in paths}


def _bytes(store: Store, run_id: str, path: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return mlflow_runs.fetch(store, run_id, path, Path(folder)).read_bytes()


def decisions(store: Store, version: Version) -> list[Decision]:
    """Return what was decided about a version, oldest first, as the project recorded it."""
    known = attestations.decided(store.project, version.model)
    digest = version.tags.get("sha256")
    return [d for d in known if (d.version, d.sha256) == (version.number, digest)]


def keep(store: Store, version: Version, decision: Decision) -> None:
    """Keep a decision for good: in the project; for readers as a file with the run and as a tag.

    One that is the project's latest already is not taken again: MLflow was emptied, or is another.
    """
    latest = attestations.decided(store.project, version.model)[-1:]
    if latest and replace(latest[0], time=decision.time) == decision:
        decision = latest[0]
    else:
        added = attestations.add(store.project, decision).record
        decision = replace(decision, time=added.time)
    if version.run_id:
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / f"{decision.time}.json"
            write_json(kept, decision.as_json())
            mlflow_runs.log_files(store, version.run_id, [kept], DECISIONS)
    note(store, version, {f"decision {decision.time}": decision.sentence})
