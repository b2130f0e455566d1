"""The published set in one step: every table of facts, every mart, ``ods.duckdb`` and ``datapackage.json``.

Lives here: the step. Does not live here: its stages (``register.py``, ``judgements.py``, ``marts.py``), and
how a build becomes the published set (``dataroot/builds.py``).

One step, because the set is one outcome: it is published whole or not at all. Whatever is selected of it, the
whole set is made and published, and every asset of it is reported, so that the catalogue shows what is on
disk. An asset is reported only after the flip.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import dagster as dg

from ods_pipeline.checks.suite import FACTS
from ods_pipeline.dataroot.builds import publish_build, require_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets.judgements import JUDGED_SPECS, judge_changes
from ods_pipeline.defs.assets.marts import MART_CHECKS, MART_SPECS, build_marts
from ods_pipeline.defs.assets.places import PLACES_CHECKS, PLACES_SPECS, build_geo
from ods_pipeline.defs.assets.register import FACT_CHECKS, FACT_SPECS, fold_register
from ods_pipeline.defs.failures import failing_in_words
from ods_pipeline.defs.keys import POOL, asset_key, shown, table_key
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.errors import NOTHING_PUBLISHED, OdsError
from ods_pipeline.inventory.health import write_metrics
from ods_pipeline.publish.build_info import origin_of
from ods_pipeline.publish.datapackage import write_datapackage
from ods_pipeline.publish.duckdb import complete_duckdb, filling_duckdb
from ods_pipeline.schema import EVENTS, GEO, MARTS, TABLES

ODS_DUCKDB = asset_key("published", "ods_duckdb")
Results = Iterator[dg.MaterializeResult | dg.AssetCheckResult]
log = logging.getLogger(__name__)


class PublishConfig(dg.Config):
    """How the set is made.

    ``today`` is the day of the marts (ISO); empty for the newest as-of date held. ``rebuild`` reads every
    flat folder, even if the published set has its history already.
    """

    today: str = ""
    rebuild: bool = False


@dg.multi_asset(
    name="publish_set",
    specs=[
        *FACT_SPECS,
        *PLACES_SPECS,
        *JUDGED_SPECS,
        *MART_SPECS,
        dg.AssetSpec(
            ODS_DUCKDB,
            deps=[table_key(table) for table in TABLES.values()],
            group_name="published",
            kinds={"duckdb"},
            description="ods.duckdb with every table and mart. One rename then publishes the whole build.",
        ),
    ],
    check_specs=[*FACT_CHECKS, *PLACES_CHECKS, *MART_CHECKS],
    can_subset=True,
    pool=POOL,
)
def published_set(
    context: dg.AssetExecutionContext, config: PublishConfig, data_root: DataRootResource
) -> Results:
    """Fold, check, build and publish the whole set, whatever of it is selected."""
    made: list[dg.MaterializeResult | dg.AssetCheckResult] = []
    with failing_in_words(data_root.root):
        try:
            for result in _stages(data_root.root, config):
                made.append(result)
        except Exception:
            yield from _reported(context, [check for result in made for check in _checks_of(result)], {})
            raise
    yield from _reported(context, made, _data_versions(data_root.root))


def _stages(root: DataRoot, config: PublishConfig) -> Results:
    """Make every table and publish them. Raises OdsError after a stage with a blocking check that failed."""
    given = date.fromisoformat(config.today) if config.today else None
    yield from fold_register(root, given, rebuild=config.rebuild)
    build = require_build(root)
    # ods.duckdb is filled while the next tables are made: neither task keeps all cores busy by itself.
    with filling_duckdb(build, date.fromisoformat(origin_of(build)["today"])) as fill:
        for tables, results in (
            (FACTS, ()),
            (GEO, build_geo(root)),
            (EVENTS, judge_changes(root)),
            ((), build_marts(root, fill)),
        ):
            yield from _stopping_at_failed_checks(results)
            for table in tables:
                fill(table)
        write_datapackage(build, TABLES.values(), origin_of(build))  # while the last marts are filled in
    yield _publish(root)


def _publish(root: DataRoot) -> dg.MaterializeResult:
    """Complete ``ods.duckdb`` and publish the build under way."""
    build = require_build(root)
    origin = origin_of(build)
    size = complete_duckdb(build, TABLES.values(), date.fromisoformat(origin["today"]))
    published = publish_build(root)
    write_metrics(root)
    log.info("published build %s as of %s", published.name, origin["as_of"])
    metadata = {
        "bytes": size,
        "build": published.name,
        "as_of": origin["as_of"],
        "tables": len(TABLES),
        "marts": len(MARTS),
    }
    return dg.MaterializeResult(asset_key=ODS_DUCKDB, metadata=metadata)


def _stopping_at_failed_checks(results: Iterable[dg.MaterializeResult]) -> Results:
    """Yield the results of a stage, and then raise OdsError if any of its blocking checks failed."""
    failed = []
    for result in results:
        yield result
        failed += [
            c for c in _checks_of(result) if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR
        ]
    if failed:
        summaries = "; ".join(
            f"{shown(c.asset_key)} {c.check_name}: {c.description}" for c in failed if c.asset_key
        )
        raise OdsError(
            f"publish_job was stopped by a check ({summaries})",
            do=NOTHING_PUBLISHED,
        )


def _checks_of(result: dg.MaterializeResult | dg.AssetCheckResult) -> list[dg.AssetCheckResult]:
    return [result] if isinstance(result, dg.AssetCheckResult) else list(result.check_results or [])


def _reported(
    context: dg.AssetExecutionContext,
    results: Iterable[dg.MaterializeResult | dg.AssetCheckResult],
    versions: Mapping[dg.AssetKey, str],
) -> Results:
    """Yield what was selected; log what was made with it, as Dagster expects of a step."""
    for result in results:
        if isinstance(result, dg.MaterializeResult):
            assert result.asset_key is not None
            key, version = result.asset_key, versions.get(result.asset_key)
            if key in context.selected_asset_keys:
                data_version = dg.DataVersion(version) if version else None
                yield dg.MaterializeResult(asset_key=key, metadata=result.metadata, data_version=data_version)
            else:
                tags = {"dagster/data_version": version} if version else {}
                context.log_event(dg.AssetMaterialization(key, metadata=result.metadata, tags=tags))
        for check in _checks_of(result):
            assert check.asset_key is not None and check.check_name is not None
            key = dg.AssetCheckKey(check.asset_key, check.check_name)
            if key in context.selected_asset_check_keys:
                yield check
            else:
                context.log_event(_evaluation(check, key))


def _data_versions(root: DataRoot) -> dict[dg.AssetKey, str]:
    """Return the SHA-256 of the published file of each table, by asset."""
    package = json.loads((root.path / "datapackage.json").read_bytes())
    return {
        table_key(TABLES[resource["name"]]): resource["hash"].removeprefix("sha256:")
        for resource in package["resources"]
        if resource["name"] in TABLES
    }


def _evaluation(check: dg.AssetCheckResult, key: dg.AssetCheckKey) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=check.passed,
        metadata=check.metadata,
        severity=check.severity,
        description=check.description,
    )
