"""Registers of a few rows around a commissioner, compared with the oracle."""

from datetime import date
from pathlib import Path

import polars as pl

from ods_pipeline_tests.oracles.marts import Oracle
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

TODAY = date(2026, 9, 4)


def role(code: str, role_id: str, start: str | None = None, end: str | None = None) -> Row:
    days = {"operational_start": start and date.fromisoformat(start)}
    return {
        "ods_code": code,
        "role_id": role_id,
        **days,
        "operational_end": end and date.fromisoformat(end),
    }


def world(
    folder: Path, organisations: list[Row], links: list[Row], roles: list[Row], today: date = TODAY
) -> dict[str, pl.DataFrame]:
    """The marts of a register, after each organisation of today has been compared with the oracle."""
    numbered = [{"unique_role_id": n, **r} for n, r in enumerate(roles, start=1)]
    build = write(folder, organisations, links, roles=numbered)
    names = ("provider_hierarchy", "provider_hierarchy_current", "organisation_parents", "hierarchy_closure")
    result = marts_on(build, today, *names)
    current = result["provider_hierarchy_current"]
    ends = dict(current.select("ods_code", "valid_to").iter_rows())
    expected = Oracle(build, today).current(ends)
    assert current.drop("valid_from", "valid_to").to_dicts() == expected.to_dicts()
    return result


def row(result: dict[str, pl.DataFrame], code: str, *columns: str) -> tuple:
    return result["organisation_parents"].filter(ods_code=code).select(columns).row(0)


def above(result: dict[str, pl.DataFrame], code: str) -> list[str]:
    frame = result["hierarchy_closure"].filter(descendant_code=code)
    return sorted(frame["ancestor_code"].unique())


HUB = [organisation("97T", "RO98"), organisation("Y59", "RO209"), organisation("QWO", "RO261")]

IN_LEEDS = link("97T", "RE5", "QWO", "2020-04-01")
