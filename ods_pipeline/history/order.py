"""The order in which captures count, and where a notice stands in it.

As-of is PublicationDate for a release and the UK date of the fetch for a delta. On one day a delta beats a
release, and the later fetch the earlier. That order is total, so nothing depends on the order in which
captures arrived.
"""

from dataclasses import dataclass

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.schema.sample import SAMPLE_MARK


@dataclass(frozen=True)
class Order:
    """``captures``: rows of the table of that name, and ``label`` (the flat folder's name) and ``seq`` (the
    place in the order, from 0; both files of a release share one). ``days``: ``seq, as_of``, one row a label.
    ``releases``: ``seq, as_of, ordinal`` (from 0) of the releases that have any usable record: one without
    proves nothing.
    """

    captures: pl.DataFrame
    days: pl.DataFrame
    releases: pl.DataFrame

    def seq_of(self, frame: pl.DataFrame, column: str = "capture_id", name: str = "seq") -> pl.DataFrame:
        """The frame with the ``seq`` of the captures named in ``column``."""
        known = self.captures.select(pl.col("capture_id").alias(column), pl.col("seq").alias(name))
        return frame.join(known, on=column, how="left", maintain_order="left")

    def capture_of(
        self, frame: pl.DataFrame, seq: str, published_in: str, name: str = "capture_id"
    ) -> pl.DataFrame:
        """The frame with the id of the capture: the file ``published_in`` of what has that ``seq``."""
        known = self.captures.select(
            pl.col("seq").alias(seq), pl.col("kind").alias(published_in), pl.col("capture_id").alias(name)
        )
        return frame.join(known, on=[seq, published_in], how="left", maintain_order="left")

    def with_places(self, notices: pl.DataFrame) -> pl.DataFrame:
        """Adds ``place``: what is seen by the capture ``seq`` has the place ``2 * seq``, and a notice stands
        between two captures: before any of later days than ``deleted_on``, after any of earlier days, and
        on the day itself right before the fetch that first brought it."""
        days = self.days["as_of"].to_physical()
        told = notices["deleted_on"].to_physical()
        before, upto = (days.search_sorted(told, side=side) for side in ("left", "right"))
        bounds = notices.with_columns(
            before.cast(pl.Int64).alias("before"), upto.cast(pl.Int64).alias("upto")
        )
        place = 2 * pl.col("seq").clip(pl.col("before"), pl.col("upto")) - 1
        return bounds.with_columns(place.alias("place")).drop("before", "upto")


def order_of(captures: pl.DataFrame) -> Order:
    """Puts captures into the order that counts. Raises OdsError if there is no release among them, or if the
    composed sample and the real register would be mixed."""
    if captures.filter(pl.col("kind") == "full").is_empty():
        raise OdsError(
            "only deltas are held, and the register cannot be told from deltas alone",
            do="Give the newest release too: ods-pipeline build --release FILE",
        )
    labelled = captures.with_columns(label_of("capture_id"), (pl.col("kind") == "delta").alias("is_delta"))
    order = (
        labelled.group_by("as_of", "is_delta", "label")
        .agg(pl.col("used_records").sum())
        .sort("as_of", "is_delta", "label")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("seq"))
    )
    ordered = labelled.drop("is_delta").join(order.select("label", "seq"), on="label", how="left")
    ordered = ordered.sort("seq", "capture_id")
    sample = (ordered["publication_source"] == SAMPLE_MARK).fill_null(False)
    if sample.any() and not sample.all():
        raise OdsError(
            "the embedded sample, which is partly composed, would be mixed with real data "
            f"({ordered.filter(~sample)['capture_id'][0]})",
            do="Keep the real register in a place of its own: --data-root DIR, or set ODS_DATA_ROOT",
        )
    releases = order.filter(~pl.col("is_delta") & (pl.col("used_records") > 0)).select("seq", "as_of")
    return Order(
        ordered,
        order.select("seq", "as_of"),
        releases.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("ordinal")),
    )


def label_of(column: str) -> pl.Expr:
    """``label``: the flat folder that a capture id belongs to."""
    return pl.col(column).str.split("/").list.first().alias("label")
