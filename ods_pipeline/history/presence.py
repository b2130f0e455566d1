"""When a code was there, and when it was gone: the observations of each code as pieces in order, with the
gaps between them.

A piece is a run over consecutive releases that nothing else of that code interrupts, an observation of a
fetch, or a record that was set aside: it was there all the same, with a content not known. A gap begins
where a notice says so, or on the day of the first release without the code if one that proves absence follows
before the code is seen again. A 404 begins no gap.
"""

import polars as pl

from ods_pipeline.history import spans
from ods_pipeline.history.observations import Observed
from ods_pipeline.history.order import Order


def pieces_of(observed: Observed) -> pl.DataFrame:
    """The pieces of every code, in order.

    Columns: those of ``Observed.runs``, ``is_aside`` (set aside: what was seen is null), ``day, day_last``,
    and ``gone_on, gone_by`` where a gap follows: the day on which it begins and ``absent`` or ``notice``. A
    gap that would end on the day on which it begins is none.
    """
    order = observed.order
    notices = notices_of_deletion(observed)
    known = observed.quarantined.filter(pl.col("ods_code").is_not_null())
    aside = known.with_columns(pl.col("seq").alias("seq_last"), pl.lit(True).alias("is_aside"))
    runs = _uninterrupted(observed.runs, known, notices, order).with_columns(pl.lit(False).alias("is_aside"))
    pieces = pl.concat([runs, aside], how="diagonal").sort("ods_code", "seq", "is_aside")
    days = order.days["as_of"]
    pieces = pieces.with_columns(
        days.gather(pieces["seq"]).alias("day"), days.gather(pieces["seq_last"]).alias("day_last")
    )
    return _with_gaps(pieces, notices, releases_after(observed))


def notices_of_deletion(observed: Observed) -> pl.DataFrame:
    """The notices that can say that a code is gone, with their ``place`` (see ``Order``)."""
    return observed.order.with_places(observed.notices.filter(pl.col("source") == "ord_notifications"))


def releases_after(observed: Observed) -> pl.DataFrame:
    """One row a capture: ``absent_on``, the day of the first release after it, and ``proof_seq``, the first
    release after it that proves what it lacks to be absent.

    A record without a code that was set aside may be any of those missing: its release proves no absence.
    """
    releases = observed.order.releases
    codeless = observed.quarantined.filter(pl.col("ods_code").is_null())
    proving = releases.join(codeless, on="seq", how="anti").sort("seq")["seq"]
    seqs = observed.order.days["seq"]

    def first_after(found: pl.Series, values: pl.Series) -> pl.Series:
        at = found.search_sorted(seqs, side="right").cast(pl.Int64)
        return values.gather(at.set(at == len(found), None))

    return pl.DataFrame(
        {
            "absent_on": first_after(releases["seq"], releases["as_of"]),
            "proof_seq": first_after(proving, proving),
        }
    )


def _uninterrupted(
    runs: pl.DataFrame, aside: pl.DataFrame, notices: pl.DataFrame, order: Order
) -> pl.DataFrame:
    """The runs, cut where a fetch, a record set aside or a notice of the same code comes between two
    releases, and before and after a day on which something outranks a release of that day."""
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
    more = pl.col("ods_code") == pl.col("ods_code").shift(-1)
    following = pieces.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        pl.when(more).then(pl.col("seq").shift(-1)).alias("next_seq"),
        pl.when(more).then(pl.col("day").shift(-1)).alias("next_day"),
        after["absent_on"].gather(pieces["seq_last"]),
        after["proof_seq"].gather(pieces["seq_last"]),
    )
    first_told = notices.group_by("ods_code", pl.col("place").alias("notice")).agg(pl.col("deleted_on").min())
    told = (
        following.join(notices, on="ods_code", how="semi")
        .select(
            "ods_code",
            "row",
            (2 * pl.col("seq_last")).alias("place"),
            (2 * pl.col("next_seq")).alias("until"),
        )
        .sort("place")
        .join_asof(
            first_told.sort("notice"),
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
    gone = following.join(told, on="row", how="left", maintain_order="left").with_columns(
        pl.when(absent).then("absent_on").alias("absent_on")
    )
    gone_on = pl.min_horizontal("absent_on", "noticed_on")
    is_gap = gone_on.is_not_null() & (gone_on < pl.col("next_day")).fill_null(True)
    by = pl.when(pl.col("noticed_on") == gone_on).then(pl.lit("notice")).otherwise(pl.lit("absent"))
    return gone.with_columns(
        pl.when(is_gap).then(gone_on).alias("gone_on"), pl.when(is_gap).then(by).alias("gone_by")
    ).drop("row", "next_seq", "next_day", "absent_on", "proof_seq", "noticed_on")
