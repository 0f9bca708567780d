"""A project's history: what was evaluated when, what it cost, and who was champion.

What was evaluated and decided is told by the project's own records; MLflow adds the numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faircompress.config import params
from faircompress.orchestration.registered_model import registry_of
from faircompress.registry import attestations, versions
from faircompress.registry.policy import Decision, made_champion
from faircompress.registry.records import NOT_EVALUATED, VerdictRecord
from faircompress.registry.run_pages import FileRun, file_runs
from faircompress.report.history_rows import Evaluated
from faircompress.support.errors import MissingFileError
from faircompress.support.times import iso

Found = tuple[str, FileRun | None]  # number of the version, and its run


@dataclass(frozen=True)
class History:
    """All files of a project that were evaluated, the oldest first.

    Args:
        name: Key of experiment and registered model.
        evaluated: The files.
    """

    name: str
    evaluated: tuple[Evaluated, ...]


def history(project: Path) -> History:
    """Return what was evaluated in a project.

    Raises:
        BadParams: If its params cannot be used.
        MissingFileError: If nothing was evaluated.
        StoreFailed: If MLflow does not answer.
    """
    project = project.resolve()
    name = params.load(project / "params.yaml").key
    records = [one for one in attestations.records(project) if isinstance(one, VerdictRecord)]
    known = sorted((one for one in records if one.model == name), key=lambda one: one.time)
    seen = [one for one in known if one.outcome != NOT_EVALUATED]
    if not seen:
        raise MissingFileError(f"Nothing was evaluated in {project} yet. Run faircompress run.")
    where = registry_of(project)
    runs = file_runs(where.store, name)
    numbers = {v.tags.get("sha256", ""): v.number for v in versions.versions(where.store, name)}
    decided = attestations.decided(project, name)
    champion = made_champion(decided)
    return History(
        name,
        tuple(
            _evaluated(
                one,
                (numbers.get(one.sha256, ""), runs.get(one.verdict_sha256)),
                [d for d in decided if d.verdict_sha256 == one.verdict_sha256],
                is_champion=champion is not None and champion.sha256 == one.sha256,
            )
            for one in seen
        ),
    )


def _evaluated(
    one: VerdictRecord, found: Found, decided: Sequence[Decision], *, is_champion: bool
) -> Evaluated:
    version, run = found
    known: Mapping[str, float] = run.numbers if run else {}
    used = [value for name, value in known.items() if name.startswith("limit_used.")]
    batches = sorted(int(n.rpartition("_")[2]) for n in known if n.startswith("dense_ms_batch_"))
    batch = batches[0] if batches else 0
    return Evaluated(
        time=iso(one.time),
        version=version,
        workspace=one.workspace,
        precision=one.precision,
        verdict=one.outcome,
        worst=run.worst if run else "",
        limit_used=max(used, default=None),
        bytes=known.get("bytes"),
        dense_bytes=known.get("dense_bytes"),
        milliseconds=known.get(f"ms_batch_{batch}"),
        dense_milliseconds=known.get(f"dense_ms_batch_{batch}"),
        speedup=known.get("speedup_macs"),
        decisions=tuple(f"{d.act} by {d.reviewer}, {iso(d.time)[:10]}" for d in decided),
        is_champion=is_champion,
    )
