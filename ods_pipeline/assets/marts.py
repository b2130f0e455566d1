"""Marts: one asset a SQL file, with lineage read from the SQL's own table names."""

import re
from datetime import date

import dagster as dg

from ods_pipeline.assets.resources import DataRootResource
from ods_pipeline.assets.results import check_result, column_schema, table_key, table_metadata
from ods_pipeline.held import origin_of
from ods_pipeline.marts.build import build_mart, mart_sql
from ods_pipeline.marts.checking import findings, mart_checks
from ods_pipeline.publish import write_table
from ods_pipeline.schema import MARTS, TABLES, Table
from ods_pipeline.storage import require_build


def read_by(name: str) -> list[Table]:
    """The tables that a mart's SQL reads, so that lineage cannot say anything else than the SQL does."""
    used = set(re.findall(r"\b(ord|history|marts)\.(\w+)", mart_sql(name)))
    return sorted((t for t in TABLES.values() if (t.schema, t.name) in used), key=lambda t: t.id)


def mart_asset(table: Table) -> dg.AssetsDefinition:
    """The asset of one mart."""
    key = table_key(table)

    @dg.multi_asset(
        name=f"build_{table.name}",
        specs=[
            dg.AssetSpec(
                key,
                deps=[table_key(t) for t in read_by(table.name)],
                group_name="marts",
                kinds={"duckdb", "parquet"},
                description=table.description,
                metadata={
                    "dagster/column_schema": column_schema(table),
                    "sql": dg.MetadataValue.md(f"```sql\n{mart_sql(table.name)}\n```"),
                },
            )
        ],
        check_specs=[
            dg.AssetCheckSpec("unique_key", asset=key, blocking=True),
            *(dg.AssetCheckSpec(c.name, asset=key, blocking=c.blocking) for c in mart_checks(table.name)),
        ],
    )
    def mart(data_root: DataRootResource) -> dg.MaterializeResult:
        build = require_build(data_root.root)
        origin = origin_of(build)
        today = date.fromisoformat(origin["today"])
        frame = build_mart(table.name, build, today)
        found = findings(table.name, frame, build, today)
        size = write_table(table, frame, build, origin)
        return dg.MaterializeResult(
            asset_key=key,
            metadata=table_metadata(frame, data_root.root.path / table.path, size),
            check_results=[check_result(f, key) for f in found],
        )

    return mart


marts = [mart_asset(table) for table in MARTS]
