"""Events of the body itself: it appears, opens, closes, opens again, or its code is re-used.

The phases are those of ``openness_on`` (macros/words.sql), read in operation and in law apart: a body can be
closed in law and run on, and each of the two days is told on its own unless they are the same.
"""

import polars as pl

from ods_pipeline.history.changes.event import differs, events, next_day

FILLER_START = pl.date(1900, 1, 1)  # ODS's word for an unknown start
DATES = ("operational_start", "operational_end", "legal_start", "legal_end")


def with_phases(steps: pl.DataFrame) -> pl.DataFrame:
    """The steps with flags for what they mean to the body: ``opens, closes, reopens, ends_in_law, announces,
    announces_in_law``, ``reopens_in_law``, and ``as_one``: what its legal end would tell is told already."""
    ahead, closed, over = pl.col("ahead"), pl.col("closed"), pl.col("over")
    ahead_before, closed_before, over_before = (pl.col(f"{c}_before") for c in ("ahead", "closed", "over"))
    runs = ~ahead & ~closed
    went_on = ~closed & ~closed_before
    return (
        steps.with_columns(*_phase("day", ""), *_phase("before_day", "_before"))
        .with_columns(
            (ahead_before & runs).alias("opens"),
            (~closed_before & closed).alias("closes"),
            (over_before & ~over & runs & went_on & ~ahead_before).alias("reopens_in_law"),
        )
        .with_columns(
            (closed_before & runs).alias("reopens"),
            (
                pl.col("operational_end").eq(pl.col("legal_end")).fill_null(False)
                | (pl.col("closes") & pl.col("operational_end").is_null())
            ).alias("as_one"),
        )
        .with_columns(
            (~over_before & over & ~pl.col("as_one")).alias("ends_in_law"),
            (went_on & _newly_ahead("operational_end")).alias("announces"),
            (went_on & _newly_ahead("legal_end") & ~pl.col("as_one")).alias("announces_in_law"),
        )
    )


def life(steps: pl.DataFrame) -> pl.DataFrame:
    """Events of bodies that open, close, are about to, or whose dates are corrected. ``steps`` are those of
    ``with_phases``, arrivals included."""
    operational, legal = pl.col("operational_end"), pl.col("legal_end")
    by_law = operational.is_null() & (legal < pl.col("day")).fill_null(False)
    why = pl.when(operational.is_not_null()).then(pl.lit("operational_end"))
    why = why.when(by_law).then(pl.lit("legal_end")).otherwise(pl.lit("status"))
    closing = steps.filter("closes").with_columns(why.alias("why"))
    reopening = steps.filter(pl.col("reopens") | pl.col("reopens_in_law")).with_columns(
        pl.when("reopens_in_law")
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
            _of_end(steps.filter("ends_in_law"), "legally_closed", "legal_end"),
            _of_end(steps.filter("announces"), "closing_announced", "operational_end"),
            _of_end(steps.filter("announces_in_law"), "closing_announced", "legal_end"),
            _corrections(steps),
        ]
    )


def births(versions: pl.DataFrame, first_release: pl.Expr) -> pl.DataFrame:
    """A code's first version is ``created``, unless the first release held or something before it has it. A
    version after a gap is ``created`` again with the field ``returned``, on the day it is there again."""
    news = versions.with_columns(pl.col("known_from").alias("day"))
    first = pl.col("known_from_before").is_null()
    new = news.filter(first & (pl.col("day") > first_release))
    returned = news.filter(
        ~first & pl.col("gone_by_before").is_not_null() & ~pl.col("is_another_organisation")
    )
    return pl.concat(
        [
            events(new, "created", effective=start_of_body()),
            events(returned, "created", field="returned", effective=pl.col("day")),
        ]
    )


def reuses(versions: pl.DataFrame) -> pl.DataFrame:
    """A version of another body than the one before it: ``code_reused``, with both names."""
    rows = versions.with_columns(pl.col("known_from").alias("day")).filter(
        pl.col("is_another_organisation") & pl.col("known_from_before").is_not_null()
    )
    return events(rows, "code_reused", field="name", effective=start_of_body(), old="name_before", new="name")


def start_of_body() -> pl.Expr:
    """The day on which the body begins, by its record; null where ODS gives only the filler."""
    given = [pl.when(pl.col(c) != FILLER_START).then(c) for c in ("operational_start", "legal_start")]
    return pl.coalesce(given)


def _phase(on: str, suffix: str) -> list[pl.Expr]:
    start, end, legal_end, status = (
        pl.col(f"{c}{suffix}") for c in ("operational_start", "operational_end", "legal_end", "status")
    )
    ahead = (start > pl.col(on)).fill_null(False)
    ended = (end < pl.col(on)).fill_null(False) | (end.is_null() & (status == "Inactive"))
    return [
        ahead.alias(f"ahead{suffix}"),
        (~ahead & ended).alias(f"closed{suffix}"),
        (legal_end < pl.col(on)).fill_null(False).alias(f"over{suffix}"),
    ]


def _newly_ahead(column: str) -> pl.Expr:
    """The date was not given so before, and it has not passed."""
    return (pl.col(column) >= pl.col("day")).fill_null(False) & differs(column)


def _reason(suffix: str, *, unless_same: bool = False) -> pl.Expr:
    """The value of the column that ``why`` names."""
    value = pl.lit(None, pl.String)
    for column in ("operational_end", "legal_end", "status"):
        there = pl.col("why") == column
        if unless_same:
            there &= differs(column)
        value = pl.when(there).then(pl.col(f"{column}{suffix}").cast(pl.String)).otherwise(value)
    return value


def _of_end(rows: pl.DataFrame, kind: str, column: str) -> pl.DataFrame:
    old = pl.when(differs(column)).then(f"{column}_before")
    return events(rows, kind, field=column, effective=next_day(column), old=old, new=column)


def _corrections(steps: pl.DataFrame) -> pl.DataFrame:
    """Dates that changed without any of the other events telling it."""
    of_end = pl.col("closes") | pl.col("announces")
    of_start = pl.col("opens") | pl.col("reopens")
    told = {
        "operational_start": of_start,
        "legal_start": of_start,
        "operational_end": of_end | pl.col("reopens"),
        "legal_end": pl.col("ends_in_law")
        | pl.col("announces_in_law")
        | pl.col("reopens")
        | pl.col("reopens_in_law")
        | (pl.col("as_one") & of_end),
    }
    return pl.concat(
        [
            events(steps.filter(differs(c) & ~told[c]), "dates_corrected", field=c, old=f"{c}_before", new=c)
            for c in DATES
        ]
    )
