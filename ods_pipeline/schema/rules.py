"""The rules that the rows of a table must keep, derived from its class: types, nulls, closed lists, keys.

Lives here: dataframely, which checks the rules. Its import takes half a second, so it is imported only where
rows are checked. Does not live here: what happens to a table that breaks a rule (``publish/``).
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import dataframely as dy
import polars as pl

from ods_pipeline.schema.base import Column, Table

_SCALARS: Mapping[type[pl.DataType], type[dy.Column]] = {
    pl.String: dy.String,
    pl.Date: dy.Date,
    pl.Int64: dy.Int64,
    pl.Float64: dy.Float64,
    pl.Boolean: dy.Bool,
}


def broken_rules(table: Table, frame: pl.DataFrame) -> dict[str, int]:
    """Count the rows of ``frame`` that break each rule of ``table``.

    Returns:
        The number of rows by rule; empty if every row keeps every rule.
    """
    model = _model(table)
    # Ask first whether there is any such row: finding which rows costs as much as the rules themselves.
    if model.is_valid(frame):
        return {}
    return model.filter(frame)[1].counts()


@cache
def _model(table: Table) -> type[dy.Schema]:
    columns = {name: _column(column) for name, column in table.model.columns().items()}
    model = type(dy.Schema)(table.model.__name__, (dy.Schema,), columns)
    assert issubclass(model, dy.Schema)
    return model


def _column(column: Column) -> dy.Column:
    options: dict[str, Any] = {"nullable": column.nullable, "primary_key": column.is_key}
    if column.values:
        allowed = list(column.values)
        options["check"] = {"known_value": lambda values: values.is_in(allowed)}
    if column.least is not None:
        options["min"] = column.least
    if column.most is not None:
        options["max"] = column.most
    return _of_type(column.dtype, options)


def _of_type(dtype: Any, options: Mapping[str, Any]) -> dy.Column:
    """Return the dataframely column of a Polars type. Items of lists and fields of structs are never null."""
    inner = {"nullable": False}
    if isinstance(dtype, pl.List):
        return dy.List(_of_type(dtype.inner, inner), **options)
    if isinstance(dtype, pl.Struct):
        return dy.Struct({f.name: _of_type(f.dtype, inner) for f in dtype.fields}, **options)
    return _SCALARS[dtype.base_type()](**options)
