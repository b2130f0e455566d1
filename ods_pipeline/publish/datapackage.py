"""``datapackage.json`` of a build: the Frictionless description of every published file.

Lives here: making and writing it. Does not live here: the schema of a table in it (``schema/derive.py``), and
what a build records about its origin (``build_info.py``).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.dataroot.files import file_sha256
from ods_pipeline.schema import TABLES, Table
from ods_pipeline.schema.derive import ATTRIBUTION, DATA_LICENCE, frictionless_schema
from ods_pipeline.sources.settings import ODT_PRODUCTION, ORD_PRODUCTION, TRUD

LICENCE_URL = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


def write_datapackage(build: Path, tables: Iterable[Table], origin: dict[str, str]) -> None:
    """Write ``datapackage.json``.

    ``ods.duckdb`` gets no SHA-256 and no size: its bytes differ from one build to the next.

    Args:
        build: The folder of the build.
        tables: The published tables, in the order of the file; their Parquet files exist.
        origin: What the build records about its origin (``origin_of``).
    """
    resources = [_parquet_resource(build, table) for table in tables]
    resources.append(
        {
            "name": "ods",
            "path": "ods.duckdb",
            "format": "duckdb",
            "description": "All tables above in one DuckDB file.",
        }
    )
    package = {
        "profile": "data-package",
        "name": "ods",
        "title": "NHS organisation register (ODS)",
        "description": ATTRIBUTION,
        "version": origin["as_of"],
        "licenses": [{"name": "OGL-UK-3.0", "title": DATA_LICENCE, "path": LICENCE_URL}],
        "sources": _sources(build),
        "provenance": origin,
        "resources": resources,
    }
    write_package(build, package)


def write_package(build: Path, package: Mapping[str, object]) -> None:
    """Write a description as ``datapackage.json`` of a build: the same description gives the same bytes."""
    text = json.dumps(package, indent=2, ensure_ascii=False) + "\n"
    (build / "datapackage.json").write_text(text, encoding="utf-8")


def _parquet_resource(build: Path, table: Table) -> dict[str, Any]:
    file = build / table.path
    return {
        "name": table.id,
        "path": table.path,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": table.description,
        "rows": pl.scan_parquet(file).select(pl.len()).collect().item(),
        "bytes": file.stat().st_size,
        "hash": f"sha256:{file_sha256(file)}",
        "schema": frictionless_schema(table),
    }


def _sources(build: Path) -> list[dict[str, str]]:
    """Return title and address of each capture that went in, in order of ``capture_id``."""
    captures = pl.read_parquet(build / TABLES["captures"].path).sort("capture_id")
    address = (
        pl.when(pl.col("source") == "odt")
        .then(pl.lit(ODT_PRODUCTION))
        .when(pl.col("kind") == "delta")
        .then(pl.lit(ORD_PRODUCTION))
        .otherwise(pl.lit(TRUD))
    )
    title = pl.format("{} {} ({})", "kind", "capture_id", "file_name")
    return captures.select(title=title, path=address).to_dicts()
