"""What a difference is taken for: explained, only plausible, not compared, or unexplained."""

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline_tests.reconcile.small_reports import TODAY, compared_rows
from ods_pipeline_tests.support.official_reports import as_file
from ods_pipeline_tests.support.small_registers import Row, link, organisation

TRUST = {"operational_start": date(2010, 4, 1), "postcode": "N1 1AA", "last_change_date": date(2020, 1, 1)}
LATER = date(2026, 9, 20)


def trusts(folder: Path, *rows: list[str], name: str = "etr") -> str:
    """A report without a header row. The rows are filled up to 27 cells."""
    return str(as_file([[*row, *[""] * (27 - len(row))] for row in rows], folder / f"{name}.csv"))


def row(**cells: str) -> list[str]:
    """A row of the trust R01, as the register has it but for these cells."""
    values = {
        "code": "R01",
        "name": "BODY R01",
        "postcode": "N1 1AA",
        "opened": "20100401",
        "closed": "",
    } | cells
    return [values["code"], values["name"], *[""] * 7, values["postcode"], values["opened"], values["closed"]]


def differing(report: str, **options: Any) -> dict[tuple[str, str], tuple[str, int | None]]:
    """The outcome and the rule of what does not agree, by code and field."""
    content: dict[str, Any] = {"organisations": [organisation("R01", "RO197", **TRUST)], **options}
    rows = compared_rows(report, **content).filter(pl.col("outcome") != "agree")
    return {(c, f): (o, r) for c, f, o, r in rows.select("code", "field", "outcome", "rule").iter_rows()}


def test_a_column_that_the_file_does_not_have_is_not_compared(tmp_path: Path) -> None:
    file = tmp_path / "etr.csv"
    file.write_text("Organisation Code,Name,Close Date\nR01,BODY R01,\n", encoding="utf-8")
    rows = compared_rows(str(file), organisations=[organisation("R01", "RO197", **TRUST)])
    assert rows.select("field", "outcome").rows() == [
        ("closed", "agree"),
        ("code", "agree"),
        ("name", "agree"),
    ]


@pytest.mark.parametrize(
    ("day", "outcome"), [("2026-08-23", ("explained", 18)), ("2026-08-24", ("unexplained", None))]
)
def test_a_former_name_counts_while_it_was_in_force(
    tmp_path: Path, day: str, outcome: tuple[str, int | None]
) -> None:
    """The new name is in force from the 24th on."""
    names = [("OLD NAME", date(2026, 8, 21), date(2026, 8, 24)), ("BODY R01", date(2026, 8, 24), None)]
    history = [{"ods_code": "R01", "name": n, "known_from": a, "known_to": b} for n, a, b in names]
    options: dict[str, Any] = {"day": date.fromisoformat(day), "history.organisations": history}
    found = differing(trusts(tmp_path, row(name="OLD NAME")), **options)
    assert found == {("R01", "name"): outcome}


@pytest.mark.parametrize(
    ("day", "outcome"), [(date(2019, 10, 1), ("explained", 11)), (TODAY, ("unexplained", None))]
)
def test_column_24_repeats_column_15_until_2020(
    tmp_path: Path, day: date, outcome: tuple[str, int | None]
) -> None:
    cells = ["S01", "BODY S01", *[""] * 8, "20100401", "", "A", "", "C1", "20150401", "", *[""] * 6, "C1"]
    found = differing(
        trusts(tmp_path, cells, name="epraccur"),
        day=day,
        organisations=[organisation("S01", "RO177")],
        relationships=[link("S01", "RE4", "C1")],
    )
    assert found == {("S01", "provider"): outcome}


PRACTICES = [organisation(code, "RO177") for code in ("A01", "A02")]
PLACES = [organisation("U01", "RO272"), organisation("16C", "RO98"), organisation("84H", "RO98")]
PARTNERS: dict[str, list[Row]] = {
    "organisations": [*PRACTICES, *PLACES],
    "relationships": [link("A01", "RE8", "U01"), link("A02", "RE8", "U01"), link("A02", "RE8", "QMJ")],
    "provider_hierarchy_current": [
        {"ods_code": code, "sub_icb_code": place}
        for code, place in [("A01", "16C"), ("A02", "84H"), ("U01", "16C")]
    ],
}


