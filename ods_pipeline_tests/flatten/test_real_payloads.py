"""The real payloads: every leaf of every record is in the tables, and nothing else is.

Constants (the OrgId root, the assigning authority) are asserted instead. A date's type is not a value of its
own: it decides which column must hold the day.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.schema.codes import ODS_CODE_ROOT
from ods_pipeline_tests.support.builders import (
    COMPONENTS,
    assert_conserved,
    facts,
    flatten,
    put,
    same,
    write_delta,
    write_release,
)
from ods_pipeline_tests.support.payloads import organisation_json, organisation_xml
from ods_pipeline_tests.support.real_payloads import EXCERPT, JSON_CODES, excerpt_release

CONSTANTS = {"root": ODS_CODE_ROOT, "assigningAuthorityName": "HSCIC"}
DATES = [f"{kind}_{edge}" for kind in ("legal", "operational") for edge in ("start", "end")]
# Columns with values from the payload; the rest is ours (place, position, hashes) or the record's key.
OWN = [
    "ods_code",
    "name",
    "record_class",
    "status",
    "last_change_date",
    "town",
    "county",
    "postcode",
    "country",
    "uprn",
]
OWN += [f"address_line_{n}" for n in (1, 2, 3)]
TARGET = ["target_ods_code", "target_primary_role_id", "target_unique_role_id"]
FROM_PAYLOAD = {
    "organisations": [*OWN, *DATES],
    "roles": ["role_id", "unique_role_id", "status", *DATES],
    "relationships": ["rel_id", "unique_rel_id", "status", *TARGET, *DATES],
    "successions": ["unique_succ_id", "succession_type", *TARGET, *DATES],
    "contacts": ["contact_type", "contact_value"],
}
FLAGS = {"organisations": "ref_only", "roles": "is_primary", "successions": "forward_succession"}


def leaves_of_json(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, value) of every leaf; the days of a date are named after its type."""
    if isinstance(node, list):
        for item in node:
            yield from leaves_of_json(item, name)
    elif isinstance(node, dict):
        kind = f"{node['Type']} ".lower() if name == "Date" else ""
        for key, value in node.items():
            if not (kind and key == "Type"):
                yield from leaves_of_json(value, (kind.strip() + "_" + key.lower()) if kind else key)
    else:
        yield name, str(node).lower() if isinstance(node, bool) else str(node)


