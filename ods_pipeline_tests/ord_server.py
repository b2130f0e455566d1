"""A local HTTP server that answers as the ORD API and TRUD do, with faults to order and a log of requests.

    python -m ods_pipeline_tests.ord_server --folder data/sample --port 8341

What lives here: addresses, headers, errors and texts as the services give them, and ways of going wrong. What
does not: what is in the register (`worlds.py`). Loopback only.
"""

import argparse
import contextlib
import gzip
import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ods_pipeline.source.clock import uk_date
from ods_pipeline_tests.payloads import organisation_xml
from ods_pipeline_tests.worlds import LISTS, Recorded, Register, World

ORD, TRUD, FILES = "/ORD/2-0-0", "/trud/api/v1/keys/", "/download/api/v1/keys/"
LONGEST_GAP = 185
SEARCH = {"Name", "PostCode", "LastChangeDate", "Status", "PrimaryRoleId", "NonPrimaryRoleId", "Roles"}
SEARCH |= {"OrgRecordClass", "RelTypeId", "TargetOrgId", "RelStatus", "Limit", "Offset", "_format"}
NO_ARGUMENTS = "Supplied query must include some query parameters"
UNKNOWN_ARGUMENT, BAD_DATE = "Unknown argument found.", "Invalid date format."
HTML = b"<html><head><title>Sign in</title></head><body>The service is behind a wall.</body></html>"


@dataclass(frozen=True)
class Asked:
    """One request. `monotonic` is real time; `at` is the clock the server was given."""

    at: datetime
    monotonic: float
    path: str
    headers: dict[str, str]
    in_flight: int


@dataclass
class Fault:
    """Something that goes wrong the next `times` times when a path matches `pattern`.

    Kinds: reset, stall, drip, half, long_length, short_length, gzip_garbage, html, status, other_code,
    repeated_page, wrong_bytes, redirect. `value` is a status, seconds, a code, a place: what the kind needs.
    """

    kind: str
    pattern: str = ""
    times: int = 1
    value: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def wants(self, path: str) -> bool:
        if self.times <= 0 or not re.search(self.pattern, path):
            return False
        self.times -= 1
        return True


