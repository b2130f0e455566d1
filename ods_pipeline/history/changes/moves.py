"""Which end of a link and which beginning of another are one move from parent to parent."""

import polars as pl

from ods_pipeline.history.changes.event import next_day
from ods_pipeline.history.changes.rows import STEP
from ods_pipeline.schema.changes import PARENT_KINDS

_KIND = [*STEP, "parent_kind"]
# Links of one kind to one parent are the same one if they begin, or end, on the same day.
_LINK = [*_KIND, "target", "effective"]
_MOVE = [
    *_KIND,
    "old_target",
    "new_target",
    "left_on",
    "effective",
    "rel_id",
    "unique_rel_id",
    "stamped_on",
    "capture_id",
    "is_unstamped",
]


def moves_of(begun: pl.DataFrame, ended: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Moves in the columns of _MOVE, and ``links``: the kinds of parent that one move is about, each with the
    first day without the old parent (``parent_kind, left_on``).

    ``begun`` and ``ended`` are the links that begin and end in each step, ``standing`` those that stayed as
    they were. Paired are, within one step and one kind of parent: those of adjoining days; then the others,
    in order of their days; then what is left with a standing link that it adjoins, whose end, or start, had
    been put on record before. A parent that one link leaves and another joins is no other parent. The same
    move on one day in several links (a practice's commissioner is often its operator too) is told once, as
    the first of PARENT_KINDS.
    """
    candidates = pl.col("parent_kind").is_not_null()
    new, old = begun.filter(candidates & ~pl.col("is_past")), ended.filter(candidates)
    both = [*_KIND, "target"]
    new, old = new.join(old, on=both, how="anti"), old.join(new, on=both, how="anti")
    new, old = (_one_a_day(rows) for rows in (new, old))
    found = []
    for within in ([*_KIND, "effective"], _KIND):
        leaving = {"old_target": "target", "left_on": "effective"}
        pairs = _ranked(new, within).join(
            _ranked(old, within).select(*within, "rank", **{n: pl.col(c) for n, c in leaving.items()}),
            on=[*within, "rank"],
        )
        pairs = pairs.rename({"target": "new_target"}).select(_MOVE)
        found.append(pairs)
        new = new.join(pairs, left_on=_LINK, right_on=[*_KIND, "new_target", "effective"], how="anti")
        old = old.join(pairs, left_on=_LINK, right_on=[*_KIND, "old_target", "left_on"], how="anti")
    found += [_to_standing(old, standing), _from_standing(new, standing)]
    order = pl.col("parent_kind").replace_strict({k: n for n, k in enumerate(PARENT_KINDS)})
    move = [*STEP, "old_target", "new_target", "effective"]
    return (
        pl.concat(found)
        .sort(*move, order, "unique_rel_id", "left_on")
        .group_by(move, maintain_order=True)
        .agg(pl.struct("parent_kind", "left_on").alias("links"), pl.all().first())
    )


def _one_a_day(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort(*_LINK, "rel_id", "unique_rel_id").unique(_LINK, keep="first", maintain_order=True)


def _ranked(rows: pl.DataFrame, within: list[str]) -> pl.DataFrame:
    return rows.sort(*_KIND, "effective", "target", nulls_last=True).with_columns(
        pl.int_range(pl.len()).over(within).alias("rank")
    )


def _to_standing(old: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Ends of links where the link to the next parent was there before and begins just then."""
    next_ones = _one_adjoining(standing.with_columns(pl.col("start").alias("effective")))
    pairs = old.drop("rel_id", "unique_rel_id").join(
        next_ones.select(
            *_KIND, "effective", "rel_id", "unique_rel_id", pl.col("target").alias("new_target")
        ),
        on=[*_KIND, "effective"],
    )
    return (
        pairs.filter(pl.col("target") != pl.col("new_target"))
        .rename({"target": "old_target"})
        .with_columns(pl.col("effective").alias("left_on"))
        .select(_MOVE)
    )


def _from_standing(new: pl.DataFrame, standing: pl.DataFrame) -> pl.DataFrame:
    """Beginnings of links where the link to the parent before ended just then, as was known before."""
    last_ones = _one_adjoining(standing.with_columns(next_day("end").alias("effective")))
    pairs = new.join(
        last_ones.select(*_KIND, "effective", pl.col("target").alias("old_target")), on=[*_KIND, "effective"]
    )
    return (
        pairs.filter(pl.col("target") != pl.col("old_target"))
        .rename({"target": "new_target"})
        .with_columns(pl.col("effective").alias("left_on"))
        .select(_MOVE)
    )


def _one_adjoining(rows: pl.DataFrame) -> pl.DataFrame:
    key = [*_KIND, "effective"]
    return rows.sort(*key, "target", "unique_rel_id").unique(key, keep="first", maintain_order=True)
