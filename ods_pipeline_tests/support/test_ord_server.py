"""The local server answers as the services do: addresses, limits, headers and texts (NHS England's pages)."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import httpx
import pytest

from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.sample import SAMPLE
from ods_pipeline_tests.support.builders import make_record
from ods_pipeline_tests.support.worlds import Made, Recorded

NOW = datetime(2026, 9, 4, 4, 30, tzinfo=UTC)
CODES = [f"RX{n}" for n in range(1, 26)]


@pytest.fixture(scope="module")
def server() -> Iterator[OrdServer]:
    world = Made({code: make_record(code, LastChangeDate="2026-09-01") for code in CODES})
    world.put(make_record("RY1", LastChangeDate="2026-03-03"))
    world.zips = {"hscorgrefdataxml_data_8.0.0_20260828000001.zip": b"0123456789"}
    with OrdServer(world, now=lambda: NOW, key="good") as running:
        yield running


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/sync", 406, "Supplied query must include some query parameters"),
        ("/organisations", 406, "Supplied query must include some query parameters"),
        ("/sync?LastChanged=2026-09-01", 406, "Unknown argument found."),
        ("/organisations?Colour=red", 406, "Unknown argument found."),
        ("/sync?LastChangeDate=01-09-2026", 406, "Invalid date format."),
        ("/organisations?LastChangeDate=2026-02-30", 406, "Invalid date format."),
        ("/organisations?LastChangeDate=2026-09-01&Offset=0", 406, None),
        ("/organisations?LastChangeDate=2026-09-01&Limit=1001", 406, None),
        ("/sync?LastChangeDate=2026-03-02", 406, None),  # 186 days ago
        ("/organisations/ZZ9", 404, "Not found"),
        ("/roles/RO0", 404, "Not found"),
        ("/colours", 404, "Not found"),
    ],
)
def test_what_is_refused(server: OrdServer, client: httpx.Client, path: str, status: int, text: str) -> None:
    answer = client.get(server.ord_url + path)
    assert (answer.status_code, answer.json()["errorCode"]) == (status, status)
    assert text is None or answer.json()["errorText"] == text


def test_sync_lists_what_changed_on_or_after_a_date_185_days_back_at_most(
    server: OrdServer, client: httpx.Client
) -> None:
    answer = client.get(f"{server.ord_url}/sync?LastChangeDate=2026-03-03")
    links = [link["OrgLink"] for link in answer.json()["Organisations"]]
    assert answer.headers["X-Total-Count"] == "26"
    assert links[0] == f"{server.ord_url}/organisations/RX1"
    answer = client.get(f"{server.ord_url}/sync?LastChangeDate=2026-09-02")
    assert (answer.json(), answer.headers["X-Total-Count"]) == ({"Organisations": []}, "0")


def test_search_pages_from_one_on_with_a_link_to_the_next(server: OrdServer, client: httpx.Client) -> None:
    page = f"{server.ord_url}/organisations?LastChangeDate=2026-09-01&Limit=10"
    codes: list[str] = []
    pages = 0
    while page:
        answer = client.get(page)
        rows = answer.json()["Organisations"]
        assert answer.headers["X-Total-Count"] == "25"
        assert answer.headers["returned-records"] == str(len(rows))
        codes += [row["OrgId"] for row in rows]
        page, pages = answer.headers.get("next-page", ""), pages + 1
    assert (codes, pages) == (sorted(CODES), 3)
    first = client.get(f"{server.ord_url}/organisations?LastChangeDate=2026-09-01")
    assert len(first.json()["Organisations"]) == 20, "the default of Limit"


def test_a_record_comes_as_json_and_as_xml(server: OrdServer, client: httpx.Client) -> None:
    record = client.get(f"{server.ord_url}/organisations/RX1").json()["Organisation"]
    assert (record["OrgId"]["extension"], record["Roles"]["Role"][0]["primaryRole"]) == ("RX1", True)
    answer = client.get(f"{server.ord_url}/organisations/RX1?_format=xml")
    assert answer.headers["Content-Type"] == "application/xml"
    assert b'extension="RX1"' in answer.content
    (role,) = client.get(f"{server.ord_url}/roles/RO197").json()["Roles"]
    assert role == {"id": "RO197", "code": "197", "displayName": "NHS TRUST", "primaryRole": "true"}


def test_trud_lists_releases_and_gives_the_rest_of_a_zip(server: OrdServer, client: httpx.Client) -> None:
    listed = client.get(f"{server.trud_url}/api/v1/keys/good/items/341/releases?latest").json()
    assert listed["apiVersion"] == "1"
    (release,) = listed["releases"]
    assert (release["releaseDate"], release["archiveFileSizeBytes"]) == ("2026-08-28", 10)
    assert release["archiveFileSha256"].isupper()
    rest = client.get(release["archiveFileUrl"], headers={"Range": "bytes=4-"})
    assert (rest.status_code, rest.content, rest.headers["Content-Range"]) == (206, b"456789", "bytes 4-9/10")
    assert client.get(release["archiveFileUrl"], headers={"Range": "bytes=10-"}).status_code == 416
    bad = client.get(f"{server.trud_url}/api/v1/keys/bad/items/341/releases")
    assert (bad.status_code, "message" in bad.json()) == (400, True)


def test_the_sample_is_played_back_day_by_day() -> None:
    world = Recorded(SAMPLE)
    early, late = world.register(date(2026, 8, 24)), world.register(date(2026, 9, 4))
    assert sorted(early.records) == ["FX101", "H8Q2Z", "V99002"]
    assert {row["OrgId"] for row in late.rows} - set(late.records) == {"V99003"}, "listed, and gone"
    assert json.loads(late.records["FX105"])["Organisation"]["LastChangeDate"] == "2026-09-01"
    assert [*world.releases(date(2026, 8, 27))] == []
    assert len(world.releases(date(2026, 8, 28))) == 1
