"""Which end of one link and which beginning of another make one move from parent to parent.

Lives here: the pairs. Does not live here: the events that they become (``links.py``).
"""

import polars as pl

from ods_pipeline.history.changes.event import next_day
from ods_pipeline.history.changes.rows import STEP
from ods_pipeline.schema.changes import PARENT_KINDS

_KIND = [*STEP, "parent_kind"]
# Links of one kind to one parent count once if they begin, or end, on the same day.
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


def moves_of(begun: pl.DataFrame, ended: pl.DataFrame, unchanged: pl.DataFrame) -> pl.DataFrame:
    """Pair the links that end with those that begin, within one step and one kind of parent.

    Links of adjoining days are paired first, then the others in order of their days. What remains is paired
    with an unchanged link that it adjoins, whose end or start was recorded before. A parent that one link
    leaves and another joins has not changed. A move on one day in several links is one event, under the first
    of ``PARENT_KINDS``: a practice's commissioner, for one, is often its operator too.

    Args:
        begun: The links that begin in each step.
        ended: The links that end in each step.
        unchanged: The links that neither begin nor end there.

    Returns:
        The columns ``_MOVE``, and ``links``: the kinds of parent that the move is about, each with the first
        day without the old parent (``parent_kind, left_on``).
    """
    candidates = pl.col("parent_kind").is_not_null()
    new, old = begun.filter(candidates & ~pl.col("is_past")), ended.filter(candidates)
    both = [*_KIND, "target"]
    new, old = new.join(old, on=both, how="anti"), old.join(new, on=both, how="anti")
    new, old = (_one_a_day(rows) for rows in (new, old))
    moves = []
    for within in ([*_KIND, "effective"], _KIND):
        leaving = {"old_target": "target", "left_on": "effective"}
        pairs = _ranked(new, within).join(
            _ranked(old, within).select(*within, "rank", **{n: pl.col(c) for n, c in leaving.items()}),
            on=[*within, "rank"],
        )
        pairs = pairs.rename({"target": "new_target"}).select(_MOVE)
        moves.append(pairs)
        new = new.join(pairs, left_on=_LINK, right_on=[*_KIND, "new_target", "effective"], how="anti")
        old = old.join(pairs, left_on=_LINK, right_on=[*_KIND, "old_target", "left_on"], how="anti")
    moves += [_to_unchanged(old, unchanged), _from_unchanged(new, unchanged)]
    order = pl.col("parent_kind").replace_strict({k: n for n, k in enumerate(PARENT_KINDS)})
    move = [*STEP, "old_target", "new_target", "effective"]
    return (
        pl.concat(moves)
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


def _to_unchanged(old: pl.DataFrame, unchanged: pl.DataFrame) -> pl.DataFrame:
    """Return moves to a parent whose link was recorded before: only the end of the old link is new."""
    next_ones = _one_adjoining(unchanged.with_columns(pl.col("start").alias("effective")))
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


def _from_unchanged(new: pl.DataFrame, unchanged: pl.DataFrame) -> pl.DataFrame:
    """Return moves from a parent whose end was recorded before: only the beginning of the new link is new."""
    last_ones = _one_adjoining(unchanged.with_columns(next_day("end").alias("effective")))
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
    """Return the first link of each day, by target and id."""
    key = [*_KIND, "effective"]
    return rows.sort(*key, "target", "unique_rel_id").unique(key, keep="first", maintain_order=True)
