"""What a source leaves out is kept as another source gave it last.

Lives here: completing the versions whose content comes from a source that leaves fields out
(``schema/silence.py``). Does not live here: whether such a record is a new version at all (``versions.py``),
fax numbers, which are followed record by record (``versions.py``, ``content.py``).

Such a version takes from the newest version before it whose content leaves nothing out:

* the id of a target's role, for a relationship with the same id and target;
* the whole row of a succession with the same type and target: its id and its day are the record's own;
* e-mail addresses;
* roles that had ended and are not primary, if the source leaves them out;
* Legal dates equal to the Operational ones, where the record before had such a pair (organisation, role with
  the same id, relationship with the same id).

A stub takes nothing, and an organisation that took over the code of another takes nothing from it.
"""

from collections.abc import Callable, Mapping

import polars as pl

from ods_pipeline.history.columns import IDENTITY, VERSION
from ods_pipeline.schema.identity import is_another_organisation

_KEY = ["ods_code", "known_from"]
_ROW = ["ods_code", "taken_from"]


def completed_by_last(frames: Mapping[str, pl.DataFrame], versions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the tables of history with every version complete.

    Args:
        frames: The tables of history by id, as they were read.
        versions: The versions, with ``is_partial`` and ``ref_only``.
    """
    frames = dict(frames)
    if not versions["is_partial"].any():
        return frames
    sources = _last_complete(frames["history.organisations"], versions)
    completed: dict[str, Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]] = {
        "organisations": lambda rows, before: _legal_pairs(rows, before, _KEY),
        "relationships": _relationships,
        "successions": _successions,
        "contacts": _contacts,
        "roles": _roles,
    }
    for name, complete in completed.items():
        rows = frames[f"history.{name}"]
        mine, others = (rows.join(sources, on=_KEY, how=how) for how in ("semi", "anti"))
        then = rows.rename({"known_from": "taken_from"}).drop("known_to")
        before = then.join(sources, on=_ROW).select(rows.columns)
        frames[f"history.{name}"] = pl.concat([others, complete(mine, before).select(rows.columns)])
    return frames


def _last_complete(organisations: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Return ``ods_code, known_from, known_to, taken_from``: the version that each partial one takes from."""
    known = organisations.select(*_KEY, *IDENTITY)
    complete = versions.filter(~pl.col("is_partial") & ~pl.col("ref_only"))
    pairs = (
        versions.filter(pl.col("is_partial") & ~pl.col("ref_only"))
        .select(VERSION)
        .sort("known_from")
        .join_asof(
            complete.select("ods_code", pl.col("known_from").alias("taken_from")).sort("taken_from"),
            left_on="known_from",
            right_on="taken_from",
            by="ods_code",
            coalesce=False,
            check_sortedness=False,
        )
        .filter(pl.col("taken_from").is_not_null())
    )
    then = known.rename({"known_from": "taken_from", **{c: f"{c}_then" for c in IDENTITY}})
    same = pairs.join(known, on=_KEY).join(then, on=_ROW).filter(~is_another_organisation("_then"))
    return same.select(*VERSION, "taken_from")


def _legal_pairs(rows: pl.DataFrame, before: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Repeat the Operational dates as Legal ones where the rows before did."""
    start, end = pl.col("legal_start"), pl.col("legal_end")
    is_pair = (start == pl.col("operational_start")) & end.eq_missing(pl.col("operational_end"))
    had = before.filter(is_pair).select(*key, pl.lit(True).alias("had_pair")).unique()
    repeated = pl.col("had_pair").fill_null(False) & start.is_null() & end.is_null()
    return (
        rows.join(had, on=key, how="left")
        .with_columns(
            pl.when(repeated).then(f"operational_{edge}").otherwise(f"legal_{edge}").alias(f"legal_{edge}")
            for edge in ("start", "end")
        )
        .drop("had_pair")
    )


def _relationships(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    rows = _legal_pairs(rows, before, [*_KEY, "unique_rel_id"])
    key = [*_KEY, "unique_rel_id", "target_ods_code"]
    earlier = before.select(*key, pl.col("target_unique_role_id").alias("earlier"))
    return rows.join(earlier, on=key, how="left").with_columns(
        pl.coalesce("target_unique_role_id", "earlier").alias("target_unique_role_id")
    )


def _successions(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    key = [*_KEY, "succession_type", "target_ods_code"]
    kept = before.join(rows.select(key).unique(), on=key, how="semi")
    return pl.concat([rows.join(before, on=key, how="anti"), kept.select(rows.columns)])


def _contacts(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([rows, before.filter(pl.col("contact_type") == "mailto").select(rows.columns)])


def _roles(rows: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    rows = _legal_pairs(rows, before, [*_KEY, "unique_role_id"])
    ended = before.filter(~pl.col("is_primary") & (pl.col("status") == "Inactive"))
    lost = ended.join(rows, on=[*_KEY, "unique_role_id"], how="anti")
    return pl.concat([rows, lost.select(rows.columns)])
