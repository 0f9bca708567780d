"""What a judged file becomes in the registry: a version, and by its verdict an alias."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress.config.precisions import Precision, exported, verdict_folder
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration import alarm, deployment
from faircompress.orchestration.champion_inputs import champion_tags, held_to
from faircompress.orchestration.checkout import hashes
from faircompress.orchestration.commits import code_of
from faircompress.orchestration.record import Record
from faircompress.orchestration.reviews import ask
from faircompress.registry import judgements, mlflow_runs
from faircompress.registry import versions as registry
from faircompress.registry.descriptions import described
from faircompress.registry.judgements import NOT_JUDGED, Judgement
from faircompress.registry.policy import PROJECT, NotPromoted
from faircompress.registry.verification import intact, kept_verdict
from faircompress.registry.versions import Version
from faircompress.support.files import read_json, sha256


@task(task_run_name="register", cache_policy=NO_CACHE)
def register_versions(record: Record) -> None:
    """Register every judged file, whatever its verdict, and move the aliases as they allow.

    Of the file that goes out, a pass becomes the champion, an open question the challenger, a
    failure nothing. A variant is registered and moves no alias.
    """
    where, artifacts = (
        deployment.Registry(record.store, record.experiment),
        record.workspace.artifacts,
    )
    numbers = read_json(artifacts / "gate.json")
    found = {
        precision: Verdict.from_json(
            read_json(verdict_folder(artifacts, precision) / "verdict.json")
        )
        for precision in exported(artifacts)
        if precision in numbers["precisions"]
    }
    if not record.workspace.is_variant:
        _guard(where, record)  # before a new version can be taken for one of an emptied registry
    with registry.one_at_a_time(record.store):
        versions = {p: _version(where, record, p, verdict) for p, verdict in found.items()}
        if not record.workspace.is_variant:
            _forget(where, record, [p for p in exported(artifacts) if p not in found])
    chosen = numbers["evaluated"]
    record.version = versions[chosen].number
    if record.workspace.is_variant:
        return
    if "champion" in where.aliases():
        _guard(where, record)  # it may be among those that were judged anew
    version, verdict = versions[chosen], found[chosen]
    try:
        others = [v for v in versions.values() if v != version]
        words = deployment.kept_by_person(where, others)
        record.note("registry", words or _by_verdict(where, version, verdict))
    except NotPromoted as error:
        record.note("registry", str(error))


def _guard(where: deployment.Registry, record: Record) -> None:
    if words := alarm.guard(where):
        record.alarm = words
        record.note("alarm", words)


def _forget(where: deployment.Registry, record: Record, unjudged: Sequence[Precision]) -> None:
    """See that what was said of files under earlier rules lets none of them out any more."""
    for precision in unjudged:
        file = sha256(exported(record.workspace.artifacts)[precision])
        known = judgements.latest(record.store.project, where.model, file)
        if known and known.workspace == PROJECT:
            _write_down(where, record, precision, NOT_JUDGED, "")
            for version in registry.of_file(record.store, where.model, file):
                tags = {"judged_by": record.run_id, "verdict": NOT_JUDGED}
                registry.note(record.store, version, tags)


def _by_verdict(where: deployment.Registry, version: Version, verdict: Verdict) -> str:
    if verdict.outcome == "pass":
        return deployment.promote(where, version.number, by_person=False)
    if verdict.outcome == "inconclusive":
        asked = "review" not in version.tags and ask(where.store.project, version)
        words = deployment.challenge(where, version)
        return f"{words}, or answer in Prefect" if asked else words
    return deployment.stop(where, version)


def _version(
    where: deployment.Registry, record: Record, precision: Precision, verdict: Verdict
) -> Version:
    """Return the file's version, with what is known of it; a variant does not change a known one.

    What the project's own params made of a file counts, so its tags change only with that.
    """
    space = record.workspace
    digest = sha256(verdict_folder(space.artifacts, precision) / "verdict.json")
    judgement = _write_down(where, record, precision, verdict.outcome, digest)
    version = _known(where, judgement.sha256)
    if version is None:
        version = _registered(where, record, precision, verdict)
    elif _is_kept(where, version, judgement):
        return version
    else:
        model_id = mlflow_runs.logged_model(record.store, where.model, version.number)
        run_id = record.of_precision(precision, verdict, model_id)
        mlflow_runs.end(record.store, run_id, "FINISHED")
    tags = {
        "sentence": verdict.sentence,
        "precision": precision,
        "judged_by": record.run_id,
        "sha256.dense": verdict.models["baseline"],
        "sha256.data": verdict.data,
        **champion_tags(space.artifacts, verdict.models["candidate"]),
        **mlflow_runs.provenance(space.folder, code_of(space.project, space.commit)),
    }
    registry.note(record.store, version, tags)
    registry.describe(record.store, version, described(verdict, precision))
    marks = {
        "workspace": judgement.workspace,
        "verdict": verdict.outcome,
        "verdict.sha256": judgement.verdict_sha256,
    }
    registry.note(record.store, version, marks)  # last: a run that is killed before does it again
    return where.find(version.number)


def _registered(
    where: deployment.Registry, record: Record, precision: Precision, verdict: Verdict
) -> Version:
    """Return a new version, whose numbers in MLflow are its own verdict's."""
    run_id = record.of_precision(precision, verdict)
    file = exported(record.workspace.artifacts)[precision]
    version = registry.register(record.store, run_id, file, where.model, f"pruned-{precision}")
    mlflow_runs.end(record.store, run_id, "FINISHED")
    return version


def _write_down(
    where: deployment.Registry, record: Record, precision: Precision, word: str, digest: str
) -> Judgement:
    """Record what was said of a file where the tracking server's users cannot change it."""
    space = record.workspace
    book = read_json(space.artifacts / "look.json")
    judgement = Judgement(
        deployment.now(),
        where.model,
        sha256(exported(space.artifacts)[precision]),
        precision,
        space.folder.name if space.is_variant else PROJECT,
        word,
        digest,
        book["test"],
        held_to(space.artifacts),
        hashes(space.folder),
    )
    judgements.add_news(record.store.project, judgement)
    return judgement


def _known(where: deployment.Registry, digest: str) -> Version | None:
    """Return the newest version of a file that is as it was registered, and no alarm is about."""
    for version in registry.of_file(where.store, where.model, digest):
        try:
            intact(where.store, version)
        except NotPromoted:
            continue
        if not deployment.demoted(where, version):
            return version
    return None


def _is_kept(where: deployment.Registry, version: Version, judgement: Judgement) -> bool:
    """Tell whether MLflow has a judgement already, or one that counts more than it."""
    workspace = version.tags.get("workspace")
    if workspace == PROJECT != judgement.workspace:
        return True
    marks = (workspace, version.tags.get("verdict"), version.tags.get("verdict.sha256"))
    same = marks == (judgement.workspace, judgement.verdict, judgement.verdict_sha256)
    return same and kept_verdict(where.store, version, judgement) is not None
