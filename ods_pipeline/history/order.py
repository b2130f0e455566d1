"""The order in which captures count, and the place of a notice of deletion in it.

The as-of date is PublicationDate for a release, and the UK date of the fetch for a delta. On one day a delta
beats a release, and a later fetch beats an earlier one. This order is total, so nothing depends on the order
in which captures arrive.

Lives here: the numbers of captures. Does not live here: the observations that are numbered
(``observations.py``).
"""

from dataclasses import dataclass

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.schema.sample import SAMPLE_MARK


@dataclass(frozen=True)
class Order:
    """All captures held, numbered in the order that counts.

    Attributes:
        captures: The rows of the table ``captures``, with ``label`` (name of the flat folder) and ``seq``
            (position in the order, from 0). The two files of a release share one label and one ``seq``.
        days: ``seq, as_of``, one row for each label.
        releases: ``seq, as_of, ordinal`` (from 0) of the releases with at least one usable record. A release
            without any proves nothing. A fetch of the whole register counts as a release; ``has_archive`` is
            false for it, because it lacks archived organisations.
    """

    captures: pl.DataFrame
    days: pl.DataFrame
    releases: pl.DataFrame

    def seq_of(self, frame: pl.DataFrame, column: str = "capture_id", name: str = "seq") -> pl.DataFrame:
        """Add the ``seq`` of the capture whose id is in ``column``, under ``name``."""
        known = self.captures.select(pl.col("capture_id").alias(column), pl.col("seq").alias(name))
        return frame.join(known, on=column, how="left", maintain_order="left")

    def capture_of(
        self, frame: pl.DataFrame, seq: str, published_in: str, name: str = "capture_id"
    ) -> pl.DataFrame:
        """Add the id of the capture with the position in column ``seq``, under ``name``.

        The column ``published_in`` (``full``, ``archive`` or ``delta``) picks the file of a release.
        """
        known = self.captures.select(
            pl.col("seq").alias(seq), pl.col("kind").alias(published_in), pl.col("capture_id").alias(name)
        )
        return frame.join(known, on=[seq, published_in], how="left", maintain_order="left")

    def with_places(self, notices: pl.DataFrame) -> pl.DataFrame:
        """Add ``place``, the position of each notice between the captures.

        The capture ``seq`` has the place ``2 * seq``, so the odd places lie between two captures. A notice
        comes after all captures of days before ``deleted_on`` and before all captures of later days. Among
        the captures of that day, it comes right before the fetch that first brought it.
        """
        days = self.days["as_of"].to_physical()
        deleted_on = notices["deleted_on"].to_physical()
        before, upto = (days.search_sorted(deleted_on, side=side) for side in ("left", "right"))
        bounds = notices.with_columns(
            before.cast(pl.Int64).alias("before"), upto.cast(pl.Int64).alias("upto")
        )
        place = 2 * pl.col("seq").clip(pl.col("before"), pl.col("upto")) - 1
        return bounds.with_columns(place.alias("place")).drop("before", "upto")


def order_of(captures: pl.DataFrame) -> Order:
    """Put captures (rows of the table ``captures``) into the order that counts.

    Raises:
        OdsError: There is no release among them, or they mix the embedded sample with real data.
    """
    if captures.filter(pl.col("kind") == "full").is_empty():
        raise OdsError(
            "only deltas are held, and deltas alone do not make a register",
            do="Give the newest release too: ods-pipeline build --release FILE",
        )
    labelled = captures.with_columns(label_of("capture_id"), (pl.col("kind") == "delta").alias("is_delta"))
    order = (
        labelled.group_by("as_of", "is_delta", "label")
        .agg(pl.col("used_records").sum(), (pl.col("source") != "odt").all().alias("has_archive"))
        .sort("as_of", "is_delta", "label")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("seq"))
    )
    ordered = labelled.drop("is_delta").join(order.select("label", "seq"), on="label", how="left")
    ordered = ordered.sort("seq", "capture_id")
    _reject_mixture(ordered)
    releases = order.filter(~pl.col("is_delta") & (pl.col("used_records") > 0))
    releases = releases.select("seq", "as_of", "has_archive")
    return Order(
        ordered,
        order.select("seq", "as_of"),
        releases.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("ordinal")),
    )


def label_of(column: str) -> pl.Expr:
    """Return ``label``, the name of the flat folder, from a column of capture ids."""
    return pl.col(column).str.split("/").list.first().alias("label")


def _reject_mixture(captures: pl.DataFrame) -> None:
    is_sample = (captures["publication_source"] == SAMPLE_MARK).fill_null(False)
    if is_sample.any() and not is_sample.all():
        raise OdsError(
            "the embedded sample, which is partly composed, would be mixed with real data "
            f"({captures.filter(~is_sample)['capture_id'][0]})",
            do="Keep the real register in its own folder: --data-root DIR, or set ODS_DATA_ROOT",
        )
