"""One polite HTTP client: how long it waits for an answer, what it tries again, when it gives up.

Lives here: one request, from its turn to its whole answer. Does not live here: turns (``pace.py``), what
holds for every exchange (``exchange.py``), which requests are made (``ord/client.py``, ``trud.py``). Every
failure ends as one OdsError, after a bounded time, without a URL in it: a TRUD URL holds the key.
"""

import logging
import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar

import httpx

from ods_pipeline import __version__
from ods_pipeline.errors import OdsError, Unreachable, printable
from ods_pipeline.sources.clock import Clock
from ods_pipeline.sources.exchange import (
    ENCODING,
    Deadline,
    NotTheAnswer,
    reject_other_encoding,
    reject_other_time,
    retry_after,
    words_for,
)
from ods_pipeline.sources.pace import ClosedUntil, Pace
from ods_pipeline.sources.settings import Manners

T = TypeVar("T")
ANSWER_LIMIT = 256 << 20
_READ_OF_AN_ERROR = 20_000
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
ANSWERS = frozenset({200, 404, 410})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """A whole answer, decompressed. Header names are case-insensitive."""

    status: int
    headers: httpx.Headers
    content: bytes


@cache
def _certificates() -> ssl.SSLContext:
    """Return what a server's certificate is checked with.

    Reading it takes a tenth of a second: once per process.
    """
    return httpx.create_ssl_context()


