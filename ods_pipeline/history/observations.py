"""All observations of all captures: those in the state, and those of flat folders that are not in it yet.

An observation is (code, as-of date, content, capture). Only folders that are not in the state are opened:
once here, for what they saw, and once more in ``content.py`` if they hold content that was never held before.

Lives here: collecting observations. Does not live here: their order (``order.py``), and the versions that
they make (``versions.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.history import spans
from ods_pipeline.history.columns import OBSERVATION
from ods_pipeline.history.order import Order, order_of
from ods_pipeline.history.state import State
from ods_pipeline.schema import TABLES

# Releases read together when history is rebuilt from all folders. Bounds memory and changes nothing else.
RELEASES_AT_ONCE = 4


@dataclass(frozen=True)
class Observed:
    """All that the captures held have seen.

    Attributes:
        order: The captures, in the order that counts.
        runs: One row for each run of equal observations over consecutive releases, and one for each
            observation of a fetch: ``seq, seq_last`` (first and last capture, see ``Order``), ``is_delta``
            and the columns ``OBSERVATION``.
        notices: The columns of ``history.notices`` without the capture id, and ``seq``.
        quarantined: ``ods_code, seq, published_in`` of the records set aside; ``ods_code`` is null for a
            record without a code.
        state: What an earlier fold kept, if it can be used.
        folders: The flat folder of each ``seq`` that is not in the state.
        fresh: The contents in these folders, each where it was seen first: ``ods_code, content_hash, seq``.
        every_folder: The flat folder of each ``seq``.
    """

    order: Order
    runs: pl.DataFrame
    notices: pl.DataFrame
    quarantined: pl.DataFrame
    state: State | None
    folders: dict[int, Path]
    fresh: pl.DataFrame
    every_folder: dict[int, Path]

    @property
    def partial(self) -> pl.DataFrame:
        """Where each content that leaves fields out is seen first: ``ods_code, content_hash, seq``."""
        partial = self.runs.filter("is_partial").select("ods_code", "content_hash", "seq")
        return partial.sort("seq").unique(["ods_code", "content_hash"], keep="first", maintain_order=True)

    @property
    def captures(self) -> pl.DataFrame:
        """The captures held, in order: ``Order.captures``."""
        return self.order.captures


def observe(folders: Sequence[Path], state: State | None = None) -> Observed:
    """Add what the flat folders saw to a state, if there is one.

    Args:
        folders: All flat folders held. Those that are in the state are not opened.
        state: What an earlier fold kept.

    Raises:
        OdsError: There are no folders, there is no release among them, or they mix the embedded sample with
            real data.
    """
    if not folders:
        raise OdsError(
            "nothing has been flattened yet", do="Give a release: ods-pipeline build --release FILE"
        )
    held = state.labels if state else set()
    new = {f.name: f for f in folders if f.name not in held}
    captures = [pl.read_parquet(f / "captures.parquet") for f in new.values()]
    order = order_of(pl.concat([*([state.captures] if state else []), *captures]))
    labels = order.captures.select("label", "seq").unique().sort("seq")
    by_seq = {seq: new[label] for label, seq in labels.iter_rows() if label in new}
    all_folders = {f.name: f for f in folders}
    every = {seq: all_folders[label] for label, seq in labels.iter_rows() if label in all_folders}
    runs, fresh = _runs(order, by_seq, state)
    notices, quarantined = _notices(order, by_seq, state), _quarantined(order, by_seq, state)
    return Observed(order, runs, notices, quarantined, state, by_seq, fresh, every)


def _runs(order: Order, folders: dict[int, Path], state: State | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return ``runs`` and ``fresh`` of ``Observed``."""
    ordinals = dict(order.releases.select("seq", "ordinal").iter_rows())
    new = [seq for seq in folders if seq in ordinals]
    deltas, released = _held_runs(order, state)
    released = spans.split_for(released, [ordinals[seq] for seq in new])
    fresh = pl.DataFrame(schema={"ods_code": pl.String, "content_hash": pl.Int64, "seq": pl.Int64})
    for start in range(0, len(new), RELEASES_AT_ONCE):
        rows = pl.concat([_seen(folders[seq], seq) for seq in new[start : start + RELEASES_AT_ONCE]])
        fresh = _first_of_each(fresh, rows)
        ordinal = pl.col("seq").replace_strict(ordinals, return_dtype=pl.Int64)
        rows = rows.with_columns(ordinal.alias("first"), ordinal.alias("last"))
        released = spans.joined(pl.concat([released, rows.select(released.columns)]))
    others = [_seen(folder, seq) for seq, folder in folders.items() if seq not in ordinals]
    if others:
        rows = pl.concat(others)
        fresh = _first_of_each(fresh, rows)
        rows = rows.with_columns(pl.lit(True).alias("is_delta"), pl.col("seq").alias("seq_last"))
        deltas = pl.concat([deltas, rows.select(deltas.columns)])
    seqs = order.releases["seq"]
    released = released.with_columns(
        pl.lit(False).alias("is_delta"),
        seqs.gather(released["first"]).alias("seq"),
        seqs.gather(released["last"]).alias("seq_last"),
    )
    return pl.concat([deltas, released.select(deltas.columns)]), fresh


