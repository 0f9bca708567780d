"""One process at a time changes a registered model, on whatever machine it runs.

A lock file keeps out the other processes of one folder; it knows nothing of another machine whose
clone meets this one on an MLflow server. There the lock is in the registry itself: a registered
model of the name ``MODEL.lock``. To make one is to compare and set at once, because no store holds
two of a name. Its holder deletes it at the end. One whose holder died is renamed to a name that
only this holder's lock can get, so two who find it do not both take it, nor a third one's.
"""

import fcntl
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from mlflow.exceptions import MlflowException

from faircompress.config import params
from faircompress.registry.mlflow_runs import Store
from faircompress.support import databases
from faircompress.support.errors import StateError

ENDS = 120.0  # seconds that one lock of a machine that says nothing more is respected
PATIENCE = 600.0  # seconds to wait at all
GRAVES = 3600.0  # seconds that the lock of a dead one is kept
HOLDER, LIFE, NOBODY = "holder", "life", ("", "")
# MLflow looks up who holds a name after it could not take it, and by then it may be free again
TAKEN = {"RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"}


@contextmanager
def one_at_a_time(store: Store) -> Iterator[None]:
    """Wait until nobody changes the project's registered model, then keep others out.

    Raises:
        StateError: If somebody else does so all the time.
        StoreFailed: If the server does not answer.
    """
    path = store.project / ".checkpoints" / "registry.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as held, ExitStack() as stack:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not _is_own(store):
            stack.enter_context(held_by_this(store, f"{_model(store)}.lock"))
        yield


@contextmanager
def held_by_this(
    store: Store, name: str, ends: float = ENDS, patience: float = PATIENCE
) -> Iterator[None]:
    """Hold a lock that lies in the registry.

    Args:
        store: Where.
        name: Of the lock.
        ends: Seconds after which one that shows no life is taken for a dead machine's.
        patience: Seconds to wait for others.

    Raises:
        StateError: If it could not be had in time; names who holds it.
    """
    token = f"{_host()} {os.getpid()} {uuid.uuid4().hex}"
    _wait(store, name, token, ends, patience)
    over = threading.Event()
    alive = threading.Thread(target=_show_life, args=(store, name, over, ends / 5), daemon=True)
    alive.start()
    try:
        yield
    finally:
        over.set()
        alive.join()
        if _seen(store, name)[0] == token:
            store.client.delete_registered_model(name)
        _clear_graves(store, name)


def _wait(store: Store, name: str, token: str, ends: float, patience: float) -> None:
    start = since = time.monotonic()
    before = NOBODY
    while not _taken(store, name, token):
        now = _seen(store, name)
        if now != before:
            before, since = now, time.monotonic()
        if now != NOBODY and (_is_dead(now[0]) or time.monotonic() - since > ends):
            _break(store, name, now[0])
        elif time.monotonic() - start > patience:
            raise StateError(
                f"{name} is held by {now[0] or 'changing processes'} for {patience:.0f} s; a "
                "promotion takes seconds. Look there, then delete that registered model in MLflow."
            )
        else:
            time.sleep(0.2)


def _taken(store: Store, name: str, token: str) -> bool:
    try:
        store.client.create_registered_model(name, {HOLDER: token}, "A lock; gone in seconds.")
    except MlflowException as error:
        if error.error_code not in TAKEN:
            raise
        # a client that gave up waiting for the answer asks twice, and finds its own
        return _seen(store, name)[0] == token
    return True


def _seen(store: Store, name: str) -> tuple[str, str]:
    """Return who holds a lock, and a sign of life; nobody if it is free."""
    found = store.client.search_registered_models(filter_string=f"name='{name}'")
    return next(((one.tags.get(HOLDER, "?"), one.tags.get(LIFE, "")) for one in found), NOBODY)


def _show_life(store: Store, name: str, over: threading.Event, every: float) -> None:
    """Let others see that the holder lives; where the server is away they cannot see it."""
    count = 0
    while not over.wait(every):
        count += 1
        with suppress(MlflowException, StateError):
            store.client.set_registered_model_tag(name, LIFE, str(count))


def _is_dead(holder: str) -> bool:
    """Tell whether a holder was a process of this machine that is no more."""
    host, _, rest = holder.partition(" ")
    pid = rest.partition(" ")[0]
    return host == _host() and pid.isdecimal() and not psutil.pid_exists(int(pid))


def _break(store: Store, name: str, holder: str) -> None:
    """Take a dead one's lock away; the second who tries finds its new name taken."""
    grave = f"{name}.{holder.rpartition(' ')[2]}"
    with suppress(MlflowException):
        store.client.rename_registered_model(name, grave)
        if _seen(store, grave)[0] != holder:  # it was another's by then: back it goes
            store.client.rename_registered_model(grave, name)


def _clear_graves(store: Store, name: str) -> None:
    """Delete old locks of the dead, which nobody can be about to take any more."""
    old = (time.time() - GRAVES) * 1000
    for one in store.client.search_registered_models(filter_string=f"name LIKE '{name}.%'"):
        if one.last_updated_timestamp < old:
            with suppress(MlflowException):
                store.client.delete_registered_model(one.name)


def _host() -> str:
    """Return what tells this machine, since it started and in this container, from others."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    mark = boot.read_text()[:8] if boot.exists() else "?"
    return f"{socket.gethostname()}/{mark}/{_pids()}"


def _pids() -> str:
    """Return the number space of processes: two containers count apart."""
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return "?"


def _is_own(store: Store) -> bool:
    """Tell whether the store is a file of this project, which its lock file is enough for."""
    file = databases.sqlite_file(store.uri)
    return file is not None and file.resolve().parent == store.project.resolve()


def _model(store: Store) -> str:
    return params.load(store.project / "params.yaml").key