def leaves_of_xml(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield the same from XML: attributes and texts; `value` carries the name of its element."""
    if element.tag == "Date":
        values = {child.tag: child.attrib["value"] for child in element}
        kind = values.pop("Type").lower()
        yield from ((f"{kind}_{edge.lower()}", day) for edge, day in values.items())
        return
    for name, value in element.attrib.items():
        yield element.tag if name == "value" and element.tag != "Contact" else name, value
    if text := (element.text or "").strip():
        yield element.tag, text
    for child in element:
        yield from leaves_of_xml(child)


def values_of_payload(leaves: Iterator[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Count the leaves; only dates keep their name. Constants are checked and left out."""
    counted: Counter[tuple[str, str]] = Counter()
    constants: Counter[str] = Counter()
    for name, value in leaves:
        if name in CONSTANTS:
            assert value == CONSTANTS[name]
            constants[name] += 1
        else:
            counted[name if name in DATES else "", value] += 1
    assert constants["root"] == constants["assigningAuthorityName"] >= 1
    return counted


def values_of_tables(flat: Flat, code: str) -> Counter[tuple[str, str]]:
    """Count the values of all rows of a code in the same form."""
    counted: Counter[tuple[str, str]] = Counter()
    for table, columns in FROM_PAYLOAD.items():
        rows = flat.frames[table].filter(ods_code=code)
        for column in columns:
            values = rows[column].drop_nulls().cast(pl.String)
            counted.update((column if column in DATES else "", value) for value in values)
        if table in FLAGS:
            counted["", "true"] += int(rows[FLAGS[table]].sum())
    organisation = flat.frames["organisations"].filter(ods_code=code).row(0, named=True)
    assert organisation["assigning_authority"] == CONSTANTS["assigningAuthorityName"]
    assert organisation["status_is_inferred"] is False
    return +counted


@pytest.fixture(scope="module")
def real_json(shared: Path) -> dict[str, dict[str, Any]]:
    paths = sorted((shared / "ord-json").glob("*.json"))
    return {path.stem: json.loads(path.read_bytes())["Organisation"] for path in paths}


@pytest.fixture(scope="module")
def from_json(shared: Path, real_json: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Flat:
    """The 12 records as a fetch, each payload byte for byte as it was received."""
    folder = write_delta(tmp_path_factory.mktemp("json"), [], stamp="20260824T043000Z")
    for code in real_json:
        put(
            folder,
            f"organisations/{code}.json",
            (shared / "ord-json" / f"{code}.json").read_bytes(),
            asked=code,
        )
    return flatten_fetch(folder)


@pytest.fixture(scope="module")
def from_xml(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Flat:
    return flatten(excerpt_release(shared, tmp_path_factory.mktemp("xml")))


@pytest.mark.promise("audited")
def test_the_five_real_organisations_are_found_leaf_by_leaf(shared: Path, from_xml: Flat) -> None:
    records = ElementTree.parse(shared / EXCERPT).getroot().findall("Organisations/Organisation")
    assert len(records) == 5
    for record in records:
        code = next(e.attrib["extension"] for e in record.findall("OrgId"))
        leaves = values_of_payload(leaves_of_xml(record))
        assert leaves.total() > 20
        assert values_of_tables(from_xml, code) == leaves, code
    assert from_xml.captures["used_records"].to_list() == [5, 0]
    assert from_xml.frames["unknown_elements"].is_empty()
    assert_conserved(from_xml)


def test_the_real_manifest_and_code_lists_are_found_leaf_by_leaf(shared: Path, from_xml: Flat) -> None:
    root = ElementTree.parse(shared / EXCERPT).getroot()
    manifest = {child.tag: child.attrib["value"] for child in root.findall("Manifest/*") if child.attrib}
    capture = from_xml.captures.row(0, named=True)
    columns = (
        "version",
        "kind",
        "publication_source",
        "publication_date",
        "publication_seq_num",
        "file_creation",
    )
    values = {str(capture[column]) for column in (*columns, "content_description")}
    assert {v for k, v in manifest.items() if k not in ("RecordCount", "PublicationType")} | {
        "full"
    } == values
    scope = {role.attrib["id"] for role in root.findall("Manifest/PrimaryRoleScope/PrimaryRole")}
    concepts = [
        (system.attrib["name"], system.attrib["oid"], *(c.attrib[k] for k in ("id", "code", "displayName")))
        for system in root.findall("CodeSystems/CodeSystem")
        for c in system
    ]
    assert (len(scope), len(concepts)) == (76, 137)
    rows = from_xml.frames["code_systems"].rows()
    assert sorted(rows) == sorted((*c, c[2] in scope) for c in concepts)


@pytest.mark.promise("audited")
@pytest.mark.parametrize("code", JSON_CODES)
def test_the_twelve_real_records_are_found_leaf_by_leaf(
    from_json: Flat, real_json: dict[str, Any], code: str
) -> None:
    leaves = values_of_payload(leaves_of_json(real_json[code]))
    assert leaves.total() > 10
    assert values_of_tables(from_json, code) == leaves


def test_the_twelve_are_all_organisations_of_the_fetch(from_json: Flat) -> None:
    assert from_json.frames["organisations"]["ods_code"].to_list() == JSON_CODES
    assert from_json.captures.select("parsed_records", "stub_records", "unknown_elements").rows() == [
        (12, 6, 0)
    ]
    assert_conserved(from_json)


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4, 5])
def test_the_same_records_as_xml_give_the_same_rows(
    real_json: dict[str, Any], from_json: Flat, tmp_path: Path, seed: int | None
) -> None:
    """Legal date first, line 2 of the address in line 3, children in any order."""
    rng = Random(seed) if seed else None
    texts = [organisation_xml(record, rng=rng, shift_address=True) for record in real_json.values()]
    assert sum("<AddrLn3>" in text and "<AddrLn2>" not in text for text in texts) >= 6, (
        "lines are in fact shifted"
    )
    flat = flatten(write_release(tmp_path, texts))
    assert same(facts(flat.frames), facts(from_json.frames))
    assert flat.frames["organisations"]["content_hash"].equals(
        from_json.frames["organisations"]["content_hash"]
    )
    assert all(flat.frames[name].height > 0 for name in COMPONENTS)


def test_the_writers_of_this_suite_write_what_the_api_sent(real_json: dict[str, Any]) -> None:
    for code, record in real_json.items():
        assert json.loads(organisation_json(record)) == {"Organisation": record}, code


@pytest.mark.parametrize("name", [EXCERPT, "ord-xml/fullfile.zip"])
def test_the_excerpt_as_published_is_rejected_because_five_is_not_185921(shared: Path, name: str) -> None:
    with pytest.raises(BadRelease) as caught:
        flatten(shared / name)
    message = str(caught.value)
    assert "its RecordCount is 185,921 and 5 records are in it" in message
    assert message.startswith("HSCOrgRefData_Full_")
    assert "\n" not in message


def test_with_the_right_count_but_without_archive_it_is_rejected_too(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "HSCOrgRefData_Full_20171025.xml"
    path.write_bytes((shared / EXCERPT).read_bytes().replace(b'"185921"', b'"5"'))
    with pytest.raises(BadRelease, match="no archive file"):
        flatten(path)
