"""The audit as a check of the published set: `audit_job` puts its verdict into the catalogue.

Lives here: the check. Does not live here: what is compared (``audit/``). It is in no schedule: on a national
register it reads every raw file again, which takes minutes.
"""

from pathlib import Path

import dagster as dg

from ods_pipeline.audit.checking import Audit, audit
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assets.published import ODS_DUCKDB
from ods_pipeline.defs.failures import failing_in_words
from ods_pipeline.defs.keys import POOL

RECORDS = 200


def audit_check(root: Path) -> dg.AssetChecksDefinition:
    """Return the check. It fails where ``ods-pipeline audit`` ends with 1."""

    @dg.asset_check(
        name="audit",
        asset=ODS_DUCKDB,
        pool=POOL,
        description="What is published is what the raw files hold, recomputed by separate code.",
    )
    def check() -> dg.AssetCheckResult:
        with failing_in_words(DataRoot(root)):
            result = audit(DataRoot(root), RECORDS, 0)
        sampled = result.sampled.records if result.sampled else 0
        return dg.AssetCheckResult(
            passed=result.is_equal and not result.raw.gone,
            description=_verdict(result),
            metadata={
                "build": result.build.name,
                "as_of": result.as_of,
                "tables_recomputed": len(result.tables),
                "records_compared_field_by_field": sampled,
                "identities": result.identities,
                "raw_files_gone": len(result.raw.gone),
            },
        )

    return check


def _verdict(result: Audit) -> str:
    if result.raw.gone:
        return f"raw files of this build are gone: {', '.join(sorted(result.raw.gone)[:5])}"
    if result.is_equal:
        return f"build {result.build.name} matches the raw files"
    differing = sorted(
        {table.table for table in result.tables if not table.is_equal}
        | {difference.table for difference in result.copy_differences}
    )
    broken = [f"does not hold: {identity.sentence}" for identity in result.broken]
    parts = [*(f"differs: {table}" for table in differing), *broken]
    return f"{'; '.join(parts) or 'records differ'}. Run: ods-pipeline audit"
