"""The warning of `coverage`: silent on a register in which all is well, loud where links are lost."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.marts.checking import findings
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

TODAY = date(2026, 9, 4)
ICBS, PRACTICES = 4, 40
Links = list[Row]
WELSH = {"country": "WALES"}


def organisations() -> list[Row]:
    """Four ICBs with a sub-ICB location each, forty practices, their PCNs, pharmacies and trusts.

    Next to them who can have no ICB: Welsh practices, and practices that a hub commissions.
    """
    roles = [{"code": f"Q{n}", "role": "RO261"} for n in range(ICBS)]
    roles += [{"code": f"0{n}S", "role": "RO98"} for n in range(ICBS)]
    roles += [
        {"code": f"{letter}{n:02d}", "role": role}
        for letter, role in (("G", "RO177"), ("U", "RO272"), ("F", "RO182"), ("R", "RO197"))
        for n in range(PRACTICES)
    ]
    held = [organisation(row["code"], row["role"], country="ENGLAND") for row in roles]
    held += [organisation("Y1", "RO209"), organisation("97T", "RO98"), organisation("7A2", "RO144", **WELSH)]
    held += [organisation(f"W{n}", "RO177", **WELSH) for n in range(30)]
    return held + [organisation(f"P{n}", "RO177", country="ENGLAND") for n in range(5)]


def links() -> Links:
    """All links of a register in which all is well."""
    found = [link(f"Q{n}", "RE2", "Y1") for n in range(ICBS)]
    found += [link(f"0{n}S", "RE5", f"Q{n}") for n in range(ICBS)]
    for n in range(PRACTICES):
        sub_icb, icb = f"0{n % ICBS}S", f"Q{n % ICBS}"
        found += [link(f"G{n:02d}", "RE4", sub_icb), link(f"U{n:02d}", "RE4", sub_icb)]
        found += [link(f"F{n:02d}", "RE4", icb), link(f"R{n:02d}", "RE8", icb)]
    found += [link(f"W{n}", "RE4", "7A2") for n in range(30)]
    return found + [link(f"P{n}", "RE4", "97T") for n in range(5)]


def without(*codes: str, rel: str) -> Callable[[Links], Links]:
    return lambda rows: [r for r in rows if not (r["ods_code"] in codes and r["rel_id"] == rel)]


def ended(code: str, rel: str) -> Callable[[Links], Links]:
    end = date(2026, 3, 31)
    return lambda rows: [
        {**r, "operational_end": end} if (r["ods_code"], r["rel_id"]) == (code, rel) else r for r in rows
    ]


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        pytest.param(lambda rows: rows, [], id="all is well"),
        # Some of hundreds of practices always have no link: one in forty is no cause for alarm.
        pytest.param(
            without("G00", rel="RE4"), [], id="one practice without a commissioner", marks=pytest.mark.slow
        ),
        pytest.param(
            without("01S", rel="RE5"),
            ["gp_practice with icb: 30 of 40, expected 90 %", "pcn with icb: 30 of 40"],
            id="a sub-ICB location without its ICB",
        ),
        pytest.param(
            ended("02S", "RE5"),
            ["gp_practice with icb: 30 of 40", "gp_practice with region"],
            id="a link that ended",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            without(*(f"Q{n}" for n in range(ICBS)), rel="RE2"),
            ["gp_practice with region: 0 of 40", "trust with region: 0 of 40"],
            id="no ICB with its region",
        ),
        pytest.param(
            without(*(f"R{n:02d}" for n in range(5)), rel="RE8"),
            ["trust with icb: 35 of 40, expected 95 %"],
            id="five trusts without an ICB",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_warning_is_silent_when_all_is_well_and_loud_when_not(
    tmp_path: Path, harm: Callable[[Links], Links], named: list[str]
) -> None:
    passed, summary = warning_on(TODAY, tmp_path, harm)
    assert passed == (not named)
    assert [text for text in named if text not in summary] == [], summary


@pytest.mark.parametrize(("day", "passed"), [(date(2020, 3, 31), True), (date(2020, 4, 1), False)])
def test_nothing_is_expected_before_icbs_were_recorded(tmp_path: Path, day: date, passed: bool) -> None:
    """`build --today` describes any day; a warning about the past of a good register would be untrue."""
    no_regions = without(*(f"Q{n}" for n in range(ICBS)), rel="RE2")
    assert warning_on(day, tmp_path, no_regions)[0] == passed


def warning_on(day: date, folder: Path, harm: Callable[[Links], Links]) -> tuple[bool, str]:
    """Whether the warning is silent on a day, and what it says."""
    roles = [{"ods_code": f"0{n}S", "role_id": "RO319", "unique_role_id": 900 + n} for n in range(ICBS)]
    roles += [{"ods_code": "97T", "role_id": "RO218", "unique_role_id": 990}]
    roles += [
        {"ods_code": row["ods_code"], "role_id": "RO76", "unique_role_id": n}
        for n, row in enumerate(organisations())
        if row["primary_role_id"] == "RO177"
    ]
    dated = [{"status": "Active", "operational_start": date(2010, 4, 1), **role} for role in roles]
    build = write(folder, organisations(), harm(links()), roles=dated)
    frame = marts_on(build, day, "coverage", check=False)["coverage"]
    (warning,) = [f for f in findings("coverage", frame, build, day) if f.name == "is_as_expected"]
    assert not warning.blocking
    return warning.passed, warning.summary
