"""A local HTTP server that answers as the ORD API and TRUD do, with faults on demand and a log of requests.

    python -m ods_pipeline_tests.ord_server --folder data/sample --port 8341

Lives here: addresses, headers, errors and texts as the services give them. Does not live here: what is in the
register (`worlds.py`), faults on the wire (`ord_wire.py`). It listens on the loopback address only.
"""

import argparse
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ods_pipeline.sources.clock import uk_date
from ods_pipeline_tests.support.ord_wire import Asked, Fault, Http, Reply, as_json, error, handler_for
from ods_pipeline_tests.support.payloads import organisation_xml
from ods_pipeline_tests.support.worlds import LISTS, Recorded, Register, World

ORD, TRUD, FILES = "/ORD/2-0-0", "/trud/api/v1/keys/", "/download/api/v1/keys/"
LONGEST_GAP = 185
SEARCH = {"Name", "PostCode", "LastChangeDate", "Status", "PrimaryRoleId", "NonPrimaryRoleId", "Roles"}
SEARCH |= {"OrgRecordClass", "RelTypeId", "TargetOrgId", "RelStatus", "Limit", "Offset", "_format"}
NO_ARGUMENTS = "Supplied query must include some query parameters"
UNKNOWN_ARGUMENT, BAD_DATE = "Unknown argument found.", "Invalid date format."


