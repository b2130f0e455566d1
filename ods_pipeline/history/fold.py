"""The register as it stands after every capture held: which record speaks for each code, and which codes
are gone.

The rules (docs/decisions.md has the reasons): of each code the newest complete record counts; a stub
counts only where no complete record was ever held; an older observation never overwrites a newer one; a
code that is gone leaves a row in ``deletions``. The outcome is a function of the set of captures alone.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from ods_pipeline.flatten.merge import is_another_body
from ods_pipeline.history.deletions import deletions_of
from ods_pipeline.history.observations import Observed
from ods_pipeline.schema import COMPONENTS, TABLES

_FAX = pl.col("contact_type") == "fax"
EFFECTS = ("new", "changed", "unchanged", "stub_of_a_complete_record")


@dataclass(frozen=True)
class Register:
    """``frames`` holds every table of the schema ``ord`` (columns and order of the contract).

    ``effects`` says what each delta record since the newest release did: ``capture_id, ods_code, name,
    effect``.
    ``as_of`` is the newest as-of date held: what "now" means.
    """

    frames: dict[str, pl.DataFrame]
    effects: pl.DataFrame
    as_of: date


def fold(observed: Observed) -> Register:
    """Folds captures into the register. Pure: same captures, same frames, in any order of arrival."""
    deletions = deletions_of(observed)
    confirmed = deletions.filter(pl.col("state") == "confirmed")
    winners = winners_of(observed.seen).join(confirmed, on="ods_code", how="anti")
    winners = winners.join(known_from(observed.seen, winners), on="ods_code", how="left")
    code_systems = _newest_code_systems(observed)
    names = {
        system: code_systems.filter(pl.col("code_system") == system).select("id", "display_name")
        for system in ("OrganisationRole", "OrganisationRelationship")
    }
    frames = {name: _component(observed, winners, name) for name in COMPONENTS}
    repeated = []
    for name in ("roles", "relationships"):
        frames[name], lost = without_repeated_ids(frames[name], winners, name)
        repeated.append(lost)
    frames["repeated_ids"] = pl.concat(repeated)
    frames["organisations"] = _organisations(observed, winners)
    frames["contacts"] = _with_last_known_fax(observed, winners, frames)
    frames["organisations"] = _named(frames["organisations"], "primary_role", names["OrganisationRole"])
    frames["roles"] = _named(frames["roles"], "role", names["OrganisationRole"])
    frames["relationships"] = _named(frames["relationships"], "rel", names["OrganisationRelationship"])
    frames["code_systems"] = code_systems
    frames["captures"] = observed.captures
    frames["deletions"] = deletions
    for name in ("superseded_records", "quarantined_records", "unknown_elements"):
        frames[name] = pl.concat(
            [pl.scan_parquet(f / f"{name}.parquet") for f in observed.folders.values()]
        ).collect()
    frames["unresolved_targets"] = unresolved_targets(frames)
    shaped = {
        name: frame.select(TABLES[name].columns).sort(TABLES[name].key) for name, frame in frames.items()
    }
    as_of = observed.captures["as_of"].max()
    assert isinstance(as_of, date)
    return Register(shaped, effects_of(observed), as_of)


def winners_of(seen: pl.DataFrame) -> pl.DataFrame:
    """The winning observation of each code: ``ods_code, seq, content_hash, ref_only, is_xml, fax_hash``."""
    return (
        seen.sort("ods_code", "ref_only", "seq", descending=[False, False, True])
        .group_by("ods_code", maintain_order=True)
        .first()
        .select("ods_code", "seq", "content_hash", "ref_only", "is_xml", "fax_hash")
    )


def known_from(seen: pl.DataFrame, winners: pl.DataFrame) -> pl.DataFrame:
    """``ods_code, known_from``: the as-of date of the first observation in the unbroken run of content
    that ends with the winner."""
    winning = winners.select(
        "ods_code",
        pl.col("content_hash").alias("now"),
        pl.col("seq").alias("last"),
        pl.col("ref_only").alias("stub"),
    )
    runs = seen.join(winning, on="ods_code").filter(
        (pl.col("ref_only") == pl.col("stub")) & (pl.col("seq") <= pl.col("last"))
    )
    other = pl.when(pl.col("content_hash") != pl.col("now")).then("seq").max().over("ods_code").fill_null(-1)
    return (
        runs.filter(pl.col("seq") > other).group_by("ods_code").agg(pl.col("as_of").min().alias("known_from"))
    )


def effects_of(observed: Observed) -> pl.DataFrame:
    """What each delta record since the newest release did to the register, in the order that counts."""
    complete = pl.when(~pl.col("ref_only")).then("content_hash")
    before = complete.forward_fill().shift(1).over("ods_code", order_by="seq")
    return (
        observed.seen.with_columns(before.alias("before"))
        .filter(pl.col("seq") > pl.col("seq").filter("is_release").max())
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
        .sort("seq", "ods_code")
        .select("capture_id", "ods_code", "name", "effect")
    )


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


def _organisations(observed: Observed, winners: pl.DataFrame) -> pl.DataFrame:
    stored = TABLES["organisations"].stored
    rows = _rows_of_winners(observed, winners, "organisations", stored)
    return rows.join(winners.select("ods_code", "known_from"), on="ods_code", how="left")


def _component(observed: Observed, winners: pl.DataFrame, name: str) -> pl.DataFrame:
    return _rows_of_winners(observed, winners, name, TABLES[name].stored)


def _rows_of_winners(
    observed: Observed, winners: pl.DataFrame, name: str, columns: list[str]
) -> pl.DataFrame:
    """The rows of a flat table that belong to the winners; only folders with winners are read."""
    parts = []
    for (seq,), group in winners.group_by("seq", maintain_order=True):
        rows = pl.scan_parquet(observed.folders[int(str(seq))] / f"{name}.parquet").select(columns)
        parts.append(rows.join(group.lazy().select("ods_code"), on="ods_code", how="semi"))
    return pl.concat(parts).collect() if parts else TABLES[name].empty(columns)


def without_repeated_ids(
    rows: pl.DataFrame, winners: pl.DataFrame, name: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Roles or relationships with each unique id once, and the rows of ``repeated_ids`` for the others.

    ODS's ids are unique over the register. If two records claim one all the same, the newest observation
    keeps it (then the first code), so that one odd record cannot stop every build from then on. An id twice
    in one record is none of this: such a record was set aside when it was flattened.
    """
    (unique_id,) = TABLES[name].key
    if rows[unique_id].n_unique() == rows.height:
        return rows, TABLES["repeated_ids"].empty()
    ranked = (
        rows.join(winners.select("ods_code", "seq"), on="ods_code", how="left")
        .sort(unique_id, "seq", "ods_code", descending=[False, True, False])
        .with_columns(pl.col("ods_code").first().over(unique_id).alias("kept_by_ods_code"))
    )
    kept = pl.col("ods_code") == pl.col("kept_by_ods_code")
    lost = ranked.filter(~kept).select(
        pl.lit(name).alias("component"), pl.col(unique_id).alias("unique_id"), "ods_code", "kept_by_ods_code"
    )
    return ranked.filter(kept).select(rows.columns), lost.unique(maintain_order=True)


