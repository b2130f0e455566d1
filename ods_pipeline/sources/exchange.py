"""One exchange with a server: its deadline, its clock and its encoding.

Lives here: what must hold for any answer, whoever asks. Does not live here: turns, trying again and redirects
(``http.py``), what is in an answer (``ord/``, ``trud.py``).
"""

import threading
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ods_pipeline.errors import OdsError
from ods_pipeline.sources.clock import Clock

# The clocks of a machine and of a server may differ by this much. A day more, and stamps are settled wrongly.
CLOCKS_APART = timedelta(days=1)
# Of the encodings that httpx can undo, gzip makes 66 MB of 64 kB at most; zstd and brotli make gigabytes.
ENCODING = "gzip"


class NotTheAnswer(Exception):
    """An answer came that is not the one asked for. The client asks again."""


class Deadline(threading.local):
    """The moment by which this thread's exchange must be complete, from the connection to the last byte.

    The timeouts of httpx begin again with each read, so a server that sends a header a second, or ``100
    Continue`` for ever, would never meet them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._at, self._seconds = clock, float("inf"), 0.0

    def start(self, seconds: float) -> None:
        """Begin an exchange that may last this many seconds from now."""
        self._at, self._seconds = self._clock.monotonic() + seconds, seconds

    def left(self) -> float:
        """Return the seconds left. Raises NotTheAnswer if there are none."""
        left = self._at - self._clock.monotonic()
        if left <= 0:
            raise NotTheAnswer(f"its answer was not complete after {self._seconds:.0f} s")
        return left

    def bind(self, stream: Any) -> None:
        """Let no read of a network stream (``httpcore.NetworkStream``) last longer than the exchange."""
        read = stream.read

        def bounded(max_bytes: int, timeout: float | None = None) -> bytes:
            left = self.left()
            try:
                return read(max_bytes, left if timeout is None else min(timeout, left))
            except Exception:
                self.left()
                raise

        stream.read = bounded


def reject_other_time(name: str, headers: httpx.Headers, now: datetime) -> None:
    """Compare the machine's clock with the ``Date`` of an answer (RFC 9110, 6.6.1; plus its ``Age``).

    A missing or unreadable date proves nothing.

    Raises:
        OdsError: They are a day or more apart.
    """
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
        age = headers.get("age", "0").strip()
        sent = date + timedelta(seconds=int(age) if age.isascii() and age.isdigit() else 0)
        apart = abs(sent - now)
    except (ValueError, TypeError, OverflowError):  # OverflowError: a zone, a day or an age out of range
        return
    if apart >= CLOCKS_APART:
        raise OdsError(
            f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, and {name} answers on "
            f"{sent:%Y-%m-%d %H:%M} UTC; a wrong date would make history wrong, so nothing is taken",
            do="Set the machine's clock and run it again",
        )


def reject_other_encoding(headers: httpx.Headers) -> None:
    """Raise NotTheAnswer for a body that is encoded more than once, or otherwise than was asked for.

    3.5 kB of ``gzip, gzip`` become 4.2 GB.
    """
    encodings = [word.strip().lower() for word in headers.get("content-encoding", "").split(",")]
    if [word for word in encodings if word not in ("", "identity")] not in ([], [ENCODING]):
        raise NotTheAnswer("its answer has a Content-Encoding that was not asked for")


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for; None if it is unreadable.

    The header holds seconds or a date (RFC 9110, 10.2.3).
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:12]), 10**9))
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # OverflowError: a zone or a day out of range
        return None


def words_for(error: httpx.RequestError | httpx.InvalidURL) -> str:
    """Return what went wrong with a request, in words that hold no URL."""
    kinds: list[tuple[type[Exception], str]] = [
        (httpx.ConnectTimeout, "no connection in time"),
        (httpx.TimeoutException, "it stopped answering"),
        (httpx.ConnectError, "no connection"),
        (httpx.DecodingError, "the answer cannot be decompressed"),
        (httpx.RemoteProtocolError, "the connection was cut in the middle of the answer"),
        (httpx.NetworkError, "the connection broke"),
        # httpx reads the Location of a redirection that it does not follow: "javascript:x" fails there.
        (httpx.InvalidURL, "it redirects to no address"),
    ]
    return next((words for kind, words in kinds if isinstance(error, kind)), type(error).__name__)
