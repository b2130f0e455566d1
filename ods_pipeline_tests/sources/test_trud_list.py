"""TRUD's list of releases: what is in it, what is left out of it, and what is said when it does not come."""

import hashlib
import json
import re
import traceback
from contextlib import closing
from typing import Any

import pytest

from ods_pipeline.errors import OdsError, Unreachable
from ods_pipeline.sources.settings import Key
from ods_pipeline.sources.trud import Trud
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.sources.two_releases import CONTENT, NEW, OLD
from ods_pipeline_tests.support.ord_wire import Fault, as_json
from ods_pipeline_tests.support.simulated import KEY, SimulatedClock, sources_of


def test_releases_are_listed_newest_first_without_the_key_in_sight(trud: Trud) -> None:
    listed = trud.releases()
    assert [r.release_date for r in listed] == ["2026-08-28", "2026-07-28"]
    assert [r.release_date for r in trud.releases(latest=True)] == ["2026-08-28"]
    assert listed[0].sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert KEY not in repr(listed)
    assert trud.find("2026-07-28").file_name == OLD
    with pytest.raises(OdsError, match=r"lists no release of 2026-06-26.*2026-08-28, 2026-07-28"):
        trud.find("2026-06-26")


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
