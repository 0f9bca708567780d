"""An S3 store that is ill for a while, between DVC and the real one: push and pull live through it.

In front of the store stands a relay. While it is ill it answers 500 or 503, says nothing, or cuts
each connection after some bytes; before and after that it passes everything on as it is.
"""

import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from fault_kinds import Place, Try, ended
from fault_servers import servers

KINDS = ("500", "503", "silent", "cut")
WORDS = {"500": "Internal Server Error", "503": "Slow Down"}
BODY = "<Error><Code>{code}</Code><Message>for a while</Message></Error>"
RESULTS = {"1": b"first\n" * 40_000, "2": b"second\n" * 40_000, "3": b"third\n" * 40_000}
PIECE = 65536


class Relay:
    """Passes connections on to a port of this machine; ill while ``kind`` says how.

    Args:
        port: Of the server behind.
    """

    def __init__(self, port: int) -> None:
        self.behind, self.kind = port, ""
        self.open: set[socket.socket] = set()
        self.server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.server.getsockname()[1]}"

    def falls_ill(self, kind: str) -> None:
        """Be ill from now on; what is under way is cut."""
        self.kind = kind
        self._hang_up()

    def recovers(self) -> None:
        """Be well again; who waits for an answer is cut off, as by a server that started anew."""
        self.kind = ""
        self._hang_up()

    def close(self) -> None:
        """Listen no more."""
        self.server.close()
        self._hang_up()

    def _hang_up(self) -> None:
        for one in list(self.open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self.server.accept()
            except OSError:
                return
            self.open.add(caller)
            threading.Thread(target=self._answer, args=(caller, self.kind), daemon=True).start()

    def _answer(self, caller: socket.socket, kind: str) -> None:
        with suppress(OSError), caller:
            if kind in WORDS:
                self._refuse(caller, kind)
            elif kind == "silent":
                while caller.recv(PIECE):
                    pass
            else:
                self._pass_on(caller, 2000 if kind == "cut" else None)
        self.open.discard(caller)

    def _refuse(self, caller: socket.socket, code: str) -> None:
        asked = caller.recv(PIECE)
        body = "" if asked.startswith(b"HEAD") else BODY.format(code=WORDS[code].replace(" ", ""))
        head = f"HTTP/1.1 {code} {WORDS[code]}\r\nContent-Type: application/xml\r\n"
        caller.sendall(
            f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )

    def _pass_on(self, caller: socket.socket, most: int | None) -> None:
        with socket.create_connection(("127.0.0.1", self.behind)) as server:
            self.open.add(server)
            back = threading.Thread(target=_copied, args=(server, caller, most), daemon=True)
            back.start()
            _copied(caller, server, most)
            back.join(30)
            self.open.discard(server)


def _copied(source: socket.socket, target: socket.socket, most: int | None) -> None:
    """Pass bytes on, so many at most, then hang up."""
    with suppress(OSError):
        left = most
        while (got := source.recv(PIECE)) and (left is None or left > 0):
            target.sendall(got if left is None else got[:left])
            left = None if left is None else left - len(got)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


def ill_store(step: str) -> Callable[[Place, random.Random], Try]:
    """Return a fault: the store is ill for a while in the middle of a push or a pull."""

    def fault(where: Place, rng: random.Random) -> Try:
        kind, seconds = rng.choice(KINDS), rng.uniform(1, 25)
        with _relayed() as (relay, env, url):
            here, there = (where.folder / name for name in ("here", "there"))
            _made(here, url, relay.address)
            hands, fetches = (
                replace(where, step=s, folder=f, env=env)
                for s, f in (("push", here), ("pull", there))
            )
            if step == "pull" and (trouble := _trouble(hands.run())):
                return Try(False, message=trouble)
            _cloned(here, there)
            hit = hands if step == "push" else fetches
            first, happened = _hit(hit, relay, kind, seconds, rng)
            if first[0] not in (0, 3):
                return Try(True, 1, 0, f"no sentence: {first[1]}")
            trouble = _trouble(hit.run()) or (step == "push" and _trouble(fetches.run())) or ""
        wrong = [n for n, b in RESULTS.items() if not _is(there / n, b) or not _is(here / n, b)]
        said = first[1] or f"it went on by itself ({kind} for {seconds:.0f} s)"
        return Try(happened, len(wrong) or int(bool(trouble)), 0, trouble or said)

    return fault


def _hit(
    step: Place, relay: Relay, kind: str, seconds: float, rng: random.Random
) -> tuple[tuple[int, str], bool]:
    """Take a step whose store falls ill; return its end, and whether it met the illness."""
    process = step.start()
    time.sleep(rng.uniform(0, 4))
    relay.falls_ill(kind)
    happened = process.poll() is None
    healed = threading.Timer(seconds, relay.recovers)
    healed.start()
    first = ended(process)
    healed.join()
    return first, happened


@contextmanager
def _relayed() -> Iterator[tuple[Relay, dict[str, str], str]]:
    """Give a relay to the store, what a process needs to reach it, and a place in it."""
    found = servers("objects")
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
    env = {k: v for k, v in found.services["buckets"].env.items() if k in keys}
    relay = Relay(found.ports["objects"])
    try:
        yield relay, env, f"s3://{found.client().buckets()[0]}/{time.time_ns()}"
    finally:
        relay.close()


def _made(folder: Path, url: str, address: str) -> None:
    """Make a project of three results that were computed, with a remote that lacks them."""
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").write_text(
        "[core]\n    no_scm = true\n    analytics = false\n    remote = store\n"
        f"['remote \"store\"']\n    url = {url}\n    endpointurl = {address}\n"
    )
    (folder / "dvc.yaml").write_text(
        "stages:\n" + "".join(f"  s{n}:\n    cmd: 'true'\n    outs: ['{n}']\n" for n in RESULTS)
    )
    for name, content in RESULTS.items():
        (folder / name).write_bytes(content)
    _dvc(folder, "commit", "--force")


def _cloned(here: Path, there: Path) -> None:
    (there / ".dvc").mkdir(parents=True)
    for name in (".dvc/config", "dvc.yaml", "dvc.lock"):
        shutil.copy(here / name, there / name)


def _dvc(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "dvc", *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ})


def _is(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


def _trouble(end: tuple[int, str]) -> str:
    return f"after the fault: {end[1]}" if end[0] else ""