@dataclass
class Reply:
    """An answer before any fault."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"


class OrdServer:
    """The server, running inside `with OrdServer(world) as server`. Faults come in order, one a request.

    `delay` is seconds before each answer; `links_to` begins the links in answers (else this server).
    """

    def __init__(
        self,
        world: World,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        key: str | None = None,
        port: int = 0,
        delay: float = 0.0,
        links_to: str | None = None,
    ) -> None:
        self.world, self.now, self.key, self.delay, self._links_to = world, now, key, delay, links_to
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self.in_flight = 0
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self._http = _Http(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> "OrdServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def ord_url(self) -> str:
        return self.host + ORD

    @property
    def links(self) -> str:
        """What the links in answers begin with."""
        return self._links_to or self.ord_url

    @property
    def trud_url(self) -> str:
        return self.host + "/trud"

    def asked(self, pattern: str = "") -> list[str]:
        """Paths asked for, in order, that match."""
        return [a.path for a in self.log if re.search(pattern, a.path)]

    def reply(self, path: str, headers: dict[str, str]) -> Reply:
        """The answer to a request, before any fault."""
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        today = uk_date(self.now())
        if parts.path.startswith(ORD):
            return self._ord(unquote(parts.path.removeprefix(ORD)), query, today)
        if parts.path.startswith((TRUD, FILES)):
            return self._trud(parts.path, query, headers, today)
        return _error(404, "Not found")

    def _ord(self, path: str, query: dict[str, str], today: date) -> Reply:
        register = self.world.register(today)
        if path in register.lists:
            return Reply(200, register.lists[path])
        if path == "/sync":
            return self._sync(register, query, today)
        if path == "/organisations":
            return self._search(register, query)
        if path.startswith("/organisations/"):
            return _organisation(register, path.rpartition("/")[2], query.get("_format", "json"))
        for listed, key in LISTS.items():
            if path.startswith(f"{listed}/"):
                items = json.loads(register.lists[listed])[key]
                found = [item for item in items if item["id"] == path.rpartition("/")[2]]
                return _as_json({key: found}) if found else _error(404, "Not found")
        return _error(404, "Not found")

    def _sync(self, register: Register, query: dict[str, str], today: date) -> Reply:
        if set(query) - {"LastChangeDate", "_format"}:
            return _error(406, UNKNOWN_ARGUMENT)
        if "LastChangeDate" not in query:
            return _error(406, NO_ARGUMENTS)
        since = _date(query["LastChangeDate"])
        if since is None:
            return _error(406, BAD_DATE)
        if (today - since).days > LONGEST_GAP:  # the wording is ours: no text is on record
            return _error(406, f"LastChangeDate must be within the last {LONGEST_GAP} days.")
        codes = [row["OrgId"] for row in register.rows if row["LastChangeDate"] >= since.isoformat()]
        links = [{"OrgLink": f"{self.links}/organisations/{code}"} for code in codes]
        return _as_json({"Organisations": links}, {"X-Total-Count": str(len(links))})

    def _search(self, register: Register, query: dict[str, str]) -> Reply:
        if not query:
            return _error(406, NO_ARGUMENTS)
        if set(query) - SEARCH:
            return _error(406, UNKNOWN_ARGUMENT)
        limit, offset = query.get("Limit", "20"), query.get("Offset", "1")
        if not (limit.isdigit() and 1 <= int(limit) <= 1000 and offset.isdigit() and int(offset) >= 1):
            return _error(406, "Limit must be 1 to 1000 and Offset 1 or more.")
        rows = register.rows
        if "LastChangeDate" in query:
            since = _date(query["LastChangeDate"])
            if since is None:
                return _error(406, BAD_DATE)
            rows = [row for row in rows if row["LastChangeDate"] >= since.isoformat()]
        for name in ("Status", "PrimaryRoleId", "OrgRecordClass", "PostCode"):
            rows = [row for row in rows if name not in query or row.get(name) == query[name]]
        rows = [row for row in rows if query.get("Name", "").upper() in row["Name"]]
        first = int(offset) - 1
        page = rows[first : first + int(limit)]
        headers = {"X-Total-Count": str(len(rows)), "returned-records": str(len(page))}
        if first + len(page) < len(rows):
            kept = {k: v for k, v in query.items() if k != "Offset"} | {"Offset": str(first + len(page) + 1)}
            asked = "&".join(f"{k}={v}" for k, v in kept.items())
            headers["next-page"] = f"{self.links}/organisations?{asked}"
        return _as_json({"Organisations": page}, headers)

    def _trud(self, path: str, query: dict[str, str], headers: dict[str, str], today: date) -> Reply:
        key = path.removeprefix(TRUD if path.startswith(TRUD) else FILES).partition("/")[0]
        if self.key is not None and key != self.key:
            message = f"Failed to verify the API key {key}."  # a server that repeats the key
            return _as_json({"apiVersion": "1", "message": message, "httpStatus": 400}, status=400)
        zips = self.world.releases(today)
        if path == f"{TRUD}{key}/items/341/releases":
            listed = [self._listed(name, body, key) for name, body in reversed(zips.items())]
            return _as_json({"apiVersion": "1", "releases": listed[:1] if "latest" in query else listed})
        name = path.rpartition("/")[2]
        if not path.startswith(FILES) or name not in zips:
            return _as_json({"apiVersion": "1", "message": "No such item or release."}, status=404)
        return _ranged(zips[name], headers.get("range", ""))

    def _listed(self, name: str, body: bytes, key: str) -> dict[str, Any]:
        day = f"{name[-18:-14]}-{name[-14:-12]}-{name[-12:-10]}"
        place = f"{self.host}{FILES}{key}/content/items/341/{name}"
        wrong = next((f for f in self.faults if f.kind == "wrong_sha" and f.wants(name)), None)
        sha = hashlib.sha256(body + (b"!" if wrong else b"")).hexdigest().upper()
        return {
            "id": name, "name": f"Release {day}", "releaseDate": day,
            "archiveFileUrl": place, "archiveFileName": name, "archiveFileSizeBytes": len(body),
            "archiveFileSha256": sha, "archiveFileLastModifiedTimestamp": f"{day}T08:00:00.000Z",
            "checksumFileUrl": f"{place}.xml", "signatureFileUrl": f"{place}.sig",
            "publicKeyFileUrl": f"{place}.asc",
        }  # fmt: skip


def _organisation(register: Register, code: str, form: str) -> Reply:
    body = register.record(code)
    if body is None:
        return _error(404, "Not found")
    if form == "json":
        return Reply(200, body)
    record = json.loads(body)["Organisation"]
    head = '<?xml version="1.0" encoding="utf-8"?>\r\n<HSCOrgRefData:OrgRefData '
    head += 'xmlns:HSCOrgRefData="http://refdata.hscic.gov.uk/org/v2-0-0">\r\n<Organisations>\r\n'
    text = f"{head}{organisation_xml(record)}</Organisations>\r\n</HSCOrgRefData:OrgRefData>\r\n"
    return Reply(200, text.encode(), kind="application/xml")


def _ranged(body: bytes, asked: str) -> Reply:
    found = re.fullmatch(r"bytes=(\d+)-", asked)
    if found is None:
        return Reply(200, body, {"Accept-Ranges": "bytes"}, "application/zip")
    first = int(found[1])
    if first >= len(body):
        return Reply(416, b"", {"Content-Range": f"bytes */{len(body)}"}, "application/zip")
    told = {"Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}
    return Reply(206, body[first:], told, "application/zip")


def _as_json(body: Any, headers: dict[str, str] | None = None, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), headers or {})


def _error(status: int, text: str) -> Reply:
    return _as_json({"errorCode": status, "errorText": text}, status=status)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


class _Http(ThreadingHTTPServer):
    """Ends whole: connections that are kept alive are cut, and every thread is waited for."""

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
        """Clients go away in the middle of answers here; that is what is tested."""


def _handler(server: OrdServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            headers = {k.lower(): v for k, v in self.headers.items()}
            with server.lock:
                server.in_flight += 1
                server.log.append(Asked(server.now(), time.monotonic(), self.path, headers, server.in_flight))
                fault = next((f for f in server.faults if f.kind != "wrong_sha" and f.wants(self.path)), None)
            try:
                if server.delay:
                    server.ending.wait(server.delay)
                with server.lock:  # a world may change as it is asked
                    reply = server.reply(self.path, headers)
                if fault is None:
                    self.send(reply)
                else:
                    self.go_wrong(fault, reply)
            finally:
                with server.lock:
                    server.in_flight -= 1

        def send(self, reply: Reply, *, length: int | None = None, body: bytes | None = None) -> None:
            body = reply.body if body is None else body
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def go_wrong(self, fault: Fault, reply: Reply) -> None:  # noqa: PLR0912 - one kind, one branch
            half = reply.body[: len(reply.body) // 2]
            if fault.kind == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                self.connection.close()
            elif fault.kind == "stall":
                server.ending.wait(fault.value or 30)
                self.close_connection = True
            elif fault.kind == "drip":
                self.send(reply, length=len(reply.body), body=b"")
                for byte in reply.body:
                    if server.ending.wait(fault.value):
                        return
                    self.wfile.write(bytes([byte]))
            elif fault.kind in ("half", "long_length"):  # the connection ends before what was announced
                more = 1000 if fault.kind == "long_length" else 0
                self.send(reply, length=len(reply.body) + more, body=reply.body if more else half)
                self.close_connection = True
            elif fault.kind == "short_length":
                self.send(reply, length=len(half))
                self.close_connection = True
            elif fault.kind == "gzip_garbage":
                garbage = gzip.compress(reply.body)[:12] + b"\0garbage" * 8
                self.send(Reply(200, garbage, {**reply.headers, "Content-Encoding": "gzip"}))
            elif fault.kind == "html":
                self.send(Reply(200, HTML, kind="text/html; charset=utf-8"))
            elif fault.kind == "status":
                error = _error(fault.value, "Out of order")
                self.send(Reply(fault.value, error.body, fault.headers))
            elif fault.kind == "other_code":
                self.send(server.reply(f"{ORD}/organisations/{fault.value}", {}))
            elif fault.kind == "repeated_page":
                first = re.sub(r"&Offset=\d+", "", self.path)
                self.send(server.reply(first, {}))
            elif fault.kind == "wrong_bytes":
                self.send(reply, body=b"\0" * len(reply.body))
            elif fault.kind == "redirect":
                self.send(Reply(302, b"", {"Location": fault.value}))
            else:
                raise ValueError(f"no such fault: {fault.kind}")

        def log_message(self, format: str, *args: Any) -> None:
            """The log is a list."""

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--folder", type=Path, default=Path("data/sample"), help="holds ord/fetch=… and trud/*.zip"
    )
    parser.add_argument("--port", type=int, default=8341)
    parser.add_argument(
        "--today", type=date.fromisoformat, help="the day it is there (default: the real one)"
    )
    parser.add_argument("--key", help="the only TRUD key that is good (default: any)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND:TIMES:PATTERN[:VALUE]", help="may be repeated"
    )
    given = parser.parse_args()
    ahead = given.today - datetime.now(UTC).date() if given.today else timedelta()
    server = OrdServer(
        Recorded(given.folder), now=lambda: datetime.now(UTC) + ahead, key=given.key, port=given.port
    )
    for text in given.fault:
        kind, times, pattern, *value = text.split(":")
        server.faults.append(Fault(kind, pattern, int(times), _number(value[0]) if value else None))
    with server:
        print(f"ODS_ORD_URL={server.ord_url} ODS_TRUD_URL={server.trud_url} TRUD_API_KEY=any-key", flush=True)
        told = 0
        try:
            while True:
                time.sleep(0.5)
                for asked in server.log[told:]:
                    print(f"{asked.at:%H:%M:%S.%f} {asked.path}", flush=True)
                    told += 1
        except KeyboardInterrupt:
            return


def _number(text: str) -> Any:
    return float(text) if re.fullmatch(r"\d+\.\d+", text) else int(text) if text.isdigit() else text


if __name__ == "__main__":
    main()
