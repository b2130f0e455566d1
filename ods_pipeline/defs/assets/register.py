"""The register and its history: every table of facts, folded from all captures held, in one step.

One step for all tables, because they are one outcome: a table of yesterday beside one of today would be
half a register.
"""

import logging
from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from ods_pipeline import checks
from ods_pipeline.checks import Finding
from ods_pipeline.dataroot.cleanup import clear_up
from ods_pipeline.dataroot.layout import current_build, start_build
from ods_pipeline.defs.assets.flat import FLAT_FETCHES, FLAT_RELEASE
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.defs.results import check_result, column_schema, table_key, table_metadata
from ods_pipeline.errors import OdsError
from ods_pipeline.history.fold import EFFECTS, Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.history.state import usable_state
from ods_pipeline.inventory.held import VERSIONS, write_build_info
from ods_pipeline.publish.files import provenance, write_tables
from ods_pipeline.schema import COMPONENTS, HISTORY, ORD, TABLES

log = logging.getLogger(__name__)

_WARNINGS = {
    "captures": ["no_stamp_missing"],
    "organisations": ["row_count_swing"],
    "roles": ["row_count_swing", "role_ids_known", "no_new_role_ids"],
    "relationships": ["row_count_swing", "rel_ids_known", "no_new_rel_ids", "re5_not_falling"],
    "successions": ["row_count_swing"],
    "contacts": ["row_count_swing"],
    "quarantined_records": ["nothing_quarantined"],
    "unknown_elements": ["nothing_unknown"],
    "repeated_ids": ["nothing_repeated"],
    "unresolved_targets": ["nothing_unresolved"],
}
_GROUPS = {"ord": "register", "history": "history"}
# Tables whose number of rows is compared with the last build's.
_COMPARED = ("organisations", *COMPONENTS)
_FACTS = (*ORD, *HISTORY)
_BLOCKING = {
    "captures": ["declared_equals_parsed", "no_record_lost"],
    "organisations": ["one_primary_role"],
    "relationships": ["targets_known_or_listed"],
    "successions": ["targets_known_or_listed"],
    "history.organisations": ["intervals_apart"],
}


class RegisterConfig(dg.Config):
    """``today``: the day the build speaks for (ISO). Empty: the newest as-of date held. ``from_nothing``:
    tell history from the flat folders, even where the published set has it."""

    today: str = ""
    from_nothing: bool = False


def open_geography_links(register: Register) -> list[tuple[date, int]]:
    """How many RE5 held on the PublicationDate of each of the two newest releases, as the register stood."""
    releases = register.frames["captures"].filter(pl.col("kind") == "full").sort("publication_date").tail(2)
    versions = register.frames["history.relationships"].lazy()
    return [
        (day, checks.open_links(versions.filter(known_on(day)), "RE5", day))
        for day in releases["publication_date"]
    ]


def known_on(day: date) -> pl.Expr:
    """Whether a version stood in the register on a day."""
    return (pl.col("known_from") <= day) & (pl.col("known_to") > day).fill_null(True)


def findings(
    register: Register, before: dict[str, pl.DataFrame], geography: list[tuple[date, int]]
) -> dict[str, list[Finding]]:
    """Every check of every table of facts; ``before`` holds the same tables of the last build, if any, and
    ``geography`` the number of open RE5 by release."""
    frames = register.frames
    found = {table.id: [checks.unique_key(table.id, frames[table.id])] for table in _FACTS}
    found["history.organisations"].append(checks.intervals_apart(frames["history.organisations"]))
    found["captures"] += [
        checks.declared_equals_parsed(frames["captures"]),
        checks.conservation(frames["captures"]),
        checks.no_stamp_missing(frames["captures"]),
    ]
    found["organisations"].append(
        checks.one_primary_role(frames["organisations"], frames["roles"], frames["repeated_ids"])
    )
    for name in ("relationships", "successions"):
        found[name].append(
            checks.targets_known_or_listed(
                frames[name], frames["organisations"], frames["unresolved_targets"]
            )
        )
    for name in _COMPARED:
        found[name].append(
            checks.row_count_swing(frames[name].height, before[name].height if name in before else None)
        )
    for name, what in (("roles", "role"), ("relationships", "rel")):
        found[name].append(checks.ids_have_names(frames[name], f"{what}_id", f"{what}_name"))
        found[name].append(checks.no_new_ids(frames[name], before.get(name), f"{what}_id"))
    found["relationships"].append(checks.geography_is_not_retired(geography))
    found["quarantined_records"].append(checks.nothing_quarantined(frames["quarantined_records"]))
    found["unknown_elements"].append(checks.nothing_unknown(frames["unknown_elements"]))
    found["repeated_ids"].append(checks.nothing_repeated(frames["repeated_ids"]))
    found["unresolved_targets"].append(checks.nothing_unresolved(frames["unresolved_targets"]))
    return found


