"""rows.py: child rows fold into typed rows, and every rule a record can break is named."""

from datetime import date
from itertools import permutations, product
from random import Random

import polars as pl
import pytest

from ods_pipeline.flatten.xml.document import Document, read_document
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline_tests.support.builders import dates, make_record, number_of, rel, role, succ
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.payloads import Record, organisation_xml


def read(*records: Record | str) -> Document:
    texts = [r if isinstance(r, str) else organisation_xml(r) for r in records]
    return read_document(RECORDS_OPEN + "".join(texts).encode() + RECORDS_CLOSE, "records.xml")


def only_organisation(record: Record | str) -> dict[str, object]:
    document = read(record)
    assert document.problems.is_empty(), document.problems.to_dicts()
    return document.frames["organisations"].row(0, named=True)


WHOLE = make_record(
    "R1A",
    Name="  SMITH & SON'S  ",
    Date=[*dates("2010-04-01", "2026-12-31"), *dates("2010-05-01", kind="Legal")],
    Roles={"Role": [role("R1A"), role("R1A", "RO57", primary=False, Status="Inactive")]},
    Rels={"Rel": [rel("R1A", "Q1"), rel("R1A", "Q2", Date=dates("2020-01-01", "2021-01-01"))]},
    Succs={
        "Succ": [
            succ("R1A", "Predecessor", "R0Z"),
            {**succ("R1A", "Successor", "R2B"), "forwardSuccession": True},
        ]
    },
)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_a_whole_record_becomes_typed_rows_in_any_order_of_its_children(seed: int | None) -> None:
    frames = read(organisation_xml(WHOLE, rng=Random(seed) if seed else None)).frames
    row = frames["organisations"].row(0, named=True)
    assert (row["ods_code"], row["name"], row["primary_role_id"]) == ("R1A", "SMITH & SON'S", "RO197")
    assert (row["operational_start"], row["operational_end"]) == (date(2010, 4, 1), date(2026, 12, 31))
    assert (row["legal_start"], row["legal_end"]) == (date(2010, 5, 1), None)
    assert row["uprn"] == 100000000000 + number_of("R1A")
    roles = frames["roles"].sort("role_id").select("role_id", "unique_role_id", "is_primary", "status").rows()
    assert roles == [
        ("RO197", number_of("R1A", "RO197"), True, "Active"),
        ("RO57", number_of("R1A", "RO57"), False, "Inactive"),
    ]
    rels = frames["relationships"].sort("target_ods_code").select("target_ods_code", "operational_end").rows()
    assert rels == [("Q1", None), ("Q2", date(2021, 1, 1))]
    succs = frames["successions"].sort("succession_type")
    assert succs["succession_type"].to_list() == ["Predecessor", "Successor"]
    assert succs["forward_succession"].to_list() == [None, True]
    assert succs["target_unique_role_id"].to_list() == [number_of("R0Z", "RO197"), number_of("R2B", "RO197")]


@pytest.mark.parametrize("table", ["organisations", *COMPONENTS])
def test_frames_have_the_types_of_the_schema(table: str) -> None:
    frame = read(WHOLE).frames[table]
    dtypes = TABLES[table].dtypes
    assert {
        name: dtype for name, dtype in frame.schema.items() if name in dtypes and dtypes[name] != dtype
    } == {}
    elsewhere = {"ods_code"} if table != "organisations" else {"published_in", "capture_id"}
    assert set(TABLES[table].stored) - elsewhere <= set(frame.columns)


@pytest.mark.parametrize("filled", [*product([False, True], repeat=3)])
def test_address_lines_move_up_to_close_holes(filled: tuple[bool, bool, bool]) -> None:
    lines = {f"AddrLn{n}": f"LINE {n}" for n, is_filled in enumerate(filled, start=1) if is_filled}
    row = only_organisation(make_record("R1A", GeoLoc={"Location": {**lines, "Town": "LEEDS"}}))
    wanted = [*lines.values(), None, None, None][:3]
    assert [row[f"address_line_{n}"] for n in (1, 2, 3)] == wanted


def test_blank_texts_are_null_and_others_trimmed() -> None:
    xml = organisation_xml(make_record("R1A")).replace("LEEDS", " \t ").replace("LS1 1AA", " LS1 1AA ")
    row = only_organisation(xml)
    assert (row["town"], row["postcode"]) == (None, "LS1 1AA")


