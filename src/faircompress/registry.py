"""The record of judged files: one version in MLflow's registry for each sha256.

What a version is good for rests on files kept with its runs, the verdict and the decisions, not
on its tags: those anyone can change in the UI. The tags are for readers, and for what they say.
"""

import fcntl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from faircompress import tracking
from faircompress.files import read_json, sha256, write_json
from faircompress.review import Decision
from faircompress.tracking import VALUE_LIMIT, Store

SHORT = 16  # hex digits of a hash in a tag's name
NOT_JUDGED = "not judged"  # of a file after one that did not pass
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
    return [Version(model, str(v.version), str(v.run_id), dict(v.tags)) for v in newest]


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
    raise ValueError(f"{model} has no version {number!r}; there are: {there_are}")


def of_file(store: Store, model: str, digest: str) -> Version | None:
    """Return the version of the file with this sha256, if it was registered."""
    same = [v for v in versions(store, model) if v.tags.get("sha256") == digest]
    return same[0] if same else None


def register(store: Store, run_id: str, onnx_file: Path, model: str) -> Version:
    """Add a file as a new version, unless it is one already."""
    digest = sha256(onnx_file)
    known = of_file(store, model, digest)
    if known is None:
        number = tracking.log_onnx(store, run_id, onnx_file, model)
        known = Version(model, number, run_id, {})
        note(store, known, {"sha256": digest})
    return known


def note(store: Store, version: Version, tags: Mapping[str, str]) -> None:
    """Set tags on a version."""
    for key, value in tags.items():
        store.client.set_model_version_tag(version.model, version.number, key, value[:VALUE_LIMIT])


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
        yield tracking.fetch_onnx(store, version.model, version.number, Path(folder))


def file_sha256(store: Store, version: Version) -> str:
    """Return the sha256 of the file as it lies in the registry now; ``none`` if it is gone."""
    with file(store, version) as copy:
        return sha256(copy) if copy.exists() else "none"


def verdict(store: Store, version: Version) -> dict[str, Any]:
    """Return the verdict on a version, from the run that judged it last.

    Raises:
        ValueError: If there is none.
    """
    run_id = version.tags.get("judged_by", version.run_id)
    with tempfile.TemporaryDirectory() as folder:
        kept = _verdicts(store, run_id, Path(folder)) if run_id else []
    of_it = [one for one in kept if one["models"]["pruned"] == version.tags.get("sha256")]
    if not kept:
        raise ValueError(
            f"version {version.number} of {version.model} was never judged: it was registered past "
            "the gate. Judge its file with faircompress run."
        )
    if not of_it and version.tags.get("verdict") == NOT_JUDGED:
        raise ValueError(
            f"version {version.number} of {version.model} is not judged under the latest rules: an "
            "earlier precision of its network did not pass."
        )
    return (of_it or kept)[0]


def _verdicts(store: Store, run_id: str, folder: Path) -> list[dict[str, Any]]:
    """Return the verdicts that a run kept: one for each precision, that on what goes out first."""
    places = ["gate", *tracking.kept_folders(store, run_id, "gate")]
    paths = [f"{place}/{VERDICT}" for place in places]
    there = {path for place in places for path in tracking.kept_files(store, run_id, place)}
    return [
        read_json(tracking.fetch(store, run_id, path, folder)) for path in paths if path in there
    ]


def decisions(store: Store, version: Version) -> list[Decision]:
    """Return what was decided about a version, oldest first."""
    if not version.run_id:
        return []
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(tracking.kept_files(store, version.run_id, DECISIONS))
        files = [tracking.fetch(store, version.run_id, path, Path(folder)) for path in paths]
        return [Decision(**read_json(kept)) for kept in files]


def keep(store: Store, version: Version, decision: Decision) -> None:
    """Keep a decision for good: as a file with the version's run, and as a tag for readers."""
    if version.run_id:
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / f"{decision.time}.json"
            write_json(kept, asdict(decision))
            tracking.log_files(store, version.run_id, [kept], DECISIONS)
    note(store, version, {f"decision {decision.time}": decision.sentence})


def looks(
    store: Store, model: str, test: str, digests: Sequence[str], before: Mapping[str, int]
) -> dict[str, int]:
    """Book that files are judged on a test set in fixed order; return which look each one is.

    All that are new there are one look, since judging stops at the first that does not pass. The
    same file keeps its number, and another test set begins at 1.

    Args:
        store: Where the book is: tags of the registered model.
        model: Its name.
        test: sha256 of the test set.
        digests: sha256 of each file.
        before: Looks at this test set that are known from elsewhere, should the store be new.
    """
    found = store.client.search_registered_models(filter_string=f"name='{model}'")
    tags = found[0].tags if found else store.client.create_registered_model(model).tags
    here = f"look {test[:SHORT]} "
    booked = {key.removeprefix(here): int(n) for key, n in tags.items() if key.startswith(here)}
    known = {digest[:SHORT]: number for digest, number in before.items()} | booked
    new = 1 + max(known.values(), default=0)
    numbers = {digest: known.get(digest[:SHORT], new) for digest in digests}
    for digest, number in numbers.items():
        if digest[:SHORT] not in booked:
            store.client.set_registered_model_tag(model, here + digest[:SHORT], str(number))
    return numbers


@contextmanager
def one_at_a_time(store: Store) -> Iterator[None]:
    """Wait until no other process of this project changes the registry, then keep them out."""
    path = store.project / ".checkpoints" / "registry.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