class OrdServer:
    """The server, which runs inside `with OrdServer(world) as server`. Faults come in order, one per request.

    `delay` is the seconds before each answer. Links in answers begin with `links_to`, or with this server.
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
        # Offset is documented as the number of the first row; it may be the number of rows before it.
        self.offset_skips = self.next_page_skips = False
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self.in_flight = 0
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self._http = Http(("127.0.0.1", port), handler_for(self))
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
        """The beginning of the links in answers."""
        return self._links_to or self.ord_url

    @property
    def trud_url(self) -> str:
        return self.host + "/trud"

    def requests(self, pattern: str = "") -> list[str]:
        """The paths asked for that match, in order."""
        return [a.path for a in self.log if re.search(pattern, a.path)]

    def reply(self, path: str, headers: dict[str, str]) -> Reply:
        """The reply to a request, before any fault."""
        parts = urlsplit(path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        today = uk_date(self.now())
        if parts.path.startswith(ORD):
            return self._ord(unquote(parts.path.removeprefix(ORD)), query, today)
        if parts.path.startswith((TRUD, FILES)):
            return self._trud(parts.path, query, headers, today)
        return error(404, "Not found")

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
                matches = [item for item in items if item["id"] == path.rpartition("/")[2]]
                return as_json({key: matches}) if matches else error(404, "Not found")
        return error(404, "Not found")

    def _sync(self, register: Register, query: dict[str, str], today: date) -> Reply:
        if set(query) - {"LastChangeDate", "_format"}:
            return error(406, UNKNOWN_ARGUMENT)
        if "LastChangeDate" not in query:
            return error(406, NO_ARGUMENTS)
        since = _date(query["LastChangeDate"])
        if since is None:
            return error(406, BAD_DATE)
        if (today - since).days > LONGEST_GAP:  # our own wording: the real one is not known
            return error(406, f"LastChangeDate must be within the last {LONGEST_GAP} days.")
        codes = [row["OrgId"] for row in register.rows if row["LastChangeDate"] >= since.isoformat()]
        links = [{"OrgLink": f"{self.links}/organisations/{code}"} for code in codes]
        return as_json({"Organisations": links}, {"X-Total-Count": str(len(links))})

    def _search(self, register: Register, query: dict[str, str]) -> Reply:
        if not query:
            return error(406, NO_ARGUMENTS)
        if set(query) - SEARCH:
            return error(406, UNKNOWN_ARGUMENT)
        limit, offset = query.get("Limit", "20"), query.get("Offset", "1")
        if not (limit.isdigit() and 1 <= int(limit) <= 1000 and offset.isdigit() and int(offset) >= 1):
            return error(406, "Limit must be 1 to 1000 and Offset 1 or more.")
        rows = register.rows
        if "LastChangeDate" in query:
            since = _date(query["LastChangeDate"])
            if since is None:
                return error(406, BAD_DATE)
            rows = [row for row in rows if row["LastChangeDate"] >= since.isoformat()]
        for name in ("Status", "PrimaryRoleId", "OrgRecordClass", "PostCode"):
            rows = [row for row in rows if name not in query or row.get(name) == query[name]]
        rows = [row for row in rows if query.get("Name", "").upper() in row["Name"]]
        first = int(offset) - (0 if self.offset_skips and "Offset" in query else 1)
        page = rows[first : first + int(limit)]
        headers = {"X-Total-Count": str(len(rows)), "returned-records": str(len(page))}
        if first + len(page) < len(rows):
            kept = {k: v for k, v in query.items() if k != "Offset"} | {
                "Offset": str(first + len(page) + (0 if self.next_page_skips else 1))
            }
            asked = "&".join(f"{k}={v}" for k, v in kept.items())
            headers["next-page"] = f"{self.links}/organisations?{asked}"
        return as_json({"Organisations": page}, headers)

    def _trud(self, path: str, query: dict[str, str], headers: dict[str, str], today: date) -> Reply:
        key = path.removeprefix(TRUD if path.startswith(TRUD) else FILES).partition("/")[0]
        if self.key is not None and key != self.key:
            return _trud_reply(400, f"Failed to verify the API key {key}.")  # a server that repeats the key
        zips = self.world.releases(today)
        if path == f"{TRUD}{key}/items/341/releases":
            listed = [self._listed(name, content, key) for name, content in reversed(zips.items())]
            return _trud_reply(200, "OK", releases=listed[:1] if "latest" in query else listed)
        name = path.rpartition("/")[2]
        if not path.startswith(FILES) or name not in zips:
            return _trud_reply(404, "No such item or release.")
        return _ranged(zips[name], headers.get("range", ""))

    def _listed(self, name: str, content: bytes, key: str) -> dict[str, Any]:
        day = f"{name[-18:-14]}-{name[-14:-12]}-{name[-12:-10]}"
        place = f"{self.host}{FILES}{key}/content/items/341/{name}"
        wrong = next((f for f in self.faults if f.kind == "wrong_sha" and f.wants(name)), None)
        sha = hashlib.sha256(content + (b"!" if wrong else b"")).hexdigest().upper()
        return {
            "id": name, "name": f"Release {day}", "releaseDate": day,
            "archiveFileUrl": place, "archiveFileName": name, "archiveFileSizeBytes": len(content),
            "archiveFileSha256": sha, "archiveFileLastModifiedTimestamp": f"{day}T08:00:00.000Z",
            "checksumFileUrl": f"{place}.xml", "signatureFileUrl": f"{place}.sig",
            "publicKeyFileUrl": f"{place}.asc",
        }  # fmt: skip


def _organisation(register: Register, code: str, form: str) -> Reply:
    content = register.record(code)
    if content is None:
        return error(404, "Not found")
    if form == "json":
        return Reply(200, content)
    record = json.loads(content)["Organisation"]
    head = '<?xml version="1.0" encoding="utf-8"?>\r\n<HSCOrgRefData:OrgRefData '
    head += 'xmlns:HSCOrgRefData="http://refdata.hscic.gov.uk/org/v2-0-0">\r\n<Organisations>\r\n'
    text = f"{head}{organisation_xml(record)}</Organisations>\r\n</HSCOrgRefData:OrgRefData>\r\n"
    return Reply(200, text.encode(), kind="application/xml")


def _trud_reply(status: int, message: str, **content: Any) -> Reply:
    """A reply of TRUD: its JSON repeats the status, and there is always a message."""
    return as_json({"apiVersion": "1", **content, "httpStatus": status, "message": message}, status=status)


def _ranged(content: bytes, asked: str) -> Reply:
    match = re.fullmatch(r"bytes=(\d+)-", asked)
    if match is None:
        return Reply(200, content, {"Accept-Ranges": "bytes"}, "application/zip")
    first = int(match[1])
    if first >= len(content):
        return Reply(416, b"", {"Content-Range": f"bytes */{len(content)}"}, "application/zip")
    headers = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"}
    return Reply(206, content[first:], headers, "application/zip")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--folder", type=Path, default=Path("data/sample"), help="holds ord/fetch=… and trud/*.zip"
    )
    parser.add_argument("--port", type=int, default=8341)
    parser.add_argument(
        "--today", type=date.fromisoformat, help="the day that the server is on (default: the real one)"
    )
    parser.add_argument("--key", help="the only TRUD key that is accepted (default: any)")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND:TIMES:PATTERN[:VALUE]", help="may be repeated"
    )
    options = parser.parse_args()
    ahead = options.today - datetime.now(UTC).date() if options.today else timedelta()
    server = OrdServer(
        Recorded(options.folder), now=lambda: datetime.now(UTC) + ahead, key=options.key, port=options.port
    )
    for text in options.fault:
        kind, times, pattern, *value = text.split(":")
        server.faults.append(Fault(kind, pattern, int(times), _number(value[0]) if value else None))
    with server:
        print(f"ODS_ORD_URL={server.ord_url} ODS_TRUD_URL={server.trud_url} TRUD_API_KEY=any-key", flush=True)
        printed = 0
        try:
            while True:
                time.sleep(0.5)
                for asked in server.log[printed:]:
                    print(f"{asked.at:%H:%M:%S.%f} {asked.path}", flush=True)
                    printed += 1
        except KeyboardInterrupt:
            return


def _number(text: str) -> Any:
    return float(text) if re.fullmatch(r"\d+\.\d+", text) else int(text) if text.isdigit() else text


if __name__ == "__main__":
    main()
