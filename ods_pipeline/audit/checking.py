"""The whole audit: what is compared, in order, and the verdict. Prints nothing."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from ods_pipeline.audit.comparing import Compared, Sampled, compare, compare_sample
from ods_pipeline.audit.identities import Broken, ManifestLine, broken, identities, manifest_lines
from ods_pipeline.audit.published import Published, Unlike, unlike
from ods_pipeline.audit.raw import Raw, find_raw
from ods_pipeline.audit.register import Register, Step, no_cycles_collected, tell
from ods_pipeline.audit.tables import TABLES
from ods_pipeline.dataroot.layout import DataRoot, current_build
from ods_pipeline.errors import OdsError
from ods_pipeline.schema import TABLES as SCHEMA

# More differences than these are counted and not named.
NAMED = 20
log = logging.getLogger(__name__)


@dataclass
class Audit:
    """What was compared. ``tables``, ``manifests`` and ``sampled`` are empty if raw files are gone."""

    build: Path
    as_of: str
    raw: Raw
    published_tables: int
    unlike: list[Unlike]
    broken: list[Broken]
    identities: int
    manifests: list[ManifestLine] = field(default_factory=list)
    tables: list[Compared] = field(default_factory=list)
    sampled: Sampled | None = None

    @property
    def is_equal(self) -> bool:
        """Whether nothing that was compared differs."""
        return (
            not self.unlike
            and not self.broken
            and all(table.is_equal for table in self.tables)
            and all(line.is_equal for line in self.manifests)
            and not (self.sampled and self.sampled.differences)
        )


def audit(root: DataRoot, records: int, seed: int, step: Step | None = None) -> Audit:
    """Audits the published set of a data root: all of it by counts and sums, and ``records`` records, taken
    by ``seed``, field by field. ``step`` is told how many records were read, of how many. Raises OdsError if
    nothing is published or a file cannot be read."""
    with no_cycles_collected():
        return _audit(root, records, seed, step)


def _audit(root: DataRoot, records: int, seed: int, step: Step | None) -> Audit:
    build = current_build(root)
    if build is None:
        raise OdsError("nothing is published here", where=root.path, do="Run: ods-pipeline build")
    published = Published(build)
    captures = [row for batch in published.batches("ord.captures", ["capture_id", "as_of"])
                for row in zip(*batch, strict=True)]  # fmt: skip
    raw = find_raw(root.path, [capture_id or "" for capture_id, _ in captures])
    register: Register | None = None if raw.gone else tell(raw.captures, step)
    with published.open() as connection:
        log.info("comparing ods.duckdb with the Parquet files")
        told = Audit(
            build,
            max(as_of or "" for _, as_of in captures),
            raw,
            len(published.tables()),
            unlike(published, connection, _key, NAMED),
            broken(connection, NAMED),
            len(identities()),
        )
        if register is not None:
            log.info("comparing what is published with what the raw files say")
            told.manifests = manifest_lines(connection, raw.captures)
            told.tables = [compare(table, register, published, NAMED) for table in TABLES]
            told.sampled = compare_sample(register, connection, records, seed, NAMED)
    return told


def _key(table: str) -> list[str]:
    schema, _, name = table.partition(".")
    return SCHEMA[table if schema == "history" else name].key
