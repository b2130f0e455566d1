"""The whole audit: what is compared, in which order, and the result. Prints nothing."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from ods_pipeline.audit.comparing import SampleComparison, TableComparison, compare, compare_sample
from ods_pipeline.audit.identities import (
    BrokenIdentity,
    ManifestLine,
    broken_identities,
    identities,
    manifest_lines,
)
from ods_pipeline.audit.published import CopyDifference, Published, copy_differences
from ods_pipeline.audit.raw import Raw, find_raw
from ods_pipeline.audit.register import RecomputedRegister, Step, recompute, without_cycle_collection
from ods_pipeline.audit.tables import AUDITED_TABLES
from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot, build_here
from ods_pipeline.errors import OdsError
from ods_pipeline.schema import TABLES

# At most this many differences of a kind are listed; the rest are only counted.
NAMED = 20
log = logging.getLogger(__name__)


@dataclass
class Audit:
    """The result of an audit.

    Attributes:
        build: The folder of the build that was audited.
        as_of: The newest as-of date among its captures.
        raw: The raw files behind the build.
        published_tables: Number of published tables.
        copy_differences: Values that differ between Parquet and ``ods.duckdb``.
        broken: Identities that do not hold.
        identities: Number of identities checked.
        manifests: One line per file of a release; empty if raw files are gone.
        tables: One comparison per audited table; empty if raw files are gone.
        sampled: The comparison field by field; None if raw files are gone.
    """

    build: Path
    as_of: str
    raw: Raw
    published_tables: int
    copy_differences: list[CopyDifference]
    broken: list[BrokenIdentity]
    identities: int
    manifests: list[ManifestLine] = field(default_factory=list)
    tables: list[TableComparison] = field(default_factory=list)
    sampled: SampleComparison | None = None

    @property
    def is_equal(self) -> bool:
        """Whether no comparison found a difference."""
        return (
            not self.copy_differences
            and not self.broken
            and all(table.is_equal for table in self.tables)
            and all(line.is_equal for line in self.manifests)
            and not (self.sampled and self.sampled.differences)
        )


def audit(root: DataRoot, records: int, seed: int, step: Step | None = None) -> Audit:
    """Audit the published set of a data root.

    Everything is compared by counts and sums, and some records field by field.

    Args:
        root: The data root.
        records: How many records to compare field by field.
        seed: Which records: the same seed picks the same ones.
        step: Called now and then with the number of records read and the number there are.

    Raises:
        OdsError: If nothing is published or a file cannot be read.
    """
    with without_cycle_collection():
        return _audit(root, records, seed, step)


def _audit(root: DataRoot, records: int, seed: int, step: Step | None) -> Audit:
    build = current_build(root)
    if build is None:
        raise OdsError("nothing is published here", where=root.path, do=build_here(root.path))
    published = Published(build)
    captures = [row for batch in published.batches("ord.captures", ["capture_id", "as_of"])
                for row in zip(*batch, strict=True)]  # fmt: skip
    raw = find_raw(root.path, [capture_id or "" for capture_id, _ in captures])
    register: RecomputedRegister | None = None if raw.gone else recompute(raw.captures, step)
    with published.open() as connection:
        log.info("comparing ods.duckdb with the Parquet files")
        result = Audit(
            build,
            max(as_of or "" for _, as_of in captures),
            raw,
            len(published.tables()),
            copy_differences(published, connection, _key, NAMED),
            broken_identities(connection, NAMED),
            len(identities()),
        )
        if register is not None:
            log.info("comparing the published tables with the raw files")
            result.manifests = manifest_lines(connection, raw.captures)
            result.tables = [compare(table, register, published, NAMED) for table in AUDITED_TABLES]
            result.sampled = compare_sample(register, connection, records, seed, NAMED)
    return result


def _key(table: str) -> list[str]:
    return next(known.key for known in TABLES.values() if f"{known.schema}.{known.name}" == table)
