"""What an evaluated file becomes in the registry: a version, and by its verdict an alias."""

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress.config.precisions import Precision, exported, verdict_folder
from faircompress.evaluation import rule_limits
from faircompress.evaluation.verdict import Verdict
from faircompress.orchestration import alarm, deployment
from faircompress.orchestration.champion_inputs import champion_tags, held_to
from faircompress.orchestration.checkout import hashes
from faircompress.orchestration.commits import code_of
from faircompress.orchestration.record import Record
from faircompress.orchestration.registered_model import Registry, demoted
from faircompress.orchestration.reviews import ask
from faircompress.registry import attestations, keys, mlflow_runs, signatures
from faircompress.registry import versions as registry
from faircompress.registry.descriptions import described
from faircompress.registry.history import loosened
from faircompress.registry.policy import PROJECT, NotPromoted, loosened_words
from faircompress.registry.records import NOT_EVALUATED, VerdictRecord
from faircompress.registry.verification import intact, kept_verdict, name_of
from faircompress.registry.versions import Version
from faircompress.report.wording import worst_sentence
from faircompress.support.files import read_json, sha256


@task(task_run_name="register", cache_policy=NO_CACHE)
def register_versions(record: Record) -> None:
    """Register every evaluated file, whatever its verdict, and move the aliases as they allow.

    Of the file that goes out, a pass becomes the champion, an open question the challenger, a
    failure nothing. A variant is registered and moves no alias.
    """
    where, artifacts = (
        Registry(record.store, record.experiment),
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
        of = name_of(versions[numbers["evaluated"]])
        record.note("registry", f"{of}; a variant moves no alias")
        return
    if "champion" in where.aliases():
        _guard(where, record)  # it may be among those that were evaluated anew
    version, verdict = versions[chosen], found[chosen]
    try:
        others = [v for v in versions.values() if v != version]
        words = deployment.kept_by_person(where, others)
        record.note("registry", words or _by_verdict(where, version, verdict))
    except NotPromoted as error:
        record.note("registry", str(error))


def _guard(where: Registry, record: Record) -> None:
    if words := alarm.guard(where):
        record.alarm = words
        record.note("alarm", words)


def _forget(where: Registry, record: Record, left: Sequence[Precision]) -> None:
    """See that what was found of files under earlier rules lets none of them out any more."""
    for precision in left:
        file = sha256(exported(record.workspace.artifacts)[precision])
        known = attestations.latest(record.store.project, where.model, file)
        if known and known.workspace == PROJECT:
            _write_down(where, record, precision, NOT_EVALUATED, "")
            for version in registry.of_file(record.store, where.model, file):
                tags = {"evaluated_by": record.run_id, "verdict": NOT_EVALUATED}
                registry.note(record.store, version, tags)


def _by_verdict(where: Registry, version: Version, verdict: Verdict) -> str:
    known = attestations.latest(where.store.project, where.model, version.tags["sha256"])
    looser = known.loosened if known else ()
    if verdict.outcome == "pass" and not looser:
        return deployment.promote(where, version.number, by_person=False)
    if verdict.outcome in ("pass", "inconclusive"):
        asked = "review" not in version.tags and ask(where.store.project, version)
        why = f"it passed, but {loosened_words(looser)}" if verdict.outcome == "pass" else ""
        words = deployment.challenge(where, version, why)
        return f"{words}, or answer in Prefect" if asked else words
    return deployment.stop(where, version)


def _version(where: Registry, record: Record, precision: Precision, verdict: Verdict) -> Version:
    """Return the file's version, with what is known of it; a variant does not change a known one.

    What the project's own params made of a file counts, so its tags change only with that.
    """
    space = record.workspace
    digest = sha256(verdict_folder(space.artifacts, precision) / "verdict.json")
    known = _write_down(where, record, precision, verdict.outcome, digest)
    version = _known(where, known.sha256)
    if version is None:
        version = _registered(where, record, precision, verdict)
    elif _is_kept(where, version, known):
        if version.tags.get("signed") != (words := _signed(where, known.sha256)):
            registry.note(record.store, version, {"signed": words})
        record.shown(precision, verdict)
        return version
    else:
        run_id = record.of_precision(precision, verdict)
        record.evaluated(run_id, precision, verdict, where.model, version.number)
    tags = {
        "sentence": verdict.sentence,
        "worst": worst_sentence(verdict),
        "precision": precision,
        "evaluated_by": record.run_id,
        "signed": _signed(where, known.sha256),
        "sha256.dense": verdict.models["baseline"],
        "sha256.data": verdict.data,
        **champion_tags(space.artifacts, verdict.models["candidate"]),
        **mlflow_runs.provenance(space.folder, code_of(space.project, space.commit)),
    }
    registry.note(record.store, version, tags)
    if version.tags.get("verdict.sha256") != known.verdict_sha256:
        registry.forget_approval(record.store, version)
    registry.describe(record.store, version, described(verdict, precision))
    marks = {
        "workspace": known.workspace,
        "verdict": verdict.outcome,
        "verdict.sha256": known.verdict_sha256,
    }
    registry.note(record.store, version, marks)  # last: a run that is killed before does it again
    return where.find(version.number)


def _signed(where: Registry, digest: str) -> str:
    """Say by whom the verdict on a file is signed, for readers."""
    project = where.store.project
    found = attestations.latest_attested(project, where.model, digest)
    return signatures.described(keys.keys_of(project), found) if found else "not attested"


def _registered(where: Registry, record: Record, precision: Precision, verdict: Verdict) -> Version:
    """Return a new version, whose numbers in MLflow are its own verdict's."""
    run_id = record.of_precision(precision, verdict)
    file = exported(record.workspace.artifacts)[precision]
    version = registry.register(record.store, run_id, file, where.model, f"pruned-{precision}")
    record.evaluated(run_id, precision, verdict, where.model, version.number)
    return version


def _write_down(
    where: Registry, record: Record, precision: Precision, outcome: str, digest: str
) -> VerdictRecord:
    """Record what was found of a file where the tracking server's users cannot change it."""
    space = record.workspace
    book = read_json(space.artifacts / "look.json")
    gate = space.params().gate
    limits = rule_limits.limits_of(gate)
    found = VerdictRecord(
        keys.now(),
        where.model,
        sha256(exported(space.artifacts)[precision]),
        precision,
        space.folder.name if space.is_variant else PROJECT,
        outcome,
        digest,
        book["test"],
        held_to(space.artifacts),
        hashes(space.folder),
        rule_limits.sha256_of(gate),
        limits,
        () if space.is_variant else loosened(record.store.project, where.model, limits),
    )
    attestations.add_news(record.store.project, found)
    return found


def _known(where: Registry, digest: str) -> Version | None:
    """Return the newest version of a file that is as it was registered, and no alarm is about."""
    for version in registry.of_file(where.store, where.model, digest):
        try:
            intact(where.store, version)
        except NotPromoted:
            continue
        if not demoted(where, version):
            return version
    return None


def _is_kept(where: Registry, version: Version, known: VerdictRecord) -> bool:
    """Tell whether MLflow has a record's verdict already, or one that counts more than it."""
    workspace = version.tags.get("workspace")
    if workspace == PROJECT != known.workspace:
        return True
    marks = (workspace, version.tags.get("verdict"), version.tags.get("verdict.sha256"))
    same = marks == (known.workspace, known.outcome, known.verdict_sha256)
    return same and kept_verdict(where.store, version, known) is not None
