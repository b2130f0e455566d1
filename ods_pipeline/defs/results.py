"""Findings and tables as Dagster's own objects: check results, schemas, lineage and the figures of a run.

Does not live here: what the catalogue shows apart from a run (``catalogue.py``), and the checks themselves
(``checks/``, ``marts/checks/``).
"""

from pathlib import Path

import dagster as dg
import polars as pl

from ods_pipeline.checks import Finding
from ods_pipeline.defs.keys import table_key
from ods_pipeline.marts.column_lineage import columns_read
from ods_pipeline.schema import Table
from ods_pipeline.schema.derive import duckdb_type


def check_result(finding: Finding, asset: dg.AssetKey) -> dg.AssetCheckResult:
    """Return a finding as a check result.

    A blocking finding that fails is an ERROR and stops the run; any other that fails is a WARN.
    """
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=finding.name,
        passed=finding.passed,
        severity=dg.AssetCheckSeverity.ERROR if finding.blocking else dg.AssetCheckSeverity.WARN,
        description=finding.summary,
        metadata={
            name: value if isinstance(value, (int, float)) else str(value)
            for name, value in finding.facts.items()
        },
    )


def column_schema(table: Table) -> dg.TableSchema:
    """Return the table's columns with their types and descriptions."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                duckdb_type(column.dtype),
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.key == [name]),
            )
            for name, column in table.model.columns().items()
        ]
    )


def column_lineage(mart: Table) -> dg.TableColumnLineage:
    """Return which columns of other assets each column of a mart is made of, for GraphQL and Dagster+.

    The open-source UI never shows metadata of this kind (Dagster 1.13); it shows ``made_of``.
    """
    deps = {
        column: [dg.TableColumnDep(table_key(table), read) for table, read in pairs]
        for column, pairs in columns_read(mart).items()
    }
    return dg.TableColumnLineage(deps)


def made_of(mart: Table) -> dg.MarkdownMetadataValue:
    """Return the same as a table to read: a line for each column of the mart."""
    lines = [
        f"| {column} | {', '.join(f'{table.schema}.{table.name}.{read}' for table, read in pairs)} |"
        for column, pairs in columns_read(mart).items()
    ]
    return dg.MetadataValue.md("\n".join(["| column | made of |", "| --- | --- |", *lines]))


def table_metadata(frame: pl.DataFrame, path: Path, size: int) -> dict[str, dg.MetadataValue]:
    """Return rows, bytes and path of a table, and the first and last day in each of its date columns.

    Args:
        frame: The rows.
        path: Where the file lies once it is published.
        size: Its size in bytes.
    """
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(frame.height),
        "bytes": dg.MetadataValue.int(size),
        "path": dg.MetadataValue.path(path.absolute()),
        "dagster/uri": dg.MetadataValue.text(path.absolute().as_uri()),
    }
    for name in ("last_change_date", "as_of", "deleted_on", "closed_on"):
        if name in frame.columns and frame[name].drop_nulls().len():
            metadata[name] = dg.MetadataValue.text(f"{frame[name].min()} to {frame[name].max()}")
    return metadata
