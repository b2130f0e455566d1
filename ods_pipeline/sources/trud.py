"""TRUD, item 341: the list of releases, and the download of one release into ``raw/trud``.

Lives here: the list, and the download with its proofs. Does not live here: turns and trying again
(``http.py``), what is in a release (``flatten/``). The key is part of every URL, so no TRUD URL is logged,
written or raised, and the key is removed from TRUD's own messages.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from ods_pipeline.dataroot.files import file_sha256, flush
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadRelease, OdsError, Unreachable
from ods_pipeline.progress import progress
from ods_pipeline.sources.exchange import NotTheAnswer, words_for
from ods_pipeline.sources.http import Answer, Asker
from ods_pipeline.sources.receipt import ReleaseReceipt, date_in_name, write_release_receipt
from ods_pipeline.sources.settings import Key, Sources

ITEM = 341
NO_KEY = "Set TRUD_API_KEY to your TRUD key (free, isd.digital.nhs.uk/trud), or give a zip: --release FILE"
GIVE_FILE = "Run it again later, or download the zip in a browser and give it: --release FILE"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,150}\.zip")
_SHA256 = re.compile(r"[0-9a-f]{64}")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Listed:
    """A release that TRUD lists.

    ``release_date`` (ISO) is the date in the file name. ``sha256`` is lower-case hex; None if TRUD gives
    none. ``url`` holds the key.
    """

    file_name: str
    release_date: str
    bytes: int
    sha256: str | None
    url: str

    def __repr__(self) -> str:
        return f"Listed({self.file_name})"


class Trud:
    """TRUD with a key. ``close`` ends what is under way. Raises OdsError without a key."""

    def __init__(self, sources: Sources) -> None:
        if sources.key is None:
            raise OdsError("there is no TRUD key", do=NO_KEY)
        self._key: Key = sources.key
        self._manners = sources.manners
        self._asker = Asker("TRUD", sources.trud_url, sources.clock, sources.manners, hide=self._key.hide_in)
        self._base = sources.trud_url

    def close(self) -> None:
        """End all waiting and asking."""
        self._asker.close()

    def releases(self, *, latest: bool = False) -> list[Listed]:
        """Return the releases of item 341, newest first; only the newest one if ``latest``.

        An entry that cannot be read is left out, and the log names it. Raises Unreachable if no answer comes,
        OdsError if TRUD refuses the key or lists no release that can be read.
        """
        url = f"{self._base}/api/v1/keys/{self._key.reveal()}/items/{ITEM}/releases" + (
            "?latest" if latest else ""
        )
        entries, message = [], ""
        try:
            entries, message = self._asker.ask(url, "the list of releases", _listing)
        except OdsError as error:
            problem = type(error)(self._key.hide_in(error.what), do=self._key.hide_in(error.do))
        else:
            problem = None
        if problem is not None:  # raised here because the context of the first error may hold the URL
            raise problem
        if not entries:
            raise OdsError(
                f"TRUD gives no list of releases ({self._key.hide_in(message)[:200] or 'it is empty'})",
                do="Check TRUD_API_KEY, and that your account is subscribed to item 341",
            )
        listed: list[Listed] = []
        oddities: list[OdsError] = []
        for entry in entries:
            try:
                listed.append(self._listed(entry))
            except OdsError as odd:
                oddities.append(odd)
        if not listed:
            raise oddities[0]
        for odd in oddities:
            log.warning("%s: that entry of TRUD's list is left out", odd.what)
        return sorted(listed, key=lambda r: (r.release_date, r.file_name), reverse=True)

    def find(self, wanted: str) -> Listed:
        """Return the release of a date (ISO), or the newest (``latest``).

        Raises OdsError if it is not listed.
        """
        releases = self.releases(latest=wanted == "latest")
        if wanted == "latest":
            return releases[0]
        release = next((r for r in releases if r.release_date == wanted), None)
        if release is None:
            newest = ", ".join(r.release_date for r in releases[:6])
            raise OdsError(f"TRUD lists no release of {wanted}", do=f"The newest are those of {newest}")
        return release

    def download(self, root: DataRoot, release: Listed) -> Path:
        """Download a release into ``raw/trud`` with a receipt, and return its path.

        Size and SHA-256 must be those listed. A download that was cut continues where it ended. A whole file
        that is not the one listed is downloaded once more from its start.

        Raises:
            BadRelease: The second file is not the one listed either. Nothing of it is kept.
            Unreachable: TRUD does not send the whole file.
        """
        target = root.raw_releases / release.file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.{(release.sha256 or 'unproven')[:12]}.part")
        if target.exists() and not partial.exists():  # whole, and killed before its receipt was written
            target.rename(partial)
        fault = ""
        with progress(f"Downloading {release.file_name}") as report:
            for _ in range(2):
                self._fill(partial, release, report)
                fault = _fault(partial, release)
                if not fault:
                    break
                log.warning("%s: %s; downloading it from its start", release.file_name, fault)
                partial.unlink()
        if fault:
            raise BadRelease(
                f"the file is not the one that TRUD lists: {fault}",
                where=release.file_name,
                do="Run it again later; nothing of the file is kept",
            )
        if release.sha256 is None:
            log.warning("%s: TRUD lists no SHA-256 for it, so only its size is verified", release.file_name)
        flush(partial)
        partial.replace(target)
        receipt = ReleaseReceipt(
            release.file_name,
            release.release_date,
            "trud",
            release.bytes,
            file_sha256(target),
            sha256_verified=release.sha256 is not None,
        )
        write_release_receipt(target, receipt)
        proof = "size and SHA-256 agree" if release.sha256 else "its size agrees"
        log.info("downloaded %s: %s bytes, %s", release.file_name, f"{release.bytes:,}", proof)
        return target

    def _fill(self, partial: Path, release: Listed, report: Callable[[int, int], None]) -> None:
        """Append to the partial file until it has the listed size.

        Attempts that bring no byte are counted; Unreachable is raised after ``manners.attempts`` of them.
        """
        attempt = 1
        while (held := partial.stat().st_size if partial.exists() else 0) < release.bytes:
            headers = None
            trouble = ""
            try:
                headers = self._append(partial, held, release, report)
            except NotTheAnswer as error:
                trouble = str(error)
            except (httpx.RequestError, httpx.InvalidURL) as error:
                trouble = words_for(error)
            size = partial.stat().st_size if partial.exists() else 0
            if size >= release.bytes:
                return
            attempt = 1 if size > held else attempt + 1
            if attempt > self._manners.attempts:
                raise Unreachable(
                    f"TRUD does not send all of {release.file_name} "
                    f"(the last attempt: {trouble or 'it ended early'})",
                    do=f"Run it again: {size:,} of {release.bytes:,} bytes are kept",
                )
            pause = self._asker.pause_after(attempt, headers)
            log.info(
                "%s: %s at %d bytes; continuing in %.0f s", release.file_name, trouble or "cut", size, pause
            )
            self._asker.pace.hold(pause)

    def _append(
        self, partial: Path, held: int, release: Listed, report: Callable[[int, int], None]
    ) -> httpx.Headers | None:
        """Send one request for the rest of the file. Returns the headers of an error that may pass."""
        # No compression: a range of a compressed answer would be a range of other bytes.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={held}-"} if held else {})
        with self._asker.opened(release.url, self._manners.download, headers) as response:
            if response.status_code == 416:  # the bytes held are not the beginning of the file
                partial.unlink(missing_ok=True)
                raise NotTheAnswer("it has no such range")
            if response.status_code not in (200, 206):
                if response.status_code < 500 and response.status_code not in (408, 429):
                    raise OdsError(
                        f"TRUD refuses to send {release.file_name} (HTTP {response.status_code})",
                        do=f"Check that your TRUD account is subscribed to item {ITEM}, then run again",
                    )
                log.info("TRUD answers HTTP %d", response.status_code)
                return response.headers
            begins = response.headers.get("content-range", "").startswith(f"bytes {held}-")
            continues = response.status_code == 206 and held > 0 and begins
            if response.status_code == 206 and not continues:
                raise NotTheAnswer("another range came than the one asked for")
            size = held if continues else 0
            with partial.open("ab" if continues else "wb") as file:
                for piece in response.iter_raw():
                    file.write(piece)
                    size += len(piece)
                    report(min(size, release.bytes), release.bytes)
                    if size > release.bytes:
                        break  # its size cannot agree
        return None

    def _listed(self, entry: Any) -> Listed:
        try:
            name, url = str(entry["archiveFileName"]), str(entry["archiveFileUrl"])
            size = int(entry["archiveFileSizeBytes"])
            # The date in the file name is the one that counts; TRUD's own is needed where there is none.
            day = date_in_name(name) or date.fromisoformat(str(entry["releaseDate"])[:10]).isoformat()
            sha256 = str(entry.get("archiveFileSha256") or "").lower()
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise OdsError("TRUD lists a release in an unknown form", do=GIVE_FILE) from None
        if not _NAME.fullmatch(name) or self._key.is_in(name) or size <= 0:
            raise OdsError("TRUD lists a release with an odd file name or size", do=GIVE_FILE)
        if "://" not in url or not self._asker.is_here(url):
            raise OdsError(f"TRUD lists {name} on another server; that is not followed", do=GIVE_FILE)
        if sha256 and not _SHA256.fullmatch(sha256):
            raise OdsError(f"TRUD lists {name} with a checksum that is not a SHA-256", do=GIVE_FILE)
        return Listed(name, day, size, sha256 or None, url)


def _listing(answer: Answer) -> tuple[list[Any], str]:
    """Return the entries of ``releases`` (none if TRUD refuses), and TRUD's message about it.

    A good list ends with ``"httpStatus": 200, "message": "OK"``, so the status alone separates good from bad.
    It is read from the JSON too, where an error may come with HTTP 200.
    """
    try:
        content = json.loads(answer.content)
    except (ValueError, RecursionError):
        raise NotTheAnswer(f"no JSON came, {len(answer.content)} bytes, HTTP {answer.status}") from None
    if not isinstance(content, dict):
        raise NotTheAnswer("JSON of another shape came")
    status = next((s for s in (answer.status, content.get("httpStatus")) if s not in (None, 200, "200")), 200)
    message, entries = str(content.get("message") or ""), content.get("releases")
    if status != 200:
        return [], message or f"HTTP {status}"
    return (entries if isinstance(entries, list) else []), ("" if message == "OK" else message)


def _fault(partial: Path, release: Listed) -> str:
    size = partial.stat().st_size
    if size != release.bytes:
        return f"{size:,} bytes came and {release.bytes:,} are listed"
    if release.sha256 is not None and (sha256 := file_sha256(partial)) != release.sha256:
        return f"its SHA-256 is {sha256[:12]}… and {release.sha256[:12]}… is listed"
    return ""
