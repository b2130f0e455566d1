"""Events of a record's own fields: name, address, primary role, contacts, and the few that have no kind."""

import polars as pl

from ods_pipeline.history.changes.event import differs, events
from ods_pipeline.history.changes.fax import unstated
from ods_pipeline.history.tables import History

ADDRESS_LINE = ("address_line_1", "address_line_2", "address_line_3", "town", "county", "postcode")
BESIDE_THE_LINE = ("uprn", "country")
WITHOUT_A_KIND = ("record_class", "assigning_authority")
BETWEEN_VALUES = ", "


def fields(steps: pl.DataFrame) -> pl.DataFrame:
    """``renamed``, ``address_changed``, ``primary_role_changed``, and ``record_changed`` for the rest."""
    return pl.concat(
        [
            _of_column(steps, "renamed", "name"),
            _addresses(steps),
            _of_column(steps, "primary_role_changed", "primary_role_id"),
            *(_of_column(steps, "record_changed", column) for column in WITHOUT_A_KIND),
            _of_column(steps.filter(_status_alone()), "record_changed", "status"),
        ]
    )


def contacts(
    steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, history: History
) -> pl.DataFrame:
    """``contact_changed``: one event a contact type; the order of several values does not matter. Stubs have
    no contacts, so what a complete record adds to one is no news; nor is a fax, or its absence, beside a
    version that could not say (``fax.py``)."""
    key = ["ods_code", "day", "contact_type"]
    old, new = (_values(rows, key, name) for rows, name in ((before, "old"), (after, "new")))
    changed = old.join(new, on=key, how="full", coalesce=True).filter(pl.col("old").ne_missing(pl.col("new")))
    rows = changed.join(steps.filter(~pl.col("ref_only_before")), on=["ods_code", "day"])
    rows = rows.join(unstated(rows, history.observations, history.captures), on=key, how="anti")
    return events(rows, "contact_changed", field=pl.col("contact_type"), old="old", new="new")


def address_line(suffix: str = "") -> pl.Expr:
    """The address as one line, without holes; null where there is none."""
    line = pl.concat_str([f"{c}{suffix}" for c in ADDRESS_LINE], separator=", ", ignore_nulls=True)
    return pl.when(line != "").then(line)


def _addresses(steps: pl.DataFrame) -> pl.DataFrame:
    """One event for the whole address. A UPRN or a country that changes alone is named as the field."""
    columns = (*ADDRESS_LINE, *BESIDE_THE_LINE)
    unknown_before = pl.col("ref_only_before") & pl.all_horizontal(
        pl.col(f"{c}_before").is_null() for c in columns
    )
    lines = steps.filter(~unknown_before).with_columns(
        address_line().alias("line"), address_line("_before").alias("line_before")
    )
    moved = differs("line")
    one, other = BESIDE_THE_LINE
    return pl.concat(
        [
            events(lines.filter(moved), "address_changed", field="address", old="line_before", new="line"),
            _of_column(lines.filter(~moved), "address_changed", one),
            _of_column(lines.filter(~moved & ~differs(one)), "address_changed", other),
        ]
    )


def _of_column(steps: pl.DataFrame, kind: str, column: str) -> pl.DataFrame:
    rows = steps.filter(differs(column))
    return events(rows, kind, field=column, old=f"{column}_before", new=column)


def _status_alone() -> pl.Expr:
    """The status turned though the body neither closed nor opened, and no date of its own came or changed:
    a date that came is what ODS turns the status for, at the next midnight or some days later."""
    dates = ("operational_start", "operational_end", "legal_start", "legal_end")
    same_dates = ~pl.any_horizontal(differs(c) for c in dates)
    over = pl.any_horizontal((pl.col(c) < pl.col("day")).fill_null(False) for c in dates[1::2])
    return same_dates & ~pl.col("closes") & ~pl.col("reopens") & ~pl.col("opens") & ~over


def _values(rows: pl.DataFrame, key: list[str], name: str) -> pl.DataFrame:
    return (
        rows.sort(*key, "contact_value")
        .group_by(key, maintain_order=True)
        .agg(pl.col("contact_value").str.join(BETWEEN_VALUES).alias(name))
    )
