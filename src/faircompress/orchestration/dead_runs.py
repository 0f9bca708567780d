"""The run before this one in a workspace, where its process was killed: no server knows that.

A killed process closes nothing. So MLflow and Prefect would show its run as running for ever,
nothing would ever remove it, and a deployment that admits one run at a time would wait for it. Only
one process at a time runs the chain in a workspace: who begins there knows that the last one ended.
"""

from pathlib import Path

from httpx import HTTPError
from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException
from prefect.states import Crashed

from faircompress.registry import old_runs
from faircompress.registry.mlflow_runs import Store
from faircompress.support.files import read_json, remove, write_json

FILE = Path(".checkpoints") / "open_run.json"  # there as long as a run is not closed
GONE = "Its process is gone."


def bury(folder: Path, store: Store) -> None:
    """Close the last run of a workspace at MLflow and at Prefect, if nobody closed it.

    Args:
        folder: Of the workspace, in which nobody else runs the chain.
        store: Where its runs are.

    Raises:
        StoreFailed: If MLflow does not answer.
    """
    known = _known(folder)
    if run_id := known.get("mlflow"):
        old_runs.end_dead(store, run_id)
    if (run_id := known.get("prefect")) and run_id != _own():
        _end_at_prefect(run_id)


def note(folder: Path, run_id: str) -> None:
    """Remember the run that is open in a workspace now.

    Args:
        folder: Of the workspace.
        run_id: In MLflow.
    """
    write_json(folder / FILE, {"mlflow": run_id, "prefect": _own()})


def closed(folder: Path) -> None:
    """Forget the run of a workspace, since it was closed."""
    remove(folder / FILE)


def _own() -> str:
    """Return the id of this process's flow run; nothing outside one."""
    return str(runtime.flow_run.id or "")


def _known(folder: Path) -> dict[str, str]:
    try:
        found = read_json(folder / FILE) if (folder / FILE).exists() else {}
    except ValueError:  # half written: no loss
        return {}
    return found if isinstance(found, dict) else {}


def _end_at_prefect(run_id: str) -> None:
    """Mark a flow run as crashed that is open still; a server that does not know it is another."""
    try:
        with get_client(sync_client=True) as client:
            run = client.read_flow_run(run_id)  # type: ignore[arg-type]  # a string does
            if run.state and not run.state.is_final():
                client.set_flow_run_state(run.id, Crashed(message=GONE), force=True)
    except (PrefectException, HTTPError, RuntimeError):
        return
