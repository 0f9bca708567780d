"""Real receivers of messages on this machine: an HTTP server and a mail server."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def http(statuses: tuple[int, ...] = (200,)) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give an address that takes JSON, and what it was sent; statuses are answered in turn."""
    got: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(statuses[min(len(got), len(statuses)) - 1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook/SECRET", got
    finally:
        server.shutdown()


@contextmanager
def mail() -> Iterator[tuple[str, list[Any]]]:
    """Give the address of a mail server as Apprise writes it, and the messages it took."""
    got: list[Any] = []

    class Receiver(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip().upper():
                if line == "DATA":
                    self._say("354 go on")
                    lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                    got.append(message_from_string("".join(lines), policy=policy.default))
                self._say("221 bye" if line == "QUIT" else "250 ok")
                if line == "QUIT":
                    return

        def _say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    words = "from=chain@example.org&to=team@example.org&smtp=127.0.0.1&mode=insecure&format=text"
    try:
        yield f"mailto://{host}/?{words}", got
    finally:
        server.shutdown()
