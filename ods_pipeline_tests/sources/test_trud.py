"""Releases from TRUD: downloaded, resumed, proven; the key is shown to nobody."""

import hashlib
import traceback
from contextlib import closing
from dataclasses import replace

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadRelease, OdsError, Unreachable
from ods_pipeline.sources.recorded import held_releases
from ods_pipeline.sources.trud import Listed, Trud
from ods_pipeline_tests import ord_server
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.sources.two_releases import CONTENT, NEW
from ods_pipeline_tests.support.ord_wire import Fault, Reply
from ods_pipeline_tests.support.simulated import IMPATIENT, KEY, SimulatedClock, sources_of

ZIPS = "/download/"


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
