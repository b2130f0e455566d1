"""Everything that is derived from the table classes: Arrow schemas, comments, documents.

Lives here: translation only. A fact about a table that is not in its class is in no derivative either.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pyarrow as pa

from ods_pipeline.schema.base import Table

DATA_LICENCE = "Open Government Licence v3.0"
ATTRIBUTION = (
    "Contains information from NHS England, "
    "licensed under the current version of the Open Government Licence."
)

_ARROW: dict[Any, pa.DataType] = {
    pl.String: pa.string(),
    pl.Date: pa.date32(),
    pl.Int64: pa.int64(),
    pl.UInt64: pa.uint64(),
    pl.Boolean: pa.bool_(),
    pl.Float64: pa.float64(),
}
_FRICTIONLESS: dict[Any, str] = {
    pl.String: "string",
    pl.Date: "date",
    pl.Int64: "integer",
    pl.UInt64: "integer",
    pl.Boolean: "boolean",
    pl.Float64: "number",
}
_DUCKDB: dict[Any, str] = {
    pl.String: "VARCHAR",
    pl.Date: "DATE",
    pl.Int64: "BIGINT",
    pl.UInt64: "UBIGINT",
    pl.Boolean: "BOOLEAN",
    pl.Float64: "DOUBLE",
}


def arrow_type(dtype: Any) -> pa.DataType:
    """The Arrow type of a Polars type."""
    if isinstance(dtype, pl.List):
        return pa.list_(arrow_type(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pa.struct([(f.name, arrow_type(f.dtype)) for f in dtype.fields])
    return _ARROW[type(dtype) if isinstance(dtype, pl.DataType) else dtype]


def duckdb_type(dtype: Any) -> str:
    """The DuckDB type of a Polars type, as documents name it."""
    if isinstance(dtype, pl.List):
        return f"{duckdb_type(dtype.inner)}[]"
    if isinstance(dtype, pl.Struct):
        return "STRUCT(" + ", ".join(f"{f.name} {duckdb_type(f.dtype)}" for f in dtype.fields) + ")"
    return _DUCKDB[type(dtype) if isinstance(dtype, pl.DataType) else dtype]


def arrow_schema(table: Table, provenance: Mapping[str, str]) -> pa.Schema:
    """The Arrow schema with a description on the table and on every column, and where the data came from."""
    columns = table.model.columns()
    fields = [
        pa.field(
            name,
            arrow_type(column.dtype),
            nullable=column.nullable,
            metadata={"description": column.description or ""},
        )
        for name, column in columns.items()
    ]
    metadata = {
        "table": f"{table.schema}.{table.name}",
        "description": table.description,
        "key": ", ".join(table.key),
        "licence": DATA_LICENCE,
        "attribution": ATTRIBUTION,
        **provenance,
    }
    return pa.schema(fields, metadata=metadata)


def comments(table: Table) -> list[str]:
    """DuckDB statements that put the descriptions into the catalogue."""
    name = f'{table.schema}."{table.name}"'
    statements = [f"COMMENT ON TABLE {name} IS {_literal(table.description)}"]
    statements += [
        f'COMMENT ON COLUMN {name}."{column_name}" IS {_literal(column.description or "")}'
        for column_name, column in table.model.columns().items()
    ]
    return statements


def frictionless_schema(table: Table) -> dict[str, Any]:
    """The Frictionless table schema."""
    fields = []
    for name, column in table.model.columns().items():
        dtype = column.dtype
        kind = (
            "array"
            if isinstance(dtype, pl.List)
            else _FRICTIONLESS[type(dtype) if isinstance(dtype, pl.DataType) else dtype]
        )
        entry: dict[str, Any] = {"name": name, "type": kind, "description": column.description or ""}
        if not column.nullable:
            entry["constraints"] = {"required": True}
        fields.append(entry)
    return {"fields": fields, "primaryKey": table.key}


def dictionary(tables: list[Table]) -> str:
    """docs/data-dictionary.md, whole."""
    lines = [
        "# Data dictionary",
        "",
        "Generated from `ods_pipeline/schema` by `ods-pipeline dictionary`; do not edit by hand.",
        "Every table is a DuckDB table in `ods.duckdb` and a Parquet file below the data root.",
        "Days named `*_start` and `*_end` are ODS's own, ends inclusive. **Bold** columns are the key;",
        "`?` marks columns that may be null.",
    ]
    for table in tables:
        lines += ["", f"## {table.schema}.{table.name}", "", f"`{table.path}` — {table.description}", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        for name, column in table.model.columns().items():
            shown = f"**{name}**" if name in table.key else name
            optional = "?" if column.nullable else ""
            meaning = (column.description or "").replace("|", "\\|")
            lines.append(f"| {shown} | {duckdb_type(column.dtype)}{optional} | {meaning} |")
    return "\n".join(lines) + "\n"


def _literal(text: str) -> str:
    """A DuckDB string literal; only ever given descriptions from our own classes."""
    return "'" + text.replace("'", "''") + "'"
