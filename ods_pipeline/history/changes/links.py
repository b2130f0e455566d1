"""Events of relationships, and moves from parent to parent.

A move is one event: the end of the link to the old parent and the start of the one to the new belong
together (``moves.py`` pairs them).
"""

import polars as pl

from ods_pipeline.history.changes.event import differs, events, next_day
from ods_pipeline.history.changes.moves import moves_of
from ods_pipeline.history.changes.rows import DATES, STEP, compared, listed, with_same_before
from ods_pipeline.schema.changes import PARENT_KINDS

PRACTICE, PCN, ICB = "RO177", "RO272", "RO261"
PARTNER, COMMISSIONED, OPERATED = "RE8", "RE4", "RE6"
COMPARED = ("rel_id", "target_ods_code", *DATES)


def parent_kind(body_role: str, suffix: str = "") -> pl.Expr:
    """Which kind of parent (PARENT_KINDS) a link is to, by its relationship, the primary role of its target
    as the record states it, and the body's own primary role; null for every other link."""
    rel, target = pl.col(f"rel_id{suffix}"), pl.col(f"target_primary_role_id{suffix}")
    pcn, commissioner, operator, icb = PARENT_KINDS
    return (
        pl.when((rel == PARTNER) & (target == PCN) & (pl.col(body_role) == PRACTICE))
        .then(pl.lit(pcn))
        .when(rel == COMMISSIONED)
        .then(pl.lit(commissioner))
        .when(rel == OPERATED)
        .then(pl.lit(operator))
        .when(target == ICB)
        .then(pl.lit(icb))
    )


def links(steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """``parent_changed``, and ``relationship_added``, ``_ended`` and ``_changed`` for what is no move. What a
    complete record adds to a stub is no news."""
    rows = compared(steps, before, after, "unique_rel_id").filter(~pl.col("was_stub"))
    rows = with_same_before(rows, before, ["rel_id", "target_ods_code"]).with_columns(
        parent_kind("body_role").alias("kind"),
        parent_kind("body_role_before", "_before").alias("kind_before"),
    )
    stays = ~pl.col("begun") & ~pl.col("gone")
    other_target = pl.col("target_ods_code").ne_missing(pl.col("target_ods_code_before"))
    # One row that points at another parent is an end and a beginning.
    redirected = stays & other_target & pl.col("kind").eq(pl.col("kind_before")).fill_null(False)
    again = pl.col("body_reopens") & pl.col("had_same")
    begun = _side(rows.filter((pl.col("begun") & ~again) | redirected), "", redirected)
    ends = (pl.col("ended") & ~pl.col("follows")) | pl.col("stopped") | (pl.col("gone") & ~pl.col("over"))
    ended = _side(rows.filter(ends | redirected), "_before", redirected)
    moves = moves_of(begun, ended, _standing(steps, after, rows))
    begun = _without(begun, moves, "new_target", "effective")
    ended = _without(ended, moves, "old_target", "left_on")
    # Beside an end, what else the row says now: an end that is told is no correction.
    told = rows.filter(stays & ~redirected)
    changed = told.filter((pl.col("dated") & ~pl.col("follows")) | other_target | differs("rel_id"))
    link = {"rel_id": "rel_id", "unique_rel_id": "unique_rel_id"}
    one_link = {"related_code": "target", **link}
    # A row that goes after its end is tidied up: nothing ends by it.
    tidied = _side(rows.filter(pl.col("gone") & pl.col("over")), "_before")
    return pl.concat(
        [
            events(
                moves,
                "parent_changed",
                field=pl.col("parent_kind"),
                effective=pl.col("effective"),
                old="old_target",
                new="new_target",
                of={"related_code": "new_target", **link},
            ),
            events(
                begun,
                "relationship_added",
                field=pl.col("parent_kind"),
                effective=pl.col("effective"),
                new="target",
                of=one_link,
            ),
            events(
                ended,
                "relationship_ended",
                field=pl.col("field"),
                effective=pl.col("effective"),
                old="target",
                of=one_link,
            ),
            events(
                changed,
                "relationship_changed",
                **listed(COMPARED),
                of={"related_code": "target_ods_code", **link},
            ),
            events(tidied, "relationship_changed", field="removed", old="target", of=one_link),
        ]
    )


def _side(rows: pl.DataFrame, side: str, redirected: pl.Expr | None = None) -> pl.DataFrame:
    """The rows as links that begin (side now) or end (side before), with ``parent_kind, target, rel_id,
    effective, field`` of that side."""
    ending = bool(side)
    effective = pl.when(pl.col("ended")).then(next_day("end")) if ending else pl.col("start")
    if redirected is not None:
        effective = pl.when(~redirected).then(effective)
    kind = pl.col(f"kind{side}")
    return rows.select(
        *STEP,
        "stamped_on",
        "capture_id",
        "is_unstamped",
        "unique_rel_id",
        pl.col(f"rel_id{side}").alias("rel_id"),
        pl.col(f"target_ods_code{side}").alias("target"),
        kind.alias("parent_kind"),
        pl.coalesce(effective, "stamped_on", "day").alias("effective"),
        pl.when("gone").then(pl.lit("removed")).otherwise(kind).alias("field"),
        # A link that is over when it first shows is the past put on record, and no move.
        (pl.col("begun") & (pl.col("end") < pl.col("day")).fill_null(False)).alias("is_past"),
    )


def _standing(steps: pl.DataFrame, after: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """The links to parents that are as they were, in the records that have a changed link at all:
    ``ods_code, day, parent_kind, target, rel_id, unique_rel_id, start, end``."""
    roles = steps.select(*STEP, pl.col("primary_role_id").alias("body_role"))
    return (
        after.join(changed.select(STEP).unique(), on=STEP, how="semi")
        .join(roles, on=STEP)
        .with_columns(
            parent_kind("body_role").alias("parent_kind"),
            pl.coalesce("operational_start", "legal_start").alias("start"),
            pl.coalesce("operational_end", "legal_end").alias("end"),
            pl.col("target_ods_code").alias("target"),
        )
        .filter(pl.col("parent_kind").is_not_null())
        .join(changed, on=[*STEP, "unique_rel_id"], how="anti")
        .select(*STEP, "parent_kind", "target", "rel_id", "unique_rel_id", "start", "end")
    )


def _without(rows: pl.DataFrame, moves: pl.DataFrame, target: str, day: str) -> pl.DataFrame:
    """The links that no move tells of; ``day`` is the column with the day of the link to ``target``."""
    told = moves.select(*STEP, target, "effective", "links").explode("links").unnest("links")
    return rows.join(
        told,
        left_on=[*STEP, "parent_kind", "target", "effective"],
        right_on=[*STEP, "parent_kind", target, day],
        how="anti",
    )
