"""fetch.py: a fetch becomes flat frames; a fault in it is named and harms nothing else."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline_tests.flatten.conftest import RECORDS
from ods_pipeline_tests.support.builders import (
    CODE_LISTS,
    ROLES,
    STAMP,
    assert_conserved,
    edit_receipt,
    facts,
    make_record,
    notice,
    put,
    receipt_of,
    role,
    same,
    stub_of,
    without,
    write_delta,
)
from ods_pipeline_tests.support.payloads import organisation_json, release_xml

NOTE = b"<!-- each <Organisation > is one site --><Manifest>"
DAY = date(2026, 8, 24)


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Flat:
    """The frames of the fetch without any fault."""
    return flatten_fetch(write_delta(tmp_path_factory.mktemp("intact"), RECORDS))


def as_xml(*records: Any) -> bytes:
    return release_xml(records, publication_date="2026-08-24", **CODE_LISTS)


def test_a_fetch_gives_records_notices_code_lists_and_one_capture(fetch: Path) -> None:
    flat = flatten_fetch(fetch)
    assert flat.folder == f"fetch={STAMP}"
    rows = (
        flat.frames["organisations"].select("ods_code", "published_in", "capture_id", "record_number").rows()
    )
    assert rows == [(code, "delta", flat.folder, n) for n, code in enumerate(("R1A", "R1B", "R1C"), start=1)]
    assert flat.frames["notices"].select("ods_code", "deleted_on", "reason", "source").rows() == [
        ("G1Z", DAY, "HTTP 404", "gone_from_api"),
        ("Z9Z", date(2026, 8, 20), "HUMAN ERROR", "ord_notifications"),
    ]
    roles = flat.frames["code_systems"].filter(code_system="OrganisationRole")
    named = roles.select("id", "display_name", "in_primary_role_scope").rows()
    assert named == sorted((r["id"], r["displayName"], r["primaryRole"]) for r in ROLES)
    capture = flat.captures.row(0, named=True)
    assert (capture["kind"], capture["source"], capture["payload_format"]) == ("delta", "recorded", "json")
    assert (capture["as_of"], capture["stamps_from"], capture["stamps_to"]) == (DAY, DAY, DAY)
    assert (capture["declared_records"], capture["parsed_records"], capture["stub_records"]) == (3, 3, 0)
    assert capture["publication_source"] is None
    assert_conserved(flat)


def test_an_empty_fetch_is_a_capture_too(tmp_path: Path) -> None:
    flat = flatten_fetch(write_delta(tmp_path, []))
    assert flat.captures["parsed_records"].to_list() == [0]
    assert flat.frames["organisations"].is_empty()
    assert_conserved(flat)


def test_records_that_came_as_xml_give_the_same_rows(fetch: Path) -> None:
    wanted = flatten_fetch(fetch)
    for record in RECORDS:
        code = record["OrgId"]["extension"]
        receipt = json.loads((fetch / "receipt.json").read_bytes())
        receipt["files"] = [f for f in receipt["files"] if f["path"] != f"organisations/{code}.json"]
        (fetch / "receipt.json").write_text(json.dumps(receipt))
        put(fetch, f"organisations/{code}.xml", as_xml(record))
    flat = flatten_fetch(fetch)
    assert flat.captures["payload_format"].to_list() == ["xml"]
    assert flat.frames["organisations"]["is_xml"].to_list() == [True] * 3
    assert same(facts_without_form(flat), facts_without_form(wanted))


def facts_without_form(flat: Flat) -> dict[str, pl.DataFrame]:
    """`facts` without the form of the records."""
    frames = facts(flat.frames)
    return {**frames, "organisations": frames["organisations"].drop("is_xml", strict=False)}


def test_the_form_is_that_of_each_record(fetch: Path) -> None:
    (fetch / "organisations/R1B.json").rename(fetch / "organisations/R1B.xml")
    edit_receipt(files=[e for e in receipt_of(fetch)["files"] if e["path"] != "organisations/R1B.json"])(
        fetch
    )
    put(fetch, "organisations/R1B.xml", as_xml(RECORDS[1]))
    flat = flatten_fetch(fetch)
    assert flat.captures["payload_format"].to_list() == ["mixed"]
    assert flat.frames["organisations"].select("ods_code", "is_xml").rows() == [
        ("R1A", False),
        ("R1B", True),
        ("R1C", False),
    ]


def test_stubs_and_the_mark_of_the_sample_are_kept(tmp_path: Path) -> None:
    flat = flatten_fetch(write_delta(tmp_path, [stub_of(RECORDS[0]), RECORDS[1]], sample=True))
    assert flat.captures.select("stub_records", "publication_source").rows() == [(1, "ods_pipeline sample")]
    assert flat.frames["organisations"]["ref_only"].to_list() == [True, False]


def test_unknown_elements_are_counted_by_path(tmp_path: Path) -> None:
    odd = [{**record, "orgRecordClass": "RC1"} for record in RECORDS]
    folder = write_delta(tmp_path, odd)
    put(
        folder,
        "organisations/R1A.json",
        json.dumps({"Organisation": {**RECORDS[0], "VatNumber": 1}}).encode(),
    )
    flat = flatten_fetch(folder)
    assert flat.frames["unknown_elements"].rows() == [(flat.folder, "/VatNumber", 1)]
    assert flat.captures["unknown_elements"].to_list() == [1]


def payload_of(**overrides: Any) -> bytes:
    return json.dumps({"Organisation": {**RECORDS[1], **overrides}}).encode()


ODD_PAYLOADS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not_json"),
    "cut": (organisation_json(RECORDS[1])[:200], "not_json"),
    "HTML": (b"<!DOCTYPE html><html><body>Service unavailable</body></html>", "not_json"),
    "list": (b"[" + organisation_json(RECORDS[1]) + b"]", "not_a_record"),
    "error": (b'{"errorCode":500,"errorText":"Internal"}', "not_a_record"),
    "very deep": (b'{"Organisation":{"Name":' + b"[" * 700 + b"]" * 700 + b"}}", "too_deep"),
    "another code": (organisation_json(make_record("R9Z")), "other_code"),
    "code in lower case": (organisation_json(make_record("r1b")), "other_code"),
    "no code": (payload_of(OrgId={}), "no_ods_code"),
    "control character": (payload_of(Name="A\x07B"), "control_character"),
    "lone surrogate": (payload_of(Name="A\ud800B"), "control_character"),
    "no such day": (payload_of(LastChangeDate="2026-02-30"), "bad_date"),
    "day in words": (payload_of(LastChangeDate="soon"), "bad_date"),
    "UPRN of letters": (payload_of(GeoLoc={"Location": {"UPRN": "X1"}}), "bad_number"),
    "fraction": (payload_of(Roles={"Role": {**role("R1B"), "uniqueRoleId": 1.5}}), "bad_number"),
    "unknown status": (payload_of(Status="Asleep"), "unknown_status"),
    "no primary role": (payload_of(Roles={}), "primary_role_count"),
    "two primary roles": (
        payload_of(Roles={"Role": [role("R1B"), role("R1B", "RO76")]}),
        "primary_role_count",
    ),
    "role without children": (
        payload_of(Roles={"Role": [role("R1B"), {"id": "RO76", "uniqueRoleId": 7}]}),
        "empty_component",
    ),
    "two towns": (payload_of(GeoLoc={"Location": {"Town": ["LEEDS", "YORK"]}}), "repeated_element"),
    "nothing": (b'{"Organisation":{}}', "empty_record"),
}


@pytest.mark.parametrize("name", ODD_PAYLOADS)
def test_a_payload_that_cannot_be_used_is_set_aside_and_the_others_are_not(
    fetch: Path, intact: Flat, name: str
) -> None:
    payload, rule = ODD_PAYLOADS[name]
    put(fetch, "organisations/R1B.json", payload)
    flat = flatten_fetch(fetch)
    assert_conserved(flat)
    assert flat.frames["quarantined_records"].height == 1
    row = flat.frames["quarantined_records"].row(0, named=True)
    assert (row["ods_code"], row["file_name"], row["rule"]) == ("R1B", "organisations/R1B.json", rule)
    assert row["detail"]
    assert "\n" not in row["detail"]
    assert row["payload"] == payload.decode("utf-8", "replace")
    assert same(facts(flat.frames), without(intact.frames, ["R1B"]))


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (as_xml(RECORDS[1], RECORDS[1]), "not_one_record"),
        (as_xml(RECORDS[1], make_record("R9Z")), "not_one_record"),
        (as_xml(RECORDS[1]).replace(b"</Name>", b""), "damaged_record"),
        (as_xml(RECORDS[1]).replace(b"BODY", b"&entity;"), "damaged_record"),
        (as_xml(RECORDS[1]).replace(b"BODY", b"<!-- BODY"), "damaged_record"),
        (as_xml(RECORDS[1]).replace(b"BODY", b"\xff"), "not_utf8"),
        (as_xml(), "not_a_record"),
        (b'{"Organisation": {}}', "not_a_record"),
        (as_xml('<Organisation orgRecordClass="RC1" />'), "empty_record"),
        (as_xml(RECORDS[1], "<Organisation/>"), "not_one_record"),
    ],
)
def test_an_xml_payload_that_cannot_be_used_is_set_aside_too(
    fetch: Path, intact: Flat, payload: bytes, rule: str
) -> None:
    put(fetch, "organisations/R9X.xml", payload, asked="R9X")
    flat = flatten_fetch(fetch)
    assert_conserved(flat)
    assert flat.frames["quarantined_records"].select("ods_code", "rule").rows() == [("R9X", rule)]
    assert same(facts(flat.frames), facts(intact.frames))


def test_an_xml_answer_may_hold_comments_and_cdata(fetch: Path, intact: Flat) -> None:
    spelt = as_xml(make_record("R9Z")).replace(b"BODY", b"<![CDATA[<!-- BODY]]>").replace(b"<Manifest>", NOTE)
    put(fetch, "organisations/R9Z.xml", spelt, asked="R9Z")
    flat = flatten_fetch(fetch)
    assert flat.frames["organisations"].filter(ods_code="R9Z")["name"].to_list() == ["<!-- BODY R9Z"]
    assert same(without(flat.frames, ["R9Z"]), facts(intact.frames))


def test_an_answer_that_was_not_asked_for_is_set_aside_and_the_others_count(
    fetch: Path, intact: Flat
) -> None:
    put(fetch, "organisations/R9Z.json", organisation_json(make_record("R9Z")))
    put(fetch, "organisations/R1A.txt", b"R1A, see above")
    put(fetch, "organisations/readme.txt", b"")
    flat = flatten_fetch(fetch)
    assert flat.frames["quarantined_records"].select("ods_code", "rule").rows() == [
        ("R1A", "not_json"),
        ("R9Z", "not_asked_for"),
        ("readme", "not_asked_for"),
    ]
    assert flat.captures.select("declared_records", "parsed_records", "used_records").rows() == [(6, 6, 3)]
    assert_conserved(flat)
    assert same(facts(flat.frames), facts(intact.frames))


def test_the_first_of_two_answers_for_one_code_is_taken(fetch: Path) -> None:
    put(fetch, "organisations/R1B.xml", as_xml(make_record("R1B", Name="OTHER")))
    flat = flatten_fetch(fetch)
    assert flat.frames["quarantined_records"].select("ods_code", "rule").rows() == [("R1B", "second_answer")]
    assert flat.frames["organisations"].filter(ods_code="R1B")["name"].to_list() == ["BODY R1B"]
    assert flat.captures.select("declared_records", "parsed_records", "used_records").rows() == [(4, 4, 3)]
    assert_conserved(flat)


@pytest.mark.parametrize(
    ("reason", "read"),
    [
        ({"code": 3, "description": "HUMAN ERROR"}, (3, "HUMAN ERROR")),
        ({"code": "3", "description": "HUMAN ERROR"}, (3, "HUMAN ERROR")),
        ({"code": "three", "description": "HUMAN ERROR"}, (None, "HUMAN ERROR")),
        ({"code": [3], "description": {"en": "HUMAN ERROR"}}, (None, None)),
        ({"code": True, "description": 3}, (None, None)),
        ({"code": 10**30, "description": "A\ud800B"}, (None, None)),
        ({"code": -1}, (None, None)),
        ("HUMAN ERROR", (None, "HUMAN ERROR")),
        (["HUMAN", "ERROR"], (None, None)),
        (None, (None, None)),
    ],
)
def test_an_unreadable_reason_does_not_lose_its_notice(fetch: Path, reason: Any, read: Any) -> None:
    notices = {"DeletedOrganisations": [{**notice("Z9Z", "2026-08-20"), "reason": reason}]}
    put(fetch, "notifications.json", json.dumps(notices).encode())
    rows = flatten_fetch(fetch).frames["notices"].filter(source="ord_notifications")
    assert rows.select("ods_code", "deleted_on", "reason_code", "reason").rows() == [
        ("Z9Z", date(2026, 8, 20), *read)
    ]
