"""The server of preloaded commands: a process for each, forked from one that has imported."""

import array
import atexit
import gc
import importlib
import json
import os
import resource
import runpy
import selectors
import signal
import socket
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

IMPORTED = (
    "typer", "rich.console", "rich.progress", "jinja2", "yaml", "pydantic", "numpy", "pandas",
    "pyarrow.parquet", "scipy.special", "scipy.stats", "torch", "torch._dynamo", "torch.onnx",
    "torch.export", "lightning_fabric", "onnx", "onnxscript", "matplotlib.figure",
    "matplotlib.backends.backend_agg", "great_expectations", "mlflow", "sqlalchemy", "alembic",
    "fastapi", "httpx", "anyio", "jsonschema", "PIL.Image", "onnxscript.optimizer",
    "torch.onnx._internal.exporter._torchlib.ops", "mlflow.store.tracking.sqlalchemy_store",
    "dvc.cli", "dvc.repo", "dvc.api", "dvc.commands.repro", "dvc.commands.status",
    "dvc.cli.parser", "torchvision", "torch.export._trace", "sklearn.cluster", "mlflow.pyfunc",
    "onnxscript.function_libs.torch_lib.ops", "pyarrow.dataset", "griffe", "httpcore", "docket",
)  # fmt: skip
ABSENT = ("torchmetrics", "timm")  # to the libraries, as `faircompress.support.absent` has it
# what may differ from the server's environment: nothing above reads it while it is imported
FREE = (
    "PREFECT_", "MLFLOW_TRACKING_URI", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "DVC_", "GIT_",
    "FAIRCOMPRESS_", "RAY_", "SPT_NOENV", "PYTEST_", "PYTHONPATH", "PYTHONUNBUFFERED", "TEAM",
    "PYTHONDONTWRITEBYTECODE", "PYTHONBREAKPOINT", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "COLUMNS",
    "LINES",
)  # fmt: skip


