"""An S3 server that refuses, and a proxy before one that loses answers.

Lives here: HTTP on loopback that goes wrong on request. Does not live here: a store that works (moto,
Azurite).
"""

import http.client
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Method and path of a request, and how many of the same were before it.
Fault = Callable[[str, str, int], "int | str | None"]
_CODES = {403: "AccessDenied", 404: "NoSuchKey", 503: "SlowDown"}


@contextmanager
def refusing(fault: Fault, behind: str = "") -> Generator[str]:
    """Serve HTTP that goes wrong where ``fault`` says so; the address.

    Args:
        fault: Returns the status to answer with, ``CODE`` or ``403 CODE`` of S3 as text, ``lost`` to do the
            request and give no answer, or None to do it. What is done needs ``behind``.
        behind: The address of the server that does it.
    """
    seen: dict[tuple[str, str], int] = {}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = urlsplit(self.path).path
            with lock:
                before = seen.get((self.command, path), 0)
                seen[self.command, path] = before + 1
            answer = fault(self.command, path, before)
            if isinstance(answer, int):
                self._refuse(answer, _CODES[answer])
            elif answer is not None and answer != "lost":
                self._refuse(403, answer)
            else:
                self._forward(body, is_lost=answer == "lost")

        def _refuse(self, status: int, code: str) -> None:
            text = (
                f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        def _forward(self, body: bytes, *, is_lost: bool) -> None:
            connection = http.client.HTTPConnection(urlsplit(behind).netloc, timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if is_lost:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