@pytest.mark.parametrize(("status", "inferred"), [("Inactive", False), (None, True)])
def test_a_missing_status_is_that_of_the_primary_role_and_marked(status: str | None, inferred: bool) -> None:
    row = only_organisation(make_record("Y63", Status=status, Roles={"Role": [role("Y63", Status="Active")]}))
    assert (row["status"], row["status_is_inferred"]) == (status or "Active", inferred)


def test_contacts_are_numbered_by_value_within_their_type() -> None:
    contacts = [("tel", "2"), ("tel", "1"), ("http", "WWW")]
    for order in permutations(contacts):
        listed = [{"type": kind, "value": value} for kind, value in order]
        frame = read(make_record("R1A", Contacts={"Contact": listed})).frames["contacts"]
        rows = set(frame.select("contact_type", "ordinal", "contact_value").rows())
        assert rows == {("http", 1, "WWW"), ("tel", 1, "1"), ("tel", 2, "2")}


def test_stubs_are_marked_and_complete_records_are_not() -> None:
    refs = read(make_record("R1A", refOnly=True), make_record("R1B")).frames["organisations"]["ref_only"]
    assert refs.to_list() == [True, False]


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_each_broken_rule_is_named_and_the_record_quarantined(name: str) -> None:
    damage = DAMAGES[name]
    broken = damage.harm(organisation_xml(make_record("R1B")))
    before, after = (
        make_record("R1A", Rels={"Rel": [rel("R1A", "R1C")]}),
        make_record("R1C", Succs={"Succ": [succ("R1C", "Successor", "R1A")]}),
    )
    document = read(before, broken, after)
    assert document.records == 3
    assert document.problems.select("record", "rule").rows() == [(1, damage.rule)]
    assert damage.detail in document.problems["detail"][0]
    assert document.problems["payload"][0].strip() == broken.strip()
    intact = read(before, after).frames
    for table, frame in document.frames.items():
        got, wanted = frame, intact[table].with_columns(pl.col("record") * 2)
        assert got.equals(wanted.select(got.columns)), f"{table} of the other records changed"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"Roles": {"Role": [role("R1B"), role("R1B", "RO76", primary=False, uniqueRoleId=7)]}},
            "unique_role_id 7 occurs 2 times in roles",
        ),
        (
            {"Rels": {"Rel": [rel("R1B", "Q1", uniqueRelId=7), rel("R1B", "Q2", uniqueRelId=7)]}},
            "unique_rel_id 7 occurs 2 times in relationships",
        ),
    ],
)
def test_a_unique_id_that_repeats_in_a_record_is_a_broken_rule(parts: Record, message: str) -> None:
    roles = {"Roles": {"Role": [role("R1B", uniqueRoleId=7), *parts.get("Roles", {"Role": []})["Role"][1:]]}}
    broken = make_record("R1B", **{**parts, **roles})
    shared = [make_record(code, Roles={"Role": [role(code, uniqueRoleId=8)]}) for code in ("R1A", "R1C")]
    problems = read(shared[0], broken, shared[1]).problems
    assert problems.select("record", "rule", "detail").rows() == [(1, "repeated_unique_id", message)]


def test_a_stub_in_the_archive_may_repeat_the_ids_of_its_record() -> None:
    assert read(make_record("R1A"), make_record("R1A", refOnly=True)).problems.is_empty()


@pytest.mark.parametrize("day", ["0000-01-01", "0000-12-31"])
def test_a_day_of_the_year_0_is_not_a_date(day: str) -> None:
    document = read(make_record("R1A", LastChangeDate=day), make_record("R1B", Date=dates(day)))
    assert document.problems.select("record", "rule").rows() == [(0, "bad_date"), (1, "bad_date")]
    assert f"'{day}'" in document.problems["detail"][0]


@pytest.mark.parametrize("day", ["0001-01-01", "0010-01-01", "0999-12-31", "1000-01-01", "9999-12-31"])
def test_a_day_of_any_other_year_is_a_date(day: str) -> None:
    row = only_organisation(make_record("R1A", LastChangeDate=day))
    assert row["last_change_date"] == date.fromisoformat(day)


def test_an_unknown_role_id_is_kept_as_it_is() -> None:
    record = make_record("R1A", Roles={"Role": [role("R1A"), role("R1A", "RO999", primary=False)]})
    document = read(record)
    assert document.problems.is_empty()
    assert sorted(document.frames["roles"]["role_id"]) == ["RO197", "RO999"]
