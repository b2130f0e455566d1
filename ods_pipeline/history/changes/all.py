"""All events of all codes, in the columns of ``marts.code_changes``, with their ids.

Lives here: the order in which the parts of a record are asked for events, and the id of an event. Does not
live here: what makes an event (the other modules of this folder).
"""

import duckdb
import polars as pl

from ods_pipeline.history.changes import record
from ods_pipeline.history.changes.event import EVENT
from ods_pipeline.history.changes.gone import archivings, deletions
from ods_pipeline.history.changes.life import births, life, reuses, with_phases
from ods_pipeline.history.changes.links import links
from ods_pipeline.history.changes.parts import roles, successions
from ods_pipeline.history.changes.rows import rows_of_steps
from ods_pipeline.history.changes.steps import RECORD_OF_STEP, arrivals_of, first_release, steps_of
from ods_pipeline.history.tables import History
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.identity import is_another_organisation
from ods_pipeline.schema.sorting import sorted_by

# What makes an event unlike all others. A new column of EVENT changes every change_id.
_IDENTITY = [c for c in EVENT if c not in ("capture_id", "is_unstamped")]


def code_changes(history: History, drift: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of ``marts.code_changes``, in its columns and order.

    Pure, and without a clock: a function of the set of captures.

    Args:
        history: The versions, observations and notices of all codes.
        drift: The rows of ``marts.drift``: the records that a release was the first to show, although deltas
            should have shown them.
    """
    versions = _with_one_before(history.organisations)
    reused = versions.filter("is_another_organisation").select("ods_code", pl.col("known_from").alias("day"))
    steps = steps_of(versions, history.captures).join(reused, on=["ods_code", "day"], how="anti")
    moments = pl.concat([steps, arrivals_of(versions, history.captures)])
    steps, moments = with_phases(steps), with_phases(moments)
    parts = {name: rows_of_steps(steps, rows) for name, rows in history.parts.items()}
    of_codes = [
        births(versions, first_release(history.captures)),
        reuses(versions),
        deletions(versions, history.notices, history.captures, history.deletions),
        archivings(history.observations, history.captures),
    ]
    of_records = [
        life(moments),
        record.fields(steps),
        record.contacts(steps, *parts["contacts"], history),
        roles(steps, *parts["roles"]),
        links(steps, *parts["relationships"]),
        successions(steps, *parts["successions"]),
    ]
    silent = record.without_event(steps, parts, pl.concat(of_records))
    corrected = drift.select(
        "ods_code",
        "capture_id",
        pl.col("release_as_of").alias("detected_on"),
        pl.lit(True).alias("corrects_drift"),
    )
    return (
        with_ids(pl.concat([*of_codes, *of_records, silent]))
        .join(corrected, on=["ods_code", "capture_id", "detected_on"], how="left")
        .with_columns(pl.col("corrects_drift").fill_null(False))
        .select(TABLES["code_changes"].columns)
        .sort("change_id")
    )


def with_ids(events: pl.DataFrame) -> pl.DataFrame:
    """Add ``change_id``: day of detection, code, and 48 bits of an MD5 over the columns of the event.

    DuckDB computes the hash, so that it is the same in every version of Polars.
    """
    texts = events.with_columns(
        pl.concat_str(
            [pl.col(c).cast(pl.String).fill_null("\x00") for c in _IDENTITY], separator="\x1f"
        ).alias("identity")
    )
    with duckdb.connect() as connection:
        connection.register("texts", texts.select("identity").to_arrow())
        hashed = connection.sql("SELECT left(md5(identity), 12) AS hash FROM texts").pl()
    return texts.with_columns(
        pl.concat_str(pl.col("detected_on").cast(pl.String), "ods_code", hashed["hash"], separator=":").alias(
            "change_id"
        )
    )


def _with_one_before(organisations: pl.DataFrame) -> pl.DataFrame:
    """Add to each version what the version before it had, and whether the code was re-used.

    Returns:
        The versions, with ``RECORD_OF_STEP`` and ``gone_by`` of the version before (suffix ``_before``), and
        ``is_another_organisation``.
    """
    # In order of code, the row before belongs to the same code or to another: cheaper than a window.
    same_code = pl.col("ods_code") == pl.col("ods_code").shift(1)
    columns = (*RECORD_OF_STEP, "gone_by")
    before = [pl.when(same_code).then(pl.col(c).shift(1)).alias(f"{c}_before") for c in columns]
    return (
        sorted_by(organisations, ["ods_code", "known_from"])
        .with_columns(before)
        .with_columns(
            (pl.col("known_from_before").is_not_null() & is_another_organisation("_before")).alias(
                "is_another_organisation"
            )
        )
    )
