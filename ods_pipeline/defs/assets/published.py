"""The published set: ``ods.duckdb`` and ``datapackage.json`` next to the Parquet files, and the flip."""

import logging
from datetime import date

import dagster as dg

from ods_pipeline.dataroot.builds import publish_build, require_build
from ods_pipeline.defs.assets.raw import DELTA_FRESHNESS
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.defs.results import table_key
from ods_pipeline.publish.build_info import origin_of
from ods_pipeline.publish.datapackage import write_datapackage
from ods_pipeline.publish.duckdb import complete_duckdb
from ods_pipeline.schema import MARTS, TABLES

ODS_DUCKDB = dg.AssetKey(["published", "ods_duckdb"])
log = logging.getLogger(__name__)


@dg.multi_asset(
    name="publish",
    specs=[
        dg.AssetSpec(
            ODS_DUCKDB,
            deps=[table_key(table) for table in TABLES.values()],
            group_name="published",
            kinds={"duckdb"},
            freshness_policy=DELTA_FRESHNESS,
            description="ods.duckdb with every table and mart. One rename then publishes the whole build.",
        )
    ],
)
def ods_duckdb(data_root: DataRootResource) -> dg.MaterializeResult:
    """Complete ``ods.duckdb``, write ``datapackage.json`` and publish the build under way."""
    root = data_root.root
    build = require_build(root)
    origin = origin_of(build)
    size = complete_duckdb(build, TABLES.values(), date.fromisoformat(origin["today"]))
    write_datapackage(build, TABLES.values(), origin)
    published = publish_build(root)
    log.info("published build %s as of %s", published.name, origin["as_of"])
    metadata = {
        "bytes": size,
        "build": published.name,
        "as_of": origin["as_of"],
        "tables": len(TABLES),
        "marts": len(MARTS),
    }
    return dg.MaterializeResult(asset_key=ODS_DUCKDB, metadata=metadata)
