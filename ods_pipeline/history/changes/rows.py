"""Rows that belong to an organisation (roles, relationships), compared with those of the version before.

Lives here: which rows began, ended, were removed or were corrected, and which of these changes only follow
the organisation. When an organisation closes, its roles and links end with it: that is one change, not ten.
"""

import polars as pl

from ods_pipeline.history.changes.event import differs
from ods_pipeline.history.columns import DATES, ENDS, VERSION

# The key of a step: code, and the day on which its later version was first seen.
STEP = ["ods_code", "day"]


def rows_of_steps(steps: pl.DataFrame, part: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of one component before each step and after it, with the ``day`` of the step."""
    keys = steps.lazy().select("ods_code", "day", "known_from", "known_from_before")
    before = part.join(
        keys.select("ods_code", "day", pl.col("known_from_before").alias("known_from")),
        on=["ods_code", "known_from"],
    )
    after = part.join(keys.select("ods_code", "day", "known_from"), on=["ods_code", "known_from"])
    interval = VERSION[1:]
    return before.drop(interval).collect(), after.drop(interval).collect()


def changed_rows(
    steps: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, unique_id: str
) -> pl.DataFrame:
    """Return every row that differs between the two sides of its step, with flags.

    Args:
        steps: The steps, with the flags of ``with_phases``.
        before: The rows of the earlier versions, as ``rows_of_steps`` returns them.
        after: The rows of the later versions.
        unique_id: The column with ODS's id of a row.

    Returns:
        The columns of a row, with the suffix ``_before`` for the earlier side; ``day, stamped_on, capture_id,
        is_unstamped`` and ``organisation_*`` of the step; the columns that ``with_flags`` adds.
    """
    key = [*STEP, unique_id]
    both = before.with_columns(pl.lit(True).alias("is_present")).join(
        after.with_columns(pl.lit(True).alias("is_present")),
        on=key,
        how="full",
        coalesce=True,
        suffix="_now",
    )
    plain = [c for c in before.columns if c not in key]
    both = both.rename({c: f"{c}_before" for c in (*plain, "is_present")}).rename(
        {f"{c}_now": c for c in (*plain, "is_present")}
    )
    same = pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_before")) for c in (*plain, "is_present"))
    changed = both.filter(~same)
    # In the order of its own key: what is paired later must not depend on the order that a join returns.
    return with_flags(changed.join(_context(steps), on=STEP)).sort(key)


def with_flags(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``start, end`` (the first and the last day on which a row holds; of both sides) and what happened.

    The flags are ``begun``; ``gone``, removed from the record; ``ended``; ``over``, ended before the step;
    ``dated``, whose dates changed other than by ending (a row can be ended and dated); ``stopped``, Inactive
    without an end or another date that explains it; ``follows``, which changed only as its organisation did.
    """
    was, now = pl.col("is_present_before").fill_null(False), pl.col("is_present").fill_null(False)
    edges = [
        edge.alias(f"{name}{side}")
        for side in ("", "_before")
        for name, edge in (
            ("start", start_of(side)),
            ("end", end_of(side)),
            ("stated_end", _stated_end(side)),
        )
    ]
    end, end_before = pl.col("end"), pl.col("end_before")
    ended = was & now & end_before.is_null() & end.is_not_null()
    turned = (pl.col("status_before") == "Active") & (pl.col("status") == "Inactive") & ~_is_explained()
    return (
        rows.with_columns(edges)
        .with_columns(ended.alias("ended"))
        .with_columns(
            (now & ~was).alias("begun"),
            (was & ~now).alias("gone"),
            (was & (end_before < pl.col("day")).fill_null(False)).alias("over"),
            (was & now & pl.any_horizontal(_corrected(c) for c in DATES)).alias("dated"),
            (was & now & end_before.is_null() & end.is_null() & turned & ~pl.col("organisation_turned"))
            .fill_null(False)
            .alias("stopped"),
            _follows().fill_null(False).alias("follows"),
        )
    )


def start_of(side: str = "") -> pl.Expr:
    """Return the first day on which a row holds, as ``holds_from`` in ``marts/macros/words_days.sql`` has it.

    Args:
        side: ``_before`` for the row in the earlier version.
    """
    return pl.coalesce(f"operational_start{side}", f"legal_start{side}")


def end_of(side: str = "") -> pl.Expr:
    """Return the last day on which a row holds, by its dates, as ``holds_to`` there has it.

    The legal end counts only where there is no operational start: what is closed in law and has no
    operational end goes on.

    Args:
        side: ``_before`` for the row in the earlier version.
    """
    in_law_only = pl.when(pl.col(f"operational_start{side}").is_null()).then(f"legal_end{side}")
    return pl.coalesce(f"operational_end{side}", in_law_only)


def listed_differences(columns: tuple[str, ...]) -> dict[str, pl.Expr]:
    """Return ``field, old, new``: the names of the columns that differ, and their values in the same order.

    The end of a row that ended is left out, because another event reports it.
    """
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


def with_same_before(rows: pl.DataFrame, before: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Add ``had_same``: whether the version before had a row with the same ``columns``, on any dates."""
    had = before.select(*STEP, *columns).unique().with_columns(pl.lit(True).alias("had_same"))
    return rows.join(had, on=[*STEP, *columns], how="left").with_columns(pl.col("had_same").fill_null(False))


def _is_explained() -> pl.Expr:
    """Return whether the days of a row explain that it is Inactive without an end; as in ``status_by_days``.

    It had not begun by the stamp (announced links are published as Active and as Inactive), or it is past its
    legal end and in operation.
    """
    stamp = pl.coalesce("stamped_on", "day")
    announced = pl.max_horizontal("operational_start", "legal_start") > stamp
    closed_in_law = pl.col("operational_start").is_not_null() & (pl.col("legal_end") < pl.col("day"))
    return announced.fill_null(False) | closed_in_law.fill_null(False)


def _stated_end(side: str) -> pl.Expr:
    """Return the end that the row states, in operation or in law, whether or not it holds beyond it."""
    return pl.coalesce(f"operational_end{side}", f"legal_end{side}")


def _corrected(column: str) -> pl.Expr:
    """Return whether a column differs, other than by the end that the flag ``ended`` is about."""
    if column not in ENDS:
        return differs(column)
    is_the_end = pl.col("ended") & (pl.col(column) == pl.col("end")).fill_null(False)
    return differs(column) & ~is_the_end


def _context(steps: pl.DataFrame) -> pl.DataFrame:
    """Return what the rows of a step must know of it: key, provenance and the organisation's own dates."""
    dates = [
        f"{c}{side}"
        for c in ("operational_start", "operational_end", "legal_end")
        for side in ("", "_before")
    ]
    return steps.select(
        *STEP,
        "stamped_on",
        "capture_id",
        "is_unstamped",
        *(pl.col(c).alias(f"organisation_{c}") for c in dates),
        pl.col("primary_role_id").alias("own_role"),
        pl.col("primary_role_id_before").alias("own_role_before"),
        pl.col("ref_only_before").alias("was_stub"),
        pl.col("status").ne_missing(pl.col("status_before")).alias("organisation_turned"),
        pl.col("reopens").alias("organisation_reopens"),
    )


def _follows() -> pl.Expr:
    """Return whether a row changed only as its organisation did.

    It ends on the organisation's last day, lost its end as the organisation did, or has a new start because
    the organisation has. A legal end that ends nothing follows too: ``legally_closed`` reports it.
    """
    starts_with = (pl.col("start") == pl.col("organisation_operational_start")) & (
        pl.col("start_before") == pl.col("organisation_operational_start_before")
    )
    changed = {
        "end": _ends_with("end"),
        "stated_end": _ends_with("stated_end"),
        "start": starts_with,
    }
    # A new start and a new end are two changes: then both must follow.
    return pl.all_horizontal(
        ~differs(name) | follows.fill_null(False) for name, follows in changed.items()
    ) & pl.any_horizontal(differs(name) for name in changed)


def _ends_with(column: str) -> pl.Expr:
    """Return whether an end of a row is one of its organisation's, or went as the organisation's did."""
    end, end_before = pl.col(column), pl.col(f"{column}_before")
    ends_with = (end == pl.col("organisation_operational_end")) | (end == pl.col("organisation_legal_end"))
    ended_with = (end_before == pl.col("organisation_operational_end_before")) | (
        end_before == pl.col("organisation_legal_end_before")
    )
    revived = ended_with & end.eq_missing(pl.col("organisation_operational_end"))
    return ends_with.fill_null(False) | revived.fill_null(False)
