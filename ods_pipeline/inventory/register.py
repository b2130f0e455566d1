"""Folds the captures that are held into the register and its history, checks them and writes their tables.

Lives here: reading the data root, and the build that the tables go into. Does not live here: the fold
(``history/``), the conditions (``checks/``), and running this as a step (``defs/assets/register.py``).
"""

import logging
from dataclasses import dataclass
from datetime import date

import polars as pl

from ods_pipeline.checks import Finding
from ods_pipeline.checks.suite import COMPARED, FACTS, register_findings
from ods_pipeline.dataroot.builds import current_build, start_build
from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.flat import flat_folders, partial_folders
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import NOTHING_PUBLISHED, OdsError
from ods_pipeline.history.fold import EFFECTS, Register, fold
from ods_pipeline.history.geography import open_geography_links
from ods_pipeline.history.observations import observe
from ods_pipeline.inventory.missing import missing_stamps
from ods_pipeline.inventory.places import places_label
from ods_pipeline.inventory.state import usable_state
from ods_pipeline.publish.build_info import VERSIONS, provenance, write_build_info
from ods_pipeline.publish.files import write_tables
from ods_pipeline.schema import TABLES

# This many changed records go into build.json, for the summary.
_EXAMPLES = 200
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckedRegister:
    """The register and its history after their checks.

    Attributes:
        register: The tables.
        findings: The outcome of every check, by table id.
        captures_read: The number of flat folders that were read.
    """

    register: Register
    findings: dict[str, list[Finding]]
    captures_read: int

    def broken_rules(self) -> OdsError | None:
        """Return the error that names every blocking check that failed; None if all passed."""
        broken = [
            f"{table.schema}.{table.name} {finding.name}: {finding.summary}"
            for table in FACTS
            for finding in self.findings[table.id]
            if finding.blocking and not finding.passed
        ]
        if not broken:
            return None
        return OdsError(
            f"the register breaks its own rules ({'; '.join(broken)})",
            do=NOTHING_PUBLISHED,
        )


def fold_held(root: DataRoot, *, rebuild: bool = False) -> CheckedRegister:
    """Fold all captures held into the register and its history, and check them.

    Args:
        root: The data root.
        rebuild: Read every flat folder, even if the published set has its history already.

    Raises:
        OdsError: History must be rebuilt, and the data root was pulled without the records.
    """
    state = None if rebuild else usable_state(root)
    if state is None and (partial := partial_folders(root)):
        raise OdsError(
            f"history must be rebuilt, and {len(partial)} captures were pulled without their records "
            f"({', '.join(partial[:3])})",
            where=root.path,
            do="Pull with --raw into an empty data root, from a store that was published to with --raw",
        )
    observed = observe(flat_folders(root), state)
    register = fold(observed)
    findings = register_findings(
        register.frames,
        before=_published_tables(root),
        geography=open_geography_links(register.frames),
        missing=missing_stamps(register.frames["captures"]),
    )
    return CheckedRegister(register, findings, len(observed.folders))


def write_register(root: DataRoot, checked: CheckedRegister, today: date | None = None) -> dict[str, int]:
    """Start a build, and write ``build.json`` and the tables of the register and its history into it.

    Args:
        root: The data root; leftovers of killed runs are removed first.
        checked: The register.
        today: The day of the marts; the newest as-of date if None.

    Returns:
        The sizes of the files in bytes, by table id.
    """
    register = checked.register
    clear_up(root)
    build = start_build(root)
    origin = provenance(register.frames["captures"], register.as_of)
    effects = {effect: int((register.effects["effect"] == effect).sum()) for effect in EFFECTS}
    info = {"today": (today or register.as_of).isoformat(), "deltas": effects, "changed": _examples(register)}
    places = places_label(root)
    write_build_info(build, {**origin, **VERSIONS, **info, **({"places": places} if places else {})})
    sizes = write_tables(FACTS, register.frames, build, origin)
    log.info(
        "register as of %s: %d organisations, %d versions, %d captures read",
        register.as_of,
        register.frames["organisations"].height,
        register.frames["history.organisations"].height,
        checked.captures_read,
    )
    return sizes


def _published_tables(root: DataRoot) -> dict[str, pl.DataFrame]:
    """Return the columns in ``COMPARED`` of the published set, by table id; empty before the first build."""
    build = current_build(root)
    if build is None:
        return {}
    files = {name: build / TABLES[name].path for name in COMPARED}
    return {
        name: pl.read_parquet(file, columns=[COMPARED[name]]) for name, file in files.items() if file.exists()
    }


def _examples(register: Register) -> list[list[str]]:
    """Return code, name and effect of the newest records that changed something, for the summary."""
    changed = register.effects.filter(pl.col("effect").is_in(EFFECTS[:2]))
    deleted = register.frames["deletions"].filter(pl.col("name").is_not_null())
    rows = changed.select("ods_code", "name", "effect").unique(keep="last", maintain_order=True).rows()
    rows += [
        (code, name, f"deleted ({state})")
        for code, name, state in deleted.select("ods_code", "name", "state").iter_rows()
    ]
    return [list(row) for row in rows[:_EXAMPLES]]
