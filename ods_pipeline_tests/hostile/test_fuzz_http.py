"""Any bytes that a server answers with end in an answer or in one line, within the deadline of the exchange.

A question is asked of the ORD API or of TRUD; the server answers it with the bytes.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.sources.clock import SystemClock
from ods_pipeline.sources.ord.client import OrdApi, SearchPage, SyncList
from ods_pipeline.sources.protocol import Record
from ods_pipeline.sources.settings import Key, Manners, Sources
from ods_pipeline.sources.trud import Trud
from ods_pipeline_tests.hostile import http_mutants
from ods_pipeline_tests.hostile.running import deadline, try_many
from ods_pipeline_tests.support.raw_server import RawServer
from ods_pipeline_tests.support.simulated import KEY

pytestmark = pytest.mark.promise("hostile")
# Short real times: an exchange with a server that says nothing more ends after 0.2 s.
MANNERS = Manners(interval=0.0, attempts=2, first_pause=0.0, longest_pause=0.0, read=0.2, answer=0.2)
SECONDS = 2 * 4 * 0.2 + 20  # two attempts of at most four exchanges, and a busy machine


class Exchanges:
    """Asks the API one question at a time of a server that answers with the bytes it is given."""

    def __init__(self, server: RawServer) -> None:
        self.server, self.content = server, b""
        server.answer = self._answer
        sources = Sources(
            ord_url=server.url,
            trud_url=server.url,
            key=Key(KEY),
            clock=SystemClock(),
            manners=MANNERS,
            ignore_maintenance=True,
        )
        self.api, self.trud = OrdApi(sources), Trud(sources)

    def close(self) -> None:
        self.api.close()
        self.trud.close()

    def _answer(self, connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(self.content)
        connection.shutdown(socket.SHUT_WR)

    def __call__(self, content: bytes) -> str:
        self.content = content
        begin = time.monotonic()
        try:
            return self._ask(Random(content))
        except OdsError as rejected:
            assert KEY not in str(rejected)
            assert str(rejected).isprintable() and len(str(rejected)) < 2_000
            return "rejected"
        finally:
            assert time.monotonic() - begin < SECONDS, "it waited longer than an exchange may last"

    def _ask(self, random: Random) -> str:
        if random.random() < 0.2:
            assert all(release.bytes > 0 for release in self.trud.releases())
            return "read"
        answer = random.choice([
            lambda: self.api.organisation("RX1"),
            lambda: self.api.search("2026-09-01", 1),
            lambda: self.api.sync("2026-09-01"),
            lambda: self.api.whole_list("/roles"),
        ])()  # fmt: skip
        if isinstance(answer, Record):
            assert answer.code == "RX1" and answer.status in (200, 404, 410)
        if isinstance(answer, SearchPage):
            assert answer.total >= 0 and all(code and stamp for code, stamp in answer.rows)
        if isinstance(answer, SyncList):
            assert all(answer.codes)
        return "read"


@pytest.fixture
def exchanges() -> Iterator[Exchanges]:
    with RawServer(lambda *_: None) as server, closing(Exchanges(server)) as opened:
        yield opened


def test_an_exchange_ends_in_an_answer_or_in_one_line(exchanges: Exchanges) -> None:
    for number in range(80):
        content = http_mutants.exchange(Random(f"lean {number}"))
        with deadline(60):
            exchanges(content)


@pytest.mark.parametrize(
    "cookie",
    [b"a=\xf0\x90\x80\x80; a=b", b"a=b; Path=/", b"a=b; Domain=127.0.0.1", b"\xff=1; Max-Age=9"],
    ids=["no ASCII", "plain", "of a domain", "odd name"],
)
def test_no_cookie_is_kept(exchanges: Exchanges, cookie: bytes) -> None:
    """A cookie in odd bytes made every later request to the server fail, with an error of the library."""
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n"
    exchanges.content = head + b"Set-Cookie: " + cookie + b"\r\n\r\n"
    assert [exchanges.api.organisation("RX1").status for _ in range(2)] == [404, 404]
    seen = exchanges.server.requests
    assert len(seen) > 1 and b"cookie" not in b"".join(seen).lower()


@pytest.mark.slow
def test_a_great_many(exchanges: Exchanges) -> None:
    outcomes = try_many("HTTP exchanges", 20_000, http_mutants.exchange, exchanges)
    assert min(outcomes["read"], outcomes["rejected"]) > 200