@dg.multi_asset(
    name="fold_register",
    specs=[
        dg.AssetSpec(
            table_key(table),
            deps=[
                dg.AssetDep(FLAT_RELEASE, partition_mapping=dg.AllPartitionMapping()),
                dg.AssetDep(FLAT_FETCHES, partition_mapping=dg.AllPartitionMapping()),
            ],
            group_name=_GROUPS[table.schema],
            kinds={"polars", "parquet"},
            description=table.description,
            metadata={"dagster/column_schema": column_schema(table)},
        )
        for table in _FACTS
    ],
    check_specs=[
        dg.AssetCheckSpec(name, asset=table_key(table), blocking=blocking)
        for table in _FACTS
        for names, blocking in (
            (["unique_key", *_BLOCKING.get(table.id, [])], True),
            (_WARNINGS.get(table.id, []), False),
        )
        for name in names
    ],
)
def register(
    config: RegisterConfig, data_root: DataRootResource
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    root = data_root.root
    state = None if config.from_nothing else usable_state(root)
    observed = observe(root.flat_folders(), state)
    folded = fold(observed)
    last = current_build(root)
    before = {
        name: pl.read_parquet(last / TABLES[name].path)
        for name in _COMPARED
        if last and (last / TABLES[name].path).exists()
    }
    found = findings(folded, before, open_geography_links(folded))
    broken = [
        f"{t.schema}.{t.name} {f.name}: {f.summary}"
        for t in _FACTS
        for f in found[t.id]
        if f.blocking and not f.passed
    ]
    if broken:
        yield from (check_result(f, table_key(table)) for table in _FACTS for f in found[table.id])
        raise OdsError(
            f"the register breaks its own rules ({'; '.join(broken)})",
            do="Nothing was published; ods-pipeline ui shows the run",
        )
    clear_up(root)
    build = start_build(root)
    today = date.fromisoformat(config.today) if config.today else folded.as_of
    origin = provenance(folded.frames["captures"], folded.as_of)
    effects = {e: int((folded.effects["effect"] == e).sum()) for e in EFFECTS}
    write_build_info(
        build,
        {**origin, **VERSIONS, "today": today.isoformat(), "deltas": effects, "changed": _examples(folded)},
    )
    sizes = write_tables(_FACTS, folded.frames, build, origin)
    for table in _FACTS:
        frame = folded.frames[table.id]
        for finding in found[table.id]:
            if not finding.passed:
                log.log(
                    logging.ERROR if finding.blocking else logging.WARNING,
                    "%s.%s: %s",
                    table.schema,
                    table.name,
                    finding.summary,
                )
        yield dg.MaterializeResult(
            asset_key=table_key(table),
            metadata=table_metadata(frame, root.path / table.path, sizes[table.id]),
            check_results=[check_result(f, table_key(table)) for f in found[table.id]],
        )
    log.info(
        "register as of %s: %d organisations, %d versions, %d captures read",
        folded.as_of,
        folded.frames["organisations"].height,
        folded.frames["history.organisations"].height,
        len(observed.folders),
    )


def _examples(folded: Register) -> list[list[str]]:
    """Code, name and effect of the newest records that did something, for the summary."""
    told = folded.effects.filter(pl.col("effect").is_in(EFFECTS[:2]))
    gone = folded.frames["deletions"].filter(pl.col("name").is_not_null())
    rows = told.select("ods_code", "name", "effect").unique(keep="last", maintain_order=True).rows()
    rows += [
        (code, name, f"deleted ({state})")
        for code, name, state in gone.select("ods_code", "name", "state").iter_rows()
    ]
    return [list(row) for row in rows[:200]]
