"""When a code was in the register, and when it was gone: its observations as pieces in order, with the gaps.

A piece is one of three things: a run over consecutive releases that nothing else about that code interrupts,
an observation of a fetch, or a record that was set aside. A record that was set aside proves that the code
was there, although its content is not known.

A gap begins on the day of a notice of deletion. It also begins on the day of the first release without the
code, if a release that proves absence follows before the code is seen again. A 404 begins no gap.

Lives here: pieces and gaps. Does not live here: the content of a piece (``versions.py``), and the list of
deleted codes (``deletions.py``).
"""

import polars as pl

from ods_pipeline.history import spans
from ods_pipeline.history.columns import NOTICE_SOURCES
from ods_pipeline.history.observations import Observed
from ods_pipeline.history.order import Order


def pieces_of(observed: Observed) -> pl.DataFrame:
    """Return the pieces of every code, in order of code and capture.

    Returns:
        The columns of ``Observed.runs``; ``is_aside`` (set aside, so its content is null); ``day, day_last``
        (as-of dates of the first and last capture, inclusive); and, where a gap follows, ``gone_on`` (its
        first day) and ``gone_by`` (``absent`` or ``notice``). A gap that would end on its first day does
        not count.
    """
    order = observed.order
    notices = notices_of_deletion(observed)
    known = observed.quarantined.filter(pl.col("ods_code").is_not_null())
    aside = known.with_columns(pl.col("seq").alias("seq_last"), pl.lit(True).alias("is_aside"))
    runs = _uninterrupted(observed.runs, known, notices, order).with_columns(pl.lit(False).alias("is_aside"))
    # The last of a day counts. For a code set aside in both files of a release, that is the record in "full".
    pieces = pl.concat([runs, aside], how="diagonal").sort("ods_code", "seq", "is_aside", "published_in")
    days = order.days["as_of"]
    pieces = pieces.with_columns(
        days.gather(pieces["seq"]).alias("day"), days.gather(pieces["seq_last"]).alias("day_last")
    )
    return _with_gaps(pieces, notices, releases_after(observed))


def notices_of_deletion(observed: Observed) -> pl.DataFrame:
    """Return the notices of deletion with their ``place`` (see ``Order.with_places``). A 404 is not a notice.

    A notice of a day after the newest capture deletes nothing yet.
    """
    has_come = pl.col("deleted_on") <= observed.order.days["as_of"].max()
    is_notice = pl.col("source").is_in(NOTICE_SOURCES)
    return observed.order.with_places(observed.notices.filter(is_notice & has_come))


def releases_after(observed: Observed) -> pl.DataFrame:
    """Return the releases that can show a code to be absent, for each capture that showed it.

    A release in which a record without a code was set aside proves no absence: that record may be any of the
    missing ones. Nor does a fetch of the whole register from ODT, which has no archived organisations.

    Returns:
        One row per capture, in order: ``absent_on``, the day of the first release after it; and
        ``proof_seq``, the first release after it that proves absence. Null if there is none.
    """
    releases = observed.order.releases.filter("has_archive")
    codeless = observed.quarantined.filter(pl.col("ods_code").is_null())
    proving = releases.join(codeless, on="seq", how="anti").sort("seq")["seq"]
    seqs = observed.order.days["seq"]

    def first_after(sorted_seqs: pl.Series, values: pl.Series) -> pl.Series:
        at = sorted_seqs.search_sorted(seqs, side="right").cast(pl.Int64)
        return values.gather(at.set(at == len(sorted_seqs), None))

    return pl.DataFrame(
        {
            "absent_on": first_after(releases["seq"], releases["as_of"]),
            "proof_seq": first_after(proving, proving),
        }
    )


