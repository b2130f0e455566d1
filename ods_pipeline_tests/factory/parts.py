"""Roles and contacts of every organisation."""

import csv
from functools import cache

import numpy as np
import polars as pl

from ods_pipeline_tests.factory.dice import Dice, Numbers
from ods_pipeline_tests.factory.organisations import ACTIVE, NO_DAY, PUBLISHED_DAY, as_days
from ods_pipeline_tests.factory.plan import ROLE_POOLS, Counts, kinds
from ods_pipeline_tests.sample import FACTS

FIRST_ROLE_ID = 10_000


@cache
def concepts() -> dict[str, list[dict[str, object]]]:
    """Return the code lists of the sample (ids and names), in the form that the payload writers take."""
    lists: dict[str, list[dict[str, object]]] = {"role": [], "relationship": [], "record_class": []}
    with (FACTS / "code_systems.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            lists[row["code_system"]].append(
                {
                    "id": row["id"],
                    "code": row["id"].lstrip("ROEC"),
                    "displayName": row["display_name"],
                    "primaryRole": row["in_primary_role_scope"] == "true",
                }
            )
    return lists


def make_roles(dice: Dice, organisations: pl.DataFrame, counts: Counts) -> pl.DataFrame:
    """Return the primary role of each organisation, with its dates, and other roles as planned."""
    kind, record = organisations["kind"].to_numpy(), organisations["record"].to_numpy()
    holders: list[Numbers] = []
    ids: list[Numbers] = []
    for each in kinds().values():
        mine = record[kind == each.number]
        for role, share in each.other_roles:
            have = mine[dice.share(f"{each.name} {role}", mine) < share]
            pool = np.array(ROLE_POOLS.get(role, (role,)))
            holders.append(have)
            ids.append(pool[dice.below(f"{each.name} {role} which", have, len(pool))])
    every = [str(c["id"]) for c in concepts()["role"] if not c["primaryRole"]]
    wanted = counts.roles - len(record)
    # Some draws repeat a role that the organisation already has.
    more = dice.chosen("more roles", record, max(0, round(1.05 * wanted) - sum(map(len, holders))))
    holders.append(record[more])
    ids.append(np.array(every)[dice.below("more roles which", more, len(every))])
    drawn = pl.DataFrame({"record": np.concatenate(holders), "role_id": np.concatenate(ids).tolist()})
    drawn = drawn.unique(maintain_order=True)
    kept = drawn[dice.chosen("roles kept", np.arange(drawn.height), wanted).tolist()]
    others = _other_roles(dice, organisations, kept["record"].to_numpy(), kept["role_id"])
    primary = organisations.select(
        "record",
        pl.col("primary_role_id").alias("role_id"),
        pl.lit(True).alias("is_primary"),
        "status",
        "legal_start",
        "legal_end",
        "operational_start",
        "operational_end",
    )
    return numbered(dice, pl.concat([primary, others]), "unique_role_id", FIRST_ROLE_ID)


def _other_roles(
    dice: Dice, organisations: pl.DataFrame, holder: Numbers, role_id: pl.Series
) -> pl.DataFrame:
    """Return roles that began with the organisation or later; some of them ended before it."""
    at = organisations.select(
        pl.col("operational_start", "operational_end").to_physical().fill_null(NO_DAY).cast(pl.Int64)
    )
    start = at["operational_start"].to_numpy()[holder]
    end = at["operational_end"].to_numpy()[holder]
    row = np.arange(len(holder))
    last = np.where((end == NO_DAY) | (end > PUBLISHED_DAY), PUBLISHED_DAY, end)
    later = np.where(dice.share("role later", row) < 0.4, dice.share("role start", row), 0.0)
    begins = start + ((last - start) * later).astype(np.int64)
    early = dice.share("role ended early", row) < 0.12
    ends = np.where(early, begins + ((last - begins) * dice.share("role end", row)).astype(np.int64), end)
    return pl.DataFrame(
        {
            "record": holder,
            "role_id": role_id,
            "is_primary": np.zeros(len(row), dtype=bool),
            "status": np.where((ends == NO_DAY) | (ends >= PUBLISHED_DAY), "Active", "Inactive").tolist(),
            "legal_start": as_days(np.full(len(row), NO_DAY)),
            "legal_end": as_days(np.full(len(row), NO_DAY)),
            "operational_start": as_days(begins),
            "operational_end": as_days(ends),
        }
    )


def numbered(dice: Dice, frame: pl.DataFrame, column: str, first: int) -> pl.DataFrame:
    """Add ids from ``first`` upwards in an arbitrary order, as ODS's ids are."""
    place = np.argsort(np.argsort(dice.bits(column, np.arange(frame.height)), kind="stable"), kind="stable")
    return frame.with_columns(pl.Series(column, place + first, dtype=pl.Int64))


def make_contacts(dice: Dice, organisations: pl.DataFrame) -> pl.DataFrame:
    """Return telephone and fax numbers, web sites and mail addresses.

    The shares are our estimate. The numbers are from the range that Ofcom reserves for fiction.

    Returns:
        ``record, contact_type, contact_value``.
    """
    record, active = organisations["record"].to_numpy(), organisations["life"].to_numpy() == ACTIVE
    number = pl.format(
        "0{} 4960{}",
        pl.Series(dice.below("area code", record, 80) + 113),
        pl.Series(dice.below("number", record, 1000)).cast(pl.String).str.zfill(3),
    )
    fax = pl.format("0113 4960{}", pl.Series(dice.below("fax", record, 1000)).cast(pl.String).str.zfill(3))
    site = pl.format("https://www.site{}.example/?a=1&b=2", pl.Series(record))
    mail = pl.format("office{}@mail.example", pl.Series(record))
    rows = []
    for kind, value, share in (
        ("tel", number, 0.5),
        ("tel", fax, 0.015),
        ("fax", fax, 0.1),
        ("http", site, 0.08),
        ("mailto", mail, 0.03),
    ):
        have = dice.share(f"has {kind} {share}", record) < share * np.where(active, 1.1, 0.8)
        frame = pl.select(
            pl.Series("record", record), pl.lit(kind).alias("contact_type"), value.alias("contact_value")
        )
        rows.append(frame.filter(pl.Series(have)))
    return pl.concat(rows).unique(maintain_order=True)
