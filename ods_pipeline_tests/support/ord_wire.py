"""The wire of the local server: requests, replies, and the faults that happen to them.

Lives here: HTTP and its faults. Does not live here: the replies themselves (`ord_server.py`).
"""

import contextlib
import gzip
import json
import re
import socket
import struct
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HTML = b"<html><head><title>Log in</title></head><body>The service is behind a wall.</body></html>"


@dataclass(frozen=True)
class Asked:
    """One request. `monotonic` is real time; `at` is the time on the server's own clock."""

    at: datetime
    monotonic: float
    path: str
    headers: dict[str, str]
    in_flight: int


@dataclass
class Fault:
    """A fault that happens the next `times` times when a path matches `pattern`.

    Kinds: reset, stall, drip, half, long_length, short_length, gzip_garbage, html, status, other_code,
    repeated_page, wrong_bytes, redirect, echo, outcome (with `text`). `value` is what it needs: a status,
    seconds, a code, an address. echo repeats the request wherever there is room, and needs a status and a
    spelling.
    """

    kind: str
    pattern: str = ""
    times: int = 1
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str = "Out of order"

    def wants(self, path: str) -> bool:
        if self.times <= 0 or not re.search(self.pattern, path):
            return False
        self.times -= 1
        return True


class CutAfter(Fault):
    """Cuts every request after this many in the log of the server."""

    def __init__(self, number: int, log: list[Asked]) -> None:
        super().__init__("reset")
        self.number, self.log = number, log

    def wants(self, path: str) -> bool:
        return len(self.log) > self.number


@dataclass
class Reply:
    """A reply before any fault."""

    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"


def as_json(content: Any, headers: dict[str, str] | None = None, status: int = 200) -> Reply:
    return Reply(status, json.dumps(content).encode(), headers or {})


def error(status: int, text: str) -> Reply:
    return as_json({"errorCode": status, "errorText": text}, status=status)


class Http(ThreadingHTTPServer):
    """A server that ends completely: it cuts open connections and waits for every thread."""

    daemon_threads = False
    block_on_close = True

    def __init__(self, *arguments: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in [*self._open]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints nothing: clients that go away in the middle of an answer are part of the tests."""


def handler_for(server: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def date_time_string(self, timestamp: float | None = None) -> str:
            """The Date header is of the server's own clock."""
            return format_datetime(server.now().astimezone(UTC), usegmt=True)

        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def answer(self, body: bytes | None) -> None:
            headers = {k.lower(): v for k, v in self.headers.items()}
            with server.lock:
                server.in_flight += 1
                server.log.append(Asked(server.now(), time.monotonic(), self.path, headers, server.in_flight))
                fault = next((f for f in server.faults if f.kind != "wrong_sha" and f.wants(self.path)), None)
            try:
                if server.delay:
                    server.ending.wait(server.delay)
                with server.lock:  # a world may change as it is asked
                    reply = (
                        server.reply(self.path, headers)
                        if body is None
                        else server.posted(self.path, headers, body)
                    )
                if fault is None:
                    self.send(reply)
                else:
                    self.go_wrong(fault, reply)
            finally:
                with server.lock:
                    server.in_flight -= 1

        def send(self, reply: Reply, *, length: int | None = None, content: bytes | None = None) -> None:
            content = reply.content if content is None else content
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(content) if length is None else length))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        def go_wrong(self, fault: Fault, reply: Reply) -> None:  # noqa: PLR0912 - one kind, one branch
            half = reply.content[: len(reply.content) // 2]
            if fault.kind == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                self.connection.close()
            elif fault.kind == "stall":
                server.ending.wait(fault.value or 30)
                self.close_connection = True
            elif fault.kind == "drip":
                self.send(reply, length=len(reply.content), content=b"")
                for byte in reply.content:
                    if server.ending.wait(fault.value):
                        return
                    self.wfile.write(bytes([byte]))
            elif fault.kind in ("half", "long_length"):  # the connection ends before what was announced
                more = 1000 if fault.kind == "long_length" else 0
                self.send(reply, length=len(reply.content) + more, content=reply.content if more else half)
                self.close_connection = True
            elif fault.kind == "short_length":
                self.send(reply, length=len(half))
                self.close_connection = True
            elif fault.kind == "gzip_garbage":
                garbage = gzip.compress(reply.content)[:12] + b"\0garbage" * 8
                self.send(Reply(200, garbage, {**reply.headers, "Content-Encoding": "gzip"}))
            elif fault.kind == "html":
                self.send(Reply(200, HTML, kind="text/html; charset=utf-8"))
            elif fault.kind == "status":
                refused = error(fault.value, fault.text)
                self.send(Reply(fault.value, refused.content, fault.headers))
            elif fault.kind == "other_code":
                self.send(server.reply(f"/ORD/2-0-0/organisations/{fault.value}", {}))
            elif fault.kind == "repeated_page":
                first = re.sub(r"&Offset=\d+", "", self.path)
                self.send(server.reply(first, {}))
            elif fault.kind == "outcome":  # an error of FHIR with status 200
                self.send(
                    as_json({"resourceType": "OperationOutcome", "issue": [{"diagnostics": fault.text}]})
                )
            elif fault.kind == "wrong_bytes":
                self.send(reply, content=b"\0" * len(reply.content))
            elif fault.kind == "redirect":
                self.send(Reply(302, b"", {"Location": fault.value}))
            elif fault.kind == "echo":
                status, spelled = fault.value
                self.echo(status, spelled(self.path), spelled(json.dumps(dict(self.headers))))
            else:
                raise ValueError(f"no such fault: {fault.kind}")

        def echo(self, status: int, path: str, headers: str) -> None:
            """Spring's standard error, with the path and the headers of the request all over the answer."""
            page = {"timestamp": server.now().isoformat(), "status": status, "error": path, "path": path}
            content = json.dumps({**page, "message": f"No handler for {path} {headers}"}).encode()
            self.send_response(status, f"Not for {path}")
            self.send_header("Content-Type", f"application/json; path={path}")
            self.send_header("Content-Length", str(len(content)))
            for name in ("Location", "X-Request", "Content-Range", "ETag", "Server-Timing", "Retry-After"):
                self.send_header(name, path)
            self.send_header("Content-Disposition", f'attachment; filename="{path}.zip"')
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Prints nothing: the log is a list."""

    return Handler
