"""The shape of an event, and how days and values become part of one."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

import polars as pl

DAY = timedelta(days=1)
LAST_DAY = date.max
Value = pl.Expr | str | None
NOTHING: Mapping[str, str] = MappingProxyType({})

EVENT: dict[str, pl.DataType | type[pl.DataType]] = {
    "ods_code": pl.String,
    "change_kind": pl.String,
    "field": pl.String,
    "old_value": pl.String,
    "new_value": pl.String,
    "related_code": pl.String,
    "rel_id": pl.String,
    "unique_rel_id": pl.Int64,
    "role_id": pl.String,
    "unique_role_id": pl.Int64,
    "effective_on": pl.Date,
    "detected_on": pl.Date,
    "capture_id": pl.String,
    "is_unstamped": pl.Boolean,
}


def events(
    rows: pl.DataFrame,
    kind: str | pl.Expr,
    *,
    effective: pl.Expr | None = None,
    field: Value = None,
    old: Value = None,
    new: Value = None,
    of: Mapping[str, str] = NOTHING,
) -> pl.DataFrame:
    """One event a row, in the columns of EVENT. ``rows`` holds ``ods_code, day, stamped_on, capture_id,
    is_unstamped`` of its step. ``effective`` is the first day of the new state; where it is null, and
    without it, the stamp stands in, and the day of detection where there is no stamp either. ``kind`` and
    ``field`` may be text; in ``old`` and ``new`` text names a column. ``of`` says which columns hold what the
    event is about besides: ``related_code, rel_id, unique_rel_id, role_id, unique_role_id``."""
    told: dict[str, Value] = {"old_value": old, "new_value": new, **of}
    stamp = pl.coalesce("stamped_on", "day")
    given: dict[str, Value] = {
        "change_kind": pl.lit(kind) if isinstance(kind, str) else kind,
        "field": pl.lit(field) if isinstance(field, str) else field,
        "effective_on": stamp if effective is None else pl.coalesce(effective, stamp),
        "detected_on": "day",
        **{name: name for name in ("ods_code", "capture_id", "is_unstamped")},
        **told,
    }
    columns = [_column(given.get(n)).cast(dtype).alias(n) for n, dtype in EVENT.items()]
    return rows.select(columns)


def _column(value: Value) -> pl.Expr:
    return value if isinstance(value, pl.Expr) else pl.lit(None) if value is None else pl.col(value)


def differs(column: str) -> pl.Expr:
    """Whether a column of a step is not what it was before."""
    return pl.col(column).ne_missing(pl.col(f"{column}_before"))


def next_day(column: str) -> pl.Expr:
    """ODS's ends are inclusive; the new state holds from the next day on. After the last day that dates can
    have (9999-12-31, which some registers write for "no end") there is none: null."""
    return pl.when(pl.col(column) < LAST_DAY).then(pl.col(column) + DAY)
