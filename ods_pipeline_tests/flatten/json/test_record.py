"""record.py: one record, JSON or XML, becomes the XML that the record map reads."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.flatten.json.record import BadRecord, json_to_xml, xml_to_xml
from ods_pipeline_tests.support.builders import CODE_LISTS, make_record, rel, role, succ
from ods_pipeline_tests.support.payloads import organisation_json, organisation_xml, release_xml

WHOLE = make_record(
    "R1A", Rels={"Rel": [rel("R1A", "Q1")]}, Succs={"Succ": [succ("R1A", "Successor", "R2B")]}
)


def as_json(record: Any) -> bytes:
    return json.dumps({"Organisation": record}).encode()


def converted(record: Any) -> tuple[ElementTree.Element, dict[str, int]]:
    unknown: dict[str, int] = {}
    return ElementTree.fromstring(json_to_xml(as_json(record), unknown)), unknown


def canonical(xml: str) -> str:
    """The XML in a form that does not depend on the order of children or on indentation."""

    def form(element: ElementTree.Element) -> Any:
        attributes = dict(sorted(element.attrib.items()))
        return [element.tag, attributes, (element.text or "").strip(), sorted(map(form, element), key=repr)]

    return json.dumps(form(ElementTree.fromstring(xml)))


def test_json_becomes_the_xml_that_trud_would_have() -> None:
    unknown: dict[str, int] = {}
    assert canonical(json_to_xml(organisation_json(WHOLE), unknown)) == canonical(organisation_xml(WHOLE))
    assert unknown == {}


def test_a_bare_object_is_a_list_of_one() -> None:
    bare = {
        **WHOLE,
        "Date": WHOLE["Date"][0],
        "Roles": {"Role": role("R1A")},
        "Rels": {"Rel": WHOLE["Rels"]["Rel"][0]},
    }
    bare["Contacts"] = {"Contact": WHOLE["Contacts"]["Contact"][0]}
    assert json_to_xml(as_json(bare), {}) == json_to_xml(as_json(WHOLE), {})


@pytest.mark.parametrize(
    ("value", "text"), [(123, "123"), ("123", "123"), (True, "true"), (False, "false"), ("true", "true")]
)
def test_numbers_and_flags_are_written_as_xml_writes_them(value: object, text: str) -> None:
    element, _ = converted({"Roles": {"Role": {"uniqueRoleId": value, "primaryRole": value}}})
    assert element.find("Roles/Role").attrib == {"uniqueRoleId": text, "primaryRole": text}


@pytest.mark.parametrize("nothing", [None, []])
def test_null_and_an_empty_list_are_left_out(nothing: object) -> None:
    element, unknown = converted(
        {"Name": nothing, "Contacts": {"Contact": nothing}, "orgRecordClass": nothing}
    )
    assert [child.tag for child in element] == ["Contacts"]
    assert unknown == ({} if nothing is None else {"/orgRecordClass": 1})


def test_keys_that_the_map_does_not_know_are_counted_by_path() -> None:
    odd = make_record(
        "R1A", Vat="X", Rels={"Rel": [{**rel("R1A", q), "Note": {"By": "ME"}} for q in ("Q1", "Q2")]}
    )
    odd["GeoLoc"]["Location"]["What3Words"] = "A.B.C"
    element, unknown = converted(odd)
    assert unknown == {"/Vat": 1, "/Rels/Rel/Note": 2, "/GeoLoc/Location/What3Words": 1}
    assert len(element.findall("Rels/Rel/Target/OrgId")) == 2, "known elements next to them are read"


def test_an_unknown_key_of_odd_characters_is_counted_all_the_same() -> None:
    _, unknown = converted({"Name": "X", "odd\ud800\u0001": 1})
    assert unknown == {"/odd??": 1}


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
)
def test_any_text_survives(text: str) -> None:
    element, _ = converted({"Name": text, "OrgId": {"extension": text}, "Status": text})
    assert (element.findtext("Name") or "") == text
    assert element.find("OrgId").attrib == {"extension": text}
    assert element.find("Status").attrib == {"value": text}


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1f", "\ud800", "\ufffe"])
@pytest.mark.parametrize("key", ["Name", "orgRecordClass", "Status"])
def test_a_character_that_xml_cannot_carry_breaks_a_rule(key: str, character: str) -> None:
    with pytest.raises(BadRecord, match=f"U[+]{ord(character):04X}") as caught:
        converted({key: f"A{character}B"})
    assert caught.value.rule == "control_character"


@pytest.mark.promise("hostile")
@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"", "not_json"),
        (b'{"Organisation": {"Name": "CUT', "not_json"),
        (b"<html><body>502 Bad Gateway</body></html>", "not_json"),
        (b"\xff\xfe{\x00}\x00", "not_a_record"),
        (b"[" * 200_000, "not_json"),
        (b'{"a":' * 200_000, "not_json"),
        (b'{"Organisation": {"Roles": {"Role": {"uniqueRoleId": ' + b"9" * 5000 + b"}}}}", "not_json"),
        (b'{"Organisation": {"Name": NaN}}', "not_json"),
        (b'{"Organisation": {"Name": "A", "GeoLoc": {"Location": {"UPRN": -Infinity}}}}', "not_json"),
        (b'{"Organisation": {"Name": 1e400}}', "not_json"),
        (b'{"Organisation": {"Name": -1E+9999}}', "not_json"),
        (b'{"Organisation": {"Name": "A", "Name": "B"}}', "not_json"),
        (b'{"Organisation": {"Name": "A"}, "Organisation": {"Name": "A"}}', "not_json"),
        (b'{"Organisation": {"Rels": {"Rel": [{"id": "RE1", "Odd": 1, "Odd": 1}]}}}', "not_json"),
        (b'{"Organisation": {"\\u004eame": "A", "Name": "A"}}', "not_json"),
        (b"[]", "not_a_record"),
        (b'[{"Organisation": {}}]', "not_a_record"),
        (b"null", "not_a_record"),
        (b'"text"', "not_a_record"),
        (b'{"errorCode": 404, "errorText": "Not found"}', "not_a_record"),
        (b'{"Organisation": []}', "not_a_record"),
        (b'{"Organisation": null}', "not_a_record"),
    ],
)
def test_a_payload_that_is_not_a_record_breaks_a_rule(payload: bytes, rule: str) -> None:
    with pytest.raises(BadRecord) as caught:
        json_to_xml(payload, {})
    assert caught.value.rule == rule
    assert 0 < len(caught.value.detail) < 300, "short enough to be read, whatever the payload"


@pytest.mark.parametrize("depth", [50, 600, 900, 5_000])
def test_deep_nesting_is_read_or_breaks_a_rule(depth: int) -> None:
    payload = b'{"Organisation": {"Name": ' + b"[" * depth + b'"X"' + b"]" * depth + b"}}"
    try:
        assert json_to_xml(payload, {}) == "<Organisation><Name>X</Name></Organisation>"
    except BadRecord as rejected:
        assert rejected.rule in ("too_deep", "not_json")
        assert depth > 50


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_in_json_stay_as_they_are(end: str) -> None:
    xml = json_to_xml(as_json(make_record("R1A", Name=f"A{end}B")), {})
    assert ElementTree.fromstring(xml).findtext("Name") == f"A{end}B"


def test_an_xml_answer_gives_its_organisation_and_no_more() -> None:
    answer = release_xml([WHOLE], publication_date="2026-08-21", bom=True, **CODE_LISTS)
    assert canonical(xml_to_xml(answer)) == canonical(organisation_xml(WHOLE))


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"", "not_a_record"),
        (b"<html/>", "not_a_record"),
        (b"<Organisations></Organisations>", "not_a_record"),
        (b"<Organisation><Name>CUT", "not_a_record"),
        (b"<Organisation>\xff</Organisation>", "not_utf8"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><Organisation/>", "not_utf8"),
        (b'<?xml version="1.0" encoding="windows-1252"?><Organisation>\xff</Organisation>', "not_utf8"),
        (b"<?a <Organisation/> ?>", "not_a_record"),
        ("<Organisation/>".encode("utf-16"), "not_utf8"),
        (b"<Organisation>\x07</Organisation>", "control_character"),
    ],
)
def test_an_xml_answer_that_is_not_a_record_breaks_a_rule(payload: bytes, rule: str) -> None:
    with pytest.raises(BadRecord) as caught:
        xml_to_xml(payload)
    assert caught.value.rule == rule