def _import() -> None:
    """Import what commands import, and start no thread: a forked process would lack it."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as `environment` has
    for name in IMPORTED:
        with _absent() if name == "lightning_fabric" else nullcontext():
            importlib.import_module(name)
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    names.remove(Path("/proc/self/comm").read_text().strip())
    assert {*names} <= {"jemalloc_bg_thd"}, names  # pyarrow's, which minds forks itself
    assert not {"faircompress", "flows", "prefect"} & set(sys.modules)
    gc.collect()
    gc.freeze()  # lest a forked process copies what it looks at for garbage


@contextmanager
def _absent() -> Iterator[None]:
    sys.modules.update(dict.fromkeys(ABSENT))  # type: ignore[arg-type]
    yield
    for name in ABSENT:
        sys.modules.pop(name)


def _requests(
    address: str, session: int, env: dict[str, str], by_libraries: dict[str, str]
) -> dict[str, Any]:
    """Fork a process for each command that is asked for; return in it, with the command."""
    open_ = selectors.DefaultSelector()
    door, spent = socket.socket(socket.AF_UNIX), Path(address).with_name("spent.tsv")
    _note(spent, resource.getrusage(resource.RUSAGE_SELF), Path(__file__).name)
    door.bind(f"{address}.new")
    door.listen(100)
    os.rename(f"{address}.new", address)  # from here on it answers
    open_.register(door, selectors.EVENT_READ)
    open_.register(os.pidfd_open(session), selectors.EVENT_READ)
    pids, asked = dict[int, int](), dict[int, socket.socket]()  # by file, by process
    words = dict[int, dict[str, Any]]()
    while True:
        for key, _ in open_.select():
            if key.fileobj is door:
                ask, _ = door.accept()
                wanted = _received(ask)
                if names := _differing(env, wanted["env"], by_libraries):
                    print("afresh, for", *sorted(names), flush=True)
                    ask.sendall(b"afresh")
                    for file in (ask.detach(), *wanted["files"]):
                        os.close(file)
                    continue
                if (pid := os.fork()) == 0:
                    for one in [*open_.get_map().values()]:
                        close = getattr(one.fileobj, "close", None)
                        close() if close else os.close(one.fd)
                    open_.close()
                    ask.close()
                    return wanted
                for file in wanted["files"]:
                    os.close(file)
                ended = os.pidfd_open(pid)
                pids[ended], asked[pid], words[pid] = pid, ask, wanted
                open_.register(ended, selectors.EVENT_READ)
                open_.register(ask, selectors.EVENT_READ, pid)
            elif key.data is not None:  # a signal, or the end of whoever asked
                number = key.fileobj.recv(1)  # type: ignore[union-attr]
                os.kill(key.data, number[0] if number else signal.SIGKILL)
                if not number:
                    open_.unregister(key.fileobj)
            elif key.fd in pids:
                pid = pids.pop(key.fd)
                open_.unregister(key.fd)
                os.close(key.fd)
                _, status, used = os.wait4(pid, 0)
                test = words.pop(pid)["env"].get("PYTEST_CURRENT_TEST", "")
                _note(spent, used, test)
                ask = asked.pop(pid)
                with suppress(KeyError):
                    open_.unregister(ask)
                with suppress(OSError):
                    ask.sendall(str(status).encode())
                ask.close()
            else:  # the session of tests is over
                os._exit(0)


def _note(spent: Path, used: resource.struct_rusage, test: str) -> None:
    """Note what was spent on a test, for `--processor-time`: nobody who is measured started it."""
    with spent.open("a") as file:
        file.write(f"{used.ru_utime + used.ru_stime:.3f}\t{Path(test.split('::')[0]).name}\n")


def _received(ask: socket.socket) -> dict[str, Any]:
    files = array.array("i")
    head, more, _, _ = ask.recvmsg(4, socket.CMSG_LEN(3 * files.itemsize))
    files.frombytes(more[0][2])
    length, content = int.from_bytes(head, "big"), b""
    while len(content) < length:
        content += ask.recv(length - len(content))
    return json.loads(content) | {"files": files.tolist()}


def _differing(
    ours: dict[str, str], theirs: dict[str, str], by_libraries: dict[str, str]
) -> set[str]:
    """Return variables for which a library might have been imported otherwise."""
    names = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
    names -= {name for name in by_libraries if by_libraries[name] == theirs.get(name)}
    return {name for name in names if not name.startswith(FREE)}


def _become(wanted: dict[str, Any], rest: list[str], by_libraries: dict[str, str]) -> None:
    """Be the process of a command, as if it had been started afresh."""
    os.setsid()
    for number, file in enumerate(wanted["files"]):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(by_libraries | wanted["env"])
    os.chdir(wanted["folder"])
    os.umask(wanted["mask"])
    if os.environ.get("PYTHONUNBUFFERED"):
        sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    how, program = wanted["words"][0], wanted["words"][-1]
    first = {"-m": wanted["folder"], "-c": ""}.get(how, str(Path(program).absolute().parent))
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [first, *(os.path.abspath(one) for one in named if one), *rest]
    importlib.invalidate_caches()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    sys.argv[:] = [program, *wanted["given"]]
    if how == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    elif how == "-c":
        sys.argv[:2] = ["-c"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(wanted["given"][0], "<string>", "exec"), vars(sys.modules["__main__"]))
    else:
        runpy.run_path(program, run_name="__main__")


def _end(wanted: dict[str, Any], rest: list[str], by_libraries: dict[str, str]) -> None:
    """Run a command and end as Python does, but for taking apart what the server imported."""
    code = 0
    try:
        _become(wanted, rest, by_libraries)
    except SystemExit as exit_:
        if isinstance(exit_.code, str):
            print(exit_.code, file=sys.stderr)
        code = 1 if isinstance(exit_.code, str) else int(exit_.code or 0)
    except BaseException as error:
        frames = error.__traceback__
        while frames and frames.tb_frame.f_code.co_filename == __file__:  # not the command's
            frames = frames.tb_next
        sys.excepthook(type(error), error.with_traceback(frames), frames)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are not daemons
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _own = {os.path.abspath(p) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p}
    _rest = [place for place in sys.path[1:] if place not in _own]
    sys.path.pop(0)
    _given = dict(os.environ)
    _import()
    sys.executable = str(Path(sys.argv[1]).with_name("python"))
    _set = {name: value for name, value in os.environ.items() if name not in _given}
    _end(_requests(sys.argv[1], int(sys.argv[2]), _given, _set), _rest, _set)
