"""A server that listens and is ill."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SAID = {
    "500": b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops",
    "garbage": b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n<html/>",
}


@contextmanager
def ill(kind: str) -> Iterator[str]:
    """Give the address of a server that says nothing (``silent``), ``500`` or ``garbage``."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_serve, args=(server, SAID.get(kind)), daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)  # or the next caller is let in still


def _serve(server: socket.socket, said: bytes | None) -> None:
    kept = []
    while True:
        try:
            caller, _ = server.accept()
        except OSError:  # closed
            return
        if said is None:
            kept.append(caller)
            continue
        with caller:
            caller.recv(65536)
            caller.sendall(said)
