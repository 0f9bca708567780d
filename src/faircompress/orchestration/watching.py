"""The champion at work on newly labelled rows, which are counted batch by batch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from faircompress.config import params
from faircompress.config.monitor import Monitor
from faircompress.config.params import Params
from faircompress.data import predictions
from faircompress.data.dataset import TABLE, Facts, load_facts, load_split
from faircompress.data.ingest import READ, look_at
from faircompress.data.predicting import predictions_of
from faircompress.data.sources import RawData
from faircompress.export import runtime
from faircompress.monitoring import counted, new_rows
from faircompress.monitoring.counted import GROUP, PICTURE, PROBABILITY
from faircompress.monitoring.drift import picture_statistics
from faircompress.monitoring.new_rows import Tally
from faircompress.orchestration import deployment
from faircompress.orchestration.champion_inputs import hash_of_test_split
from faircompress.orchestration.registered_model import Registry
from faircompress.registry import attestations, versions
from faircompress.registry.attestations import SCHEDULED
from faircompress.registry.versions import Version
from faircompress.support.errors import MissingFileError, StateError
from faircompress.support.files import sha256
from faircompress.support.locks import waiting

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FOLDER = "monitor"


class NotWatched(StateError):
    """There is nothing to watch, or nothing to watch it with."""


@dataclass(frozen=True)
class Watch:
    """A champion, the data it was judged on, and where what was counted lies.

    Args:
        where: The registered model.
        version: The champion.
        monitor: The section of params.
        params: All of them.
        validated: Folder of the data set.
        folder: Of what was counted for this version.
    """

    where: Registry
    version: Version
    monitor: Monitor
    params: Params
    validated: Path
    folder: Path

    @property
    def facts(self) -> Facts:
        """Return the facts of the data set."""
        return load_facts(self.validated)

    @property
    def reference(self) -> Path:
        """Return the file of what the champion predicts of the test rows."""
        return self.folder / "reference.parquet"

    @property
    def before(self) -> Path:
        """Return the file of what is known of the validation rows, for drift."""
        return self.folder / "before.parquet"


def watch_of(project: Path) -> Watch:
    """Find the champion of a project, and its data.

    Raises:
        NotWatched: If ``monitor`` is null, or there is no champion, or its data are not here.
    """
    project = project.resolve()
    chosen = params.load(project / "params.yaml")
    if chosen.monitor is None:
        raise NotWatched(
            "monitor is null in params.yaml, so nothing is watched. Say there where newly "
            "labelled rows are; docs/monitoring.md has an example."
        )
    where = deployment.registry_of(project)
    version = deployment.champion(where)
    if version is None:
        raise NotWatched("there is no champion to watch; start with faircompress run")
    folder = project / FOLDER / f"version-{version.number}-{version.tags['sha256'][:8]}"
    validated = _validated(project, where, version)
    return Watch(where, version, chosen.monitor, chosen, validated, folder)


def _validated(project: Path, where: Registry, version: Version) -> Path:
    """Return the folder of the data set; that on which the champion was judged comes first."""
    places = [project / "artifacts", project / SCHEDULED / "artifacts"]
    found = [p / "validate" for p in places if (p / "validate" / TABLE).exists()]
    if not found:
        raise MissingFileError(
            f"{places[0] / 'validate' / TABLE} is missing: the test rows on which the champion was "
            "judged are what new rows are held against. Bring them back with: dvc checkout"
        )
    judged = attestations.latest(project, where.model, version.tags["sha256"])
    same = [folder for folder in found if judged and hash_of_test_split(folder) == judged.test]
    return (same or found)[0]


def count(watch: Watch) -> Tally:
    """Count what is newly labelled; say what became of each row of the table.

    Raises:
        InputError: If the table of new rows cannot be read.
    """
    lock = watch.folder.parent / "monitor.lock"
    with waiting(lock, "watches the champion"), _opened(watch) as session:
        _prepare(watch, session)
        return _count(watch, session)


@contextmanager
def _opened(watch: Watch) -> Iterator["InferenceSession"]:
    """Open the champion's own file, as it lies in the registry."""
    with versions.file(watch.where.store, watch.version) as onnx:
        if sha256(onnx) != watch.version.tags["sha256"]:
            raise StateError(
                f"the file of version {watch.version.number} changed while it was read; "
                "see faircompress alarm"
            )
        yield runtime.session(onnx, "cpu")


