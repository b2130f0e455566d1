"""A server that writes bytes as a test gives them: answers that no HTTP library would write.

Lives here: the socket. Does not live here: the bytes. It listens on the loopback address only.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

# Writes an answer; the event is set when the server ends.
Answering = Callable[[socket.socket, threading.Event], None]


class RawServer:
    """Answers each request with ``answer``, inside `with RawServer(answer) as server`."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self._ending = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._serve, daemon=True)]

    def __enter__(self) -> "RawServer":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        while not self._ending.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            while not self._ending.is_set():
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    request += piece
                self.requests.append(request)
                self.answer(connection, self._ending)


def http(content: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """Return an answer with a Content-Length, and these headers too."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


def date_header(at: datetime | None = None) -> str:
    return f"Date: {format_datetime((at or datetime.now(UTC)).astimezone(UTC), usegmt=True)}"
