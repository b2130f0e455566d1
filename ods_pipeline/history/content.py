"""The rows of every version: read from the state, or from the flat folder that is the first to show them.

No other content is ever needed. A content that is in no version was outranked on its own day, or was a stub
after a complete record. More captures can only outrank it further.

Lives here: reading rows. Does not live here: which contents are versions (``versions.py``), and what a silent
source leaves out (``silence.py``).
"""

from concurrent.futures import ThreadPoolExecutor

import polars as pl

from ods_pipeline.history.columns import VERSION, content_columns
from ods_pipeline.history.observations import Observed
from ods_pipeline.history.silence import completed_by_last
from ods_pipeline.schema import COMPONENTS, TABLES

_IS_FAX = pl.col("contact_type") == "fax"
_CONTENT = ["ods_code", "content_hash"]


def history_tables(observed: Observed, versions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the rows of ``history.organisations`` and of its components, by id of the table.

    Args:
        observed: All observations.
        versions: The versions, as ``versions_of`` returns them.

    Returns:
        Frames with all columns of these tables. Their rows are in no order.
    """
    dated = versions.select(*VERSION, "content_hash")
    held, fresh = _sources(observed, versions)
    # Each content with all its versions, so that rows are joined once.
    fresh = fresh.join(dated, on=_CONTENT)
    held = held.join(dated, on=_CONTENT) if observed.state is not None else held

    def rows_of(name: str) -> tuple[str, pl.DataFrame]:
        table = TABLES[f"history.{name}"]
        columns = content_columns(name)
        rows = [_new_rows(observed, fresh, name, columns)]
        if observed.state is not None:
            then = observed.state.frames[table.id].select("ods_code", "known_from", *columns)
            then = then.rename({"known_from": "then_from"})
            rows.append(then.join(held, on=["ods_code", "then_from"], maintain_order="left"))
        return table.id, pl.concat([f.select(*VERSION, *columns) for f in rows])

    with ThreadPoolExecutor(2) as pool:  # joins of texts keep one core busy each
        frames = dict(pool.map(rows_of, ("organisations", *COMPONENTS)))
    frames["history.contacts"] = _with_fax(frames["history.contacts"], versions)
    frames = completed_by_last(frames, versions)
    sightings = versions.drop("known_to", "ref_only", "fax_numbers", "is_partial")
    organisations = frames["history.organisations"].join(sightings, on=["ods_code", "known_from"])
    organisations = observed.order.capture_of(organisations, "seq", "seen_in")
    organisations = observed.order.capture_of(organisations, "seq_last", "published_in", "last_capture_id")
    frames["history.organisations"] = organisations
    return frames


def _sources(observed: Observed, versions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return where to read each content.

    Either ``then_from``, a version of the state that has it, or else ``seq``, the first folder that shows it.
    A content that leaves fields out is always read from its folder: in the state it has been completed.
    """
    wanted = versions.select(*_CONTENT, "is_partial").unique()
    if observed.state is None:
        return pl.DataFrame(), wanted.select(_CONTENT).join(observed.fresh, on=_CONTENT)
    partial = wanted.filter("is_partial").select(_CONTENT).join(observed.partial, on=_CONTENT)
    wanted = wanted.filter(~pl.col("is_partial")).select(_CONTENT)
    versions = observed.state.frames["history.organisations"].select(*_CONTENT, "known_from")
    first = versions.group_by(_CONTENT).agg(pl.col("known_from").min().alias("then_from"))
    held = wanted.join(first, on=_CONTENT)
    fresh = wanted.join(first, on=_CONTENT, how="anti").join(observed.fresh, on=_CONTENT)
    return held, pl.concat([fresh, partial.select(fresh.columns)])


def _new_rows(observed: Observed, fresh: pl.DataFrame, name: str, columns: list[str]) -> pl.DataFrame:
    """Return the rows of a flat table that belong to new contents, once for each version that has them."""
    parts = []
    for (seq,), group in fresh.sort("seq").group_by("seq", maintain_order=True):
        folder = observed.every_folder[int(str(seq))]
        rows = pl.scan_parquet(folder / f"{name}.parquet").select("ods_code", *columns)
        # One after another: the rows of many releases at once would not fit into memory.
        wanted = group.lazy().select(VERSION)
        parts.append(rows.join(wanted, on="ods_code", maintain_order="left").collect())
    if parts:
        return pl.concat(parts)
    return TABLES[f"history.{name}"].empty([*VERSION, *columns])


def _with_fax(contacts: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Replace the fax numbers among the contacts by those that hold in each version."""
    fax = (
        versions.filter(pl.col("fax_numbers").is_not_null())
        .select(*VERSION, pl.col("fax_numbers").alias("contact_value"))
        .with_columns(
            pl.int_ranges(1, pl.col("contact_value").list.len() + 1, dtype=pl.Int64).alias("ordinal")
        )
        .explode("contact_value", "ordinal")
        .with_columns(pl.lit("fax").alias("contact_type"))
    )
    return pl.concat([contacts.filter(~_IS_FAX), fax.select(contacts.columns)])
