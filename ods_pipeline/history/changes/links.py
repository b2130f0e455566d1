"""Events of relationships, and moves from parent to parent.

A move is one event: the end of the link to the old parent and the start of the link to the new parent belong
together (``moves.py`` pairs them).

Lives here: the events of links. Does not live here: which end and which beginning are one move
(``moves.py``), and which rows began or ended (``rows.py``).
"""

import polars as pl

from ods_pipeline.history.changes.event import differs, events, next_day
from ods_pipeline.history.changes.moves import moves_of
from ods_pipeline.history.changes.rows import (
    STEP,
    changed_rows,
    end_of,
    listed_differences,
    start_of,
    with_same_before,
)
from ods_pipeline.history.columns import DATES
from ods_pipeline.schema.changes import PARENT_KINDS
from ods_pipeline.schema.codes import Relationship, Role

PRACTICE, PCN, ICB = Role.PRESCRIBING_COST_CENTRE.value, Role.PCN.value, Role.ICB.value
PARTNER, COMMISSIONED = Relationship.PARTNER_TO.value, Relationship.COMMISSIONED_BY.value
OPERATED = Relationship.OPERATED_BY.value
COMPARED = ("rel_id", "target_ods_code", *DATES)


def parent_kind(own_role: str, suffix: str = "") -> pl.Expr:
    """Return the kind of parent (``PARENT_KINDS``) that a link points at; null for every other link.

    It follows from the relationship, from the primary role of the target as the record states it, and from
    the organisation's own primary role.

    Args:
        own_role: The column with the organisation's primary role.
        suffix: ``_before`` for the link in the earlier version.
    """
    rel, target = pl.col(f"rel_id{suffix}"), pl.col(f"target_primary_role_id{suffix}")
    pcn, commissioner, operator, icb = PARENT_KINDS
    return (
        pl.when((rel == PARTNER) & (target == PCN) & (pl.col(own_role) == PRACTICE))
        .then(pl.lit(pcn))
        .when(rel == COMMISSIONED)
        .then(pl.lit(commissioner))
        .when(rel == OPERATED)
        .then(pl.lit(operator))
        .when(target == ICB)
        .then(pl.lit(icb))
    )


def links(steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return ``parent_changed``, and the events of links that are not part of a move.

    Those are ``relationship_added``, ``relationship_ended`` and ``relationship_changed``. Links that a
    complete record adds to a stub are not changes.

    Args:
        steps: The steps, with the flags of ``with_phases``.
        before: The relationships of the earlier versions.
        after: The relationships of the later versions.
    """
    rows = changed_rows(steps, before, after, "unique_rel_id").filter(~pl.col("was_stub"))
    rows = with_same_before(rows, before, ["rel_id", "target_ods_code"]).with_columns(
        parent_kind("own_role").alias("kind"),
        parent_kind("own_role_before", "_before").alias("kind_before"),
    )
    stays = ~pl.col("begun") & ~pl.col("gone")
    other_target = pl.col("target_ods_code").ne_missing(pl.col("target_ods_code_before"))
    # One row that now points at another parent counts as an end and as a beginning.
    redirected = stays & other_target & pl.col("kind").eq(pl.col("kind_before")).fill_null(False)
    again = pl.col("organisation_reopens") & pl.col("had_same")
    begun = _side(rows.filter((pl.col("begun") & ~again) | redirected), "", redirected)
    ends = (pl.col("ended") & ~pl.col("follows")) | pl.col("stopped") | (pl.col("gone") & ~pl.col("over"))
    ended = _side(rows.filter(ends | redirected), "_before", redirected)
    moves = moves_of(begun, ended, _unchanged(steps, after, rows))
    begun = _without(begun, moves, "new_target", "effective")
    ended = _without(ended, moves, "old_target", "left_on")
    # What else changed in a row, next to an end that has its own event.
    others = rows.filter(stays & ~redirected)
    changed = others.filter((pl.col("dated") & ~pl.col("follows")) | other_target | differs("rel_id"))
    link = {"rel_id": "rel_id", "unique_rel_id": "unique_rel_id"}
    one_link = {"related_code": "target", **link}
    # A row that is removed after its end was only tidied away: nothing ends.
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
                about={"related_code": "new_target", **link},
            ),
            events(
                begun,
                "relationship_added",
                field=pl.col("parent_kind"),
                effective=pl.col("effective"),
                new="target",
                about=one_link,
            ),
            events(
                ended,
                "relationship_ended",
                field=pl.col("field"),
                effective=pl.col("effective"),
                old="target",
                about=one_link,
            ),
            events(
                changed,
                "relationship_changed",
                **listed_differences(COMPARED),
                about={"related_code": "target_ods_code", **link},
            ),
            events(tidied, "relationship_changed", field="removed", old="target", about=one_link),
        ]
    )


def _side(rows: pl.DataFrame, side: str, redirected: pl.Expr | None = None) -> pl.DataFrame:
    """Return rows as links that begin (``side`` is empty) or end (``side`` is ``_before``).

    Returns:
        Key and provenance of the step, ``unique_rel_id``, ``is_past``, and ``parent_kind, target, rel_id,
        effective, field`` of that side.
    """
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
        # A link that is over when it first appears records the past, and is not a move.
        (pl.col("begun") & (pl.col("end") < pl.col("day")).fill_null(False)).alias("is_past"),
    )


def _unchanged(steps: pl.DataFrame, after: pl.DataFrame, changed: pl.DataFrame) -> pl.DataFrame:
    """Return the unchanged links to parents, in records that have a changed link.

    Returns:
        ``ods_code, day, parent_kind, target, rel_id, unique_rel_id, start, end``.
    """
    roles = steps.select(*STEP, pl.col("primary_role_id").alias("own_role"))
    return (
        after.join(changed.select(STEP).unique(), on=STEP, how="semi")
        .join(roles, on=STEP)
        .with_columns(
            parent_kind("own_role").alias("parent_kind"),
            start_of().alias("start"),
            end_of().alias("end"),
            pl.col("target_ods_code").alias("target"),
        )
        .filter(pl.col("parent_kind").is_not_null())
        .join(changed, on=[*STEP, "unique_rel_id"], how="anti")
        .select(*STEP, "parent_kind", "target", "rel_id", "unique_rel_id", "start", "end")
    )


def _without(rows: pl.DataFrame, moves: pl.DataFrame, target: str, day: str) -> pl.DataFrame:
    """Return the links that are in no move; ``day`` is the move's column with the day of the link."""
    moved = moves.select(*STEP, target, "effective", "links").explode("links").unnest("links")
    return rows.join(
        moved,
        left_on=[*STEP, "parent_kind", "target", "effective"],
        right_on=[*STEP, "parent_kind", target, day],
        how="anti",
    )
