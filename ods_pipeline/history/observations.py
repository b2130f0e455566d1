"""What every capture saw of every code: the state held, and the flat folders not yet in it.

An observation is (code, as-of date, content, capture). Only folders that are not in the state are opened,
each once for what it saw and once more, in ``content.py``, if it has content that was never held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.errors import OdsError
from ods_pipeline.history import spans
from ods_pipeline.history.order import Order, order_of
from ods_pipeline.history.state import State
from ods_pipeline.schema import TABLES

# Releases read together when history is built from nothing: bounds memory, changes nothing else.
RELEASES_AT_ONCE = 4
_SEEN = (
    "ods_code",
    "published_in",
    "ref_only",
    "is_xml",
    "last_change_date",
    "content_hash",
    "fax_hash",
    "name",
    "primary_role_id",
    "operational_start",
)


@dataclass(frozen=True)
class Observed:
    """All captures held.

    ``runs``: one row a run over consecutive releases, or an observation of a fetch: ``seq, seq_last``
    (see ``Order``) and the columns of ``history.observations`` that say what was seen.
    ``notices``: columns of ``history.notices`` without the capture, and ``seq``.
    ``quarantined``: ``ods_code`` (null where it had none), ``seq, published_in`` of records set aside.
    ``folders``: the flat folder of each seq that is not in ``state``, and ``fresh`` the contents found there:
    ``ods_code, content_hash, seq``.
    """

    order: Order
    runs: pl.DataFrame
    notices: pl.DataFrame
    quarantined: pl.DataFrame
    state: State | None
    folders: dict[int, Path]
    fresh: pl.DataFrame

    @property
    def captures(self) -> pl.DataFrame:
        return self.order.captures


def observe(folders: Sequence[Path], state: State | None = None) -> Observed:
    """Adds what the flat folders saw to the state; folders that are in it are not opened. Raises OdsError as
    ``order_of`` does, and if there is nothing at all."""
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
    runs, fresh = _runs(order, by_seq, state)
    return Observed(
        order, runs, _notices(order, by_seq, state), _quarantined(order, by_seq, state), state, by_seq, fresh
    )


def _runs(order: Order, folders: dict[int, Path], state: State | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``runs`` and ``fresh`` of ``Observed``."""
    ordinals = dict(order.releases.select("seq", "ordinal").iter_rows())
    new = [seq for seq in folders if seq in ordinals]
    deltas, released = _held_runs(order, state)
    released = spans.split_for(released, [ordinals[seq] for seq in new])
    fresh = pl.DataFrame(schema={"ods_code": pl.String, "content_hash": pl.UInt64, "seq": pl.Int64})
    for start in range(0, len(new), RELEASES_AT_ONCE):
        found = pl.concat([_seen(folders[seq], seq) for seq in new[start : start + RELEASES_AT_ONCE]])
        fresh = _first_of_each(fresh, found)
        ordinal = pl.col("seq").replace_strict(ordinals, return_dtype=pl.Int64)
        found = found.with_columns(ordinal.alias("first"), ordinal.alias("last"))
        released = spans.joined(pl.concat([released, found.select(released.columns)]))
    others = [_seen(folder, seq) for seq, folder in folders.items() if seq not in ordinals]
    if others:
        found = pl.concat(others)
        fresh = _first_of_each(fresh, found)
        found = found.with_columns(pl.lit(True).alias("is_delta"), pl.col("seq").alias("seq_last"))
        deltas = pl.concat([deltas, found.select(deltas.columns)])
    seqs = order.releases["seq"]
    released = released.with_columns(
        pl.lit(False).alias("is_delta"),
        seqs.gather(released["first"]).alias("seq"),
        seqs.gather(released["last"]).alias("seq_last"),
    )
    return pl.concat([deltas, released.select(deltas.columns)]), fresh


def _held_runs(order: Order, state: State | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The observations of the state: of fetches (``seq, seq_last``), of releases (``first, last``)."""
    table = TABLES["history.observations"]
    held = state.frames[table.id] if state else table.empty()
    held = order.seq_of(order.seq_of(held), "last_capture_id", "seq_last")
    seen = [*_SEEN, "fax_numbers"]
    deltas = held.filter("is_delta").select(*seen, "is_delta", "seq", "seq_last")
    ordinal = order.releases.select("seq", "ordinal")
    released = (
        held.filter(~pl.col("is_delta"))
        .join(ordinal.rename({"ordinal": "first"}), on="seq", how="left")
        .join(ordinal.rename({"ordinal": "last", "seq": "seq_last"}), on="seq_last", how="left")
        .select(*seen, "first", "last")
    )
    return deltas, released


def _seen(folder: Path, seq: int) -> pl.DataFrame:
    """One row a record used of a flat folder."""
    fax = (
        pl.scan_parquet(folder / "contacts.parquet")
        .filter(pl.col("contact_type") == "fax")
        .sort("ods_code", "ordinal")
        .group_by("ods_code")
        .agg(pl.col("contact_value").alias("fax_numbers"))
    )
    rows = pl.scan_parquet(folder / "organisations.parquet").select(_SEEN)
    return (
        rows.join(fax, on="ods_code", how="left").collect().with_columns(pl.lit(seq, pl.Int64).alias("seq"))
    )


def _first_of_each(known: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Where each content is found first, in the order that counts."""
    both = pl.concat([known, found.select(known.columns)])
    return both.sort("seq").unique(["ods_code", "content_hash"], keep="first", maintain_order=True)


def _notices(order: Order, folders: dict[int, Path], state: State | None) -> pl.DataFrame:
    """Of each notice the first fetch that brought it, of each 404 the last of the day that met with it."""
    table = TABLES["history.notices"]
    held = order.seq_of(state.frames[table.id] if state else table.empty()).drop("capture_id")
    found = [
        pl.scan_parquet(folder / "notices.parquet").with_columns(pl.lit(seq, pl.Int64).alias("seq"))
        for seq, folder in folders.items()
    ]
    rows = pl.concat([held, *(frame.select(held.columns) for frame in pl.collect_all(found))])
    newest_first = pl.when(pl.col("source") == "gone_from_api").then(-pl.col("seq")).otherwise("seq")
    return rows.sort(
        *table.key, newest_first, "primary_role_id", "reason_code", "reason", nulls_last=True
    ).unique(table.key, keep="first", maintain_order=True)


def _quarantined(order: Order, folders: dict[int, Path], state: State | None) -> pl.DataFrame:
    held = state.frames["quarantined_records"] if state else TABLES["quarantined_records"].empty()
    columns = ["ods_code", "capture_id"]
    found = [
        pl.scan_parquet(folder / "quarantined_records.parquet").select(columns) for folder in folders.values()
    ]
    rows = order.seq_of(pl.concat([held.select(columns), *pl.collect_all(found)]))
    kinds = order.captures.select("capture_id", pl.col("kind").alias("published_in"))
    return rows.join(kinds, on="capture_id", how="left").select("ods_code", "seq", "published_in").unique()