def _with_last_known_fax(
    observed: Observed, winners: pl.DataFrame, frames: dict[str, pl.DataFrame]
) -> pl.DataFrame:
    """The API may leave out the fax that TRUD has: a JSON record without one keeps the last known.

    The last known is that of the newest earlier complete observation that can say: one from XML, with or
    without fax, or one from JSON that has a fax. A body that took over the code of another has none of it.
    """
    contacts = frames["contacts"]
    silent = winners.filter(~pl.col("is_xml") & pl.col("fax_hash").is_null() & ~pl.col("ref_only"))
    if silent.is_empty():
        return contacts
    can_say = ~pl.col("ref_only") & (pl.col("is_xml") | pl.col("fax_hash").is_not_null())
    source = (
        observed.seen.filter(can_say)
        .join(silent.select("ods_code", pl.col("seq").alias("winner")), on="ods_code")
        .filter(pl.col("seq") < pl.col("winner"))
        .sort("seq")
        .group_by("ods_code")
        .agg(pl.col("seq", "fax_hash").last())
        .filter(pl.col("fax_hash").is_not_null())
    )
    told = ["ods_code", "name", "operational_start", "primary_role_id"]
    before = _rows_of_winners(observed, source, "organisations", told)
    same_body = before.join(frames["organisations"].select(told), on="ods_code", suffix="_now").filter(
        ~is_another_body("_now")
    )
    source = source.join(same_body, on="ods_code", how="semi")
    kept = _rows_of_winners(observed, source, "contacts", contacts.columns).filter(_FAX)
    return pl.concat([contacts, kept])


def _newest_code_systems(observed: Observed) -> pl.DataFrame:
    frames = [
        pl.scan_parquet(folder / "code_systems.parquet").with_columns(pl.lit(seq).alias("seq"))
        for seq, folder in observed.folders.items()
    ]
    table = TABLES["code_systems"]
    return (
        pl.concat(frames).sort("seq").group_by(table.key).agg(pl.exclude(*table.key, "seq").last()).collect()
    )


def _named(frame: pl.DataFrame, what: str, names: pl.DataFrame) -> pl.DataFrame:
    """Adds ``<what>_name`` for ``<what>_id``; unknown ids get null and are named by a check."""
    renamed = names.rename({"id": f"{what}_id", "display_name": f"{what}_name"})
    return frame.join(renamed, on=f"{what}_id", how="left")
