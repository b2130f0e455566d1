"""Events of the organisation itself: it appears, opens, closes, opens again, or its code is re-used.

The phases are those of ``openness_on`` (``marts/macros/words.sql``), once by operational and once by legal
dates. An organisation can be legally closed and still operate. So the operational and the legal end are two
events, unless they fall on the same day.

Lives here: the phases of a step and their events. Does not live here: the days on which an announced date
arrives (``steps.py``).
"""

import polars as pl

from ods_pipeline.history.changes.event import differs, events, next_day
from ods_pipeline.history.columns import DATES

DATES_OF_PHASE = ("operational_start", "operational_end", "legal_start", "legal_end")
FILLER_START = pl.date(1900, 1, 1)  # what ODS publishes for an unknown start


def with_phases(steps: pl.DataFrame) -> pl.DataFrame:
    """Add to each step what it means for the organisation.

    The flags are ``opens, closes, reopens, announces`` (an end is announced) for the operational dates,
    ``ends_legally, reopens_legally, announces_legally`` for the legal ones, and ``is_one_end``: the event of
    the operational end covers the legal end as well. Also adds the phases on both days: ``ahead``, ``closed``
    and ``over`` (past the legal end), with the suffix ``_before`` for ``before_day``.
    """
    ahead, closed, over = pl.col("ahead"), pl.col("closed"), pl.col("over")
    ahead_before, closed_before, over_before = (pl.col(f"{c}_before") for c in ("ahead", "closed", "over"))
    runs = ~ahead & ~closed
    went_on = ~closed & ~closed_before
    return (
        steps.with_columns(*_phase("day", ""), *_phase("before_day", "_before"))
        .with_columns(
            (ahead_before & runs).alias("opens"),
            (~closed_before & closed).alias("closes"),
            (over_before & ~over & runs & went_on & ~ahead_before).alias("reopens_legally"),
        )
        .with_columns(
            (closed_before & runs).alias("reopens"),
            (
                pl.col("operational_end").eq(pl.col("legal_end")).fill_null(False)
                | (pl.col("closes") & pl.col("operational_end").is_null())
            ).alias("is_one_end"),
        )
        .with_columns(
            (~over_before & over & ~pl.col("is_one_end")).alias("ends_legally"),
            (went_on & _newly_ahead("operational_end")).alias("announces"),
            (went_on & _newly_ahead("legal_end") & ~pl.col("is_one_end")).alias("announces_legally"),
        )
    )


def life(steps: pl.DataFrame) -> pl.DataFrame:
    """Return the events of organisations that open, close, are about to close, or have their dates corrected.

    Args:
        steps: The steps and the arrivals, with the flags of ``with_phases``.
    """
    operational, legal = pl.col("operational_end"), pl.col("legal_end")
    by_law = operational.is_null() & (legal < pl.col("day")).fill_null(False)
    why = pl.when(operational.is_not_null()).then(pl.lit("operational_end"))
    why = why.when(by_law).then(pl.lit("legal_end")).otherwise(pl.lit("status"))
    closing = steps.filter("closes").with_columns(why.alias("why"))
    reopening = steps.filter(pl.col("reopens") | pl.col("reopens_legally")).with_columns(
        pl.when("reopens_legally")
        .then(pl.lit("legal_end"))
        .when(operational.ne_missing(pl.col("operational_end_before")))
        .then(pl.lit("operational_end"))
        .otherwise(pl.lit("status"))
        .alias("why")
    )
    new_start = pl.when(pl.col("operational_start") > pl.col("operational_end_before")).then(
        "operational_start"
    )
    closed_on = pl.when(by_law).then(next_day("legal_end")).otherwise(next_day("operational_end"))
    return pl.concat(
        [
            events(
                steps.filter("opens"),
                "opened",
                field="operational_start",
                effective=pl.col("operational_start"),
                new="operational_start",
            ),
            events(
                closing,
                "closed",
                field=pl.col("why"),
                effective=closed_on,
                old=_reason("_before", unless_same=True),
                new=_reason(""),
            ),
            events(
                reopening,
                "reopened",
                field=pl.col("why"),
                effective=new_start,
                old=_reason("_before"),
                new=_reason(""),
            ),
            _of_end(steps.filter("ends_legally"), "legally_closed", "legal_end"),
            _of_end(steps.filter("announces"), "closing_announced", "operational_end"),
            _of_end(steps.filter("announces_legally"), "closing_announced", "legal_end"),
            _corrections(steps),
        ]
    )


