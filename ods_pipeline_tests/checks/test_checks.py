"""Every check passes on good frames, and fails on a broken one with a message that shows where."""

from datetime import date

import polars as pl
import pytest

from ods_pipeline import checks
from ods_pipeline.checks import Finding
from ods_pipeline.defs.keys import table_key
from ods_pipeline.defs.results import check_result
from ods_pipeline.marts.checking import MartCheck, judge
from ods_pipeline.schema import TABLES

ORGANISATIONS = pl.DataFrame({"ods_code": ["A1", "B2"], "primary_role_id": ["RO197", "RO177"]})
ROLES = pl.DataFrame(
    {
        "ods_code": ["A1", "B2", "B2"],
        "role_id": ["RO197", "RO177", "RO76"],
        "is_primary": [True, True, False],
        "unique_role_id": [1, 2, 3],
        "role_name": ["NHS TRUST", "PRESCRIBING COST CENTRE", "GP PRACTICE"],
    }
)
NO_TARGETS = pl.DataFrame(schema={"target_ods_code": pl.String})


def captures(**changes: list[object]) -> pl.DataFrame:
    """A release of 10 records and a delta of 3, sound unless changed."""
    good = {
        "capture_id": ["release=1/full", "fetch=2"],
        "declared_records": [10, 3],
        "parsed_records": [10, 3],
        "used_records": [7, 3],
        "superseded_records": [2, 0],
        "quarantined_records": [1, 0],
    }
    return pl.DataFrame({**good, **changes})


@pytest.mark.promise("conserved")
def test_declared_records_are_all_parsed() -> None:
    good = checks.declared_equals_parsed(captures())
    assert good.passed and "all 2 captures have the 13 records" in good.summary
    bad = checks.declared_equals_parsed(captures(declared_records=[185_921, 3]))
    assert not bad.passed and bad.blocking
    assert bad.summary == "release=1/full: declared 185,921, parsed 10"
    assert bad.facts["wrong"] == 1


@pytest.mark.promise("conserved")
def test_no_record_is_lost() -> None:
    assert checks.conservation(captures()).passed
    bad = checks.conservation(captures(used_records=[7, 2]))
    assert not bad.passed and bad.blocking
    assert "fetch=2" in bad.summary and "release=1" not in bad.summary


def test_keys_are_unique() -> None:
    good = checks.unique_key("roles", ROLES)
    assert good.passed and good.summary == "3 rows, one a key"
    bad = checks.unique_key("roles", pl.concat([ROLES, ROLES.tail(2)]))
    assert not bad.passed and bad.blocking
    assert bad.summary == "2 keys occur more than once: 2, 3"


def test_a_key_of_several_columns_is_shown_whole() -> None:
    row = {"ods_code": "A1", "contact_type": "tel", "ordinal": 1, "contact_value": "1"}
    assert checks.unique_key("contacts", pl.DataFrame([row, {**row, "ordinal": 2}])).passed
    bad = checks.unique_key("contacts", pl.DataFrame([row, {**row, "contact_value": "2"}]))
    assert bad.summary == "1 keys occur more than once: A1/tel/1"


@pytest.mark.parametrize(
    ("roles", "wrong"),
    [
        pytest.param(ROLES.filter(pl.col("ods_code") != "A1"), "A1", id="none"),
        pytest.param(ROLES.with_columns(is_primary=pl.lit(True)), "B2", id="two"),
        pytest.param(ROLES.with_columns(role_id=pl.lit("RO177")), "A1", id="another"),
    ],
)
def test_each_organisation_has_one_primary_role(roles: pl.DataFrame, wrong: str) -> None:
    assert checks.one_primary_role(ORGANISATIONS, ROLES, TABLES["repeated_ids"].empty()).passed
    bad = checks.one_primary_role(ORGANISATIONS, roles, TABLES["repeated_ids"].empty())
    assert not bad.passed and bad.blocking
    assert bad.summary == f"1 organisations have none, several or another: {wrong}"


def test_targets_are_held_or_listed() -> None:
    pointing = pl.DataFrame({"target_ods_code": ["A1", "Z9", "Y8", "Z9"]})
    listed = pl.DataFrame({"target_ods_code": ["Z9", "Y8"]})
    good = checks.targets_known_or_listed(pointing, ORGANISATIONS, listed)
    assert good.passed and good.summary == "all 3 targets are held or listed (2 listed)"
    bad = checks.targets_known_or_listed(pointing, ORGANISATIONS, NO_TARGETS)
    assert not bad.passed and bad.blocking
    assert bad.summary == "2 targets are neither held nor listed: Y8, Z9"


def test_quarantined_unknown_and_unresolved_rows_are_reported() -> None:
    aside = pl.DataFrame({"ods_code": ["A1", None, "C3"], "rule": ["bad_date", "no_ods_code", "bad_date"]})
    unknown = pl.DataFrame({"name": ["@colour", "Pet", "Pet"], "occurrences": [1, 2, 3]})
    unresolved = pl.DataFrame({"target_ods_code": ["Z9"]})
    expected = {
        "3 records were set aside (bad_date 2, no_ods_code 1): A1, C3": (checks.nothing_quarantined, aside),
        "ODS sends 2 names we do not read: @colour, Pet": (checks.nothing_unknown, unknown),
        "1 targets are not held: Z9": (checks.nothing_unresolved, unresolved),
    }
    for summary, (check, frame) in expected.items():
        assert check(frame.clear()).passed
        bad = check(frame)
        assert (bad.passed, bad.blocking, bad.summary) == (False, False, summary)