def _prepare(watch: Watch, session: "InferenceSession") -> None:
    """Have the champion predict the test rows, and look at validation pictures, once a version."""
    watch.folder.mkdir(parents=True, exist_ok=True)
    if not watch.reference.exists():
        test = load_split(watch.validated, "test")
        said = runtime.predict(session, test.images, what="the champion, test")
        digest = watch.version.tags["sha256"]
        predictions.save(predictions_of(test, said, watch.facts, digest), watch.reference)
    if not watch.before.exists():
        known = load_split(watch.validated, "validation")
        said = runtime.predict(session, known.images, what="the champion, validation")
        table = _with_statistics(known.rows.rename(columns=_by_group(watch.facts)), known.images)
        table["person"] = known.rows["identity"].fillna("row " + known.rows["id"])
        aside = watch.before.with_suffix(".part")
        _with_probabilities(table, said).to_parquet(aside, index=False)
        aside.rename(watch.before)


def _by_group(facts: Facts) -> dict[str, str]:
    return {name: GROUP + name for name in facts.groups if name != "label"}


def _with_statistics(rows: pd.DataFrame, images: np.ndarray) -> pd.DataFrame:
    found = pd.DataFrame([picture_statistics(image) for image in images], index=rows.index)
    return rows.join(found.add_prefix(PICTURE))


def _with_probabilities(rows: pd.DataFrame, said: np.ndarray) -> pd.DataFrame:
    return rows.assign(**{f"{PROBABILITY}{k}": said[:, k] for k in range(said.shape[1])})


def _count(watch: Watch, session: "InferenceSession") -> Tally:
    """Count every newly labelled row, a batch a file."""
    raw, rows = new_rows.read(watch.monitor.rows, watch.facts, watch.version.number)
    known = pq.read_table(watch.validated / TABLE, columns=["identity", "sha256"]).to_pandas()
    tally, before = Tally(), counted.load(watch.folder)
    wanted = new_rows.news(rows, before, set(known["identity"].dropna()), tally)
    pictures = set(known["sha256"])
    for batch in new_rows.batches(wanted):
        scored = batch
        if not watch.monitor.rows.score:
            scored = _scored(watch, raw, batch, session, pictures, tally)
        if len(scored):
            whole = scored.assign(label=scored["label"].astype(int))
            counted.add(watch.folder, whole.drop(columns="at"))
    tally.counted = len(counted.load(watch.folder))
    return tally


def _scored(
    watch: Watch, raw: RawData, batch: pd.DataFrame, session: "InferenceSession",
    known: set[str], tally: Tally,
) -> pd.DataFrame:  # fmt: skip
    """Return the rows of a batch whose pictures can be read and are new, with what is said."""
    with ThreadPoolExecutor() as pool:
        seen = list(pool.map(partial(_look_at, raw, watch.facts), batch["at"]))
    good = np.array([p.state == READ and p.sha256 not in known for p in seen])
    tally.known_pictures += sum(p.sha256 in known for p in seen if p.state == READ)
    tally.unreadable += sum(p.state != READ for p in seen)
    if not good.any():
        return batch[good]
    images = np.stack([p.pixels for p, fine in zip(seen, good, strict=True) if fine])
    said = runtime.predict(session, images, what="the champion, new rows")
    rows = batch[good].reset_index(drop=True)
    return _with_probabilities(_with_statistics(rows, images), said)


def _look_at(raw: RawData, facts: Facts, at: int) -> Any:
    return look_at(raw, int(at), facts.preparation)
