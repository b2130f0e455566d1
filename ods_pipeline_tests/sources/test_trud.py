"""Releases from TRUD: listed, downloaded, resumed, proven; the key is shown to nobody."""

import hashlib
import json
import re
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadRelease, OdsError, Unreachable
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.settings import Key
from ods_pipeline.sources.trud import Listed, Trud
from ods_pipeline_tests import ord_server
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.ord_wire import Fault, Reply, as_json
from ods_pipeline_tests.support.simulated import IMPATIENT, KEY, SimulatedClock, sources_of
from ods_pipeline_tests.support.worlds import Made

OLD, NEW = (f"hscorgrefdataxml_data_{m}.0.0_2026{m:02}28000001.zip" for m in (7, 8))
CONTENT = hashlib.shake_256(b"a release").digest(700_000)
ZIPS = "/download/"


@pytest.fixture
def server(clock: SimulatedClock) -> Iterator[OrdServer]:
    with OrdServer(Made(releases={OLD: b"old", NEW: CONTENT}), now=clock.now, key=KEY) as opened:
        yield opened


@pytest.fixture
def trud(server: OrdServer, clock: SimulatedClock) -> Iterator[Trud]:
    with closing(Trud(sources_of(server, clock, manners=replace(IMPATIENT, attempts=4)))) as opened:
        yield opened


def assert_whole(root: DataRoot) -> None:
    assert (root.raw_releases / NEW).read_bytes() == CONTENT
    (receipt,) = held_releases(root)
    assert (receipt.file_name, receipt.release_date, receipt.source) == (NEW, "2026-08-28", "trud")
    assert (receipt.bytes, receipt.sha256_verified) == (len(CONTENT), True)
    assert receipt.sha256 == hashlib.sha256(CONTENT).hexdigest()
    names = {p.name for p in root.raw_releases.iterdir()}
    assert names == {NEW, f"{NEW}.receipt.json"}


def ranges(server: OrdServer) -> list[str]:
    return [a.headers.get("range", "") for a in server.log if ZIPS in a.path]


def test_releases_are_listed_newest_first_without_the_key_in_sight(trud: Trud) -> None:
    listed = trud.releases()
    assert [r.release_date for r in listed] == ["2026-08-28", "2026-07-28"]
    assert [r.release_date for r in trud.releases(latest=True)] == ["2026-08-28"]
    assert listed[0].sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert KEY not in repr(listed)
    assert trud.find("2026-07-28").file_name == OLD
    with pytest.raises(OdsError, match=r"lists no release of 2026-06-26.*2026-08-28, 2026-07-28"):
        trud.find("2026-06-26")


def test_a_release_is_downloaded_and_proven(trud: Trud, root: DataRoot) -> None:
    assert trud.download(root, trud.find("latest")) == root.raw_releases / NEW
    assert_whole(root)


@pytest.mark.promise("resumed")
@pytest.mark.parametrize("kind", ["half", "reset", "stall", "status"])
def test_a_download_that_is_cut_continues_where_it_ended(
    trud: Trud, server: OrdServer, root: DataRoot, kind: str
) -> None:
    server.faults += [Fault("half", ZIPS, 1), Fault(kind, ZIPS, 2, 503 if kind == "status" else None)]
    trud.download(root, trud.find("latest"))
    assert_whole(root)
    first, *others = ranges(server)
    starts = [int(asked.removeprefix("bytes=").removesuffix("-")) for asked in others]
    assert first == ""
    assert starts[0] == len(CONTENT) // 2
    assert starts == sorted(starts)


@pytest.mark.promise("resumed")
def test_a_process_that_died_leaves_what_it_had(
    server: OrdServer, clock: SimulatedClock, root: DataRoot
) -> None:
    server.faults.append(Fault("half", ZIPS, 1))
    server.faults.append(Fault("status", ZIPS, 4, 500))
    kept = pytest.raises(Unreachable, match=r"does not send all of .*350,000 of 700,000 bytes are kept")
    with closing(Trud(sources_of(server, clock))) as trud, kept:
        trud.download(root, trud.find("latest"))
    assert held_releases(root) == []
    before = len(server.log)
    with closing(Trud(sources_of(server, clock))) as trud:
        trud.download(root, trud.find("latest"))
    assert [a.headers.get("range") for a in server.log[before:]] == [None, "bytes=350000-"]
    assert_whole(root)


def test_a_file_that_was_whole_before_its_receipt_is_not_fetched_again(
    trud: Trud, server: OrdServer, root: DataRoot
) -> None:
    root.raw_releases.mkdir(parents=True)
    (root.raw_releases / NEW).write_bytes(CONTENT)
    trud.download(root, trud.find("latest"))
    assert server.requests(ZIPS) == []
    assert_whole(root)


