"""The shape of an event, and how days and values become part of one.

Lives here: the columns of an event, and the functions that fill them. Does not live here: when there is one
(``life.py``, ``record.py``, ``parts.py``, ``links.py``, ``gone.py``).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

import polars as pl

from ods_pipeline.schema import TABLES

DAY = timedelta(days=1)
LAST_DAY = date.max
Value = pl.Expr | str | None
NOTHING: Mapping[str, str] = MappingProxyType({})
# The columns of an event: those of code_changes without the two that are added when all events are known.
EVENT = {
    name: dtype
    for name, dtype in TABLES["code_changes"].dtypes.items()
    if name not in ("change_id", "corrects_drift")
}


def events(
    rows: pl.DataFrame,
    kind: str | pl.Expr,
    *,
    effective: pl.Expr | None = None,
    field: Value = None,
    old: Value = None,
    new: Value = None,
    about: Mapping[str, str] = NOTHING,
) -> pl.DataFrame:
    """Return one event for each row, in the columns of ``EVENT``.

    Args:
        rows: One row per event, with ``ods_code, day, stamped_on, capture_id, is_unstamped`` of its step.
        kind: The kind of change, as text or as an expression.
        effective: First day of the new state. Where it is null or left out, the stamp of the record counts;
            where there is no stamp, the day of detection.
        field: What changed, as text or as an expression.
        old: Value before; text is the name of a column.
        new: Value now; text is the name of a column.
        about: The columns of ``rows`` that hold ``related_code, rel_id, unique_rel_id, role_id`` or
            ``unique_role_id``, by these names.
    """
    stamp = pl.coalesce("stamped_on", "day")
    values: dict[str, Value] = {
        "change_kind": pl.lit(kind) if isinstance(kind, str) else kind,
        "field": pl.lit(field) if isinstance(field, str) else field,
        "effective_on": stamp if effective is None else pl.coalesce(effective, stamp),
        "detected_on": "day",
        **{name: name for name in ("ods_code", "capture_id", "is_unstamped")},
        "old_value": old,
        "new_value": new,
        **about,
    }
    columns = [_column(values.get(name)).cast(dtype).alias(name) for name, dtype in EVENT.items()]
    return rows.select(columns)


def _column(value: Value) -> pl.Expr:
    return value if isinstance(value, pl.Expr) else pl.lit(None) if value is None else pl.col(value)


def differs(column: str) -> pl.Expr:
    """Return whether a column of a step differs from the same column before; two nulls are equal."""
    return pl.col(column).ne_missing(pl.col(f"{column}_before"))


def next_day(column: str) -> pl.Expr:
    """Return the first day of the new state after an inclusive end.

    Null after 9999-12-31, the last day that dates can have. Some registers write that day for "no end".
    """
    return pl.when(pl.col(column) < LAST_DAY).then(pl.col(column) + DAY)
