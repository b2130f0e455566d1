"""The lines that describe one row of ods_find."""

from typing import Any

from ods_pipeline.lookup.finding import describe_match, is_match

OPEN: dict[str, Any] = {
    "match_kind": "code",
    "ods_code": "RRP",
    "name": "BARNET TRUST",
    "kind": "trust",
    "openness": "open",
    "explanation": "Open since 2001-04-01",
    "replaced_by": ["G6V2S"],
    "candidate_codes": [],
    "address": "1 HIGH STREET",
    "postcode": "N1 9XA",
    "hq_code": None,
    "hq_name": None,
    "site_count": 1200,
}


def test_an_open_organisation_has_its_place_and_its_sites_and_no_successor() -> None:
    assert describe_match(OPEN) == [
        "RRP        BARNET TRUST (trust)",
        "           Open since 2001-04-01",
        "           1 HIGH STREET, N1 9XA",
        "           runs 1,200 open organisations",
    ]


def test_a_closed_organisation_has_its_successor() -> None:
    closed = {**OPEN, "openness": "closed", "site_count": 0, "ends_words": "now G6V2S"}
    assert "           now G6V2S" in describe_match(closed)
    inferred = {**closed, "ends_words": None, "candidate_codes": ["D8M2P"]}
    assert "           perhaps now D8M2P" in describe_match(inferred)


def test_a_similar_code_is_marked_and_is_not_a_match() -> None:
    similar = {**OPEN, "match_kind": "similar"}
    assert describe_match(similar)[0].startswith("perhaps RRP ")
    assert (is_match(OPEN), is_match(similar)) == (True, False)


def test_a_miss_is_one_line_with_its_reason() -> None:
    missed = {"match_kind": "none", "ods_code": "ZZZ99", "explanation": "Not in the register"}
    assert describe_match(missed) == ["ZZZ99: Not in the register"]
    assert not is_match(missed)
