"""Events of a record's own fields: name, address, primary role, contacts, and the few without a kind.

Lives here: the events of columns of ``organisations`` and of contacts. Does not live here: its dates, and
a status that changed with them (``life.py``).
"""

from collections.abc import Mapping

import polars as pl

from ods_pipeline.history.changes.event import differs, events
from ods_pipeline.history.changes.fax import unsupported
from ods_pipeline.history.columns import DATES, ENDS, RECORD
from ods_pipeline.history.tables import History

ADDRESS_LINE = ("address_line_1", "address_line_2", "address_line_3", "town", "county", "postcode")
OUTSIDE_THE_LINE = ("uprn", "country")
OWN = tuple(c for c in RECORD if c != "ods_code")
# Columns whose changes have kinds of events, here or in ``life.py``. For any other it is record_changed.
_WITH_OWN_KIND = ("name", "primary_role_id", "status", "ref_only", *DATES, *ADDRESS_LINE, *OUTSIDE_THE_LINE)
WITHOUT_OWN_KIND = tuple(c for c in OWN if c not in _WITH_OWN_KIND)
BETWEEN_VALUES = ", "
BETWEEN_LINES = " | "


def fields(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the events of a record's own columns: one kind for each, and ``record_changed`` for the rest."""
    return pl.concat(
        [
            _of_column(steps, "renamed", "name"),
            _addresses(steps),
            _of_column(steps, "primary_role_changed", "primary_role_id"),
            *(_of_column(steps, "record_changed", column) for column in WITHOUT_OWN_KIND),
            _of_column(steps.filter(_status_alone()), "record_changed", "status"),
        ]
    )


def contacts(
    steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, history: History
) -> pl.DataFrame:
    """Return ``contact_changed``, one event for each contact type.

    The order of several values of one type does not matter. Stubs have no contacts, so contacts that a
    complete record adds to a stub are not changes. Nor is a fax number that appears or disappears, if one of
    the two versions could not show it (``fax.py``).

    Args:
        steps: The steps.
        before: The contacts of the earlier versions.
        after: The contacts of the later versions.
        history: The observations and captures.
    """
    key = ["ods_code", "day", "contact_type"]
    old, new = (_values(rows, key, name) for rows, name in ((before, "old"), (after, "new")))
    changed = old.join(new, on=key, how="full", coalesce=True).filter(pl.col("old").ne_missing(pl.col("new")))
    rows = changed.join(steps.filter(~pl.col("ref_only_before")), on=["ods_code", "day"])
    rows = rows.join(unsupported(rows, history.observations, history.captures), on=key, how="anti")
    return events(rows, "contact_changed", field=pl.col("contact_type"), old="old", new="new")


def without_event(
    steps: pl.DataFrame, parts: Mapping[str, tuple[pl.DataFrame, pl.DataFrame]], other_events: pl.DataFrame
) -> pl.DataFrame:
    """Return ``record_changed`` for each step that no other event reports, so that every version has one.

    Such a step only follows what an earlier event has reported (ODS turns the status some midnights after
    the last day, a role ends after its organisation has), or completes a stub. ``field`` names the columns
    and the components that differ; the values are those of the status, if it is among them.

    Args:
        steps: The steps.
        parts: The rows before and after each step, by component.
        other_events: The other events of steps.
    """
    silent = steps.join(
        other_events.select("ods_code", pl.col("detected_on").alias("day")).unique(),
        on=["ods_code", "day"],
        how="anti",
    )
    key = ["ods_code", "day"]
    for name, (before, after) in parts.items():
        old, new = (rows.join(silent.select(key), on=key, how="semi") for rows in (before, after))
        columns = [c for c in old.columns if c in new.columns]
        apart = pl.concat(
            [
                old.join(new, on=columns, how="anti", nulls_equal=True).select(key),
                new.join(old, on=columns, how="anti", nulls_equal=True).select(key),
            ]
        ).unique()
        silent = silent.join(apart.with_columns(pl.lit(name).alias(f"differs_{name}")), on=key, how="left")
    named = [pl.when(differs(c)).then(pl.lit(c)) for c in OWN]
    turned = differs("status")
    return events(
        silent,
        "record_changed",
        field=pl.concat_str(
            [*named, *(pl.col(f"differs_{name}") for name in parts)], separator=", ", ignore_nulls=True
        ),
        old=pl.when(turned).then("status_before"),
        new=pl.when(turned).then("status"),
    )


def address_line(suffix: str = "") -> pl.Expr:
    """Return the address as one line, without empty parts; null if there is none.

    Args:
        suffix: ``_before`` for the address of the earlier version.
    """
    line = pl.concat_str([f"{c}{suffix}" for c in ADDRESS_LINE], separator=", ", ignore_nulls=True)
    return pl.when(line != "").then(line)


def _addresses(steps: pl.DataFrame) -> pl.DataFrame:
    """Return one event for the whole address, or for a UPRN or country that changes alone.

    Text that moves from one line to another leaves the address as it is read: then ``field`` is
    ``address_lines``, and the values show where each line ends.
    """
    columns = (*ADDRESS_LINE, *OUTSIDE_THE_LINE)
    unknown_before = pl.col("ref_only_before") & pl.all_horizontal(
        pl.col(f"{c}_before").is_null() for c in columns
    )
    lines = steps.filter(~unknown_before).with_columns(
        address_line().alias("line"), address_line("_before").alias("line_before")
    )
    moved = differs("line")
    uprn, country = OUTSIDE_THE_LINE
    shifted = (
        pl.any_horizontal(differs(c) for c in ADDRESS_LINE) & ~moved & ~differs(uprn) & ~differs(country)
    )
    return pl.concat(
        [
            events(lines.filter(moved), "address_changed", field="address", old="line_before", new="line"),
            _of_column(lines.filter(~moved), "address_changed", uprn),
            _of_column(lines.filter(~moved & ~differs(uprn)), "address_changed", country),
            events(
                lines.filter(shifted),
                "address_changed",
                field="address_lines",
                old=_lines_apart("_before"),
                new=_lines_apart(""),
            ),
        ]
    )


def _lines_apart(suffix: str) -> pl.Expr:
    """Return all lines of the address, empty ones too, with a mark between them."""
    return pl.concat_str(
        [pl.col(f"{c}{suffix}").fill_null("") for c in ADDRESS_LINE], separator=BETWEEN_LINES
    )


def _of_column(steps: pl.DataFrame, kind: str, column: str) -> pl.DataFrame:
    rows = steps.filter(differs(column))
    return events(rows, kind, field=column, old=f"{column}_before", new=column)


def _status_alone() -> pl.Expr:
    """Return whether the status changed without a new date, and the organisation neither closed nor opened.

    A date that has passed explains the status: ODS changes it at the next midnight, or some days later.
    """
    same_dates = ~pl.any_horizontal(differs(c) for c in DATES)
    over = pl.any_horizontal((pl.col(c) < pl.col("day")).fill_null(False) for c in ENDS)
    return same_dates & ~pl.col("closes") & ~pl.col("reopens") & ~pl.col("opens") & ~over


def _values(rows: pl.DataFrame, key: list[str], name: str) -> pl.DataFrame:
    return (
        rows.sort(*key, "contact_value")
        .group_by(key, maintain_order=True)
        .agg(pl.col("contact_value").str.join(BETWEEN_VALUES).alias(name))
    )
