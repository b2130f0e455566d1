"""From captures to events, for tests: the real fold, the real events, and both as rows that read well."""

from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.history.changes import code_changes
from ods_pipeline.history.drift import drift
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.history.tables import History
from ods_pipeline.marts.build import build_mart
from ods_pipeline.publish.files import provenance, write_duckdb, write_table
from ods_pipeline.schema import COMPONENTS, EVENTS, HISTORY, MARTS, ORD, TABLES
from ods_pipeline_tests.support.builders import Held

TOLD = ["change_kind", "field", "old_value", "new_value", "effective_on"]


def history_of(register: Register) -> History:
    """The tables that events are read from, as the fold gives them."""
    rows = ("organisations", "observations", "notices")
    return History(
        **{name: register.frames[f"history.{name}"] for name in rows},
        parts={name: register.frames[f"history.{name}"].lazy() for name in COMPONENTS},
        captures=register.frames["captures"],
        deletions=register.frames["deletions"],
    )


def history_held(held: Held) -> History:
    return history_of(fold(observe(held.root.flat_folders())))


def events_of(history: History) -> pl.DataFrame:
    return code_changes(history, drift(history))


def told(held: Held, code: str = "R1A") -> list[tuple[Any, ...]]:
    """Kind, field, old, new and day (as text) of every event of a code, in order of detection and kind."""
    found = events_of(history_held(held)).filter(ods_code=code).sort("detected_on", *TOLD, nulls_last=True)
    return [(*row[:-1], str(row[-1])) for row in found.select(TOLD).iter_rows()]


def kinds(held: Held, code: str = "R1A") -> list[str]:
    return [row[0] for row in told(held, code)]


def written(register: Register, build: Path) -> dict[str, str]:
    """Writes the tables of facts, history and events of a build; gives what its files say of their origin."""
    history = history_of(register)
    drifted = drift(history)
    frames = {**register.frames, "drift": drifted, "code_changes": code_changes(history, drifted)}
    origin = provenance(frames["captures"], register.as_of)
    for table in [*ORD, *HISTORY, *EVENTS]:
        write_table(table, frames[table.id], build, origin)
    return origin


def with_duckdb(register: Register, build: Path) -> Path:
    """A whole build without Dagster, and the path of its ods.duckdb."""
    origin = written(register, build)
    for table in MARTS:
        write_table(table, build_mart(table.name, build, register.as_of), build, origin)
    write_duckdb(build, TABLES.values(), register.as_of)
    return build / "ods.duckdb"
