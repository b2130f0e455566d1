"""One exchange: its deadline, the clock of the server, and how its answer is encoded, over real sockets."""

import gzip
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.sources.clock import SystemClock
from ods_pipeline.sources.exchange import (
    Deadline,
    NotTheAnswer,
    reject_other_encoding,
    reject_other_time,
    retry_after,
)
from ods_pipeline.sources.http import Answer, Asker
from ods_pipeline.sources.settings import Manners
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.raw_server import RawServer, date_header, http
from ods_pipeline_tests.support.simulated import QUICK, SimulatedClock, world_of

# Busy machines run these tests: good answers have time, and trickles are much longer than the deadline.
PATIENT = Manners(interval=0.01, attempts=1, first_pause=0.01, read=30.0, answer=60.0)
HASTY = replace(PATIENT, answer=0.4)
MORNING = datetime(2026, 9, 4, 4, 30, tzinfo=UTC)


def asked(url: str, manners: Manners = PATIENT, headers: bytes = b"") -> bytes:
    asker = Asker("the server", url, SystemClock(), manners)
    with closing(asker):
        return asker.ask(f"{url}/question", "a question", lambda answer: answer.content)


def _trickled(start: bytes, piece: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def answer(connection: socket.socket, ending: threading.Event) -> None:
        connection.sendall(start)
        while not ending.wait(0.05):
            connection.sendall(piece)

    return answer


TRICKLES = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
    "one header": (b"HTTP/1.1 200 OK\r\nX-More: ", b"x"),
    "the status line": (b"HTTP/1.1 200 ", b"x"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 Early Hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a chunk extension": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"X-More: 1\r\n"),
    "an error": (b"HTTP/1.1 503 Busy\r\n", b"X-More: 1\r\n"),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /question\r\n", b"X-More: 1\r\n"),
}


@pytest.mark.promise("hostile")
@pytest.mark.parametrize("name", TRICKLES)
def test_one_deadline_is_round_the_whole_exchange(name: str) -> None:
    begin = time.monotonic()
    with RawServer(_trickled(*TRICKLES[name])) as server, pytest.raises(Unreachable) as caught:
        asked(server.url, HASTY)
    assert re.search(r"not complete after 0 s|no connection in time", str(caught.value))
    assert time.monotonic() - begin < 20


@pytest.mark.promise("hostile")
def test_a_connection_that_is_used_again_has_the_deadline_of_its_own_exchange() -> None:
    """The first answer is good and takes most of its time; the second one on that connection trickles."""
    count = 0

    def answer(connection: socket.socket, ending: threading.Event) -> None:
        nonlocal count
        count += 1
        if count < 4:
            ending.wait(0.5)
            connection.sendall(http(b"good"))
        else:
            _trickled(*TRICKLES["headers"])(connection, ending)

    with RawServer(answer) as server:
        asker = Asker("the server", server.url, SystemClock(), replace(PATIENT, answer=3.0))
        with closing(asker):
            for _ in range(3):
                assert asker.ask(f"{server.url}/q", "q", lambda a: a.content) == b"good"
            with pytest.raises(Unreachable, match="not complete after 3 s"):
                asker.ask(f"{server.url}/q", "q", lambda a: a.content)


@pytest.mark.promise("polite")
@pytest.mark.parametrize("wait", [61.0, 120.0, 7200.0])
def test_the_wait_for_a_turn_does_not_count_as_time_of_the_answer(wait: float) -> None:
    """Four requests wait for their turns because the server asked for a pause; then all four are good."""
    clock = SimulatedClock("2026-09-04T04:30:00+00:00")
    with OrdServer(world_of(4), now=clock.now) as server:
        asker = Asker("the ORD API", server.ord_url, clock, replace(QUICK, answer=60.0, attempts=1))
        asker.pace.hold(wait)
        answers: list[Answer] = []

        def ask(code: str) -> None:
            answers.append(asker.ask(f"{server.ord_url}/organisations/{code}", code, lambda a: a))

        threads = [threading.Thread(target=ask, args=(f"RX{n:04d}",)) for n in range(4)]
        with closing(asker):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
        assert [a.status for a in answers] == [200] * 4
        assert len(server.log) == 4


def _packed(content: bytes, times: int) -> bytes:
    for _ in range(times):
        content = gzip.compress(content)
    return content


ENCODED = {
    "twice": (_packed(b" " * 10_000_000, 2), ["Content-Encoding: gzip, gzip"]),
    "in two headers": (_packed(b" " * 10_000, 2), ["Content-Encoding: gzip", "Content-Encoding: gzip"]),
    "three times": (_packed(b" " * 10_000, 3), ["Content-Encoding: GZIP,gzip , gzip"]),
    "zlib in gzip": (gzip.compress(zlib.compress(b" " * 10_000)), ["Content-Encoding: deflate, gzip"]),
    "not asked for": (zlib.compress(b" " * 10_000), ["Content-Encoding: deflate"]),
    "unknown": (b"x", ["Content-Encoding: zip"]),
}


@pytest.mark.promise("hostile")
@pytest.mark.parametrize("name", ENCODED)
def test_at_most_one_encoding_is_undone(name: str) -> None:
    content, headers = ENCODED[name]
    with (
        RawServer(lambda connection, _: connection.sendall(http(content, *headers))) as server,
        pytest.raises(Unreachable, match="Content-Encoding that was not asked for"),
    ):
        asked(server.url, PATIENT)


@pytest.mark.promise("hostile")
def test_what_comes_out_of_an_encoding_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ods_pipeline.sources.http.ANSWER_LIMIT", 1 << 20)
    content = http(gzip.compress(b" " * (4 << 20)), "Content-Encoding: gzip")
    with (
        RawServer(lambda c, _: c.sendall(content)) as server,
        pytest.raises(Unreachable, match="larger than"),
    ):
        asked(server.url, PATIENT)


@pytest.mark.parametrize("value", ["", "gzip", "GZIP", "identity", "gzip, identity", " gzip "])
def test_one_encoding_is_no_offence(value: str) -> None:
    reject_other_encoding(httpx.Headers({"content-encoding": value}))


def test_an_answer_in_gzip_is_read() -> None:
    content = http(gzip.compress(b"an answer"), "Content-Encoding: gzip")
    with RawServer(lambda c, _: c.sendall(content)) as server:
        assert asked(server.url) == b"an answer"
        assert b"accept-encoding: gzip\r\n" in server.requests[0].lower()


NOW = datetime.fromisoformat("2026-11-03T04:30:00+00:00")


@pytest.mark.promise("as_of_then")
@pytest.mark.parametrize(
    ("headers", "is_rejected"),
    [
        pytest.param({"date": "Fri, 04 Sep 2026 04:30:00 GMT"}, True, id="60 days ahead"),
        pytest.param({"date": "Sun, 03 Nov 2030 04:30:00 GMT"}, True, id="years behind"),
        pytest.param({"date": "Mon, 02 Nov 2026 04:30:00 GMT"}, True, id="a day ahead"),
        pytest.param({"date": "Wed, 04 Nov 2026 04:30:00 GMT"}, True, id="a day behind"),
        pytest.param({"date": "Mon, 02 Nov 2026 04:30:01 GMT"}, False, id="nearly a day"),
        pytest.param({"date": "Tue, 03 Nov 2026 09:30:00 +0500"}, False, id="another zone"),
        pytest.param({"date": "Fri, 30 Oct 2026 04:30:00 GMT", "age": "345600"}, False, id="from a cache"),
        pytest.param({"date": "Fri, 30 Oct 2026 04:30:00 GMT", "age": "soon"}, True, id="an odd age"),
        pytest.param({"date": "yesterday"}, False, id="unreadable"),
        pytest.param({"date": "Tue, 99 Nov 2026 04:30:00 GMT"}, False, id="no day"),
        pytest.param({"date": "Tue, 03 Nov 2026 04:30:00"}, False, id="without a zone"),
        pytest.param({}, False, id="none"),
    ],
)
def test_a_clock_that_is_a_day_off_is_rejected(headers: dict[str, str], is_rejected: bool) -> None:
    if not is_rejected:
        reject_other_time("the ORD API", httpx.Headers(headers), NOW)
        return
    with pytest.raises(OdsError, match=r"this machine's clock says 2026-11-03 04:30 .*Set the"):
        reject_other_time("the ORD API", httpx.Headers(headers), NOW)


@pytest.mark.promise("as_of_then")
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "503 Busy", "302 Found"])
def test_the_clock_is_compared_with_every_answer(status: str) -> None:
    late = date_header(SystemClock().now() + timedelta(days=60))
    answer = http(b"{}", late, "Location: /elsewhere", status=status)
    with (
        RawServer(lambda c, _: c.sendall(answer)) as server,
        pytest.raises(OdsError, match="this machine's clock says") as caught,
    ):
        asked(server.url)
    assert not isinstance(caught.value, Unreachable), "asking again would not help"
    assert len(server.requests) == 1


