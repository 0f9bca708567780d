"""What a judged file becomes in the registry: a version, and by its verdict an alias."""

from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from faircompress import registry, tracking
from faircompress.files import read_json, sha256
from faircompress.precisions import Precision, exported, judged
from faircompress.registry import Version
from faircompress.review import PROJECT, NotPromoted
from faircompress.verdict.judge import Verdict
from flows import deployment
from flows.briefing import briefed
from flows.promote import ask
from flows.record import Record, commit

BOUNDS = ("change", "lower", "upper")


@task(task_run_name="register", cache_policy=NO_CACHE)
def enter(record: Record) -> None:
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
        precision: Verdict.from_json(read_json(judged(artifacts, precision) / "verdict.json"))
        for precision in exported(artifacts)
        if precision in numbers["precisions"]
    }
    with registry.one_at_a_time(record.store):
        versions = {p: _version(where, record, p, verdict) for p, verdict in found.items()}
        if not record.workspace.is_variant:
            _forget(where, record, [p for p in exported(artifacts) if p not in found])
    if record.workspace.is_variant:
        return
    version, verdict = versions[numbers["judged"]], found[numbers["judged"]]
    try:
        deployment.champion(where)
    except deployment.BadChampion as alarm:
        _say(record, "alarm", str(alarm))
    try:
        others = [v for v in versions.values() if v != version]
        words = deployment.kept_by_person(where, others)
        _say(record, "registry", words or _by_verdict(where, version, verdict))
    except NotPromoted as error:
        _say(record, "registry", str(error))


def _forget(where: deployment.Registry, record: Record, unjudged: Sequence[Precision]) -> None:
    """See that what was said of files under earlier rules lets none of them out any more."""
    for precision in unjudged:
        file = sha256(exported(record.workspace.artifacts)[precision])
        version = registry.of_file(record.store, where.model, file)
        if version and version.tags.get("workspace") == PROJECT:
            tags = {"judged_by": record.run_id, "verdict": registry.NOT_JUDGED}
            registry.note(record.store, version, tags)


def _by_verdict(where: deployment.Registry, version: Version, verdict: Verdict) -> str:
    if verdict.verdict == "pass":
        return deployment.promote(where, version.number)
    if verdict.verdict == "inconclusive":
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
    file = exported(space.artifacts)[precision]
    version = registry.register(record.store, record.run_id, file, where.model)
    marks = {
        "workspace": space.folder.name if space.is_variant else PROJECT,
        "verdict": verdict.verdict,
        "verdict.sha256": sha256(judged(space.artifacts, precision) / "verdict.json"),
    }
    same = marks.items() <= version.tags.items()
    if same or (space.is_variant and version.tags.get("workspace") == PROJECT):
        return version
    tags = {
        "sentence": verdict.sentence,
        "precision": precision,
        "judged_by": record.run_id,
        "sha256.dense": verdict.models["dense"],
        "sha256.data": verdict.data,
        **briefed(space.artifacts, verdict.models["pruned"]),
        **tracking.provenance(space.folder, commit(space.project)),
    }
    registry.note(record.store, version, tags)
    registry.describe(record.store, version, described(verdict))
    registry.note(record.store, version, marks)  # last: a run that is killed before does it again
    return where.find(version.number)


def described(verdict: Verdict) -> str:
    """Return a verdict and its group table as Markdown: change and bounds of each gated metric."""
    metrics = list(dict.fromkeys(rule["metric"] for rule in verdict.rules))
    rows = [
        [group["group"], str(group["rows"]), *(_cell(group["metrics"].get(m)) for m in metrics)]
        for group in verdict.groups
    ]
    table = [["group", "rows", *metrics], ["---"] * (2 + len(metrics)), *rows]
    return "\n".join([f"**{verdict.sentence}**", "", *map(_line, table), "", *verdict.reasons])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _cell(rates: dict[str, Any] | None) -> str:
    if rates is None or any(rates[bound] is None for bound in BOUNDS):
        return "undefined"
    return "{:+.3f} [{:+.3f}, {:+.3f}]".format(*(rates[bound] for bound in BOUNDS))


def _say(record: Record, tag: str, words: str) -> None:
    record.line("register", words)
    tracking.log_tags(record.store, record.run_id, {tag: words})