def partner(code: str, sub_icb: str, same: str) -> list[str]:
    names = {"16C": "BODY 16C", "84H": "BODY 84H"}
    parent = ["U01", "BODY U01", "16C", "BODY 16C", "20150401", "", same]
    return [code, f"BODY {code}", sub_icb, names[sub_icb], *parent]


def partners(folder: Path, *rows: list[str]) -> str:
    return str(as_file([*rows], folder / "epcncorepartnerdetails.csv"))


def test_all_eleven_columns_of_partners_are_compared(tmp_path: Path) -> None:
    good = [partner("A01", "16C", "Y"), partner("A02", "84H", "N")]
    rows = compared_rows(partners(tmp_path, *good), whole=True, **PARTNERS)
    assert set(rows["outcome"]) == {"agree"} and rows.height == 2 * 11


# Column, another value for it, and the field it shows up as.
ALTERED = [
    (1, "ANOTHER", "name"),
    (2, "84H", "sub_icb"),
    (3, "ANOTHER", "sub_icb_name"),
    (4, "U02", "parent"),
    (5, "ANOTHER", "parent_name"),
    (6, "84H", "parent_sub_icb"),
    (7, "ANOTHER", "parent_sub_icb_name"),
    (8, "20190701", "joined"),
    (9, "20240331", "left"),
    (10, "N", "same_sub_icb"),
    (10, "perhaps", "same_sub_icb"),
]


def test_each_altered_column_of_partners_is_unexplained(tmp_path: Path) -> None:
    codes = [f"B{n:02}" for n in range(len(ALTERED))]  # a practice for each, next to two that agree
    parents = [{"ods_code": code, "sub_icb_code": "16C"} for code in codes]
    tables = {
        "organisations": [*PARTNERS["organisations"], *(organisation(code, "RO177") for code in codes)],
        "relationships": [*PARTNERS["relationships"], *(link(code, "RE8", "U01") for code in codes)],
        "provider_hierarchy_current": [*PARTNERS["provider_hierarchy_current"], *parents],
    }
    rows = [partner(code, "16C", "Y") for code in codes]
    for altered, (column, value, _) in zip(rows, ALTERED, strict=True):
        altered[column] = value
    report = partners(tmp_path, *rows, partner("A01", "16C", "Y"), partner("A02", "84H", "N"))
    found = differing(report, whole=True, **tables)
    for code, (column, value, field) in zip(codes, ALTERED, strict=True):
        assert found.get((code, field)) == ("unexplained", None), (column, value)
    assert {code for code, _ in found} == set(codes)
    assert "missing" not in {field for _, field in found}


@pytest.mark.parametrize("whole", [True, False])
def test_a_membership_that_a_whole_report_lacks_is_named(tmp_path: Path, whole: bool) -> None:
    file = partners(tmp_path, partner("A01", "16C", "Y"))
    missing = compared_rows(file, whole=whole, **PARTNERS).filter(field="missing")
    assert missing.select("code", "here", "outcome").rows() == (
        [("A02", "U01 from 2015-04-01", "unexplained")] if whole else []
    )


def test_of_several_memberships_in_one_place_the_one_that_is_lacking_is_named(tmp_path: Path) -> None:
    links = [link("A01", "RE4", "C1", "2001-04-01", "2013-03-31"), link("A01", "RE4", "C1", "2015-04-01")]
    options = {"organisations": PRACTICES, "relationships": links}
    cells = ["A01", "C1", "W", "20010401", "20130331", "0"]
    report = str(as_file([cells], tmp_path / "epcmem.csv"))
    missing = compared_rows(report, whole=True, **options).filter(field="missing")
    assert missing["here"].to_list() == ["C1 from 2015-04-01"]


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"opened": "19990909"}, "opened"),
        ({"closed": "20200331"}, "closed"),
        ({"code": "R99", "opened": "19990909"}, "code"),
    ],
)
def test_what_was_long_past_on_both_days_is_not_newer(
    tmp_path: Path, cells: dict[str, str], field: str
) -> None:
    file = trusts(tmp_path, row(**cells))
    code = cells.get("code", "R01")
    assert differing(file, day=LATER) == {(code, field): ("unexplained", None)}


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"name": "ANOTHER"}, "name"),
        ({"postcode": "N2 2BB"}, "postcode"),
        ({"closed": "20260831"}, "closed"),
        ({"code": "R99", "opened": "20260901"}, "code"),
    ],
)
def test_what_can_have_changed_since_is_plausible_in_a_later_report_only(
    tmp_path: Path, cells: dict[str, str], field: str
) -> None:
    file = trusts(tmp_path, row(**cells))
    key = (cells.get("code", "R01"), field)
    assert differing(file, day=LATER) == {key: ("newer_there", 20)}
    assert differing(file, day=TODAY) == {key: ("unexplained", None)}


