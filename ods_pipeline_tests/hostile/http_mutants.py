"""Answers of the ORD API and TRUD, damaged as a whole: status line, headers, framing, encoding, body.

Lives here: the bytes. Does not live here: sending them (``support/raw_server.py``), asking (the test).
"""

import gzip
import json
from random import Random

from ods_pipeline_tests.hostile.bytes_mutants import harm_bytes, harmed
from ods_pipeline_tests.support.raw_server import http

ROWS = [{"OrgId": f"RX{n}", "LastChangeDate": "2026-09-03"} for n in range(3)]
BODIES = [
    json.dumps({"Organisations": ROWS}).encode(),
    json.dumps({"Organisation": {"OrgId": {"extension": "RX1"}, "Name": "A"}}).encode(),
    json.dumps({"errorCode": 404, "errorText": "Not found"}).encode(),
    json.dumps({"Roles": [{"id": "RO1"}]}).encode(),
    b"",
]
# An answer to every question, so that what is damaged little can be read whatever was asked.
TO_ALL = json.dumps({
    "Organisations": ROWS,
    "Organisation": {"OrgId": {"extension": "RX1"}, "Name": "A"},
    "Roles": [{"id": "RO1"}],
}).encode()  # fmt: skip
STATUSES = ["200 OK", "404 Not Found", "406 Not Acceptable", "410 Gone", "500 Oops", "503 Busy", "302 Found",
            "304 Not Modified", "204 No Content", "206 Partial Content", "100 Continue",
            "101 Switching Protocols", "999 Odd", "000 None", "200", "20 x"]  # fmt: skip
HEADERS = [
    "X-Total-Count: 3", "X-Total-Count: -3", "X-Total-Count: \u00b3", "X-Total-Count: 1e3",
    "returned-records: 3", "returned-records: 4", "next-page: http://127.0.0.1/organisations?Offset=4",
    "next-page:", "Retry-After: 1", "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", "Retry-After: \x1b[2J",
    "Location: /", "Location: //[",
    "Location: http://\u00e9/", "Location: javascript:x", "Content-Encoding: gzip",
    "Content-Encoding: gzip, gzip",
    "Content-Encoding: br", "Content-Type: text/html; charset=utf-7", "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked", "Content-Length: 7", "Content-Length: -1", "Connection: close",
    "Date: Fri, 04 Sep 2026 04:30:00 GMT", "Date: Fri, 04 Sep 9999 04:30:00 +9999", "Age: 9" + "9" * 40,
    "Set-Cookie: a=b", " folded: x", "No colon", ": empty", "X: " + "y" * 70_000,
]  # fmt: skip


def exchange(random: Random) -> bytes:
    """Return the bytes of one answer; one in five is undamaged, and half of these say that all is well."""
    body = random.choice([TO_ALL, random.choice(BODIES)])
    headers = random.sample(HEADERS, random.randint(0, 4))
    if random.random() < 0.3:
        body = gzip.compress(body)
        headers.append("Content-Encoding: gzip")
    length = random.choice([None, None, None, 0, len(body) + 1, max(0, len(body) - 1)])
    status = random.choice(["200 OK", random.choice(STATUSES)])
    answer = http(body, *headers, status=status, length=length)
    if random.random() < 0.2:
        return answer
    if random.random() < 0.4:
        head, _, rest = answer.partition(b"\r\n\r\n")
        return harmed(head, random) + b"\r\n\r\n" + rest
    return harm_bytes(answer, random)