class Asker:
    """Asks one server. Threads may share it.

    ``hide`` is applied to all that is quoted from its answers: a server that knows a secret may repeat it.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        clock: Clock,
        manners: Manners,
        *,
        closed_until: ClosedUntil | None = None,
        headers: Mapping[str, str] | None = None,
        hide: Callable[[str], str] = str,
    ) -> None:
        """``headers`` go with every request, to this server only. ``hide`` takes the key out of a text."""
        for library in ("httpx", "httpcore"):  # they log URLs
            logging.getLogger(library).setLevel(logging.WARNING)
        self.name, self.manners, self._clock, self._hide = name, manners, clock, hide
        self._deadline = Deadline(clock)
        self._base = httpx.URL(base_url)
        self.pace = Pace(clock, manners.interval, closed_until)
        self._client = httpx.Client(
            timeout=httpx.Timeout(manners.read, connect=manners.connect, pool=None),
            limits=httpx.Limits(max_connections=manners.in_flight),
            headers={
                "User-Agent": f"ods_pipeline/{__version__}",
                "Accept-Encoding": ENCODING,
                **(headers or {}),
            },
            follow_redirects=False,
            verify=_certificates(),
            # No cookies: no source needs one, and one in odd bytes makes the next request fail.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
        self._streams: list[Any] = []

    def close(self) -> None:
        """End all waiting and close all connections.

        Call it again when no thread asks any more: the client cannot close a connection that is being made.
        """
        self.pace.stop()
        self._client.close()
        for stream in self._streams:
            stream.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        """Collect the open connections, which httpcore reports, and bind them to the deadline."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            still_open = [s for s in self._streams if s.get_extra_info("socket").fileno() >= 0]
            self._streams = [*still_open, info["return_value"]]
            self._deadline.bind(info["return_value"])

    def is_here(self, url: str) -> bool:
        """Return whether a URL is on the configured server: same scheme, host and port."""
        try:
            other = self._base.join(url)
        except httpx.InvalidURL:
            return False
        return (other.scheme, other.host, _port(other)) == (
            self._base.scheme,
            self._base.host,
            _port(self._base),
        )

    @contextmanager
    def opened(
        self, url: str, seconds: float, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Generator[httpx.Response]:
        """Send one request in its turn: a POST if it has a body. Redirections stay on the same server.

        Args:
            url: The question.
            seconds: How long the exchange may last, from its turn to the last byte of its answer.
            headers: More headers of the request.
            body: What it posts; None for a GET.

        Raises:
            OdsError: It redirects to another server, or the machine's clock is wrong.
            NotTheAnswer: It redirects in a circle, or the time is over.
        """
        target = httpx.URL(url)
        for _ in range(4):
            self.pace.take_turn()
            self._deadline.start(seconds)
            extensions = {"trace": self._trace}
            method = "GET" if body is None else "POST"
            with self._client.stream(
                method, target, headers=headers, content=body, extensions=extensions
            ) as response:
                reject_other_time(self.name, response.headers, self._clock.now())
                reject_other_encoding(response.headers)
                if response.status_code not in _REDIRECTS:
                    yield response
                    return
                location = response.headers.get("location", "")
            if not self.is_here(location):
                raise OdsError(
                    f"{self.name} redirects to another server; that is not followed",
                    do="Check the address set for it, and any proxy on the way",
                )
            target = target.join(location)
        raise NotTheAnswer("it redirects in a circle")

    def ask(
        self,
        url: str,
        what: str,
        accept: Callable[[Answer], T],
        *,
        settle_for: Callable[[Answer], T] | None = None,
        answers: frozenset[int] = ANSWERS,
        body: bytes | None = None,
    ) -> T:
        """Ask one question, up to ``manners.attempts`` times, and return the answer as ``accept`` reads it.

        Args:
            url: The question.
            what: Its name in messages.
            accept: Reads an answer with a status of ``answers``. It raises NotTheAnswer if it cannot.
            settle_for: Reads the last answer if ``accept`` did not take it.
            answers: The statuses of answers. Any other is trouble, or a refusal.
            body: JSON (FHIR) to send; the question is a POST then.

        Raises:
            Unreachable: No answer came.
            OdsError: The server refuses the question.
        """
        trouble, pause = "", 0.0
        for attempt in range(1, self.manners.attempts + 1):
            last = attempt == self.manners.attempts
            answer: Answer | None = None
            try:
                answer = self._whole(url, body)
                if answer.status in answers:
                    return accept(answer)
                trouble = status_of(answer, self._hide)
            except NotTheAnswer as error:
                trouble = self._hide(str(error))
                if last and settle_for is not None and answer is not None:
                    with suppress(NotTheAnswer):
                        return settle_for(answer)
            except (httpx.RequestError, httpx.InvalidURL) as error:
                trouble = words_for(error)
            if answer is not None and answer.status not in _AGAIN | answers:
                raise OdsError(
                    f"{self.name} refuses {what} ({trouble})",
                    do="Run it again later; if it is refused again, report it with this text",
                )
            if last:
                break
            pause = self.pause_after(attempt, answer.headers if answer is not None else None)
            log.info("%s, %s: %s; again in %.0f s", self.name, what, trouble, pause)
            self.pace.hold(pause)
        raise Unreachable(
            f"{self.name} gave no answer to {what} in {self.manners.attempts} attempts (the last: {trouble})",
            do="Run it again later",
        )

    def pause_after(self, attempt: int, headers: httpx.Headers | None) -> float:
        """Return the seconds to wait: doubled each time, or ``Retry-After``, up to ``longest_pause``."""
        planned = self.manners.first_pause * 2 ** (attempt - 1)
        requested = (
            retry_after(headers.get("retry-after", ""), self._clock.now()) if headers is not None else None
        )
        return min(max(planned, requested or 0.0), self.manners.longest_pause)

    def _whole(self, url: str, body: bytes | None) -> Answer:
        headers = None if body is None else {"Content-Type": "application/fhir+json"}
        with self.opened(url, self.manners.answer, headers, body) as response:
            parts, size = [], 0
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > ANSWER_LIMIT:
                    raise NotTheAnswer(f"its answer is larger than {ANSWER_LIMIT >> 20} MB")
            return Answer(response.status_code, response.headers, b"".join(parts))


def status_of(answer: Answer, hide: Callable[[str], str] = str) -> str:
    """Return the status, and the text that ORD and TRUD put into their errors. HTML is left out.

    What must be hidden is hidden before the text is cut, so that no half of it is left.
    """
    text = answer.content[:_READ_OF_AN_ERROR].decode("utf-8", "replace")
    message = "" if "<" in text else printable(" ".join(hide(text).split())[:300])
    return f"HTTP {answer.status} {message}".strip()


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)
