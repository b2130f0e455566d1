"""The versions of each code's record: maximal runs of equal content, computed from its pieces.

The content on a day is that of the newest complete record seen by then. A stub's content counts only while no
complete record came before it. A stub after a complete record, and a record set aside, prove that the code is
there, and give no content.

Everything here compares neighbouring rows of one sorted frame, so it costs the same for a hundred releases as
for one.

Lives here: the intervals of versions. Does not live here: their rows (``content.py``), and the pieces
(``presence.py``).
"""

import polars as pl

from ods_pipeline.history.columns import IDENTITY
from ods_pipeline.schema.identity import is_another_organisation


def versions_of(pieces: pl.DataFrame) -> pl.DataFrame:
    """Return one row per version.

    Args:
        pieces: The pieces of all codes, in order, as ``pieces_of`` returns them.

    Returns:
        ``ods_code, known_from, known_to, gone_by, is_unstamped, content_hash, ref_only``, ``fax_numbers``
        (those that hold), ``is_partial`` (its content leaves fields out),
        ``stamped_on, last_change_date, published_in``, and the captures that show the
        version: ``seq, seen_in`` (position and file of the first) and ``seq_last`` (position of the newest,
        whose file is ``published_in``). ``known_from`` is inclusive, ``known_to`` exclusive.
    """
    held = _with_full_hash(_content(pieces))
    same_code = pl.col("ods_code") == pl.col("ods_code").shift(1)
    # The next piece of the same day counts instead. There is no gap within a day.
    outranked = (pl.col("ods_code") == pl.col("ods_code").shift(-1)) & (
        pl.col("day") == pl.col("day").shift(-1)
    )
    held = held.filter(~outranked.fill_null(False) & pl.col("content_hash").is_not_null())
    both_known = pl.col("fax_known") & pl.col("fax_known").shift(1)
    other_fax = both_known & pl.col("fax_hash").ne_missing(pl.col("fax_hash").shift(1))
    # A record that leaves fields out is equal to one with the same core. Whether the fields it leaves out
    # changed is seen when two records that have them are compared.
    other_full = (pl.col("full_hash") != pl.col("full_hash").shift(1)).fill_null(False)
    continued = (
        same_code
        & (pl.col("stay") == pl.col("stay").shift(1))
        & (pl.col("core_hash") == pl.col("core_hash").shift(1))
        & ~other_full
        & ~other_fax
    )
    begins = held.select(~continued.fill_null(False)).to_series()
    held = held.with_columns(begins.cum_sum().alias("version"))
    first, last = held.filter(begins), held.filter(begins.shift(-1, fill_value=True))
    versions = first.select(
        "ods_code",
        pl.col("day").alias("known_from"),
        pl.col("content_hash").alias("first_hash"),
        "ref_only",
        "stay",
        pl.col("last_change_date").alias("stamped_on"),
        pl.col("shown_seq").alias("seq"),
        pl.col("shown_in").alias("seen_in"),
    ).hstack(last.select("last_change_date", "published_in", "seq_last", "gone_on", "gone_by", "full_hash"))
    versions = versions.with_columns(
        pl.coalesce("full_hash", "first_hash").alias("content_hash"),
        pl.col("full_hash").is_null().alias("is_partial"),
    ).drop("full_hash", "first_hash")
    return _dated(versions.with_columns(_last_fax(held)))


