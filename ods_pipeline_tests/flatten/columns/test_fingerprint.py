"""fingerprint.py: equal content has one fingerprint, and other content has another."""

from datetime import date
from itertools import permutations
from random import Random
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.flatten.columns.fingerprint import with_fingerprints
from ods_pipeline.flatten.flat import fingerprinted
from ods_pipeline.flatten.xml.document import read_document
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline_tests.oracles.columns import record_hash
from ods_pipeline_tests.support.builders import dates, make_record, rel, role, succ
from ods_pipeline_tests.support.payloads import Record, organisation_xml
from ods_pipeline_tests.support.times import TIMES

FAX = {"type": "fax", "value": "0113 496 0001"}
TEL = {"type": "tel", "value": "0113 496 0000"}


def whole(**overrides: Any) -> dict[str, Any]:
    parts = {
        "Rels": {"Rel": [rel("R1A", "Q1"), rel("R1A", "Q2")]},
        "Succs": {"Succ": [succ("R1A", "Predecessor", "R0Z"), succ("R1A", "Successor", "R2B")]},
        "Contacts": {"Contact": [TEL, FAX]},
        "Roles": {"Role": [role("R1A"), role("R1A", "RO57", primary=False)]},
    }
    return make_record("R1A", **{**parts, **overrides})


def fingerprints(*records: Record | str) -> pl.DataFrame:
    texts = [r if isinstance(r, str) else organisation_xml(r) for r in records]
    document = fingerprinted(read_document(RECORDS_OPEN + "".join(texts).encode() + RECORDS_CLOSE, "x.xml"))
    assert document.problems.is_empty(), document.problems.to_dicts()
    return document.frames["organisations"].select("content_hash", "fax_hash")


VALUES = {
    pl.String: st.none() | st.sampled_from(["fax", "tel", ""]) | st.text(max_size=20),
    pl.Int64: st.none() | st.integers(-(2**63), 2**63 - 1),
    pl.Boolean: st.none() | st.booleans(),
    pl.Date: st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
}
NOT_CONTENT = {"ods_code", "ordinal", "last_change_date", "published_in", "capture_id"}
CONTENT = {
    name: [c for c in TABLES[name].stored if c not in NOT_CONTENT] for name in ("organisations", *COMPONENTS)
}


def rows_of(table: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({c: VALUES[TABLES[table].dtypes[c].base_type()] for c in CONTENT[table]})


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "organisations": rows_of("organisations").map(lambda row: [row]),
            **{name: st.lists(rows_of(name), max_size=2) for name in COMPONENTS},
        }
    ),
    max_size=3,
)


@settings(max_examples=8 * TIMES)
@given(RECORDS, st.randoms(use_true_random=False))
def test_both_hashes_are_those_of_the_obvious_twin(
    records: list[dict[str, list[Any]]], order: Random
) -> None:
    frames = {}
    for name, columns in CONTENT.items():
        rows = [row | {"record": n} for n, record in enumerate(records) for row in record[name]]
        if name != "organisations":
            order.shuffle(rows)
        schema = {c: TABLES[name].dtypes[c] for c in columns} | {"record": pl.UInt32}
        frames[name] = pl.DataFrame(rows, schema=schema, orient="row")
    hashes = with_fingerprints(frames["organisations"], frames).select("content_hash", "fax_hash").rows()
    wanted = []
    for record in records:
        rows = [(name, row) for name in CONTENT for row in record[name]]
        fax = [pair for pair in rows if pair[1].get("contact_type") == "fax"]
        content = [pair for pair in rows if pair[1].get("contact_type") != "fax"]
        wanted.append((record_hash(content), record_hash(fax) if fax else None))
    assert hashes == wanted


def test_the_order_of_elements_and_rows_does_not_matter() -> None:
    shuffled = [organisation_xml(whole(), rng=Random(seed)) for seed in range(5)]
    turned = whole(Rels={"Rel": whole()["Rels"]["Rel"][::-1]}, Contacts={"Contact": [FAX, TEL]})
    turned |= {
        "Roles": {"Role": whole()["Roles"]["Role"][::-1]},
        "Succs": {"Succ": whole()["Succs"]["Succ"][::-1]},
    }
    assert fingerprints(whole(), turned, *shuffled).unique().height == 1


def test_neither_the_stamp_nor_other_records_of_the_document_are_content() -> None:
    stamped = fingerprints(whole(), whole(LastChangeDate="2026-08-20"), make_record("R9Z"))
    assert stamped.row(0) == stamped.row(1) == fingerprints(whole()).row(0)


def location(**parts: str | int) -> dict[str, Any]:
    return {"Location": {**whole()["GeoLoc"]["Location"], **parts}}