def births(versions: pl.DataFrame, first_release: pl.Expr) -> pl.DataFrame:
    """Return the events ``created``: the first version of a code, and each version after a gap.

    A version that begins by the as-of date of the first release is not an event. A version after a gap has
    the field ``returned`` and takes effect on the day on which the code is held again.

    Args:
        versions: The versions, with columns of the version before and ``is_another_organisation``.
        first_release: As-of date of the first release held.
    """
    dated = versions.with_columns(pl.col("known_from").alias("day"))
    first = pl.col("known_from_before").is_null()
    new = dated.filter(first & (pl.col("day") > first_release))
    returned = dated.filter(
        ~first & pl.col("gone_by_before").is_not_null() & ~pl.col("is_another_organisation")
    )
    return pl.concat(
        [
            events(new, "created", effective=start_of_organisation()),
            events(returned, "created", field="returned", effective=pl.col("day")),
        ]
    )


def reuses(versions: pl.DataFrame) -> pl.DataFrame:
    """Return ``code_reused``, with both names: a version of another organisation than the one before it."""
    rows = versions.with_columns(pl.col("known_from").alias("day")).filter(
        pl.col("is_another_organisation") & pl.col("known_from_before").is_not_null()
    )
    return events(
        rows, "code_reused", field="name", effective=start_of_organisation(), old="name_before", new="name"
    )


def start_of_organisation() -> pl.Expr:
    """Return the day on which the organisation begins by its record; null if that is the filler."""
    starts = [pl.when(pl.col(c) != FILLER_START).then(c) for c in ("operational_start", "legal_start")]
    return pl.coalesce(starts)


def _phase(on: str, suffix: str) -> list[pl.Expr]:
    """Return ``ahead, closed, over`` of one side of a step, on the day in the column ``on``."""
    start, end, legal_start, legal_end, status, known_from, stamp = (
        pl.col(f"{c}{suffix}") for c in (*DATES_OF_PHASE, "status", "known_from", "stamped_on")
    )
    ahead = (start > pl.col(on)).fill_null(False)
    over = (legal_end < pl.col(on)).fill_null(False)
    # As in status_by_days: Inactive means nothing for what began after the stamp, nor past a legal end alone.
    # The latter is read on the first day of the version, so that a legal end that passes reopens nothing.
    stamped = pl.coalesce(stamp, known_from)
    announced = (pl.max_horizontal(start, legal_start) > stamped).fill_null(False)
    is_explained = announced | (start.is_not_null() & (legal_end < known_from).fill_null(False))
    ended = (end < pl.col(on)).fill_null(False) | (end.is_null() & (status == "Inactive") & ~is_explained)
    return [
        ahead.alias(f"ahead{suffix}"),
        (~ahead & ended).alias(f"closed{suffix}"),
        over.alias(f"over{suffix}"),
    ]


def _newly_ahead(column: str) -> pl.Expr:
    """Return whether the date is new and has not passed."""
    return (pl.col(column) >= pl.col("day")).fill_null(False) & differs(column)


def _reason(suffix: str, *, unless_same: bool = False) -> pl.Expr:
    """Return the value of the column that ``why`` names; with ``unless_same``, only if it differs."""
    value = pl.lit(None, pl.String)
    for column in ("operational_end", "legal_end", "status"):
        is_why = pl.col("why") == column
        if unless_same:
            is_why &= differs(column)
        value = pl.when(is_why).then(pl.col(f"{column}{suffix}").cast(pl.String)).otherwise(value)
    return value


def _of_end(rows: pl.DataFrame, kind: str, column: str) -> pl.DataFrame:
    old = pl.when(differs(column)).then(f"{column}_before")
    return events(rows, kind, field=column, effective=next_day(column), old=old, new=column)


def _corrections(steps: pl.DataFrame) -> pl.DataFrame:
    """Return ``dates_corrected`` for the dates that changed and that no other event reports."""
    of_end = pl.col("closes") | pl.col("announces")
    of_start = pl.col("opens") | pl.col("reopens")
    reported = {
        "operational_start": of_start,
        "legal_start": of_start,
        "operational_end": of_end | pl.col("reopens"),
        "legal_end": pl.col("ends_legally")
        | pl.col("announces_legally")
        | pl.col("reopens")
        | pl.col("reopens_legally")
        | (pl.col("is_one_end") & of_end),
    }
    return pl.concat(
        [
            events(
                steps.filter(differs(c) & ~reported[c]), "dates_corrected", field=c, old=f"{c}_before", new=c
            )
            for c in DATES
        ]
    )