def _uninterrupted(
    runs: pl.DataFrame, aside: pl.DataFrame, notices: pl.DataFrame, order: Order
) -> pl.DataFrame:
    """Cut the runs of releases wherever something else about the same code comes between two releases.

    That is a fetch, a record set aside, or a notice. A run is also cut before and after a day on which
    something outranks a release of that day.
    """
    releases = order.releases
    seqs, days = releases["seq"], releases["as_of"].to_physical()
    ordinal = {seq: n for n, seq in enumerate(seqs)}
    is_release = ~pl.col("is_delta")
    between = pl.concat(
        [
            runs.filter("is_delta").select("ods_code", (2 * pl.col("seq")).alias("place"), "seq"),
            aside.select("ods_code", (2 * pl.col("seq")).alias("place"), "seq"),
            notices.select("ods_code", "place", "seq"),
        ]
    )
    own_day = order.days["as_of"].gather(between["seq"]).to_physical()
    cuts = pl.concat(
        [
            between.select("ods_code").with_columns((at.cast(pl.Int64) - 1).alias("cut"))
            for at in (days.search_sorted(own_day), (2 * seqs).search_sorted(between["place"], side="right"))
        ]
    ).unique()
    to_ordinal = [
        pl.col(seq).replace_strict(ordinal, return_dtype=pl.Int64).alias(name)
        for seq, name in (("seq", "first"), ("seq_last", "last"))
    ]
    released = runs.filter(is_release).with_columns(to_ordinal)
    pieces = spans.cut(released, cuts)
    outranked = releases.filter(pl.col("as_of") == pl.col("as_of").shift(-1))
    if outranked.height:
        # Two releases of one day, which ODS has not published yet: the later outranks the earlier.
        own = outranked.select(pl.col("ordinal").alias("cut"))
        all_cuts = pl.concat([own, own - 1]).unique()
        pieces = spans.cut(pieces, pieces.select("ods_code").unique().join(all_cuts, how="cross"))
    pieces = pieces.with_columns(
        seqs.gather(pieces["first"]).alias("seq"), seqs.gather(pieces["last"]).alias("seq_last")
    )
    return pl.concat([runs.filter("is_delta"), pieces.select(runs.columns)])


def _with_gaps(pieces: pl.DataFrame, notices: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Add ``gone_on`` and ``gone_by``. The earlier of absence and notice begins the gap."""
    more = pl.col("ods_code") == pl.col("ods_code").shift(-1)
    following = pieces.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        pl.when(more).then(pl.col("seq").shift(-1)).alias("next_seq"),
        pl.when(more).then(pl.col("day").shift(-1)).alias("next_day"),
        after["absent_on"].gather(pieces["seq_last"]),
        after["proof_seq"].gather(pieces["seq_last"]),
    )
    first_notices = notices.group_by("ods_code", pl.col("place").alias("notice")).agg(
        pl.col("deleted_on").min()
    )
    noticed = (
        following.join(notices, on="ods_code", how="semi")
        .select(
            "ods_code",
            "row",
            (2 * pl.col("seq_last")).alias("place"),
            (2 * pl.col("next_seq")).alias("until"),
        )
        .sort("place")
        .join_asof(
            first_notices.sort("notice"),
            left_on="place",
            right_on="notice",
            by="ods_code",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,  # by code, which Polars cannot check
        )
        .filter(pl.col("notice") < pl.col("until").fill_null(2 * after.height))
        .select("row", pl.col("deleted_on").alias("noticed_on"))
    )
    absent = pl.col("proof_seq").is_not_null() & (pl.col("proof_seq") < pl.col("next_seq")).fill_null(True)
    gone = following.join(noticed, on="row", how="left", maintain_order="left").with_columns(
        pl.when(absent).then("absent_on").alias("absent_on")
    )
    gone_on = pl.min_horizontal("absent_on", "noticed_on")
    is_gap = gone_on.is_not_null() & (gone_on < pl.col("next_day")).fill_null(True)
    by = pl.when(pl.col("noticed_on") == gone_on).then(pl.lit("notice")).otherwise(pl.lit("absent"))
    return gone.with_columns(
        pl.when(is_gap).then(gone_on).alias("gone_on"), pl.when(is_gap).then(by).alias("gone_by")
    ).drop("row", "next_seq", "next_day", "absent_on", "proof_seq", "noticed_on")
