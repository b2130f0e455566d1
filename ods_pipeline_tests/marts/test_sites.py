"""Sites on small registers: services that end, sites whose operator is not a trust, spans that touch."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

TODAY = date(2026, 9, 4)


def role(code: str, role_id: str, start: str, end: str | None = None) -> Row:
    days = {
        "operational_start": date.fromisoformat(start),
        "operational_end": end and date.fromisoformat(end),
    }
    return {"ods_code": code, "role_id": role_id, "status": "Inactive" if end else "Active", **days}


def built(
    folder: Path, mart: str, organisations: list[Row], links: list[Row], roles: list[Row]
) -> pl.DataFrame:
    numbered: dict[str, Any] = {"roles": [{**r, "unique_role_id": n} for n, r in enumerate(roles, 1)]}
    links = [{**x, "unique_rel_id": n} for n, x in enumerate(links, 1)]
    return marts_on(write(folder, organisations, links, **numbered), TODAY, mart)[mart]


@pytest.mark.promise("dates")
def test_a_service_holds_to_its_last_day(tmp_path: Path) -> None:
    ends = {"V1": None, "V2": "2026-09-04", "V3": "2026-09-03"}
    organisations = [organisation("A1", "RO104"), *(organisation(code, "RO101") for code in ends)]
    roles = [role(code, "RO269", "2020-01-01", end) for code, end in ends.items()]
    links = [link(code, "RE6", "A1") for code in ends]
    rows = built(tmp_path, "social_care_sites", organisations, links, roles)
    assert rows.select("site_code", "care_home", "domiciliary", "hq_code").rows() == [
        ("V1", True, False, "A1"),
        ("V2", True, False, "A1"),
        ("V3", False, False, "A1"),
    ]


def test_siblings_are_the_other_open_sites(tmp_path: Path) -> None:
    closed = {"status": "Inactive", "operational_end": date(2025, 3, 31)}
    sites = [
        organisation("V1", "RO101"),
        organisation("V2", "RO101"),
        organisation("V3", "RO101", **closed),
        organisation("V4", "RO101"),
    ]
    links = [
        link(code, "RE6", "A1", end="2025-03-31" if code == "V3" else None) for code in ("V1", "V2", "V3")
    ]
    # A site that operates others is not a sibling of theirs.
    sites += [organisation(code, "RO101") for code in ("W1", "W2", "W3")]
    links += [link("W2", "RE6", "W1"), link("W3", "RE6", "W1")]
    frame = built(tmp_path, "social_care_sites", [*sites, organisation("A1", "RO104")], links, [])
    answer = frame.select("site_code", "hq_code", "sibling_count").rows()
    assert answer == [
        *[("V1", "A1", 1), ("V2", "A1", 1), ("V3", "A1", 2), ("V4", None, 0)],
        *[("W1", None, 0), ("W2", "W1", 1), ("W3", "W1", 1)],
    ]


def test_an_operator_that_is_not_a_trust_is_not_shown_as_one(tmp_path: Path) -> None:
    organisations = [
        organisation("S1", "RO198"),
        organisation("S2", "RO198"),
        organisation("R1", "RO107"),
        organisation("N1", "RO172"),
    ]
    frame = built(
        tmp_path, "trust_sites", organisations, [link("S1", "RE6", "R1"), link("S2", "RE6", "N1")], []
    )
    assert frame.select("site_code", "trust_code").rows() == [("S1", "R1"), ("S2", None)]


def test_a_vaccination_site_is_one_while_it_has_the_role(tmp_path: Path) -> None:
    organisations = [
        organisation("S1", "RO198"),
        organisation("R1", "RO197"),
        organisation("R2", "RO197"),
        organisation("P1", "RO177"),
    ]
    links = [
        link("S1", "RE6", "R1", "2015-04-01", "2022-03-31"),
        link("S1", "RE6", "R2", "2022-04-01"),
    ]
    roles = [
        role("S1", "RO279", "2021-01-01", "2021-06-30"),
        role("S1", "RO279", "2021-07-01", "2023-03-31"),
        role("P1", "RO279", "2021-01-01"),
    ]
    frame = built(tmp_path, "vaccination_sites", organisations, links, roles)
    assert frame.select("site_code", "parent_code", "valid_from", "valid_to").rows() == [
        ("P1", None, date(2021, 1, 1), None),
        ("S1", "R1", date(2021, 1, 1), date(2022, 4, 1)),
        ("S1", "R2", date(2022, 4, 1), date(2023, 4, 1)),
    ]


@pytest.mark.promise("no_guess")
def test_coverage_gives_the_reason_for_no_parent(tmp_path: Path) -> None:
    organisations = [organisation(code, "RO198") for code in ("S1", "S2", "S3", "S4", "S5")]
    links = [
        link("S1", "RE6", "R1"),
        link("S2", "RE6", "R1", end="2024-03-31"),
        link("S3", "RE6", "R1", start="2026-10-01"),
        {**link("S4", "RE6", "GONE"), "target_primary_role_id": "RO197"},
    ]
    frame = built(tmp_path, "coverage", [*organisations, organisation("R1", "RO197")], links, [])
    reasons = ("no_link", "link_ended", "link_not_begun", "parent_not_held", "parent_has_none")
    answer = {
        level: frame.filter(kind="trust_site", level=level)
        .select("open_codes", "with_parent", "share", *reasons)
        .row(0)
        for level in ("provider", "icb")
    }
    assert answer == {"provider": (5, 1, 0.2, 1, 1, 1, 1, 0), "icb": (5, 0, 0.0, 4, 0, 0, 0, 1)}


def test_a_vaccination_site_has_rows_for_the_days_on_which_it_was_one(tmp_path: Path) -> None:
    inactive = {"status": "Inactive"}
    cases: dict[str, tuple[Row, Row]] = {
        "BACKWARDS": ({"operational_end": date(2021, 3, 9)}, {}),  # it ends before it starts
        "STAMPED": (inactive, {"last_change_date": date(2021, 3, 10)}),  # on its first day
        "CLOSED": ({}, inactive | {"operational_end": date(2021, 2, 1)}),  # the organisation was, by then
        "LAW": ({"operational_start": None, "legal_start": date(2021, 3, 10)}, {}),
    }
    roles = [{**role(code, "RO279", "2021-03-10"), **dates} for code, (dates, _) in cases.items()]
    organisations = [organisation(code, "RO177", **changes) for code, (_, changes) in cases.items()]
    frame = built(tmp_path, "vaccination_sites", organisations, [], roles)
    assert frame["site_code"].to_list() == ["LAW"]


@pytest.mark.promise("dates")
def test_a_vaccination_site_is_one_in_its_own_life_whatever_its_links_say(tmp_path: Path) -> None:
    closed = {"operational_end": date(2022, 3, 31), "status": "Inactive"}
    organisations = [
        organisation("X1", "RO280", operational_end=date(2010, 3, 31), status="Inactive"),
        organisation("X2", "RO280", **closed),
        organisation("S1", "RO198", **closed),
        organisation("S2", "RO198", operational_start=date(2026, 10, 1)),
        organisation("F1", "RO181"),
    ]
    links = [link(code, "RE6", "F1") for code in ("X2", "S1", "S2")]
    roles = [role("S1", "RO279", "2021-01-01"), role("S2", "RO279", "2021-01-01")]
    frame = built(tmp_path, "vaccination_sites", organisations, links, roles)
    assert frame.select("site_code", "parent_code", "valid_from", "valid_to").rows() == [
        ("S1", "F1", date(2021, 1, 1), date(2022, 4, 1)),
        ("S2", "F1", date(2026, 10, 1), None),
        ("X2", None, date(2010, 4, 1), date(2015, 4, 1)),
        ("X2", "F1", date(2015, 4, 1), date(2022, 4, 1)),
    ]


def test_a_site_that_is_to_reopen_shows_the_trust_that_it_will_have(tmp_path: Path) -> None:
    organisations = [
        organisation("S1", "RO198", operational_start=date(2026, 10, 1)),
        organisation("S2", "RO198", operational_start=date(2026, 10, 1)),
        organisation("R1", "RO197"),
        organisation("R2", "RO197"),
    ]
    links = [link(code, "RE6", "R1", "2015-04-01", "2020-03-31") for code in ("S1", "S2")]
    links.append(link("S2", "RE6", "R2", "2026-10-01"))
    frame = built(tmp_path, "trust_sites", organisations, links, [])
    answer = frame.select("site_code", "openness", "trust_code", "parents_are_past").rows()
    assert answer == [("S1", "not_yet_open", None, False), ("S2", "not_yet_open", "R2", False)]
