"""The fold: all observations become the register, its history, and the list of deleted codes.

The rules:

* For each code, the newest complete record counts. A stub counts only while no complete record came before
  it.
* An older observation never overwrites a newer one.
* A code that is gone leaves a row in ``deletions``.

The result is a function of the set of captures alone. It is the same whether the fold starts empty or
from the state of an earlier fold.

Lives here: the order of the steps, and their result. Does not live here: the steps themselves (the other
modules of this room), and the events (``changes/``).
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

# What a delta record can do to the register. A stub that follows a complete record does nothing.
EFFECTS = ("new", "changed", "unchanged", "stub_of_a_complete_record")
_NEW, _CHANGED, _UNCHANGED, _STUB = EFFECTS


@dataclass(frozen=True)
class Register:
    """The result of the fold.

    Attributes:
        frames: Every table of the schemas ``ord`` and ``history`` by id, with the published columns and
            order of rows.
        effects: What each delta record since the newest release did: ``capture_id, ods_code, name, effect``
            (one of ``EFFECTS``).
        as_of: The newest as-of date held, which is the meaning of "now".
    """

    frames: dict[str, pl.DataFrame]
    effects: pl.DataFrame
    as_of: date


def fold(observed: Observed) -> Register:
    """Fold observations into versions, and the current versions into the register.

    Pure: the same captures give the same frames, in whatever order they arrived.
    """
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
    """Return the tables of ``ord`` that show the current versions, with display names."""
    code_systems = _code_systems(observed)
    roles, relationships = (
        code_systems.filter(pl.col("code_system") == system).select("id", "display_name")
        for system in ("OrganisationRole", "OrganisationRelationship")
    )
    is_current = pl.col("known_to").is_null()
    frames = {name: history[f"history.{name}"].filter(is_current) for name in ("organisations", *COMPONENTS)}
    newest = versions.filter(is_current).select("ods_code", pl.col("seq_last").alias("seq"))
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
    """Return a table of what each capture brought: the rows of the state, and those of new folders."""
    held = observed.state.frames[name] if observed.state else TABLES[name].empty()
    new = pl.collect_all([pl.scan_parquet(f / f"{name}.parquet") for f in observed.folders.values()])
    return pl.concat([held, *new])


def effects_of(observed: Observed) -> pl.DataFrame:
    """Return what each delta record since the newest release did to the register.

    Returns:
        ``capture_id, ods_code, name, effect`` (one of ``EFFECTS``), in the order of the captures.
    """
    is_recent = pl.col("seq") > observed.order.releases["seq"].max()
    recent_codes = observed.runs.filter(is_recent)
    runs = observed.runs.join(recent_codes, on="ods_code", how="semi").sort("ods_code", "seq_last")
    before = [
        pl.when(~pl.col("ref_only"))
        .then(column)
        .forward_fill()
        .shift(1)
        .over("ods_code", order_by="seq_last")
        for column in ("content_hash", "core_hash", "is_partial")
    ]
    same = pl.col("before") == pl.col("content_hash")
    same_core = pl.col("core_before") == pl.col("core_hash")
    # If a record leaves fields out, only its core can be compared.
    same |= same_core & (pl.col("is_partial") | pl.col("partial_before"))
    effects = (
        runs.with_columns(
            before[0].alias("before"), before[1].alias("core_before"), before[2].alias("partial_before")
        )
        .filter(is_recent)
        .with_columns(
            pl.when(pl.col("ref_only") & pl.col("before").is_not_null())
            .then(pl.lit(_STUB))
            .when(pl.col("before").is_null())
            .then(pl.lit(_NEW))
            .when(same)
            .then(pl.lit(_UNCHANGED))
            .otherwise(pl.lit(_CHANGED))
            .alias("effect")
        )
    )
    effects = observed.order.capture_of(effects, "seq", "published_in")
    return effects.sort("seq", "ods_code").select("capture_id", "ods_code", "name", "effect")


def unresolved_targets(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the codes that relationships and successions point at and the register does not hold.

    Args:
        frames: The tables ``relationships``, ``successions``, ``organisations`` and ``deletions``.

    Returns:
        The columns of the table ``unresolved_targets``.
    """
    links = pl.concat(
        [frames[name].select("ods_code", "target_ods_code") for name in ("relationships", "successions")]
    )
    return (
        links.join(frames["organisations"], left_on="target_ods_code", right_on="ods_code", how="anti")
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
    """Keep one row for each unique id of a role or relationship, and list the others.

    ODS's ids are unique over the whole register. If two records claim the same id, the record with the newest
    observation keeps it; between equals, the first code does. So one odd record cannot stop every later
    build. An id twice within one record does not reach this function: flattening sets such a record aside.

    Args:
        rows: Rows of ``roles`` or ``relationships``.
        newest: ``ods_code, seq``: the newest capture that shows the current version of each code.
        name: ``roles`` or ``relationships``.

    Returns:
        The rows that keep their id, and the rows of ``repeated_ids`` for the others.
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
    """Return the newest row of each concept, over all captures."""
    table = TABLES["code_systems"]
    held = observed.state.frames[table.name] if observed.state else table.empty()
    rows = [observed.order.seq_of(held)]
    main = observed.captures.filter(pl.col("kind") != "archive").select("seq", "capture_id")
    for seq, folder in observed.folders.items():
        concepts = pl.read_parquet(folder / "code_systems.parquet").with_columns(
            pl.lit(seq, pl.Int64).alias("seq")
        )
        rows.append(concepts.join(main, on="seq", how="left").select(rows[0].columns))
    return pl.concat(rows).sort("seq").unique(table.key, keep="last", maintain_order=True)


def _named(frame: pl.DataFrame, prefix: str, names: pl.DataFrame) -> pl.DataFrame:
    """Add ``<prefix>_name`` for ``<prefix>_id``. An unknown id gets null, and a check lists it."""
    renamed = names.rename({"id": f"{prefix}_id", "display_name": f"{prefix}_name"})
    return frame.join(renamed, on=f"{prefix}_id", how="left")
