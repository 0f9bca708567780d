"""Commands of test projects, forked from a process that has imported what they import.

A command takes 0.3 to 4 s to import torch, MLflow, Great Expectations and their like, and tests
run a thousand. Here one server (``preloaded_server.py``) imports them, once, and nothing of
faircompress, of `flows` or of Prefect, which reads its settings then. For each command it forks a
process, which becomes that command: with arguments, folder, environment, files and path of a fresh
one. It imports faircompress, runs and ends as any process does. Whoever asked is killed with it,
and it with them. What it starts as a script or ``python -m`` one of ``MODULES`` is forked, too.

A command whose environment differs from that of the server in what libraries read when they are
imported is started afresh. So are all commands of the files of tests that are not in ``FILES``.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# of tests whose projects run commands so
FILES = (
    "chain", "study_flow", "precisions", "history", "promote", "code_reruns", "screen",
    "own_network", "chain_topping_up", "scheduled", "monitor_flow", "retrain", "resume",
    "search_flow", "servers", "registry", "mlflow_ui", "worse_than_champion",
    "new_project",
)  # fmt: skip
MODULES = ("faircompress", "faircompress.rehearsal.steps", "dvc", "prefect.engine")
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
ASK = '''#!{python} -IS
"""Ask for a command, hand signals on, and end as it ends."""
import array, json, os, signal, socket, sys

words, given = {words!r}, sys.argv[1:]

def afresh():
    os.execv({python!r}, [{python!r}, *words, *given])

if not words:
    if given[:1] != ["-m"] and not given[0].endswith(".py"):
        afresh()
    if given[0] == "-m" and given[1] not in {modules!r}:
        afresh()
    count = 2 if given[0] == "-m" else 1
    words, given = given[:count], given[count:]
asked = socket.socket(socket.AF_UNIX)
try:
    asked.connect({address!r})
except OSError:
    afresh()
mask = os.umask(0)
os.umask(mask)
wanted = dict(words=words, given=given, env=dict(os.environ), folder=os.getcwd(), mask=mask)
content = json.dumps(wanted).encode()
files = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))]
asked.sendmsg([len(content).to_bytes(4, "big")], files)
asked.sendall(content)
for number in {signals!r}:
    signal.signal(number, lambda number, _: asked.sendall(bytes([number])))
answer = asked.recv(100)
if answer == b"afresh":
    for number in {signals!r}:
        signal.signal(number, signal.SIG_DFL)
    afresh()
status = int(answer or b"9")
if os.WIFSIGNALED(status):
    signal.signal(os.WTERMSIG(status), signal.SIG_DFL) if os.WTERMSIG(status) != 9 else None
    os.kill(os.getpid(), os.WTERMSIG(status))
os._exit(os.waitstatus_to_exitcode(status))
'''


def start(folder: Path, session: int) -> None:
    """Start the server, and write the programs that ask it.

    Args:
        folder: For the programs, the server's address and what its commands cost.
        session: Process with which the server ends.
    """
    folder.mkdir()
    address = str(folder / "server")
    real = Path(sys.executable).parent / "faircompress"
    server = str(Path(__file__).with_name("preloaded_server.py"))
    for name, words in (("faircompress", [str(real)]), ("python", []), ("code", ["-c"])):
        text = ASK.format(
            python=sys.executable, words=words, address=address, modules=MODULES,
            signals=[*map(int, FORWARDED)],
        )  # fmt: skip
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    with (folder / "server.log").open("w") as log:
        subprocess.Popen(
            [sys.executable, server, address, str(session)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    for _ in range(1800):
        if Path(address).exists():
            return
        time.sleep(0.1)
    raise TimeoutError((folder / "server.log").read_text())


def served(command: tuple[str, ...], folder: Path | None, env: dict[str, str]) -> tuple[str, ...]:
    """Return a command as one that asks the server for it; and so that its stages do, too."""
    measured = any(name.startswith("COVERAGE_") for name in env)
    if folder is None or measured:
        return command
    env["PATH"] = os.pathsep.join([str(folder), env["PATH"]])
    if command[:2] == (sys.executable, "-c"):  # said here: children's may need files of theirs
        return (str(folder / "code"), *command[2:])
    if command[0] == sys.executable:
        return (str(folder / "python"), *command[1:])
    return command
