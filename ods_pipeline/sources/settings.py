"""Where the sources are, which key opens them, and how they may be asked.

Lives here: values, and reading them from the environment. Does not live here: asking (``http.py``).
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Literal, get_args
from urllib.parse import unquote

import httpx

from ods_pipeline.errors import OdsError
from ods_pipeline.sources.clock import Clock, SystemClock

ORD_PRODUCTION = "https://directory.spineservices.nhs.uk/ORD/2-0-0"
ORD_UAT = "https://uat.directory.spineservices.nhs.uk/ORD/2-0-0"
TRUD = "https://isd.digital.nhs.uk/trud"
REPORTS = "https://www.odsdatasearchandexport.nhs.uk/api/getReport"
_ORD_NAMES = {"production": ORD_PRODUCTION, "uat": ORD_UAT}
_ODT = "{}api.service.nhs.uk/organisation-data-terminology-api/fhir"
ODT_PRODUCTION, ODT_INT, ODT_SANDBOX = (_ODT.format(f"https://{part}") for part in ("", "int.", "sandbox."))
_ODT_NAMES = {"production": ODT_PRODUCTION, "int": ODT_INT, "sandbox": ODT_SANDBOX}
DeltasFrom = Literal["ord", "odt", "both"]
_KEY = re.compile(r"[A-Za-z0-9_-]{4,200}")
HIDDEN, UNSHOWN = "(key)", "(a text with the key in it is not shown)"
_HINT = 8  # this many letters and digits of a key in a row give too much away
ODT_ACCOUNT = "your application's page in the API platform's developer account"


class Key:
    """A key. That of TRUD is in every TRUD URL, that of ODT in a header of every request to ODT.

    It is in nothing that is printed, logged, written or raised.
    """

    def __init__(
        self, value: str, variable: str = "TRUD_API_KEY", page: str = "your TRUD account page"
    ) -> None:
        if not _KEY.fullmatch(value):
            raise OdsError(
                f"{variable} is set, but it is not a key: a key has letters and digits only",
                do=f"Copy it again from {page}",
            )
        self._value = value

    def reveal(self) -> str:
        """Return the key itself, for a URL or a header."""
        return self._value

    def hide_in(self, text: str) -> str:
        """Return the text without the key.

        A text that holds the key in another spelling, or eight characters of it in a row, is left out whole.
        """
        hidden = re.sub(re.escape(self._value), HIDDEN, text, flags=re.IGNORECASE)
        return UNSHOWN if self._is_hinted_at(hidden) else hidden

    def is_in(self, text: str) -> bool:
        """Return whether a text holds the key or a good part of it, in any spelling."""
        return self.hide_in(text) != text

    def _is_hinted_at(self, text: str) -> bool:
        plain = _letters(unquote(unescape(unquote(text))))
        raw = self._value.encode()
        encoded = [self._value, self._value[::-1], raw.hex()]
        encoded += [b64encode(b"\0" * skip + raw).decode()[2 * skip : -4] for skip in range(3)]
        return any(
            word[at : at + _HINT] in plain
            for word in map(_letters, encoded)
            for at in range(max(1, len(word) - _HINT + 1))
            if len(word) >= min(_HINT, len(self._value) - 1)
        )

    def __repr__(self) -> str:
        return HIDDEN

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key is never written down")


@dataclass(frozen=True)
class Manners:
    """How politely a source is asked. Times are in seconds.

    ``interval`` is the time between the starts of two requests. "Aim to keep usage below 5 requests per
    second" (ORD): at 0.3 s five requests span 1.2 s, so that never more than four reach the server in one
    second, even if one of them takes 200 ms longer to get there (a new connection does).
    """

    interval: float = 0.3
    in_flight: int = 4
    attempts: int = 6
    first_pause: float = 1.0
    longest_pause: float = 120.0
    connect: float = 10.0
    read: float = 30.0
    answer: float = 120.0  # one whole answer of the API, however slowly it comes
    download: float = 3600.0  # one attempt at a release


@dataclass(frozen=True)
class Sources:
    """TRUD and the delta sources as this run may use them.

    ``key`` and ``odt_key`` are None if there is no such key. ``deltas_from`` is None if nobody chose: then
    the ORD API is asked, or ODT where only that can be (``deltas.py``).
    """

    ord_url: str = ORD_PRODUCTION
    odt_url: str = ODT_PRODUCTION
    trud_url: str = TRUD
    reports_url: str = REPORTS
    key: Key | None = field(default=None, repr=False)
    odt_key: Key | None = field(default=None, repr=False)
    deltas_from: DeltasFrom | None = None
    payload_format: Literal["json", "xml"] = "json"
    ignore_maintenance: bool = False
    clock: Clock = field(default_factory=SystemClock, repr=False)
    manners: Manners = Manners()

    def with_maintenance_ignored(self) -> "Sources":
        """Return the same sources, asked between 17:00 and 19:00 too."""
        return replace(self, ignore_maintenance=True)


def sources_from(environment: Mapping[str, str]) -> Sources:
    """Return the sources that the environment configures.

    The variables are TRUD_API_KEY, ODS_ODT_API_KEY, ODS_ORD_URL (``production``, ``uat`` or a URL),
    ODS_ODT_URL (``production``, ``int``, ``sandbox`` or a URL), ODS_TRUD_URL, ODS_REPORTS_URL,
    ODS_ORD_FORMAT (``json`` or ``xml``) and ODS_DELTAS_FROM (``ord``, ``odt`` or ``both``).

    Raises OdsError for any other value.
    """
    key = environment.get("TRUD_API_KEY", "").strip()
    address = environment.get("ODS_ORD_URL", "").strip() or "production"
    form = environment.get("ODS_ORD_FORMAT", "").strip().lower() or "json"
    if form not in ("json", "xml"):
        raise OdsError(f"ODS_ORD_FORMAT is {form!r}, which is not a format", do="Set it to json or xml")
    odt_key = environment.get("ODS_ODT_API_KEY", "").strip()
    odt = environment.get("ODS_ODT_URL", "").strip() or "production"
    return Sources(
        ord_url=_url("ODS_ORD_URL", _ORD_NAMES.get(address.lower(), address)),
        odt_url=_url("ODS_ODT_URL", _ODT_NAMES.get(odt.lower(), odt)),
        odt_key=Key(odt_key, "ODS_ODT_API_KEY", ODT_ACCOUNT) if odt_key else None,
        deltas_from=deltas_from(environment.get("ODS_DELTAS_FROM", "")),
        trud_url=_url("ODS_TRUD_URL", environment.get("ODS_TRUD_URL", "").strip() or TRUD),
        reports_url=_url("ODS_REPORTS_URL", environment.get("ODS_REPORTS_URL", "").strip() or REPORTS),
        key=Key(key) if key else None,
        payload_format="xml" if form == "xml" else "json",
    )


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def deltas_from(text: str, name: str = "ODS_DELTAS_FROM") -> DeltasFrom | None:
    """Return the choice of a delta source; None for empty text. Raises OdsError for any other text."""
    choice = text.strip().lower()
    *others, last = get_args(DeltasFrom)
    for known in (*others, last):
        if choice == known:
            return known
    if choice:
        do = f"Set it to {', '.join(others)} or {last}"
        raise OdsError(f"{name} is {text!r}, which is not a delta source", do=do)
    return None


def _url(name: str, text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
        raise OdsError(f"{name} is not an http(s) address", do=f"Set it to something like {ORD_PRODUCTION}")
    return text.rstrip("/")
