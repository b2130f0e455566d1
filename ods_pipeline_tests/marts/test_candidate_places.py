"""When two first address lines are one place for candidates, and closed codes whose last day is not known."""

from datetime import date
from pathlib import Path

import pytest

from ods_pipeline_tests.marts.successors import HIGH_STREET, at
from ods_pipeline_tests.support.small_registers import mart_on, marts_on, write

TODAY = date(2026, 9, 4)


@pytest.mark.parametrize(
    ("old_line", "new_line", "is_same"),
    [
        ("12 HIGH STREET", "12 HIGH ST", True),
        ("12, High Street", "12 HIGH STREET", True),
        ("12,HIGH ST.", "12 High Street", True),
        ("4 MILL RD", "4 MILL ROAD", True),
        ("4 ELM AVE", "4 ELM AVENUE", True),
        ("4 ELM AV", "4 ELM AVE", True),
        ("ST JOHN'S HOUSE", "SAINT JOHNS HSE", True),
        ("12 HIGH STREET", "13 HIGH STREET", False),
        ("12 HIGH STREET", "12 HIGH ROAD", False),
        ("12 STREET LANE", "12 LANE STREET", False),
        (None, None, False),
    ],
)
def test_short_forms_in_the_first_address_line(
    tmp_path: Path, old_line: str | None, new_line: str | None, is_same: bool
) -> None:
    here = {"postcode": "LS1 1AD"}
    organisations = [
        at("FA401", "RO182", "OAK PHARMACY", "2010-01-01", "2024-03-31", address_line_1=old_line, **here),
        at("FA402", "RO182", "ELM CHEMIST", "2024-04-01", None, address_line_1=new_line, **here),
    ]
    rows = mart_on("successor_candidates", write(tmp_path, organisations), TODAY)
    # Another name on the day after counts at the same place only: the postcode alone is not one.
    assert rows["reason"].to_list() == ["Same address, other name, opened the day after"] * is_same


@pytest.mark.promise("no_guess")
def test_a_code_without_any_end_has_no_candidate(tmp_path: Path) -> None:
    organisations = [
        at("FA501", "RO182", "OAK PHARMACY", "2010-01-01", None, **HIGH_STREET)
        | {"status": "Inactive", "last_change_date": date(2024, 3, 31)},
        at("FA502", "RO182", "OAK PHARMACY", "2024-04-01", None, **HIGH_STREET),
    ]
    built = marts_on(write(tmp_path, organisations), TODAY, "closed_codes", "successor_candidates")
    assert built["closed_codes"].select("ods_code", "candidate_codes").rows() == [("FA501", [])]
