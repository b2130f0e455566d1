"""The register and its history after every capture held: which record speaks for each code, since when, and
which codes are gone.

The rules (docs/decisions.md has the reasons): of each code the newest complete record counts; a stub
counts only where no complete record came before it; an older observation never overwrites a newer one; a
code that is gone leaves a row in ``deletions``. The outcome is a function of the set of captures alone,
whether it was told from nothing or from a state and what came since.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from ods_pipeline.history.content import history_tables
from ods_pipeline.history.deletions import deletions_of
from ods_pipeline.history.observations import Observed
from ods_pipeline.history.presence import pieces_of
from ods_pipeline.history.versions import versions_of
from ods_pipeline.schema import COMPONENTS, HISTORY, ORD, TABLES
from ods_pipeline.schema.sorting import sorted_by

EFFECTS = ("new", "changed", "unchanged", "stub_of_a_complete_record")


@dataclass(frozen=True)
class Register:
    """``frames`` holds every table of the schemas ``ord`` and ``history`` by id (columns and order of the
    contract).

    ``effects`` says what each delta record since the newest release did: ``capture_id, ods_code, name,
    effect``.
    ``as_of`` is the newest as-of date held: what "now" means.
    """

    frames: dict[str, pl.DataFrame]
    effects: pl.DataFrame
    as_of: date


def fold(observed: Observed) -> Register:
    """Folds captures into history, and its open end into the register. Pure: same captures, same frames, in
    any order of arrival."""
    versions = versions_of(pieces_of(observed))
    frames = history_tables(observed, versions)
    frames["history.observations"] = _observations(observed)
    frames["history.notices"] = _notices(observed)
    frames |= _register(observed, frames, versions)
    frames["captures"] = observed.captures
    frames["deletions"] = deletions_of(observed)
    for name in ("superseded_records", "quarantined_records", "unknown_elements"):
        frames[name] = _kept(observed, name)
    frames["unresolved_targets"] = unresolved_targets(frames)
    shaped = {t.id: sorted_by(frames[t.id].select(t.columns), t.key) for t in (*ORD, *HISTORY)}
    as_of = observed.captures["as_of"].max()
    assert isinstance(as_of, date)
    return Register(shaped, effects_of(observed), as_of)


def _register(
    observed: Observed, history: dict[str, pl.DataFrame], versions: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The tables of ``ord`` that show the versions that stand, with display names."""
    code_systems = _code_systems(observed)
    roles, relationships = (
        code_systems.filter(pl.col("code_system") == system).select("id", "display_name")
        for system in ("OrganisationRole", "OrganisationRelationship")
    )
    stand = pl.col("known_to").is_null()
    frames = {name: history[f"history.{name}"].filter(stand) for name in ("organisations", *COMPONENTS)}
    newest = versions.filter(stand).select("ods_code", pl.col("seq_last").alias("seq"))
    repeated = []
    for name in ("roles", "relationships"):
        frames[name], lost = without_repeated_ids(frames[name], newest, name)
        repeated.append(lost)
    organisations = frames["organisations"].with_columns(pl.col("last_capture_id").alias("capture_id"))
    return frames | {
        "repeated_ids": pl.concat(repeated),
        "organisations": _named(organisations, "primary_role", roles),
        "roles": _named(frames["roles"], "role", roles),
        "relationships": _named(frames["relationships"], "rel", relationships),
        "code_systems": code_systems,
    }


def _observations(observed: Observed) -> pl.DataFrame:
    order = observed.order
    frame = order.capture_of(observed.runs, "seq", "published_in")
    frame = order.capture_of(frame, "seq_last", "published_in", "last_capture_id")
    days = order.days["as_of"]
    return frame.with_columns(
        days.gather(frame["seq"]).alias("as_of"), days.gather(frame["seq_last"]).alias("as_of_last")
    )


def _notices(observed: Observed) -> pl.DataFrame:
    return observed.notices.join(observed.captures.select("seq", "capture_id"), on="seq", how="left")


def _kept(observed: Observed, name: str) -> pl.DataFrame:
    """The rows of a table that says what each capture brought: those held, and those of new folders."""
    held = observed.state.frames[name] if observed.state else TABLES[name].empty()
    new = pl.collect_all([pl.scan_parquet(f / f"{name}.parquet") for f in observed.folders.values()])
    return pl.concat([held, *new])


