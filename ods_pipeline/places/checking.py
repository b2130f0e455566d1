"""The checks of ``geo``: whether the files of places fit the register. They warn; only a repeated key blocks.

Lives here: the conditions, and which table has which. Does not live here: what a failure stops
(``defs/assets/``).
"""

from datetime import date

import polars as pl

from ods_pipeline.checks.base import Finding, sample, warning
from ods_pipeline.checks.register import unique_key
from ods_pipeline.places.postcodes import EAST, NORTH, SOUTH, WEST

# ONS publishes four editions a year, each in the last week of its month. In days.
EDITION_IS_OLD_AFTER = 150
LEAST_SHARE_KNOWN = 0.9
# Postcodes of Northern Ireland, the Channel Islands and the Isle of Man have no position here, on purpose.
_NOT_EXPECTED = "^(BT|GY|JE|IM)[0-9]"
# Names of the checks by table, and whether they block.
CHECKS = {
    "geo.postcodes": {
        "unique_key": True,
        "postcodes_known": False,
        "positions_in_great_britain": False,
        "areas_known": False,
        "edition_is_recent": False,
    },
    "geo.areas": {"unique_key": True},
    "geo.uprns": {"unique_key": True, "positions_in_great_britain": False},
}


def place_findings(
    organisations: pl.DataFrame,
    postcodes: pl.DataFrame,
    areas: pl.DataFrame,
    uprns: pl.DataFrame,
    today: date,
) -> dict[str, list[Finding]]:
    """Return the outcome of every check, by table id. Without a file of places each of them passes."""
    return {
        "geo.postcodes": [
            unique_key("geo.postcodes", postcodes),
            postcodes_known(organisations, postcodes),
            positions_in_great_britain(postcodes),
            areas_known(postcodes, areas),
            edition_is_recent(postcodes, today),
        ],
        "geo.areas": [unique_key("geo.areas", areas)],
        "geo.uprns": [unique_key("geo.uprns", uprns), positions_in_great_britain(uprns)],
    }


def postcodes_known(organisations: pl.DataFrame, postcodes: pl.DataFrame) -> Finding:
    """Check that the file knows most postcodes of Active organisations in Great Britain."""
    name = "postcodes_known"
    if postcodes.is_empty():
        return warning(name, "", "no file of postcodes is used")
    active = organisations.filter(
        (pl.col("status") == "Active") & ~pl.col("postcode").str.contains(_NOT_EXPECTED).fill_null(value=True)
    )
    unknown = active.join(postcodes, on="postcode", how="anti")
    share = 1 - unknown.height / max(active.height, 1)
    summary = f"{share:.1%} of {active.height:,} Active organisations of Great Britain have a known postcode"
    shown = sample(unknown.sort("ods_code")["ods_code"])
    problem = (
        f"{summary}; at least {LEAST_SHARE_KNOWN:.0%} are expected; not: {shown}"
        if share < LEAST_SHARE_KNOWN
        else ""
    )
    return warning(name, problem, summary, share=round(share, 4), unknown=unknown.height)


def positions_in_great_britain(rows: pl.DataFrame) -> Finding:
    """Check that every position lies in a rectangle round Great Britain."""
    placed = rows.filter(pl.col("latitude").is_not_null() | pl.col("longitude").is_not_null())
    inside = pl.col("latitude").is_between(SOUTH, NORTH) & pl.col("longitude").is_between(WEST, EAST)
    outside = placed.filter(~inside.fill_null(value=False))
    problem = f"{outside.height:,} positions lie outside Great Britain: {sample(outside[outside.columns[0]])}"
    return warning(
        "positions_in_great_britain",
        problem if outside.height else "",
        f"{placed.height:,} positions, all in Great Britain; {rows.height - placed.height:,} rows have none",
        placed=placed.height,
        outside=outside.height,
    )


def areas_known(postcodes: pl.DataFrame, areas: pl.DataFrame) -> Finding:
    """Check that ``geo.areas`` has every ICB, sub-ICB location and region in which a postcode lies."""
    columns = ("icb_gss_code", "sub_icb_gss_code", "region_gss_code")
    used = pl.concat([postcodes.select(gss_code=pl.col(column)) for column in columns]).drop_nulls().unique()
    unknown = used.join(areas, on="gss_code", how="anti").sort("gss_code")["gss_code"]
    problem = (
        f"{len(unknown):,} areas of the NHS have no name and ODS code: {sample(unknown)}"
        if len(unknown)
        else ""
    )
    return warning(
        "areas_known", problem, f"{used.height:,} areas of the NHS, all known", unknown=len(unknown)
    )


def edition_is_recent(postcodes: pl.DataFrame, today: date) -> Finding:
    """Check that the edition is not much older than the day of the marts. A new one comes every quarter."""
    name = "edition_is_recent"
    if postcodes.is_empty():
        return warning(name, "", "no file of postcodes is used")
    label, first = postcodes.select("edition", "edition_day").row(0)
    days = (today - first).days
    problem = (
        f"{label} is {days} days older than {today}, and a newer one is out. Run: ods-pipeline postcodes FILE"
        if days > EDITION_IS_OLD_AFTER
        else ""
    )
    return warning(name, problem, f"{label} is {days} days older than {today}", days=days)