CHANGES: dict[str, dict[str, Any]] = {
    "name": {"Name": "OTHER"},
    "class": {"orgRecordClass": "RC2"},
    "status": {"Status": "Inactive"},
    "no status": {"Status": None},
    "stub": {"refOnly": True},
    "start": {"Date": dates("2010-04-02")},
    "end": {"Date": dates("2010-04-01", "2026-01-01")},
    "legal for operational": {"Date": dates("2010-04-01", kind="Legal")},
    **{
        part: {"GeoLoc": location(**{part: "X"})}
        for part in ("AddrLn1", "AddrLn2", "Town", "County", "PostCode", "Country")
    },
    "third line": {"GeoLoc": location(AddrLn2="X", AddrLn3="Y")},
    "county for town": {"GeoLoc": location(Town="", County="LEEDS")},
    "uprn": {"GeoLoc": location(UPRN=1)},
    "no address": {"GeoLoc": None},
    "telephone": {"Contacts": {"Contact": [{**TEL, "value": "1"}, FAX]}},
    "kind of contact": {"Contacts": {"Contact": [{**TEL, "type": "http"}, FAX]}},
    "no contacts but fax": {"Contacts": {"Contact": [FAX]}},
    "role status": {"Roles": {"Role": [role("R1A"), role("R1A", "RO57", primary=False, Status="Inactive")]}},
    "role end": {
        "Roles": {
            "Role": [role("R1A"), role("R1A", "RO57", primary=False, Date=dates("2010-04-01", "2020-01-01"))]
        }
    },
    "a role less": {"Roles": {"Role": [role("R1A")]}},
    "primary role": {"Roles": {"Role": [role("R1A", primary=False), role("R1A", "RO57")]}},
    "relationship end": {
        "Rels": {"Rel": [rel("R1A", "Q1", Date=dates("2010-04-01", "2026-01-01")), rel("R1A", "Q2")]}
    },
    "relationship target": {
        "Rels": {"Rel": [{**rel("R1A", "Q1"), "Target": rel("R1A", "Q3")["Target"]}, rel("R1A", "Q2")]}
    },
    "a relationship less": {"Rels": {"Rel": [rel("R1A", "Q1")]}},
    "succession day": {
        "Succs": {"Succ": [succ("R1A", "Predecessor", "R0Z", "2024-04-02"), succ("R1A", "Successor", "R2B")]}
    },
    "forward": {
        "Succs": {
            "Succ": [
                {**succ("R1A", "Predecessor", "R0Z"), "forwardSuccession": True},
                succ("R1A", "Successor", "R2B"),
            ]
        }
    },
    "no successions": {"Succs": None},
}


def test_every_change_of_content_changes_the_hash_and_no_two_are_alike() -> None:
    records = [whole(), *(whole(**change) for change in CHANGES.values())]
    seen = fingerprints(*records)["content_hash"]
    names = ["as it was", *CHANGES]
    alike = {h: [n for n, other in zip(names, seen, strict=True) if other == h] for h in seen}
    assert [group for group in alike.values() if len(group) > 1] == []


def test_a_fax_has_a_fingerprint_of_its_own() -> None:
    without, other = {"Contact": [TEL]}, {"Contact": [TEL, {**FAX, "value": "2"}]}
    seen = fingerprints(whole(), whole(Contacts=without), whole(Contacts=other))
    assert seen["content_hash"].n_unique() == 1
    assert seen["fax_hash"][1] is None
    assert seen["fax_hash"].n_unique() == 3


def test_text_that_moves_between_columns_changes_the_hash() -> None:
    moved = [("AB", "C"), ("A", "BC"), ("ABC", ""), ("", "ABC")]
    records = [whole(GeoLoc=location(Town=town, County=county)) for town, county in moved]
    assert fingerprints(*records)["content_hash"].n_unique() == len(moved)


def test_rows_that_exchange_values_change_the_hash() -> None:
    apart = [("Q1", "Active"), ("Q2", "Inactive")]
    turned = [("Q1", "Inactive"), ("Q2", "Active")]
    records = [
        whole(Rels={"Rel": [rel("R1A", target, Status=status) for target, status in pairs]})
        for pairs in (apart, turned)
    ]
    assert fingerprints(*records)["content_hash"].n_unique() == 2


@settings(max_examples=8 * TIMES)
@given(st.lists(st.text("AB ", min_size=1, max_size=40).map(str.strip), min_size=2, max_size=30, unique=True))
def test_texts_of_any_length_that_differ_have_fingerprints_that_differ(names: list[str]) -> None:
    names = [name for name in names if name]
    seen = fingerprints(*(whole(Name=name) for name in names))["content_hash"]
    assert seen.n_unique() == len(names)


def test_words_of_a_text_that_change_places_change_the_hash() -> None:
    words = ["ABCDEFGH", "IJKLMNOP", "QRSTUVWX"]
    names = ["".join(order) for order in permutations(words)]
    assert fingerprints(*(whole(Name=n) for n in names))["content_hash"].n_unique() == len(names)


def test_a_longer_text_in_the_column_changes_nothing() -> None:
    """A column of short texts is read in one step, and one with a long text in several."""
    long = make_record("R9Z", Name="A NAME OF MORE THAN EIGHT BYTES")
    short = make_record("R9Y", Name="SHORT")
    assert fingerprints(short, long)["content_hash"][0] == fingerprints(short)["content_hash"][0]


def test_fingerprints_are_the_same_in_every_version() -> None:
    """If this number changes, held data has other hashes: raise FLAT_VERSION in schema/versions.py."""
    assert fingerprints(make_record("R1A"))["content_hash"].to_list() == [5441404969391738850]
