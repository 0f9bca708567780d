"""What an alarm of the monitor starts: the alias goes back, receivers are told, it retrains.

Each step is noted when it is done, so that whoever is killed in between goes on with the next.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment
from prefect.events import emit_event

from faircompress.config import params
from faircompress.monitoring.result import Watched
from faircompress.orchestration import alarm, news, notify, pool
from faircompress.orchestration.announcement import of_alarm
from faircompress.orchestration.clone import name_of
from faircompress.orchestration.commits import head
from faircompress.orchestration.registered_model import Registry
from faircompress.orchestration.watching import FOLDER
from faircompress.registry.policy import Grounds
from faircompress.support.errors import FaircompressError
from faircompress.support.files import read_json, write_json

EVENT = "faircompress.alarm"
PAGE = Path("monitor") / "index.html"
MONITOR = "the monitor"
Retrain = Callable[[Path, str], str]


def raise_alarm(watched: Watched, folder: Path) -> None:
    """Note an alarm of a version, once."""
    file = folder / "alarm.json"
    if watched.alarms and not file.exists():
        found = {"model": watched.model, "version": watched.version, "why": watched.why}
        write_json(file, {**found, "done": []})


def follow_up(project: Path, where: Registry, retrain: Retrain) -> list[str]:
    """Do what is left to do of all alarms; say what was done.

    Args:
        project: Folder with ``params.yaml``.
        where: The registered model.
        retrain: Starts a retraining and says so.
    """
    words = []
    for file in sorted((project / FOLDER).glob("version-*/alarm.json")):
        known = read_json(file)
        if known["model"] != where.model:
            continue
        steps = {
            "alias": partial(_move_back, where, known),
            "event": partial(_emit, project, known),
            "message": partial(_tell, project, known),
            "retraining": partial(retrain, project, known["why"]),
        }
        for step, act in steps.items():
            if step not in known["done"]:
                words.append(act())
                known["done"].append(step)
                write_json(file, known)
    return [word for word in words if word]


def _move_back(where: Registry, known: dict[str, str]) -> str:
    """Take the version back; nothing if another is the champion already."""
    if where.aliases().get("champion") != known["version"]:
        return ""
    return alarm.alarm(where, Grounds(MONITOR, known["why"]), known["version"])


def _emit(project: Path, known: dict[str, str]) -> str:
    emit_event(
        EVENT,
        resource={
            "prefect.resource.id": f"faircompress.model.{known['model']}",
            "prefect.resource.name": known["model"],
        },
        payload={"version": known["version"], "why": known["why"], "project": str(project)},
    )
    return ""


def _tell(project: Path, known: dict[str, str]) -> str:
    """Send the message of an alarm; a receiver that is away keeps nothing from being done."""
    version = known["version"]
    words = f"Version {version} was taken back by the monitor: {known['why']}."
    return tell(project, known["model"], words, version=version, page=str(project / PAGE))


def tell(project: Path, model: str, words: str, *, version: str = "", page: str = "") -> str:
    """Send the message of an alarm to whom params name; return what went wrong."""
    receivers = params.load(project / "params.yaml").notify
    return " ".join(notify.tell(receivers, of_alarm(model, words, version=version, page=page)))


def start_retraining(project: Path, why: str) -> str:
    """Start the flow ``retrain`` by the deployment of this clone, or else of the work pool."""
    with get_client(sync_client=True) as client:
        name = pool.retraining(client, project)
    if not name:
        return (
            f"No retraining was started: nobody serves retrain/{name_of(project)}, and the server "
            f"has no deployment of {pool.FILE}. Start faircompress serve, or run faircompress run "
            "with the new rows in the data."
        )
    run_deployment(name, timeout=0, as_subflow=False, flow_run_name="after an alarm")
    return f"A retraining was started ({name}), since {why}.{_in_vain(project)}"


def _in_vain(project: Path) -> str:
    """Say that the retraining has nothing to learn from, if that is so in this clone."""
    if news.finished(project) is None:
        return ""
    try:
        fresh = news.news(project, news.inputs_of(project, head(project)))
    except FaircompressError:  # the retraining tells it; it was started, and once is enough
        return ""
    return (
        ""
        if fresh
        else (
            " But data, code and params are those of the last one here, so it can come to nothing "
            "else: add the newly labelled rows to the data set, and it runs."
        )
    )