def test_a_wrong_sha256_is_never_taken(trud: Trud, server: OrdServer, root: DataRoot) -> None:
    server.faults.append(Fault("wrong_sha", "", 99))
    with pytest.raises(
        BadRelease, match=r"not the one that TRUD lists: its SHA-256 is [0-9a-f]{12}… and .* is listed"
    ):
        trud.download(root, trud.find("latest"))
    assert len(server.requests(ZIPS)) == 2
    assert [*root.raw_releases.iterdir()] == []


def test_bytes_that_were_damaged_on_the_way_are_fetched_once_more(
    trud: Trud, server: OrdServer, root: DataRoot
) -> None:
    server.faults.append(Fault("wrong_bytes", ZIPS, 1))
    trud.download(root, trud.find("latest"))
    assert_whole(root)
    assert ranges(server) == ["", ""]


def begun(root: DataRoot, release: Listed, content: bytes) -> None:
    """Leave a download of a release that has come so far."""
    root.raw_releases.mkdir(parents=True)
    (root.raw_releases / f"{NEW}.{str(release.sha256)[:12]}.part").write_bytes(content)


def test_a_download_longer_than_the_release_starts_over(
    trud: Trud, server: OrdServer, root: DataRoot
) -> None:
    release = trud.find("latest")
    begun(root, release, b"x" * (len(CONTENT) + 5))
    trud.download(root, release)
    assert_whole(root)
    assert ranges(server) == [""]


def test_a_server_that_ignores_ranges_starts_over(
    trud: Trud, server: OrdServer, root: DataRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Reply(200, CONTENT, {}, "application/zip")
    monkeypatch.setattr(ord_server, "_ranged", lambda _content, _asked: whole)
    release = trud.find("latest")
    begun(root, release, CONTENT[:5])
    trud.download(root, release)
    assert_whole(root)
    assert ranges(server) == ["bytes=5-"]


@pytest.mark.parametrize("kind", ["html", "status"])
def test_a_list_that_does_not_come_ends_in_an_error(
    server: OrdServer, clock: SimulatedClock, kind: str
) -> None:
    server.faults.append(Fault(kind, "releases", 99, 502))
    with closing(Trud(sources_of(server, clock))) as trud, pytest.raises(Unreachable) as caught:
        trud.releases()
    assert "TRUD gave no answer to the list of releases in 4 attempts" in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    [
        {"httpStatus": 200, "message": "OK"},
        {"httpStatus": 200, "message": None},
        {"httpStatus": None, "message": "2 releases"},
        {"httpStatus": "200"},
        {},
    ],
)
def test_a_good_list_is_known_by_its_status_and_not_by_its_message(
    trud: Trud, server: OrdServer, monkeypatch: pytest.MonkeyPatch, extra: dict[str, Any]
) -> None:
    listed = json.loads(server.reply(f"/trud/api/v1/keys/{KEY}/items/341/releases", {}).content)["releases"]
    monkeypatch.setattr(server, "reply", lambda *_: as_json({"releases": listed, **extra}))
    assert [r.file_name for r in trud.releases()] == [NEW, OLD]


@pytest.mark.parametrize(
    ("status", "content", "message"),
    [
        (200, {"httpStatus": 403, "message": "No subscription.", "releases": [{}]}, "No subscription."),
        (404, {"httpStatus": 404, "message": "No releases found."}, "No releases found."),
        (404, {"message": None}, "HTTP 404"),
        (200, {"httpStatus": 200, "message": "OK", "releases": []}, "it is empty"),
        (200, {"httpStatus": 200, "message": "OK", "releases": None}, "it is empty"),
        (200, {"message": "Nothing here."}, "Nothing here."),
    ],
)
def test_a_refusal_shows_the_message_of_trud(
    *, trud: Trud, server: OrdServer, monkeypatch: pytest.MonkeyPatch, status: int, content: Any, message: str
) -> None:
    monkeypatch.setattr(server, "reply", lambda *_: as_json(content, status=status))
    with pytest.raises(OdsError, match=rf"TRUD gives no list of releases \({re.escape(message)}\)"):
        trud.releases()