def effects_of(observed: Observed) -> pl.DataFrame:
    """What each delta record since the newest release did to the register, in the order that counts."""
    complete = pl.when(~pl.col("ref_only")).then("content_hash")
    newest_release = observed.order.releases["seq"].max()
    since = observed.runs.filter(pl.col("seq") > newest_release)
    concerned = observed.runs.join(since, on="ods_code", how="semi").sort("ods_code", "seq_last")
    before = complete.forward_fill().shift(1).over("ods_code", order_by="seq_last")
    told = (
        concerned.with_columns(before.alias("before"))
        .filter(pl.col("seq") > newest_release)
        .with_columns(
            pl.when(pl.col("ref_only") & pl.col("before").is_not_null())
            .then(pl.lit(EFFECTS[3]))
            .when(pl.col("before").is_null())
            .then(pl.lit(EFFECTS[0]))
            .when(pl.col("before") == pl.col("content_hash"))
            .then(pl.lit(EFFECTS[2]))
            .otherwise(pl.lit(EFFECTS[1]))
            .alias("effect")
        )
    )
    named = observed.order.capture_of(told, "seq", "published_in")
    return named.sort("seq", "ods_code").select("capture_id", "ods_code", "name", "effect")


def unresolved_targets(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Codes that relationships and successions point at and that the register does not hold."""
    pointing = pl.concat(
        [frames[name].select("ods_code", "target_ods_code") for name in ("relationships", "successions")]
    )
    return (
        pointing.join(frames["organisations"], left_on="target_ods_code", right_on="ods_code", how="anti")
        .group_by("target_ods_code")
        .agg(
            pl.len().cast(pl.Int64).alias("pointed_at_by"), pl.col("ods_code").min().alias("example_ods_code")
        )
        .with_columns(
            pl.col("target_ods_code").is_in(frames["deletions"]["ods_code"].implode()).alias("was_deleted")
        )
    )


def without_repeated_ids(
    rows: pl.DataFrame, newest: pl.DataFrame, name: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Roles or relationships with each unique id once, and the rows of ``repeated_ids`` for the others.

    ODS's ids are unique over the register. If two records claim one all the same, the newest observation
    (``newest``: ``ods_code, seq``) keeps it (then the first code), so that one odd record cannot stop every
    build from then on. An id twice in one record is none of this: such a record was set aside when it was
    flattened.
    """
    (unique_id,) = TABLES[name].key
    if rows[unique_id].n_unique() == rows.height:
        return rows, TABLES["repeated_ids"].empty()
    ranked = (
        rows.join(newest, on="ods_code", how="left")
        .sort(unique_id, "seq", "ods_code", descending=[False, True, False])
        .with_columns(pl.col("ods_code").first().over(unique_id).alias("kept_by_ods_code"))
    )
    kept = pl.col("ods_code") == pl.col("kept_by_ods_code")
    lost = ranked.filter(~kept).select(
        pl.lit(name).alias("component"), pl.col(unique_id).alias("unique_id"), "ods_code", "kept_by_ods_code"
    )
    return ranked.filter(kept).select(rows.columns), lost.unique(maintain_order=True)


def _code_systems(observed: Observed) -> pl.DataFrame:
    """Of each concept the newest that a capture gave."""
    table = TABLES["code_systems"]
    held = observed.state.frames[table.name] if observed.state else table.empty()
    rows = [observed.order.seq_of(held)]
    main = observed.captures.filter(pl.col("kind") != "archive").select("seq", "capture_id")
    for seq, folder in observed.folders.items():
        given = pl.read_parquet(folder / "code_systems.parquet").with_columns(
            pl.lit(seq, pl.Int64).alias("seq")
        )
        rows.append(given.join(main, on="seq", how="left").select(rows[0].columns))
    return pl.concat(rows).sort("seq").unique(table.key, keep="last", maintain_order=True)


def _named(frame: pl.DataFrame, what: str, names: pl.DataFrame) -> pl.DataFrame:
    """Adds ``<what>_name`` for ``<what>_id``; unknown ids get null and are named by a check."""
    renamed = names.rename({"id": f"{what}_id", "display_name": f"{what}_name"})
    return frame.join(renamed, on=f"{what}_id", how="left")
