"""Places: the file of postcodes that is held, and the tables of ``geo`` of the build under way.

Lives here: the assets and their freshness. Does not live here: the choice of files (``inventory/places.py``)
and their reading (``places/``). The raw asset exists only in a data root that holds a file, so that one
without shows nothing missing or late; the tables exist always, and are empty then.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from ods_pipeline import places
from ods_pipeline.checks.base import log_failures
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.catalogue import check_spec, source_files, table_spec
from ods_pipeline.defs.keys import POOL, asset_key, table_key
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.defs.results import check_result, table_metadata
from ods_pipeline.inventory.places import build_places
from ods_pipeline.places.checking import CHECKS, EDITION_IS_OLD_AFTER
from ods_pipeline.places.held import held_files
from ods_pipeline.schema import GEO, TABLES

RAW_PLACES = asset_key("raw", "places")
PLACES_FRESHNESS = dg.FreshnessPolicy.time_window(
    timedelta(days=EDITION_IS_OLD_AFTER), warn_window=timedelta(days=110)
)
log = logging.getLogger(__name__)


@dg.multi_asset(
    name="take_places",
    specs=[
        dg.AssetSpec(
            RAW_PLACES,
            group_name="raw",
            kinds={"csv"},
            description="Files of postcodes and UPRNs as received: ods-pipeline postcodes FILE takes one in.",
            freshness_policy=PLACES_FRESHNESS,
        )
    ],
    pool=POOL,
)
def raw_places(data_root: DataRootResource) -> dg.MaterializeResult:
    """Record which files of places are held."""
    files = held_files(data_root.root)
    metadata = {f.label: f"{f.file_name}: {f.counts.get('kept', 0):,} rows" for f in files}
    return dg.MaterializeResult(asset_key=RAW_PLACES, metadata=metadata)


def raw_places_of(root: DataRoot) -> list[dg.AssetsDefinition]:
    """Return the asset of the files held, in a list; an empty list if none is held."""
    return [raw_places] if held_files(root) else []


PLACES_SPECS = [
    table_spec(
        table,
        deps=[table_key(TABLES["organisations"])],
        group="geo",
        kinds={"polars", "parquet"},
        code=source_files(places),
    )
    for table in GEO
]
PLACES_CHECKS = [
    check_spec(table_key(table), name, blocking=blocking)
    for table in GEO
    for name, blocking in CHECKS[table.id].items()
]


def build_geo(root: DataRoot) -> Iterator[dg.MaterializeResult]:
    """Make, check and write the tables of ``geo`` of the build under way."""
    built = build_places(root)
    for table in GEO:
        findings = built.findings[table.id]
        log_failures(log, f"{table.schema}.{table.name}", findings)
        yield dg.MaterializeResult(
            asset_key=table_key(table),
            metadata=table_metadata(built.frames[table.id], root.path / table.path, built.sizes[table.id]),
            check_results=[check_result(f, table_key(table)) for f in findings],
        )