@pytest.mark.promise("no_key")
def test_the_error_about_a_refused_key_does_not_show_it(
    server: OrdServer, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The server repeats the key in its message, as the real one may."""
    other = Key("another-key-that-is-not-good")
    with closing(Trud(sources_of(server, clock, key=other))) as trud, pytest.raises(OdsError) as caught:
        trud.releases()
    assert "Failed to verify the API key (key)" in str(caught.value)
    text = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert other.reveal() not in text
    assert caught.value.__context__ is None


@pytest.mark.promise("no_key")
@pytest.mark.parametrize(
    "fault", ["reset", "stall", "half", "html", "gzip_garbage", "redirect", "status 503", "status 403"]
)
def test_no_failure_shows_the_key(
    server: OrdServer, clock: SimulatedClock, root: DataRoot, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level("DEBUG")
    kind, _, status = fault.partition(" ")
    place = f"{server.host.replace('127.0.0.1', 'localhost')}/elsewhere/{KEY}"
    for pattern in ("releases", ZIPS):
        server.faults[:] = [Fault(kind, pattern, 99, place if kind == "redirect" else int(status or 0))]
        impatient = sources_of(server, clock, manners=replace(IMPATIENT, attempts=2))
        with closing(Trud(impatient)) as trud, pytest.raises(OdsError) as caught:
            trud.download(root, trud.find("latest"))
        error: BaseException | None = caught.value
        while error is not None:
            assert KEY not in "".join(traceback.format_exception(error)) + repr(vars(error))
            error = error.__context__
    assert KEY not in caplog.text
    assert not [p for p in root.path.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]


@pytest.mark.promise("no_key")
def test_a_link_to_another_server_is_not_followed(server: OrdServer, clock: SimulatedClock) -> None:
    port = server.host.rpartition(":")[2]
    away = sources_of(server, clock, trud_url=f"http://localhost:{port}/trud")
    with (
        closing(Trud(away)) as trud,
        pytest.raises(OdsError, match="on another server; that is not followed"),
    ):
        trud.releases()


def test_without_a_key_no_server_is_asked(server: OrdServer, clock: SimulatedClock) -> None:
    with pytest.raises(OdsError, match=r"there is no TRUD key. Set TRUD_API_KEY"):
        Trud(sources_of(server, clock, key=None))


def test_a_release_without_sha256_is_proven_by_its_size_with_a_warning(
    trud: Trud, root: DataRoot, caplog: pytest.LogCaptureFixture
) -> None:
    listed = trud.find("latest")
    trud.download(root, Listed(listed.file_name, listed.release_date, listed.bytes, None, listed.url))
    (receipt,) = held_releases(root)
    assert not receipt.sha256_verified
    assert "TRUD lists no SHA-256 for it" in caplog.text


ODD_ENTRIES = {
    "no date, a good name": ({"releaseDate": "28/08/2026"}, "taken"),
    "no date at all, a good name": ({"releaseDate": None}, "taken"),
    "no date anywhere": ({"releaseDate": "28/08/2026", "archiveFileName": "odd.zip"}, "left out"),
    "no name": ({"archiveFileName": None}, "left out"),
    "a name that leads elsewhere": ({"archiveFileName": "../../etc/passwd.zip"}, "left out"),
    "no size": ({"archiveFileSizeBytes": "n/a"}, "left out"),
    "an enormous size": ({"archiveFileSizeBytes": 1e400}, "left out"),
    "a size of 0": ({"archiveFileSizeBytes": 0}, "left out"),
    "no SHA-256": ({"archiveFileSha256": "none"}, "left out"),
    "another server": ({"archiveFileUrl": "https://elsewhere.example/a.zip"}, "left out"),
    "no address": ({"archiveFileUrl": None}, "left out"),
    "a text": ("an entry", "left out"),
    "nothing": (None, "left out"),
}


@pytest.mark.promise("hostile")
@pytest.mark.parametrize("name", ODD_ENTRIES)
def test_an_odd_entry_of_the_list_is_left_out_and_named(
    *,
    trud: Trud,
    server: OrdServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    change, outcome = ODD_ENTRIES[name]
    listed = json.loads(server.reply(f"/trud/api/v1/keys/{KEY}/items/341/releases", {}).content)["releases"]
    odd = {**listed[0], **change} if isinstance(change, dict) else change
    monkeypatch.setattr(server, "reply", lambda *_: as_json({"releases": [odd, listed[1]]}))
    days = [r.release_date for r in trud.releases()]
    assert days == (["2026-08-28"] if outcome == "taken" else []) + ["2026-07-28"]
    assert ("left out" in caplog.text) == (outcome == "left out")
    if outcome == "left out":
        monkeypatch.setattr(server, "reply", lambda *_: as_json({"releases": [odd, odd]}))
        with pytest.raises(OdsError, match="TRUD lists"):
            trud.releases()