def _held_runs(order: Order, state: State | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the runs of the state: of fetches (``seq, seq_last``), and of releases (``first, last``)."""
    table = TABLES["history.observations"]
    held = state.frames[table.id] if state else table.empty()
    held = order.seq_of(order.seq_of(held), "last_capture_id", "seq_last")
    deltas = held.filter("is_delta").select(*OBSERVATION, "is_delta", "seq", "seq_last")
    ordinal = order.releases.select("seq", "ordinal")
    released = (
        held.filter(~pl.col("is_delta"))
        .join(ordinal.rename({"ordinal": "first"}), on="seq", how="left")
        .join(ordinal.rename({"ordinal": "last", "seq": "seq_last"}), on="seq_last", how="left")
        .select(*OBSERVATION, "first", "last")
    )
    return deltas, released


def _seen(folder: Path, seq: int) -> pl.DataFrame:
    """Return the observations of one flat folder: ``OBSERVATION`` and ``seq``, one row per record used."""
    fax = (
        pl.scan_parquet(folder / "contacts.parquet")
        .filter(pl.col("contact_type") == "fax")
        .sort("ods_code", "ordinal")
        .group_by("ods_code")
        .agg(pl.col("contact_value").alias("fax_numbers"))
    )
    organisations = pl.scan_parquet(folder / "organisations.parquet")
    rows = organisations.select(c for c in OBSERVATION if c != "fax_numbers")
    return (
        rows.join(fax, on="ods_code", how="left").collect().with_columns(pl.lit(seq, pl.Int64).alias("seq"))
    )


def _first_of_each(known: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return where each content is seen first, in the order that counts."""
    both = pl.concat([known, rows.select(known.columns)])
    return both.sort("seq").unique(["ods_code", "content_hash"], keep="first", maintain_order=True)


def _notices(order: Order, folders: dict[int, Path], state: State | None) -> pl.DataFrame:
    """Return each notice with the first fetch that brought it, each 404 with the last fetch of its day."""
    table = TABLES["history.notices"]
    held = order.seq_of(state.frames[table.id] if state else table.empty()).drop("capture_id")
    new = [
        pl.scan_parquet(folder / "notices.parquet").with_columns(pl.lit(seq, pl.Int64).alias("seq"))
        for seq, folder in folders.items()
    ]
    rows = pl.concat([held, *(frame.select(held.columns) for frame in pl.collect_all(new))])
    newest_first = pl.when(pl.col("source") == "gone_from_api").then(-pl.col("seq")).otherwise("seq")
    return rows.sort(
        *table.key, newest_first, "primary_role_id", "reason_code", "reason", nulls_last=True
    ).unique(table.key, keep="first", maintain_order=True)


def _quarantined(order: Order, folders: dict[int, Path], state: State | None) -> pl.DataFrame:
    """Return ``quarantined`` of ``Observed``."""
    held = state.frames["quarantined_records"] if state else TABLES["quarantined_records"].empty()
    columns = ["ods_code", "capture_id"]
    new = [
        pl.scan_parquet(folder / "quarantined_records.parquet").select(columns) for folder in folders.values()
    ]
    rows = order.seq_of(pl.concat([held.select(columns), *pl.collect_all(new)]))
    kinds = order.captures.select("capture_id", pl.col("kind").alias("published_in"))
    return rows.join(kinds, on="capture_id", how="left").select("ods_code", "seq", "published_in").unique()
