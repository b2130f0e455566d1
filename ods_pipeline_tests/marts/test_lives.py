"""organisation_status in words, kinds over time, where closed codes belonged, inferred successors."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from ods_pipeline.marts import macros
from ods_pipeline.marts.build import kinds_of_organisation
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.marts import KINDS, OPENNESS
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, link, mart_on, marts_on, organisation, write

TODAY = date(2026, 9, 4)


def of_sample(mart: str) -> dict[str, Row]:
    frame = pl.read_parquet(sample_root().path / TABLES[mart].path)
    return {row["ods_code"]: row for row in frame.to_dicts()}


def ended(day: str, **changes: Any) -> Row:
    return {"operational_end": date.fromisoformat(day), "status": "Inactive", **changes}


def test_the_state_of_a_code_is_explained_in_words() -> None:
    answer = {code: row["explanation"] for code, row in of_sample("organisation_status").items()}
    assert answer["RRP"] == "Closed in law on 2024-10-31, still in operation; succeeded by G6V2S"
    assert answer["QM7"] == "Closed on 2026-03-31; succeeded by D7T5G, S1Y5D"
    assert answer["FX104"] == "Open; closes after 2026-12-31"
    assert answer["NZ902"] == "Deleted from the register on 2026-08-29; ODS records no successor"
    assert answer["G6V2S"].startswith("Open since ")


def test_every_code_held_or_deleted_has_a_state() -> None:
    result = of_sample("organisation_status")
    held = pl.read_parquet(sample_root().path / TABLES["organisations"].path)
    gone = pl.read_parquet(sample_root().path / TABLES["deletions"].path).filter(state="confirmed")
    assert set(result) == {*held["ods_code"], *gone["ods_code"]}
    assert {row["as_of"] for row in result.values()} == {TODAY}
    archived = set(held.filter(published_in="archive")["ods_code"])
    assert {code for code, row in result.items() if row["is_archived"]} == archived


@pytest.mark.promise("dates")
@pytest.mark.parametrize(
    ("dates", "openness", "opens_on", "closes_on"),
    [
        ({"operational_start": date(2027, 1, 1)}, "not_yet_open", "2027-01-01", None),
        ({"legal_end": date(2026, 12, 31)}, "closing", "2010-04-01", "2026-12-31"),
        (
            {"legal_end": date(2026, 12, 31), "operational_end": date(2026, 10, 31)},
            "closing",
            "2010-04-01",
            "2026-10-31",
        ),
        (
            {"legal_end": date(2020, 1, 1), "operational_end": date(2026, 10, 31)},
            "legally_closed",
            "2010-04-01",
            "2020-01-01",
        ),
        ({"status": "Inactive"}, "closed", "2010-04-01", None),
        ({"operational_start": None, "legal_start": date(2015, 1, 1)}, "open", "2015-01-01", None),
        ({"operational_start": None, "legal_start": date(2027, 1, 1)}, "not_yet_open", "2027-01-01", None),
    ],
)
def test_openness_follows_from_the_dates(
    tmp_path: Path, dates: Row, openness: str, opens_on: str, closes_on: str | None
) -> None:
    row = mart_on("organisation_status", write(tmp_path, [organisation("A", "RO197", **dates)]), TODAY).row(
        0, named=True
    )
    assert row["openness"] == openness
    assert str(row["opens_on"]) == opens_on
    assert row["closes_on"] == (closes_on and date.fromisoformat(closes_on))
    assert ("no end date" in row["explanation"]) is (openness == "closed")


def successor(old: str, new: str, day: str) -> Row:
    return {"ods_code": old, "succession_type": "Successor", "target_ods_code": new} | {
        "legal_start": date.fromisoformat(day)
    }


@pytest.mark.promise("explained")
def test_proposed_and_succeeded_without_an_end_are_not_plainly_open(tmp_path: Path) -> None:
    organisations = [
        organisation("NEW", "RO197", legal_start=date(2026, 11, 1)),
        organisation("BOTH", "RO197", operational_start=date(2026, 10, 1), legal_start=date(2026, 11, 1)),
        organisation("OLD", "RO98", operational_start=date(2013, 4, 1)),
        organisation("LATE", "RO98", operational_end=date(2026, 12, 31)),
        organisation("AHEAD", "RO98", operational_end=date(2027, 3, 31)),
        organisation("93C", "RO98"),
        organisation("94D", "RO98"),
    ]
    successions = [
        successor("OLD", "93C", "2020-04-01"),
        successor("OLD", "94D", "2027-04-01"),
        successor("LATE", "93C", "2026-09-04"),
        successor("AHEAD", "93C", "2027-04-01"),
        successor("AHEAD", "94D", "2027-04-01"),
    ]
    frame = mart_on(
        "organisation_status", write(tmp_path, organisations, successions=successions), TODAY
    ).select("ods_code", "openness", "in_law_from", "succeeded_on", "explanation")
    day = date(2026, 11, 1)
    assert {code: tuple(rest) for code, *rest in frame.rows()} == {
        "NEW": ("open", day, None, "Open since 2010-04-01; proposed: in law from 2026-11-01"),
        "BOTH": ("not_yet_open", day, None, "Opens on 2026-10-01; proposed: in law from 2026-11-01"),
        "OLD": (
            "open",
            None,
            date(2020, 4, 1),
            "Open since 2013-04-01; a contradiction: succeeded by 93C from 2020-04-01, but ODS gives it no "
            "end",
        ),
        "LATE": (
            "closing",
            None,
            TODAY,
            "Open; closes after 2026-12-31; a contradiction: succeeded by 93C from 2026-09-04, before it "
            "closes",
        ),
        "AHEAD": (
            "closing",
            None,
            None,
            "Open; closes after 2027-03-31; to be succeeded by 93C, 94D from 2027-04-01",
        ),
        "93C": ("open", None, None, "Open since 2010-04-01"),
        "94D": ("open", None, None, "Open since 2010-04-01"),
    }


@pytest.mark.promise("explained")
@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"operational_end": date(2026, 7, 31), "status": "Inactive"}, "Closed on 2026-07-31"),
        ({"legal_end": date(2026, 7, 31)}, "Closed in law on 2026-07-31, still in operation"),
    ],
    ids=["closed", "closed in law"],
)
def test_a_successor_that_has_not_begun_has_not_taken_over_from_a_closed_code(
    tmp_path: Path, dates: Row, words: str
) -> None:
    olds = ("NONE", "NEXT", "PART", "BOTH", "TWICE", "UNDATED", "TODAY")
    organisations = [organisation(code, "RO98", **dates) for code in olds]
    organisations += [organisation(code, "RO98") for code in ("1BB", "1CC", "1DD")]
    successions = [
        successor("NEXT", "1CC", "2026-10-01"),
        successor("PART", "1BB", "2020-04-01"),
        successor("PART", "1CC", "2027-04-01"),
        successor("BOTH", "1CC", "2027-04-01"),
        successor("BOTH", "1BB", "2027-04-01"),
        successor("TWICE", "1CC", "2027-04-01"),
        successor("TWICE", "1BB", "2028-04-01"),
        successor("TWICE", "1DD", "2026-09-04"),
        successor("UNDATED", "1BB", "2027-04-01") | {"legal_start": None},
        successor("TODAY", "1BB", "2026-09-04"),
    ]
    build = write(tmp_path, organisations, successions=successions)
    result = marts_on(build, TODAY, "code_finder", "organisation_status")
    expected = {
        "NONE": "ODS records no successor",
        "NEXT": "to be succeeded by 1CC from 2026-10-01",
        "PART": "succeeded by 1BB; to be succeeded by 1CC from 2027-04-01",
        "BOTH": "to be succeeded by 1BB, 1CC from 2027-04-01",
        "TWICE": "succeeded by 1DD; to be succeeded by 1CC from 2027-04-01 and 1BB from 2028-04-01",
        "UNDATED": "succeeded by 1BB",
        "TODAY": "succeeded by 1BB",
    }
    for mart in ("organisation_status", "code_finder"):
        answer = dict(result[mart].select("ods_code", "explanation").iter_rows())
        assert {code: answer[code] for code in olds} == {
            code: f"{words}; {succession}" for code, succession in expected.items()
        }


@pytest.mark.promise("explained")
def test_the_words_for_a_successor_ahead_do_not_depend_on_openness() -> None:
    with duckdb.connect() as connection:
        macros.define_words(connection, TODAY)
        words = "SELECT successors_in_words(?, ['1CC'], DATE '2026-10-01', DATE '2026-09-04')"
        for openness in OPENNESS:
            (answer,) = connection.execute(words, [openness]).fetchone() or ()
            assert answer == "to be succeeded by 1CC from 2026-10-01"


@pytest.mark.promise("explained")
@pytest.mark.parametrize(
    ("legal_end", "operational_end", "words", "then"),
    [
        (
            "2027-03-31",
            None,
            "Open; closes in law after 2027-03-31",
            "Closed in law on 2027-03-31, still in operation",
        ),
        (
            "2027-03-31",
            "2027-06-30",
            "Open; closes in law after 2027-03-31, in operation until 2027-06-30",
            "Closed in law on 2027-03-31, in operation until 2027-06-30",
        ),
        (None, "2027-03-31", "Open; closes after 2027-03-31", "Closed on 2027-03-31"),
        ("2027-03-31", "2027-03-31", "Open; closes after 2027-03-31", "Closed on 2027-03-31"),
        ("2027-06-30", "2027-03-31", "Open; closes after 2027-03-31", "Closed on 2027-03-31"),
    ],
)
def test_what_closes_in_law_only_is_said_so_before_and_after_the_day(
    tmp_path: Path, legal_end: str | None, operational_end: str | None, words: str, then: str
) -> None:
    ends = {"legal_end": legal_end, "operational_end": operational_end}
    dates = {name: day and date.fromisoformat(day) for name, day in ends.items()}
    build = write(tmp_path, [organisation("TAF", "RO197", **dates)])
    before, after = (
        mart_on("organisation_status", build, day)["explanation"].item() for day in (TODAY, date(2027, 4, 1))
    )
    assert (before, after) == (words, f"{then}; ODS records no successor")


def test_a_cost_centre_is_a_practice_while_it_has_the_role(tmp_path: Path) -> None:
    roles = [
        {"ods_code": "P1", "role_id": "RO76", "unique_role_id": 1, "operational_start": date(2012, 1, 1)}
        | {"operational_end": date(2015, 3, 31)},
        {"ods_code": "P2", "role_id": "RO76", "unique_role_id": 2, "operational_start": date(2010, 4, 1)}
        | {"operational_end": date(2015, 3, 31)},
    ]
    organisations = [
        organisation("P1", "RO177"),
        organisation("P2", "RO177", **ended("2015-03-31")),
        organisation("P3", "RO177"),
    ]
    result = marts_on(
        write(tmp_path, organisations, roles=roles), TODAY, "organisation_status", "provider_hierarchy"
    )
    kinds = (
        result["organisation_kinds"].select(pl.col("valid_from").cast(pl.String), "ods_code", "kind").rows()
    )
    assert kinds == [
        ("2010-04-01", "P1", "prescribing_cost_centre"),
        ("2012-01-01", "P1", "gp_practice"),
        ("2015-04-01", "P1", "prescribing_cost_centre"),
        ("2010-04-01", "P2", "gp_practice"),
        ("2010-04-01", "P3", "prescribing_cost_centre"),
    ]
    states = {row["ods_code"]: row["kind"] for row in result["organisation_status"].to_dicts()}
    assert states == {"P1": "prescribing_cost_centre", "P2": "gp_practice", "P3": "prescribing_cost_centre"}
    assert result["provider_hierarchy"].filter(ods_code="P1").height == 3


def test_a_deleted_code_is_what_its_primary_role_alone_makes_it(tmp_path: Path) -> None:
    notice = {"deleted_on": date(2026, 8, 1), "source": "ord_notifications", "state": "confirmed"}
    roles = {"D1": "RO177", "D2": "RO98", "D3": "RO197", "D4": "RO999"}
    deletions = [{"ods_code": code, "primary_role_id": role, **notice} for code, role in roles.items()]
    frame = mart_on("organisation_status", write(tmp_path, [], deletions=deletions), TODAY)
    assert dict(frame.select("ods_code", "kind").iter_rows()) == {
        "D1": "prescribing_cost_centre",
        "D2": "sub_icb",
        "D3": "trust",
        "D4": "other",
    }


def test_no_two_rules_give_one_organisation_two_kinds() -> None:
    rules = kinds_of_organisation()
    assert rules.select("primary_role_id", "with_role_id").is_unique().all()
    assert rules.select("primary_role_id", "preference").is_unique().all()
    assert set(rules["kind"]) == set(KINDS)


def test_a_closed_code_shows_where_it_belonged_and_where_it_went() -> None:
    result = of_sample("closed_codes")
    rhc, vm903, rrp = result["RHC"], result["VM903"], result["RRP"]
    assert (rhc["successor_codes"], rhc["terminal_codes"], rhc["successor_count"]) == (["RRP"], ["G6V2S"], 1)
    assert (rrp["kind"], rrp["last_provider_code"], rrp["last_icb_code"]) == ("trust", "RRP", "Z9B2Z")
    assert (vm903["last_provider_code"], vm903["last_icb_code"]) == ("C9902", "QMJ")
    assert (vm903["successor_codes"], vm903["terminal_codes"], vm903["candidate_codes"]) == (
        [],
        [],
        ["D8M2P"],
    )
    assert result["NZ902"]["last_provider_code"] is None


def test_the_care_home_that_closed_and_reopened_next_door_is_a_candidate() -> None:
    (row,) = pl.read_parquet(sample_root().path / TABLES["successor_candidates"].path).to_dicts()
    assert (row["old_code"], row["candidate_code"], row["days_between"]) == ("VM903", "D8M2P", 0)
    assert row["reason"] == "Same UPRN, same name, opened the day after"
    assert row["score"] == 1.0


def test_candidates_are_of_the_same_place_kind_and_time(tmp_path: Path) -> None:
    here = {"postcode": "N1 1AA", "name": "ROSE LODGE CARE HOME"}
    old = organisation("OLD", "RO101", **here, **ended("2025-06-30"))
    recorded = organisation("TOLD", "RO101", **here, **ended("2025-06-30"))
    start = {"operational_start": date(2025, 7, 15)}
    others = [
        organisation("LIKE", "RO101", postcode="N11AA", name="ROSE LODGE RESIDENTIAL HOME", **start),
        organisation("OTHERNAME", "RO101", postcode="N1 1AA", name="THE WILLOWS", **start),
        organisation("OTHERKIND", "RO182", **here, **start),
        organisation("OTHERPLACE", "RO101", postcode="N2 2BB", name="ROSE LODGE CARE HOME", **start),
        organisation("LATER", "RO101", **here, operational_start=date(2026, 2, 1)),
        organisation("KNOWN", "RO101", **here, **start),
    ]
    succession = {"ods_code": "TOLD", "succession_type": "Successor", "target_ods_code": "KNOWN"}
    succession["legal_start"] = date(2025, 7, 15)
    build = write(tmp_path, [old, recorded, *others], successions=[succession])
    rows = mart_on("successor_candidates", build, TODAY).to_dicts()
    assert [(row["old_code"], row["candidate_code"]) for row in rows] == [("OLD", "LIKE")]
    assert rows[0]["reason"] == "Same postcode, same name, opened 14 days after"
    assert 0.6 < rows[0]["score"] < 0.8


@pytest.mark.parametrize(("old", "new"), [("RO119", "RO141"), ("RO107", "RO197")])
def test_a_candidate_may_have_another_role_of_the_same_kind(tmp_path: Path, old: str, new: str) -> None:
    organisations = [
        organisation("OLD", old, uprn=5, **ended("2021-03-31")),
        organisation("NEW", new, uprn=5, operational_start=date(2021, 4, 1)),
    ]
    (row,) = mart_on("successor_candidates", write(tmp_path, organisations), TODAY).to_dicts()
    assert (row["old_code"], row["candidate_code"]) == ("OLD", "NEW")


def test_an_organisation_with_legal_dates_alone_lives_between_them(tmp_path: Path) -> None:
    organisations = [
        organisation(
            "OVER", "RO197", operational_start=None, legal_start=date(2015, 1, 1), legal_end=date(2020, 3, 31)
        ),
        organisation("LATER", "RO197", operational_start=None, legal_start=date(2027, 1, 1), legal_end=None),
    ]
    result = marts_on(write(tmp_path, organisations), TODAY, "provider_hierarchy_current", "closed_codes")
    assert result["provider_hierarchy_current"].is_empty()
    assert result["closed_codes"]["ods_code"].to_list() == ["OVER"]


@pytest.mark.promise("no_guess")
def test_a_link_without_a_start_never_shows_and_one_without_an_end_ended_with_its_record(
    tmp_path: Path,
) -> None:
    organisations = [
        organisation("S1", "RO198", last_change_date=date(2020, 1, 1)),
        organisation("R1", "RO197"),
        organisation("R2", "RO197"),
    ]
    links = [
        {**link("S1", "RE6", "R1"), "operational_start": None},
        {**link("S1", "RE6", "R2", "2015-04-01"), "status": "Inactive"},
        {**link("S1", "RE6", "GONE", "2019-04-01"), "target_primary_role_id": "RO197"},
    ]
    result = marts_on(write(tmp_path, organisations, links), TODAY, "provider_hierarchy")
    edges = result["hierarchy_edges"].select(
        "parent_code", "level", "valid_from", "valid_to", "end_is_inferred"
    )
    assert sorted(edges.rows(), key=str) == [
        ("GONE", "operator", date(2019, 4, 1), None, False),
        ("R1", "operator", None, None, False),
        ("R2", "operator", date(2015, 4, 1), date(2020, 1, 1), True),
    ]
    rows = result["provider_hierarchy"].filter(ods_code="S1")
    assert rows.select("provider_code", pl.col("valid_from").cast(pl.String)).rows() == [
        ("S1", "2010-04-01"),
        ("R2", "2015-04-01"),
        ("S1", "2020-01-01"),
    ]
