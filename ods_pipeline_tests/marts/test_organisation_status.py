"""organisation_status: openness from the dates, in words, and what a successor changes."""

from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ods_pipeline.marts import macros
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.marts import OPENNESS
from ods_pipeline_tests.support.rooms import of_sample, sample_root
from ods_pipeline_tests.support.small_registers import Row, mart_on, marts_on, organisation, write

TODAY = date(2026, 9, 4)


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


OPENNESS_BY_DATES: list[tuple[Row, str, str, str | None]] = [
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
    (
        {"operational_start": None, "legal_start": date(2015, 1, 1), "legal_end": date(2020, 1, 1)},
        "closed",
        "2015-01-01",
        "2020-01-01",
    ),
]


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The state of an organisation for each of these cases, in their order."""
    cases = [organisation(f"A{n}", "RO197", **case[0]) for n, case in enumerate(OPENNESS_BY_DATES)]
    return mart_on("organisation_status", write(tmp_path_factory.mktemp("states"), cases), TODAY).to_dicts()


@pytest.mark.promise("dates")
@pytest.mark.parametrize("case", range(len(OPENNESS_BY_DATES)))
def test_openness_follows_from_the_dates(states: list[Row], case: int) -> None:
    row, (_, openness, opens_on, closes_on) = states[case], OPENNESS_BY_DATES[case]
    assert (row["ods_code"], row["openness"]) == (f"A{case}", openness)
    assert str(row["opens_on"]) == opens_on
    assert row["closes_on"] == (closes_on and date.fromisoformat(closes_on))
    assert ("no end date" in row["explanation"]) is (openness == "closed" and closes_on is None)


@pytest.mark.promise("dates")
def test_inactive_without_an_end_is_closed_from_its_stamp_on_and_not_before(tmp_path: Path) -> None:
    stamp = date(2026, 9, 3)
    build = write(tmp_path, [organisation("A", "RO101", status="Inactive", last_change_date=stamp)])
    answers = {
        day.day: mart_on("organisation_status", build, day).select("openness", "explanation").row(0)
        for day in (date(2026, 9, 2), stamp)
    }
    assert answers == {
        2: ("closing", "Open; closed since (Inactive), but ODS gives no end date"),
        3: ("closed", "Closed (Inactive); ODS gives no end date; ODS records no successor"),
    }
    hierarchy = mart_on("provider_hierarchy", build, stamp)
    assert hierarchy["valid_to"].to_list() == [stamp]


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


CLOSINGS: list[tuple[str | None, str | None, str, str]] = [
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
]


@pytest.mark.promise("explained")
def test_what_closes_in_law_only_is_said_so_before_and_after_the_day(tmp_path: Path) -> None:
    def day(text: str | None) -> date | None:
        return date.fromisoformat(text) if text else None

    organisations = [
        organisation(f"TAF{n}", "RO197", legal_end=day(legal), operational_end=day(operational))
        for n, (legal, operational, *_) in enumerate(CLOSINGS)
    ]
    build = write(tmp_path, organisations)
    before, after = (
        mart_on("organisation_status", build, on)["explanation"].to_list() for on in (TODAY, date(2027, 4, 1))
    )
    assert before == [words for _, _, words, _ in CLOSINGS]
    assert after == [f"{then}; ODS records no successor" for *_, then in CLOSINGS]
