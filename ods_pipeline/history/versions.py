"""The versions of each code's record: maximal runs of equal content, told from its pieces.

Which content holds on a day: that of the newest complete record seen by then, or of a stub where no complete
record came before it. A stub after a complete record, and a record set aside, say that the code is there and
not what it is. Everything here looks at neighbouring rows of one sorted frame, so that it costs the
same for a hundred releases as for one.
"""

import polars as pl

from ods_pipeline.schema.identity import is_another_organisation

_BODY = ("name", "operational_start", "primary_role_id")


def versions_of(pieces: pl.DataFrame) -> pl.DataFrame:
    """One row a version, from pieces in order.

    Columns: ``ods_code, known_from, known_to, gone_by, is_unstamped, content_hash, ref_only, fax_numbers``
    (those that hold), ``stamped_on, last_change_date, published_in``, ``seq, seen_in`` and ``seq_last``
    (first and newest capture that showed it; the newest was read in ``published_in``).
    """
    held = _content(pieces)
    same_code = pl.col("ods_code") == pl.col("ods_code").shift(1)
    # What the next of the same day says counts instead; there is no gap within a day.
    outranked = (pl.col("ods_code") == pl.col("ods_code").shift(-1)) & (
        pl.col("day") == pl.col("day").shift(-1)
    )
    held = held.filter(~outranked.fill_null(False) & pl.col("content_hash").is_not_null())
    both_say = pl.col("fax_known") & pl.col("fax_known").shift(1)
    other_fax = both_say & pl.col("fax_hash").ne_missing(pl.col("fax_hash").shift(1))
    continued = (
        same_code
        & (pl.col("stay") == pl.col("stay").shift(1))
        & (pl.col("content_hash") == pl.col("content_hash").shift(1))
        & ~other_fax
    )
    begins = held.select(~continued.fill_null(False)).to_series()
    held = held.with_columns(begins.cum_sum().alias("version"))
    first, last = held.filter(begins), held.filter(begins.shift(-1, fill_value=True))
    versions = first.select(
        "ods_code",
        pl.col("day").alias("known_from"),
        "content_hash",
        "ref_only",
        "stay",
        pl.col("last_change_date").alias("stamped_on"),
        pl.col("shown_seq").alias("seq"),
        pl.col("shown_in").alias("seen_in"),
    ).hstack(last.select("last_change_date", "published_in", "seq_last", "gone_on", "gone_by"))
    return _dated(versions.with_columns(_last_fax(held)))


def _dated(versions: pl.DataFrame) -> pl.DataFrame:
    """Adds ``known_to`` and ``is_unstamped``."""

    def before(column: str) -> pl.Expr:
        return pl.col(column).shift(1)

    next_begins = pl.when(pl.col("ods_code") == pl.col("ods_code").shift(-1)).then(
        pl.col("known_from").shift(-1)
    )
    follows = (pl.col("ods_code") == before("ods_code")) & (pl.col("stay") == before("stay"))
    unstamped = (
        follows
        & (pl.col("stamped_on") == before("last_change_date"))
        & ~pl.col("ref_only")
        & ~before("ref_only")
    )
    return versions.with_columns(
        pl.coalesce("gone_on", next_begins).alias("known_to"),
        unstamped.fill_null(False).alias("is_unstamped"),
    ).drop("gone_on", "stay")


def _content(pieces: pl.DataFrame) -> pl.DataFrame:
    """The pieces with the content that holds from each on, whoever showed it, and where it was shown.

    ``stay`` numbers the times between gaps, ``fax_known`` says whether ``fax_hash`` can be compared,
    ``shown_seq, shown_in`` are the capture that showed the content on this very day, else the piece's own.
    """
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    begins = (pl.col("ods_code") != pl.col("ods_code").shift(1)).fill_null(True)
    first = pl.when(begins).then(row).forward_fill()

    def newest(which: pl.Expr) -> pl.Expr:
        """The row of the newest piece of the same code up to this one for which it is true."""
        at = pl.when(which).then(row).forward_fill()
        return pl.when(at >= first).then(at)

    seen = ~pl.col("is_aside")
    complete = seen & ~pl.col("ref_only")
    can_say = complete & (pl.col("is_xml") | pl.col("fax_hash").is_not_null())
    placed = pieces.with_columns(
        newest(complete).alias("complete_at"),
        newest(can_say).alias("fax_at"),
        (begins | pl.col("gone_on").shift(1).is_not_null()).cum_sum().alias("stay"),
        row.alias("row"),
    )
    speaks = complete | (seen & pl.col("complete_at").is_null())
    placed = placed.with_columns(pl.when(speaks).then("row").alias("speaks_at")).with_columns(
        newest(pl.col("speaks_at").is_not_null()).alias("speaks_at")
    )
    fax = _effective_fax(placed)
    source = placed["speaks_at"]
    told = ("content_hash", "ref_only", "last_change_date", "published_in", "seq_last")
    at_source = placed.select(pl.col(c).gather(source) for c in (*told, "day", "seq"))
    same_day = at_source["day"] == placed["day"]
    return placed.select("ods_code", "day", "stay", "gone_on", "gone_by").hstack(
        [
            *at_source.select(told),
            *(fax[c].gather(source) for c in ("fax_known", "fax_hash", "fax_at")),
            at_source["seq"].zip_with(same_day.fill_null(False), placed["seq"]).alias("shown_seq"),
            at_source["published_in"]
            .zip_with(same_day.fill_null(False), placed["published_in"])
            .alias("shown_in"),
            placed["fax_numbers"].gather(fax["fax_at"].gather(source)).alias("fax_numbers"),
        ]
    )


def _effective_fax(placed: pl.DataFrame) -> pl.DataFrame:
    """Of each piece that speaks: whether its fax numbers are known (``fax_known``), and the row that says
    them (``fax_at``) with their ``fax_hash``.

    The API may leave out the fax that TRUD has: a JSON record without one keeps the last known, that of the
    newest earlier complete record that can say: one from XML, with or without fax, or one from JSON that
    has a fax. A body that took over the code of another has none of it.
    """
    source = placed.select(pl.col(c).gather(placed["fax_at"]).alias(f"{c}_then") for c in _BODY)
    same_body = ~is_another_organisation("_then") & pl.col("fax_at").is_not_null()
    stub_says = pl.col("is_xml") | pl.col("fax_hash").is_not_null()
    known = pl.when(pl.col("ref_only")).then(stub_says).otherwise(same_body).fill_null(False)
    at = pl.when(pl.col("ref_only")).then("row").otherwise("fax_at")
    fax = placed.hstack(source).select(known.alias("fax_known"), pl.when(known).then(at).alias("fax_at"))
    return fax.with_columns(placed["fax_hash"].gather(fax["fax_at"]).alias("fax_hash"))


def _last_fax(held: pl.DataFrame) -> pl.Series:
    """The fax numbers of each version, in order: the last known within it."""
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    begins = (pl.col("version") != pl.col("version").shift(1)).fill_null(True)
    at = pl.when("fax_known").then(row).forward_fill()
    known = held.select(
        pl.when(at >= pl.when(begins).then(row).forward_fill()).then(at).alias("at"),
        (pl.col("version") != pl.col("version").shift(-1)).fill_null(True).alias("ends"),
    )
    return held["fax_numbers"].gather(known.filter("ends")["at"])
