"""Rows that belong to a body (roles, relationships) beside the same rows one version before.

What lives here: which rows began, ended, went or were corrected, and which of that only follows the body:
when a body closes, its roles and links end with it, and that is one change and not ten.
"""

import polars as pl

from ods_pipeline.history.changes.event import differs

DATES = ("operational_start", "operational_end", "legal_start", "legal_end")
ENDS = ("operational_end", "legal_end")
STEP = ["ods_code", "day"]


def of_steps(steps: pl.DataFrame, part: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of a part of the versions before and after each step, with ``day`` of the step."""
    keys = steps.lazy().select("ods_code", "day", "known_from", "known_from_before")
    before = part.join(
        keys.select("ods_code", "day", pl.col("known_from_before").alias("known_from")),
        on=["ods_code", "known_from"],
    )
    after = part.join(keys.select("ods_code", "day", "known_from"), on=["ods_code", "known_from"])
    interval = ("known_from", "known_to")
    return before.drop(interval).collect(), after.drop(interval).collect()


def compared(steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, unique_id: str) -> pl.DataFrame:
    """Every row of either side that is not the same on both, with its step's context and flags.

    The columns of a row, with ``_before`` for the side before; ``day, stamped_on, capture_id, is_unstamped``
    and ``body_*`` of the step; and the flags ``begun, gone, ended, over`` (it had ended before), ``dated``
    (its dates changed, other than by ending; both may be), ``stopped`` (Inactive without a date), ``follows``
    (it does what the body does).
    """
    key = [*STEP, unique_id]
    both = before.with_columns(pl.lit(True).alias("is_there")).join(
        after.with_columns(pl.lit(True).alias("is_there")),
        on=key,
        how="full",
        coalesce=True,
        suffix="_now",
    )
    plain = [c for c in before.columns if c not in key]
    both = both.rename({c: f"{c}_before" for c in (*plain, "is_there")}).rename(
        {f"{c}_now": c for c in (*plain, "is_there")}
    )
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_before")) for c in (*plain, "is_there"))
    changed = both.filter(~same)
    # In the order of the body's own key: what is paired later must not depend on how a join went.
    return flagged(changed.join(_context(steps), on=STEP)).sort(key)


def flagged(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds ``start, end`` (operational, else legal; also of before) and the flags of ``compared``."""
    was, now = pl.col("is_there_before").fill_null(False), pl.col("is_there").fill_null(False)
    edges = [
        pl.coalesce(f"operational_{e}{side}", f"legal_{e}{side}").alias(f"{e}{side}")
        for e in ("start", "end")
        for side in ("", "_before")
    ]
    end, end_before = pl.col("end"), pl.col("end_before")
    any_date = pl.any_horizontal(differs(c) for c in DATES)
    ended = was & now & end_before.is_null() & end.is_not_null()
    turned = (pl.col("status_before") == "Active") & (pl.col("status") == "Inactive")
    return (
        rows.with_columns(edges)
        .with_columns(ended.alias("ended"))
        .with_columns(
            (now & ~was).alias("begun"),
            (was & ~now).alias("gone"),
            (was & (end_before < pl.col("day")).fill_null(False)).alias("over"),
            (was & now & pl.any_horizontal(_corrected(c) for c in DATES)).alias("dated"),
            (was & now & ~any_date & end.is_null() & turned & ~pl.col("body_turned"))
            .fill_null(False)
            .alias("stopped"),
            _follows().fill_null(False).alias("follows"),
        )
    )


def listed(columns: tuple[str, ...]) -> dict[str, pl.Expr]:
    """``field, old, new``: the names of the columns that differ, and their values in the same order; without
    the end that a row which ended is told to have."""
    names, old, new = [], [], []
    for c in columns:
        other = _corrected(c)
        names.append(pl.when(other).then(pl.lit(c)))
        old.append(pl.when(other).then(pl.col(f"{c}_before").cast(pl.String).fill_null("none")))
        new.append(pl.when(other).then(pl.col(c).cast(pl.String).fill_null("none")))
    return {
        name: pl.concat_str(parts, separator=", ", ignore_nulls=True)
        for name, parts in (("field", names), ("old", old), ("new", new))
    }


def with_same_before(rows: pl.DataFrame, before: pl.DataFrame, what: list[str]) -> pl.DataFrame:
    """Adds ``had_same``: the version before had a row with the same ``what``, whatever its dates."""
    had = before.select(*STEP, *what).unique().with_columns(pl.lit(True).alias("had_same"))
    return rows.join(had, on=[*STEP, *what], how="left").with_columns(pl.col("had_same").fill_null(False))


def _corrected(column: str) -> pl.Expr:
    """Whether a column differs, and that is not the end which ``ended`` is about."""
    if column not in ENDS:
        return differs(column)
    told = pl.col("ended") & (pl.col(column) == pl.col("end")).fill_null(False)
    return differs(column) & ~told


def _context(steps: pl.DataFrame) -> pl.DataFrame:
    body = [
        f"{c}{side}"
        for c in ("operational_start", "operational_end", "legal_end")
        for side in ("", "_before")
    ]
    return steps.select(
        *STEP,
        "stamped_on",
        "capture_id",
        "is_unstamped",
        *(pl.col(c).alias(f"body_{c}") for c in body),
        pl.col("primary_role_id").alias("body_role"),
        pl.col("primary_role_id_before").alias("body_role_before"),
        pl.col("ref_only_before").alias("was_stub"),
        pl.col("status").ne_missing(pl.col("status_before")).alias("body_turned"),
        pl.col("reopens").alias("body_reopens"),
    )


def _follows() -> pl.Expr:
    """Ends on the body's last day, lost its end as the body did, or begins anew with the body's start."""
    end, end_before = pl.col("end"), pl.col("end_before")
    ends_with = (end == pl.col("body_operational_end")) | (end == pl.col("body_legal_end"))
    ended_with = (end_before == pl.col("body_operational_end_before")) | (
        end_before == pl.col("body_legal_end_before")
    )
    revived = ended_with & end.eq_missing(pl.col("body_operational_end"))
    starts_with = (pl.col("start") == pl.col("body_operational_start")) & (
        pl.col("start_before") == pl.col("body_operational_start_before")
    )
    new_end, new_start = end.ne_missing(end_before), pl.col("start").ne_missing(pl.col("start_before"))
    # A new start and a new end are two changes: then both must follow.
    return (
        (~new_end | (ends_with.fill_null(False) | revived.fill_null(False)))
        & (~new_start | starts_with.fill_null(False))
        & (new_end | new_start)
    )