def test_ids_have_names() -> None:
    assert checks.ids_have_names(ROLES, "role_id", "role_name").passed
    nameless = ROLES.with_columns(role_name=pl.when(pl.col("role_id") != "RO76").then("role_name"))
    bad = checks.ids_have_names(nameless, "role_id", "role_name")
    assert (bad.passed, bad.blocking, bad.name) == (False, False, "role_ids_known")
    assert bad.summary == "1 ids have no name in the code systems: RO76"


def test_new_ids_are_reported_and_the_first_build_has_none() -> None:
    assert checks.no_new_ids(ROLES, None, "role_id").passed
    assert checks.no_new_ids(ROLES, ROLES, "role_id").passed
    assert checks.no_new_ids(ROLES.head(1), ROLES, "role_id").passed
    bad = checks.no_new_ids(ROLES, ROLES.head(2), "role_id")
    assert (bad.passed, bad.blocking, bad.name) == (False, False, "no_new_role_ids")
    assert bad.summary == "new since the last build: RO76"


@pytest.mark.parametrize(
    ("rows", "before", "passed"),
    [
        (100, None, True),
        (100, 100, True),
        (102, 100, True),
        (98, 100, True),
        (103, 100, False),
        (97, 100, False),
    ],
)
def test_a_swing_of_more_than_two_percent_is_reported(rows: int, before: int | None, passed: bool) -> None:
    finding = checks.row_count_swing(rows, before)
    assert (finding.passed, finding.blocking) == (passed, False)
    assert (f"{before} rows before, {rows} now" in finding.summary) == (before is not None)


@pytest.mark.promise("no_lost_day")
def test_missing_stamps_are_named() -> None:
    assert checks.no_stamp_missing([]).passed
    bad = checks.no_stamp_missing([date(2026, 8, n) for n in (21, 25, 26, 28)])
    assert not bad.passed and not bad.blocking
    assert bad.summary.startswith("4 stamps were never asked for: 2026-08-21, 2026-08-25")


def judged(*offending: tuple[str, str]) -> Finding:
    check = MartCheck("closed_codes", "has_all", True, "codes", "all are there", "")
    return judge(check, pl.DataFrame(offending, {"problem": pl.String, "label": pl.String}, orient="row"), 3)


def test_a_check_of_a_mart_reports_offending_rows() -> None:
    assert judged().passed
    bad = judged(("too many", "D4"), ("missing", "A1"))
    assert not bad.passed and bad.blocking
    assert bad.summary == "codes: 1 missing: A1; 1 too many: D4"


def test_a_long_list_is_cut_and_counted() -> None:
    bad = judged(*(("missing", f"A{n}") for n in range(9)))
    assert bad.summary == "codes: 9 missing: A0, A1, A2, A3, A4 and 4 more"


@pytest.mark.parametrize(("blocking", "severity"), [(True, "ERROR"), (False, "WARN")])
def test_dagster_knows_what_blocks_and_what_warns(blocking: bool, severity: str) -> None:
    key = table_key(TABLES["roles"])
    result = check_result(Finding("unique_key", False, "2 keys", blocking, {"rows": 3, "key": "id"}), key)
    assert (result.asset_key, result.check_name, result.passed) == (key, "unique_key", False)
    assert (result.severity.value, result.description) == (severity, "2 keys")
    assert result.metadata["rows"].value == 3


@pytest.mark.parametrize(
    ("links", "passed", "summary"),
    [
        ([], True, "nothing to compare with"),
        ([(date(2026, 8, 21), 100)], True, "nothing to compare with"),
        (
            [(date(2026, 8, 21), 95), (date(2026, 7, 24), 100)],
            True,
            "100 open RE5 on 2026-07-24, 95 on 2026-08-21 (-5.0%)",
        ),
        (
            [(date(2026, 7, 24), 100), (date(2026, 8, 21), 94)],
            False,
            "(-6.0%): ODS retires this link, and organisations without another lose their ICB",
        ),
        ([(date(2026, 6, 19), 200), (date(2026, 7, 24), 100), (date(2026, 8, 21), 110)], True, "(+10.0%)"),
        ([(date(2026, 7, 24), 0), (date(2026, 8, 21), 0)], True, "0 open RE5"),
    ],
)
def test_a_fall_of_geography_links_between_releases_is_reported(
    links: list[tuple[date, int]], passed: bool, summary: str
) -> None:
    finding = checks.geography_is_not_retired(links)
    assert (finding.passed, finding.blocking) == (passed, False)
    assert summary in finding.summary


def test_versions_follow_one_another() -> None:
    days = [date(2026, 8, n) for n in (1, 5, 9)]
    rows = [("A1", days[0], days[1]), ("A1", days[1], days[1]), ("A1", days[2], None), ("B2", days[0], None)]
    schema = {"ods_code": pl.String, "known_from": pl.Date, "known_to": pl.Date}
    good = checks.intervals_apart(pl.DataFrame(rows, schema=schema, orient="row"))
    assert good.passed and good.summary == "4 versions, one after another"
    for wrong in (("B2", days[1], None), ("B2", days[2], days[1])):
        bad = checks.intervals_apart(pl.DataFrame([*rows, wrong], schema=schema, orient="row"))
        assert not bad.passed and bad.blocking
        assert bad.summary == "versions of 1 codes overlap or end before they begin: B2"
