"""The TRUD key is in nothing that a run writes or logs, after failure and after success.

`defs/test_catch_up.py` compares the files byte by byte. Here are the places that bytes hide: compressed
columns, other spellings of the key, chains of exceptions, command lines, and what Dagster shows of its
definitions.
"""

import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest

from ods_pipeline import cli
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.instance import open_instance
from ods_pipeline.errors import OdsError
from ods_pipeline_tests.hostile.key_traces import all_logged, assert_nowhere
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.running import Main
from ods_pipeline_tests.support.simulated import KEY, SimulatedClock, sources_of
from ods_pipeline_tests.support.small_server import live, small_server

pytestmark = [pytest.mark.dagster_records, pytest.mark.promise("no_key")]


@dataclass
class Traces:
    """What two runs leave: the data root, all log lines, and the error of the first."""

    root: DataRoot
    logged: list[str] = field(default_factory=list)
    error: OdsError | None = None
    shown: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    """A build that fails at the download, then one that succeeds, with every logger at DEBUG."""
    folder, clock = tmp_path_factory.mktemp("key"), SimulatedClock("2026-09-04T04:30:00+00:00")
    traces = Traces(DataRoot(folder / "data"))
    with all_logged(traces.logged):
        with small_server(folder, clock) as server:
            server.faults.append(Fault("reset", "/download/", 999))
            with pytest.raises(OdsError) as failed:
                pipeline.build(traces.root, **live(server, clock, trud_only=True))
            traces.error = failed.value
            server.faults.clear()
            built = pipeline.build(traces.root, **live(server, clock, trud_only=True))
            assert built.published is not None
            definitions = build_definitions(traces.root.path, sources=sources_of(server, clock))
            repository = definitions.get_repository_def()
            traces.shown = [repr(definitions), repr(repository), str(definitions.resources)]
            traces.shown += [repr(vars(s)) for s in repository.sensor_defs]
        yield traces


@pytest.mark.slow
def test_no_file_contains_the_key_in_any_spelling(traces: Traces) -> None:
    files = [p for p in traces.root.path.rglob("*") if p.is_file()]
    assert {"datapackage.json", "build.json", "ods.duckdb"} <= {p.name for p in files}
    assert_nowhere(*(p.read_bytes().decode("latin-1") for p in files), *map(str, files))


@pytest.mark.slow
def test_no_unpacked_column_contains_the_key(traces: Traces) -> None:
    for file in traces.root.path.rglob("*.parquet"):
        schema = pl.read_parquet_metadata(file)
        assert_nowhere(str(schema), pl.read_parquet(file).write_json())
    with duckdb.connect(str(traces.root.path / "ods.duckdb"), read_only=True) as connection:
        tables = connection.sql("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        assert len(tables) > 20
        for schema, table in tables:
            assert_nowhere(str(connection.table(f"{schema}.{table}").fetchall()))
        for view in ("duckdb_tables", "duckdb_columns", "duckdb_functions", "duckdb_settings"):
            assert_nowhere(str(connection.table_function(view).fetchall()))


@pytest.mark.slow
def test_no_log_line_and_no_event_contains_the_key(traces: Traces) -> None:
    assert len(traces.logged) > 10
    assert_nowhere(*traces.logged)
    with open_instance(traces.root) as instance:
        runs = instance.get_runs()
        assert {r.status for r in runs} == {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS}
        for run in runs:
            assert_nowhere(str(run), str(run.run_config), str(run.tags))
            assert_nowhere(*(str(e) for e in instance.all_logs(run.run_id)))


@pytest.mark.slow
def test_no_error_in_the_chain_contains_the_key(traces: Traces) -> None:
    assert traces.error is not None
    assert_nowhere("".join(traceback.format_exception(traces.error)))
    seen: list[BaseException | None] = [traces.error]
    while seen[-1] is not None:
        error = seen[-1]
        assert_nowhere(str(error), repr(error), str(error.args), str(getattr(error, "__notes__", "")))
        seen.append(error.__cause__ or error.__context__)


@pytest.mark.slow
def test_dagster_definitions_do_not_contain_the_key(traces: Traces) -> None:
    assert len(traces.shown) > 3
    assert_nowhere(*traces.shown)


def test_the_command_line_of_the_ui_does_not_contain_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Every user can read the command line of a process; only its owner can read its environment."""
    started: list[list[str]] = []
    popen = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(command)
        return popen([sys.executable, "-c", ""], **options)

    monkeypatch.setenv("TRUD_API_KEY", KEY)
    monkeypatch.setattr("ods_pipeline.commands.ui.subprocess.Popen", start)
    with pytest.raises(SystemExit):
        cli.main(["ui", "--data-root", str(tmp_path / "data")])
    assert len(started) == 1
    printed = capsys.readouterr()
    assert_nowhere(str(started), printed.out, printed.err)
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert files
    assert_nowhere(*(p.read_bytes().decode("latin-1") for p in files))


@pytest.mark.parametrize("wrong", ["", " with blank", "/../x"])
def test_an_invalid_key_is_not_printed_either(
    run_main: Main, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, wrong: str
) -> None:
    """A key with a typo is nearly the key. In the first case the key is valid and the address is not."""
    monkeypatch.setenv("TRUD_API_KEY", KEY + wrong)
    monkeypatch.setenv("ODS_TRUD_URL", "http://127.0.0.1:9" if wrong else f"no url {KEY}")
    assert run_main("build", "--data-root", tmp_path / "data") == 1
    printed = capsys.readouterr()
    assert printed.err
    assert_nowhere(printed.out, printed.err)
