"""Everything that is derived from the table classes: Arrow schemas, DuckDB comments, documents.

Lives here: translation only. Does not live here: facts about a table. A fact that is not in the table's
class appears in nothing derived from it.
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

# What tables with positions or areas add.
OS_ATTRIBUTION = "Contains OS data © Crown copyright and database right"
PLACES_ATTRIBUTION = (
    "Source: Office for National Statistics licensed under the Open Government Licence v.3.0",
    OS_ATTRIBUTION,
    "Contains Royal Mail data © Royal Mail copyright and database right",
)
_PLACES = "organisation_places"

_ARROW: dict[Any, pa.DataType] = {
    pl.String: pa.string(),
    pl.Date: pa.date32(),
    pl.Int64: pa.int64(),
    pl.Boolean: pa.bool_(),
    pl.Float64: pa.float64(),
}
_FRICTIONLESS: dict[Any, str] = {
    pl.String: "string",
    pl.Date: "date",
    pl.Int64: "integer",
    pl.Boolean: "boolean",
    pl.Float64: "number",
}
_DUCKDB: dict[Any, str] = {
    pl.String: "VARCHAR",
    pl.Date: "DATE",
    pl.Int64: "BIGINT",
    pl.Boolean: "BOOLEAN",
    pl.Float64: "DOUBLE",
}


def attribution_of(table: Table) -> str:
    """Return the lines of attribution that the publishers of a table's data ask for."""
    register = [] if table.schema == "geo" else [ATTRIBUTION]
    has_places = table.schema == "geo" or table.name == _PLACES
    places = [f"{line}." for line in PLACES_ATTRIBUTION] if has_places else []
    return " ".join([*register, *places])


def arrow_type(dtype: Any) -> pa.DataType:
    """Return the Arrow type of a Polars type."""
    if isinstance(dtype, pl.List):
        return pa.list_(arrow_type(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pa.struct([(f.name, arrow_type(f.dtype)) for f in dtype.fields])
    return _ARROW[type(dtype) if isinstance(dtype, pl.DataType) else dtype]


def duckdb_type(dtype: Any) -> str:
    """Return the name of the DuckDB type of a Polars type."""
    if isinstance(dtype, pl.List):
        return f"{duckdb_type(dtype.inner)}[]"
    if isinstance(dtype, pl.Struct):
        return "STRUCT(" + ", ".join(f"{f.name} {duckdb_type(f.dtype)}" for f in dtype.fields) + ")"
    return _DUCKDB[type(dtype) if isinstance(dtype, pl.DataType) else dtype]


def arrow_schema(table: Table, provenance: Mapping[str, str]) -> pa.Schema:
    """Return the Arrow schema, with descriptions of the table and of every column in its metadata.

    Args:
        table: The table.
        provenance: Where the data came from, added to the metadata of the table.
    """
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
        "attribution": attribution_of(table),
        **provenance,
    }
    return pa.schema(fields, metadata=metadata)


def comments(table: Table) -> list[str]:
    """Return the DuckDB statements that write the descriptions into the catalogue."""
    name = f'{table.schema}."{table.name}"'
    statements = [f"COMMENT ON TABLE {name} IS {_literal(table.description)}"]
    statements += [
        f'COMMENT ON COLUMN {name}."{column_name}" IS {_literal(column.description or "")}'
        for column_name, column in table.model.columns().items()
    ]
    return statements


def frictionless_schema(table: Table) -> dict[str, Any]:
    """Return the Frictionless table schema, as ``datapackage.json`` holds it."""
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


_PREAMBLE = """\
# Data dictionary

This page is generated from the classes in `ods_pipeline/schema`; do not edit it by hand. To write it again,
run `ods-pipeline dictionary` in the root of the repository. `ods-pipeline --help` does not list that command,
because only a change to the schema needs it. A test fails while the page and the classes differ.

Every table is a DuckDB table in `ods.duckdb` and a Parquet file below the data root.

* **Bold** columns are the key: no two rows share it, and rows are sorted by it.
* `?` after a type marks a column that may be null. Text is never empty: it is null instead.
* Types are DuckDB's. `VARCHAR` is text, `DATE` a calendar day, `BIGINT` a whole number or a hash of 64 bits,
  `DOUBLE` a fraction, `BOOLEAN` true or false. `VARCHAR[]` is a list, and `STRUCT(…)` names its fields.
* Columns named `*_start`, `*_end` and `closed_on` hold ODS's own days, and ends are **inclusive**.
* `known_to`, `valid_to` and every `effective_on` are the first day on which the new state holds, so that
  `known_from` to `known_to` and `valid_from` to `valid_to` are half-open. Null means that no end is known.

| term | meaning |
|---|---|
| release | One zip from TRUD, about one a month, with a full file and an archive file. |
| fetch | One visit to the API: the records changed since a date, deletion notices and code lists. |
| receipt | The JSON file kept with a raw input: where it came from, its size and its SHA-256. |
| capture | One input of the register: the full file or the archive file of a release, or a fetch. |
| as-of date | The day a capture speaks for: PublicationDate of a release, the UK date of a fetch. |
| stamp | LastChangeDate: the day ODS writes on a record when it changes. |
| stub | A record kept for reference only (`refOnly`), without relationships or successions. |
| observation | What one capture showed of one code. |
| version | An unbroken run of observations of a code with equal content. |
| build | One whole published set of tables. |
"""


def dictionary(tables: list[Table]) -> str:
    """Return the whole text of docs/data-dictionary.md, with ``tables`` in the order given."""
    lines: list[str] = [_PREAMBLE.rstrip("\n")]
    for table in tables:
        lines += ["", f"## {table.schema}.{table.name}", "", f"`{table.path}` — {table.description}", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        for name, column in table.model.columns().items():
            label = f"**{name}**" if name in table.key else name
            optional = "?" if column.nullable else ""
            meaning = (column.description or "").replace("|", "\\|")
            lines.append(f"| {label} | {duckdb_type(column.dtype)}{optional} | {meaning} |")
    return "\n".join(lines) + "\n"


def _literal(text: str) -> str:
    """Return a DuckDB string literal. Only descriptions from our own classes are passed in."""
    return "'" + text.replace("'", "''") + "'"
