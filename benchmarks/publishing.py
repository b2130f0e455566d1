"""The stages from ``flat/`` to the published set: a release, and a fetch onto what is held."""

import statistics
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import inputs
from benchmarks.report import OUTSIDE
from benchmarks.results import Result, sizes
from ods_pipeline.dataroot.builds import current_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.instance import open_instance

QUERY_TIMES = 7


def make_series(room: Path, scale: float) -> Result:
    """Make a year of releases and the two data roots that receive a fetch; not compared with anything."""
    year = inputs.series(room, scale)
    for releases in (inputs.MONTHS, 3):
        prepared = room / f"held-{releases}"
        if not (prepared / "done").exists():
            root = inputs.copy_of(year, prepared, releases)
            (prepared / "done").unlink(missing_ok=True)
            pipeline.build(root)
            (prepared / "done").touch()
    return {"rows": 0, "bytes": 0}


def publish(room: Path, scale: float) -> Result:
    """Build everything from ``flat/``: history, tables, every mart, DuckDB."""
    root = inputs.copy_of(DataRoot(room / "flat"), room / "publish")
    return _build(root)


def fetch_onto_12(room: Path, scale: float) -> Result:
    """Build one fetch of 150 records where twelve releases are held and published."""
    return _fetch(room, 12)


def fetch_onto_3(room: Path, scale: float) -> Result:
    """Build the same fetch where three releases are held."""
    return _fetch(room, 3)


def queries(room: Path, scale: float) -> Result:
    """Call macros on the published file; each figure is the median of several calls, in seconds.

    The calls are executed, as any client does; ``connection.sql`` would prepare each statement twice.
    """
    build = current_build(DataRoot(room / "publish"))
    assert build is not None, "nothing is published: run the stage publish first"
    with duckdb.connect(str(build / "ods.duckdb"), read_only=True) as connection:
        names = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_name LIKE 'ods_%'"
        macros = {name for (name,) in connection.sql(names).fetchall()}
        site, postcode, day = connection.sql(
            "SELECT ods_code, postcode, (SELECT max(as_of) FROM ord.captures) FROM ord.organisations "
            "WHERE primary_role_id = 'RO198' AND status = 'Active' AND postcode IS NOT NULL ORDER BY ods_code"
        ).fetchall()[0]
        old = connection.sql("SELECT ods_code FROM ord.successions ORDER BY ods_code").fetchall()[0][0]
        calls = {
            f"ods_hierarchy('{day}')": "ods_hierarchy",
            f"ods_ancestors('{site}', DATE '{day}')": "ods_ancestors",
            f"ods_current_codes('{old}')": "ods_current_codes",
            f"ods_find('{postcode}')": "ods_find",
        }
        parts = {call: _median(connection, call) for call, name in calls.items() if name in macros}
    return {"rows": 0, "bytes": 0, "parts": parts}


def _fetch(room: Path, releases: int) -> Result:
    root = inputs.copy_of(DataRoot(room / f"held-{releases}"), room / "fetched")
    return _build(root, recorded=[room / "fetches"])


def _build(root: DataRoot, **options: Any) -> Result:
    """Run what ``ods-pipeline build`` runs; the parts are Dagster's steps and the time outside of them."""
    started = time.perf_counter()
    built = pipeline.build(root, **options)
    seconds = time.perf_counter() - started
    parts: dict[str, float] = {}
    with open_instance(root) as instance:
        for outcome in built.outcomes:
            for step in instance.get_run_step_stats(outcome.run_id):
                if step.start_time and step.end_time:
                    parts[f"{outcome.job}: {step.step_key}"] = step.end_time - step.start_time
    parts[OUTSIDE] = seconds - sum(parts.values())
    build = current_build(root)
    assert build is not None
    files = sizes(build.rglob("*.parquet"))
    return {**files, "bytes": files["bytes"] + (build / "ods.duckdb").stat().st_size, "parts": parts}


def _median(connection: duckdb.DuckDBPyConnection, call: str) -> float:
    times = []
    for _ in range(QUERY_TIMES):
        started = time.perf_counter()
        connection.execute(f"SELECT count(*), count(COLUMNS(*)) FROM {call}").fetchall()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
