"""Commands of the tests' projects can start from a process that has imported the libraries already.

To import torch, Great Expectations, MLflow and the like takes a command 5 to 10 s, and what it
then does with a tiny project 1 to 3 s. With ``FAIRCOMPRESS_WARM=1`` the tests run one server that
imports them once and forks for each command: the child gets the arguments, environment, folder and
files of whoever asked, and runs the same command. The package itself, and Prefect, which reads its
settings when it is imported, are imported by the child. Commands start as always where no server
answers and where coverage is measured. Tests that kill, time or import-check processes do not ask.
"""

import ast
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FORKED = (
    "numpy", "scipy.stats", "pandas", "pyarrow.parquet", "pydantic", "typer", "jinja2",
    "PIL.Image", "matplotlib.figure", "sklearn.cluster", "sklearn.decomposition", "sklearn.metrics",
    "torch", "torch._dynamo", "torchvision", "lightning.fabric", "torch_pruning", "onnx",
    "onnxruntime", "onnxruntime.quantization", "onnxscript", "torch.onnx._internal.exporter._core",
    "torch.export._trace", "great_expectations", "great_expectations.expectations.core",
    "rich.console", "rich.progress", "jsonschema", "sqlalchemy.ext.asyncio", "fastapi", "httpx",
    "websockets.asyncio.client", "anyio", "cryptography.x509", "aiosqlite", "griffe", "mlflow",
    "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
)  # fmt: skip
ADDRESS = "warm.socket"  # in the folder of the command
CLIENT = """#!{python} -IS
import os, signal, socket, sys
real = {real!r}
cold = any(name.startswith("COVERAGE_") for name in os.environ)
door = socket.socket(socket.AF_UNIX)
try:
    if cold or sys.argv[1:2] in ([], ["serve"], ["ui"]):
        raise OSError
    door.connect({address!r})
except OSError:
    os.execv(real, [real, *sys.argv[1:]])
asked = [sys.argv[1:], os.getcwd(), dict(os.environ)]
socket.send_fds(door, [repr(asked).encode("utf-8", "surrogateescape") + b"\\0"], [0, 1, 2])
code = int(door.recv(16) or 255)
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


_folder: list[Path] = []  # of the command, in this test session
_servers: "list[subprocess.Popen[str]]" = []  # that this worker started


@contextmanager
def commands(folder: Path) -> Iterator[None]:
    """Let commands start warm, once a project of a test calls one, from a server in a folder."""
    _folder[:] = [folder]
    yield
    for server in _servers:
        server.communicate()
    _servers.clear()


def environment() -> dict[str, str]:
    """Return where the command is found that asks the server; see that one is started."""
    if not _folder or os.environ.get("FAIRCOMPRESS_WARM") != "1":
        return {}
    command = _folder[0] / "faircompress"
    with suppress(FileExistsError):
        _lay(command)
    return {"PATH": os.pathsep.join([str(_folder[0]), os.environ["PATH"]])}


def _lay(command: Path) -> None:
    """Write the command; start the server, which ends with the pipe to it.

    Raises:
        FileExistsError: If there is one, by another worker of the tests.
    """
    address = str(command.with_name(ADDRESS))
    real = str(Path(sys.executable).parent / "faircompress")
    with os.fdopen(os.open(command, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o755), "w") as file:
        file.write(CLIENT.format(python=sys.executable, real=real, address=address))
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    server = [sys.executable, __file__, address]
    _servers.append(subprocess.Popen(server, stdin=subprocess.PIPE, text=True, env=env))


def serve(address: str) -> None:
    """Import the libraries, then fork for whoever asks, until the test session is over."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(address + ".new")
    door.listen(16)
    sys.modules.update(dict.fromkeys(("rfc3987_syntax", "timm")))  # type: ignore[arg-type]
    for name in FORKED:
        with suppress(ImportError):
            __import__(name)
    del sys.modules["timm"]
    Path(address + ".new").rename(address)
    while True:
        ready, _, _ = select.select([door, sys.stdin], [], [], 5)
        with suppress(ChildProcessError):  # so that their processor time is counted
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if sys.stdin in ready:
            Path(address).unlink(missing_ok=True)
            return
        if door not in ready:
            continue
        caller, _ = door.accept()
        if os.fork() == 0:
            door.close()
            os._exit(_watched(caller))
        caller.close()


def _watched(caller: socket.socket) -> int:
    """Run what a caller asks for; tell it how that ended, or end it if the caller is gone."""
    text, files, _, _ = socket.recv_fds(caller, 1 << 20, 3)
    while not text.endswith(b"\0"):
        more = caller.recv(1 << 20)
        if not more:
            return 1  # it was killed before it asked
        text += more
    child = os.fork()
    if child == 0:
        caller.close()
        _become(text[:-1].decode("utf-8", "surrogateescape"), files)
    for file in files:
        os.close(file)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            caller.send(str(os.waitstatus_to_exitcode(status)).encode())
            return 0
        if select.select([caller], [], [], 0.02)[0]:  # it was killed
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(child, number)
                time.sleep(0.5)
            return 0


def _become(text: str, files: list[int]) -> None:
    """Be the process that the caller would have started."""
    words, folder, env = ast.literal_eval(text)
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, 256)
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    sys.argv = ["faircompress", *words]
    sys.path[:1] = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    code = 0
    try:
        runpy.run_module("faircompress", run_name="__main__", alter_sys=False)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