def test_what_a_later_report_lacks_stays_unexplained(tmp_path: Path) -> None:
    two = [organisation(code, "RO197", **TRUST) for code in ("R01", "R02")]
    found = differing(trusts(tmp_path, row()), day=LATER, whole=True, organisations=two)
    assert found == {("R02", "missing"): ("unexplained", None)}


def test_another_report_under_this_name_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(
        OdsError, match=r"1 of 1 organisations are of another kind \(RO197\) than epraccur lists"
    ):
        differing(trusts(tmp_path, row(), name="epraccur"))


def test_a_row_of_another_kind_is_unexplained(tmp_path: Path) -> None:
    codes = {"R01": "RO197", "R02": "RO197", "S01": "RO198"}
    held = [organisation(code, role, **TRUST) for code, role in codes.items()]
    rows = [row(code=code, name=f"BODY {code}") for code in codes]
    found = differing(trusts(tmp_path, *rows), organisations=held)
    assert found == {("S01", "role"): ("unexplained", None)}


def test_a_code_that_is_there_twice_is_named(tmp_path: Path) -> None:
    rows = compared_rows(
        trusts(tmp_path, row(), row()), organisations=[organisation("R01", "RO197", **TRUST)]
    )
    unexplained = rows.filter(outcome="unexplained").select("line", "code", "field", "there")
    assert unexplained.rows() == [(2, "R01", "repeated", "also on line 1")]


FIRST_OF_APRIL_2010 = [
    "01-Apr-2010",
    "1-Apr-10",
    "2010-04-01 00:00:00",
    "2010-04-01T00:00:00",
    "20100401.0",
    "01/04/10",
    "1 April 2010",
    "01-04-2010",
    "01-04-10",
    "01.04.2010",
    "2010-04-01T00:00:00Z",
    "2010-04-01T00:00:00+00:00",
    "20100401000000",
    "2010/04/01",
    "Thursday, 1 April 2010",
    "April 1, 2010",
    "01042010",
    "40269",  # the number that Excel shows for a day in a cell of no date format
    "40269.0",
    "1st April 2010",
    "1st of April, 2010",
    "01st April 10",
    "April 1st, 2010",
    "Apr. 1st 2010",
    "Thu. 1 Apr. 2010",
    "1 April, 2010",
    "01APR2010",
    "1/Apr/2010",
    "1-April-10",
    "2010-Apr-01",
    "01/04/2010 12:00:00 AM",
]
OTHER_DAYS = {
    "2nd Sept 2010": "2010-09-02",
    "3rd Sept. 2010": "2010-09-03",
    "Wednesday 22nd Sep 10": "2010-09-22",
}


def test_dates_as_spreadsheets_write_them(tmp_path: Path) -> None:
    codes = {f"R{n:02}": text for n, text in enumerate(FIRST_OF_APRIL_2010)}
    report = trusts(tmp_path, *(row(code=code, opened=text) for code, text in codes.items()))
    rows = compared_rows(report, organisations=[organisation(code, "RO197", **TRUST) for code in codes])
    opened = rows.filter(field="opened").select("code", "there", "outcome").rows()
    assert {codes[code]: rest for code, *rest in opened} == {
        text: ["2010-04-01", "agree"] for text in FIRST_OF_APRIL_2010
    }


def test_days_with_their_ending_and_september_in_four_letters(tmp_path: Path) -> None:
    codes = {f"R{n:02}": text for n, text in enumerate(OTHER_DAYS)}
    report = trusts(tmp_path, *(row(code=code, opened=text) for code, text in codes.items()))
    rows = compared_rows(report, organisations=[organisation(code, "RO197", **TRUST) for code in codes])
    opened = rows.filter(field="opened").select("code", "there").rows()
    assert {codes[code]: day for code, day in opened} == OTHER_DAYS