def _dated(versions: pl.DataFrame) -> pl.DataFrame:
    """Add ``known_to`` and ``is_unstamped``."""

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
    """Return the pieces with the content that holds from each one on, and the capture that showed it.

    Returns:
        ``ods_code, day, gone_on, gone_by`` of the piece; ``stay``, which numbers the times between gaps;
        content and fax numbers that hold; ``fax_known``: whether ``fax_hash`` can be compared; and
        ``shown_seq, shown_in``: the capture that showed the content on this very day, else the piece's own.
    """
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    begins = (pl.col("ods_code") != pl.col("ods_code").shift(1)).fill_null(True)
    first = pl.when(begins).then(row).forward_fill()

    def newest(condition: pl.Expr) -> pl.Expr:
        """Row of the newest piece of the same code, up to this one, that meets the condition."""
        at = pl.when(condition).then(row).forward_fill()
        return pl.when(at >= first).then(at)

    seen = ~pl.col("is_aside")
    complete = seen & ~pl.col("ref_only")
    shows_fax = complete & (pl.col("is_xml") | pl.col("fax_hash").is_not_null())
    placed = pieces.with_columns(
        newest(complete).alias("complete_at"),
        newest(shows_fax).alias("fax_at"),
        (begins | pl.col("gone_on").shift(1).is_not_null()).cum_sum().alias("stay"),
        row.alias("row"),
    )
    speaks = complete | (seen & pl.col("complete_at").is_null())
    placed = placed.with_columns(pl.when(speaks).then("row").alias("speaks_at")).with_columns(
        newest(pl.col("speaks_at").is_not_null()).alias("speaks_at")
    )
    fax = _effective_fax(placed)
    source = placed["speaks_at"]
    content = (
        "content_hash",
        "core_hash",
        "is_partial",
        "ref_only",
        "last_change_date",
        "published_in",
        "seq_last",
    )
    at_source = placed.select(pl.col(c).gather(source) for c in (*content, "day", "seq"))
    same_day = at_source["day"] == placed["day"]
    return placed.select("ods_code", "day", "stay", "gone_on", "gone_by").hstack(
        [
            *at_source.select(content),
            *(fax[c].gather(source) for c in ("fax_known", "fax_hash", "fax_at")),
            at_source["seq"].zip_with(same_day.fill_null(False), placed["seq"]).alias("shown_seq"),
            at_source["published_in"]
            .zip_with(same_day.fill_null(False), placed["published_in"])
            .alias("shown_in"),
            placed["fax_numbers"].gather(fax["fax_at"].gather(source)).alias("fax_numbers"),
        ]
    )


def _with_full_hash(held: pl.DataFrame) -> pl.DataFrame:
    """Add ``full_hash``: the hash of a record with this core that leaves nothing out.

    It is the record's own, or else that of the newest record of the same code and core up to this one. Null
    if there is none.
    """
    own = pl.when(~pl.col("is_partial")).then("content_hash")
    held = held.with_columns(own.alias("full_hash"))
    if not held["is_partial"].any():
        return held
    row = held.with_row_index("row")
    codes = row.filter("is_partial").select("ods_code").unique()
    newest = pl.col("full_hash").forward_fill().over("ods_code", "core_hash", order_by="row")
    filled = row.join(codes, on="ods_code", how="semi").select("row", newest.alias("filled_hash"))
    return (
        row.join(filled, on="row", how="left", maintain_order="left")
        .with_columns(pl.coalesce("full_hash", "filled_hash").alias("full_hash"))
        .drop("row", "filled_hash")
    )


def _effective_fax(placed: pl.DataFrame) -> pl.DataFrame:
    """Return the fax numbers that hold for each piece that gives content.

    The API may leave out a fax number that TRUD has. So a JSON record without one keeps the last known
    numbers: those of the newest earlier complete record that shows whether there is a fax. A record from XML
    always shows it; a record from JSON does if it has a fax. An organisation that took over the code of
    another inherits none of its numbers.

    Returns:
        ``fax_known``: whether the numbers are known; ``fax_at``: the row that shows them; ``fax_hash``.
    """
    source = placed.select(pl.col(c).gather(placed["fax_at"]).alias(f"{c}_then") for c in IDENTITY)
    same_organisation = ~is_another_organisation("_then") & pl.col("fax_at").is_not_null()
    stub_shows_fax = pl.col("is_xml") | pl.col("fax_hash").is_not_null()
    known = pl.when(pl.col("ref_only")).then(stub_shows_fax).otherwise(same_organisation).fill_null(False)
    at = pl.when(pl.col("ref_only")).then("row").otherwise("fax_at")
    fax = placed.hstack(source).select(known.alias("fax_known"), pl.when(known).then(at).alias("fax_at"))
    return fax.with_columns(placed["fax_hash"].gather(fax["fax_at"]).alias("fax_hash"))


def _last_fax(held: pl.DataFrame) -> pl.Series:
    """Return the fax numbers of each version, in order: the last that are known within it."""
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    begins = (pl.col("version") != pl.col("version").shift(1)).fill_null(True)
    at = pl.when("fax_known").then(row).forward_fill()
    known = held.select(
        pl.when(at >= pl.when(begins).then(row).forward_fill()).then(at).alias("at"),
        (pl.col("version") != pl.col("version").shift(-1)).fill_null(True).alias("ends"),
    )
    return held["fax_numbers"].gather(known.filter("ends")["at"])
