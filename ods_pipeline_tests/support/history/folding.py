"""From captures to events, for tests: the real fold and the real events, as rows that are easy to compare."""

from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.dataroot.flat import flat_folders
from ods_pipeline.history.changes import code_changes
from ods_pipeline.history.drift import drift
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.history.tables import History
from ods_pipeline.marts.build import add_table, mart_connection, rows_of_mart
from ods_pipeline.marts.lineage import marts_in_order
from ods_pipeline.publish.build_info import provenance
from ods_pipeline.publish.duckdb import complete_duckdb
from ods_pipeline.publish.files import write_table
from ods_pipeline.schema import COMPONENTS, EVENTS, GEO, HISTORY, ORD, TABLES
from ods_pipeline_tests.support.builders import Held

SHOWN = ["change_kind", "field", "old_value", "new_value", "effective_on"]


def history_of(register: Register) -> History:
    """Return the tables that events are computed from, straight from the fold."""
    rows = ("organisations", "observations", "notices")
    return History(
        **{name: register.frames[f"history.{name}"] for name in rows},
        parts={name: register.frames[f"history.{name}"].lazy() for name in COMPONENTS},
        captures=register.frames["captures"],
        deletions=register.frames["deletions"],
    )


def history_held(held: Held) -> History:
    """Return the history of all captures in a data root."""
    return history_of(fold(observe(flat_folders(held.root))))


def events_of(history: History) -> pl.DataFrame:
    return code_changes(history, drift(history))


def events_of_code(held: Held, code: str = "R1A") -> list[tuple[Any, ...]]:
    """Return kind, field, old, new and day (as text) of a code's events, in order of detection and kind."""
    return shown(events_of(history_held(held)), code)


def shown(events: pl.DataFrame, code: str) -> list[tuple[Any, ...]]:
    """Return the same of events that are computed already."""
    rows = events.filter(ods_code=code).sort("detected_on", *SHOWN, nulls_last=True).select(SHOWN)
    return [(*row[:-1], str(row[-1])) for row in rows.iter_rows()]


def kinds(held: Held, code: str = "R1A") -> list[str]:
    return [row[0] for row in events_of_code(held, code)]


def written(register: Register, build: Path) -> dict[str, str]:
    """Write the tables of facts, history and events of a build, and return their provenance."""
    history = history_of(register)
    drifted = drift(history)
    frames = {**register.frames, "drift": drifted, "code_changes": code_changes(history, drifted)}
    frames["source_differences"] = TABLES["source_differences"].empty()
    origin = provenance(frames["captures"], register.as_of)
    for table in [*ORD, *HISTORY, *EVENTS]:
        write_table(table, frames[table.id], build, origin)
    for table in GEO:
        write_table(table, table.empty(), build, origin)
    return origin


def with_duckdb(register: Register, build: Path) -> Path:
    """Write a whole build without Dagster, and return the path of its ods.duckdb."""
    origin = written(register, build)
    # One connection for all, as in a build: to open one costs more than a mart on a few rows.
    with mart_connection(build, register.as_of) as connection:
        for table in marts_in_order():
            write_table(table, rows_of_mart(table.name, connection), build, origin)
            add_table(connection, build, table, unpack=True)
    complete_duckdb(build, TABLES.values(), register.as_of)
    return build / "ods.duckdb"
