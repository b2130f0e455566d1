"""What is announced, in operation only or in law only: its status says nothing that its days do not say.

The same record is published as Active and as Inactive. Both forms give the same answers on every day.
"""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ods_pipeline_tests.support.small_registers import Row, link, mart_on, marts_on, organisation, write

STAMP, START = date(2026, 3, 16), date(2026, 4, 1)
DAYS = [date(2026, 3, 20), date(2026, 4, 20)]
ANSWERS = (
    "organisation_status",
    "gp_practices",
    "pcn_membership",
    "provider_hierarchy_current",
    "icb_changes",
)
ANSWERS += ("closed_codes", "social_care_sites")


OVER_IN_LAW = {"legal_start": date(2002, 4, 1), "legal_end": date(2024, 10, 31)}


def role(code: str, role_id: str, start: date, status: str, **dates: date | None) -> Row:
    return {"ods_code": code, "role_id": role_id, "operational_start": start, "status": status, **dates}


def announced(folder: Path, status: str) -> Path:
    """A register in which links, a role, a site and a board begin on one day ahead, in a given status.

    TAF and its links are over in law alone, in that status.
    """
    stamped = {"last_change_date": STAMP}
    organisations = [
        organisation("M85171", "RO177", **stamped),
        organisation("U93165", "RO272"),
        organisation("U25891", "RO272"),
        organisation("15E", "RO98", **stamped),
        organisation("QHL", "RO261", operational_end=date(2026, 3, 31)),
        organisation("D7T5G", "RO261", operational_start=START, status=status, **stamped),
        organisation("Y60", "RO209"),
        organisation("VNEW1", "RO101", operational_start=START, status=status, **stamped),
        organisation("V1", "RO101", **stamped),
        organisation("RLAW", "RO197", legal_start=START, status=status, **stamped),
        organisation("TAF", "RO197", status=status, last_change_date=date(2024, 11, 1), **OVER_IN_LAW),
        organisation("TAF01", "RO198"),
    ]
    links = [
        link("M85171", "RE4", "15E"),
        {**link("M85171", "RE8", "U93165", end="2026-03-31"), "status": "Active"},
        {**link("M85171", "RE8", "U25891", start="2026-04-01"), "status": status},
        link("15E", "RE5", "QHL", end="2026-03-31"),
        {**link("15E", "RE5", "D7T5G", start="2026-04-01"), "status": status},
        {**link("D7T5G", "RE2", "Y60", start="2026-04-01"), "status": status},
        {**link("V1", "RE6", "VNEW1", start="2026-04-01"), "status": status, "operational_start": None}
        | {"legal_start": START},
        {**link("TAF01", "RE6", "TAF"), "status": status, **OVER_IN_LAW},
        {**link("TAF", "RE8", "QHL"), "status": status, **OVER_IN_LAW},
    ]
    roles = [
        role("M85171", "RO76", date(2010, 4, 1), "Active"),
        role("V1", "RO269", START, status),
    ]
    numbered = [{**row, "unique_role_id": number} for number, row in enumerate(roles)]
    return write(folder, organisations, links, roles=numbered)


@pytest.mark.promise("dates")
@pytest.mark.parametrize("today", DAYS)
def test_announced_or_over_in_law_alone_is_the_same_in_either_status(tmp_path: Path, today: date) -> None:
    active, inactive = (
        marts_on(announced(tmp_path / status, status), today, *ANSWERS) for status in ("Active", "Inactive")
    )
    for name in ANSWERS:
        assert_frame_equal(inactive[name], active[name])
    has_begun = today >= START
    practices = inactive["gp_practices"]
    assert practices.select("pcn_code", "is_ambiguous").rows() == [
        ("U25891" if has_begun else "U93165", False)
    ]
    members = inactive["pcn_membership"].sort("valid_from").select("pcn_code", "valid_from", "valid_to")
    assert members.rows() == [("U93165", date(2015, 4, 1), START), ("U25891", START, None)]
    openness = dict(inactive["organisation_status"].select("ods_code", "openness").iter_rows())
    expected = "open" if has_begun else "not_yet_open"
    assert (openness["D7T5G"], openness["VNEW1"]) == (expected, expected)
    moves = (
        inactive["icb_changes"].filter(ods_code="15E").select("old_icb_code", "new_icb_code", "is_scheduled")
    )
    assert moves.rows() == [("QHL", "D7T5G", not has_begun)]
    (taf,) = inactive["organisation_status"].filter(ods_code="TAF").to_dicts()
    assert (openness["TAF"], taf["closes_on"]) == ("legally_closed", date(2024, 10, 31))
    assert taf["explanation"].startswith("Closed in law on 2024-10-31, still in operation")
    parents = inactive["provider_hierarchy_current"].filter(pl.col("ods_code") == "TAF01")
    assert parents["provider_code"].to_list() == ["TAF"]


@pytest.mark.promise("dates")
def test_a_link_that_was_stamped_inactive_after_its_start_has_ended(tmp_path: Path) -> None:
    practice = organisation("M85171", "RO177", last_change_date=date(2026, 4, 9))
    inactive = {**link("M85171", "RE8", "U25891", start="2026-04-01"), "status": "Inactive"}
    build = write(tmp_path, [practice, organisation("U25891", "RO272")], [inactive])
    (row,) = mart_on("pcn_membership", build, DAYS[-1]).to_dicts()
    assert (row["valid_from"], row["valid_to"]) == (START, date(2026, 4, 9))