def test_the_deadline_of_a_thread_is_its_own() -> None:
    clock = SimulatedClock("2026-09-04T04:30:00+00:00")
    deadline = Deadline(clock)
    deadline.start(10)
    clock.sleep(11)
    with pytest.raises(NotTheAnswer, match="not complete after 10 s"):
        deadline.left()
    other: list[float] = []
    thread = threading.Thread(target=lambda: other.append(deadline.left()))
    thread.start()
    thread.join(5)
    assert other == [float("inf")]


@pytest.mark.promise("hostile")
@pytest.mark.parametrize("location", ["javascript:x", "mailto:a@b", "data:,x", "urn:x:y", "about:blank"])
def test_a_redirection_to_no_address_is_an_answer_that_did_not_come(location: str) -> None:
    answer = http(b"", f"Location: {location}", status="302 Found")
    with RawServer(lambda c, _: c.sendall(answer)) as server, pytest.raises(OdsError, match="redirects to"):
        asked(server.url)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("9" * 30, 1e9),
        ("Fri, 04 Sep 2026 04:31:00 GMT", 60.0),
        ("Fri, 04 Sep 2026 04:29:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("Sat, 04 Sep 2027 04:30:00 +99999999999999", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, MORNING) == seconds


@given(st.text(max_size=40))
def test_retry_after_never_fails(value: str) -> None:
    seconds = retry_after(value, MORNING)
    assert seconds is None or seconds >= 0
