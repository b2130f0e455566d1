"""`build` over loopback: releases and deltas, failures, servers that must not be asked, the hidden key."""

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.instance import open_instance
from ods_pipeline.errors import OdsError
from ods_pipeline.sources.clock import SystemClock
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.sample import SAMPLE
from ods_pipeline_tests.support import rooms
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.rooms import (
    copy_of,
    events_forgotten,
    published,
    release_root,
    run_cli,
    sample_root,
    without_duckdb,
)
from ods_pipeline_tests.support.simulated import KEY, SimulatedClock
from ods_pipeline_tests.support.small_server import live, small_server
from ods_pipeline_tests.support.worlds import Made, Recorded

LIST = "/items/341/releases"


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock("2026-09-04T04:30:00+00:00")


@pytest.fixture
def small(tmp_path: Path, clock: SimulatedClock) -> Iterator[OrdServer]:
    with small_server(tmp_path, clock) as server:
        yield server


@dataclass(frozen=True)
class Released:
    """A data root with the small server's release and nothing else, and the paths asked for."""

    root: DataRoot
    built: pipeline.Built
    asked: list[str]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    folder, clock = tmp_path_factory.mktemp("released"), SimulatedClock("2026-09-04T04:30:00+00:00")
    root = DataRoot(folder / "data")
    with small_server(folder, clock) as server, events_forgotten():
        built = pipeline.build(root, **live(server, clock, "2026-08-28", trud_only=True))
        return Released(root, built, server.requests())


@pytest.mark.dagster_records
@pytest.mark.slow
def test_over_loopback_the_published_set_is_that_of_the_recorded_payloads(
    root: DataRoot, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The server plays back the sample: its release, then deltas.

    A second data root then takes what was received as recorded fetches, and publishes the same bytes.
    """
    caplog.set_level(logging.DEBUG)
    clock = SimulatedClock("2026-09-04T04:30:00+00:00")
    with OrdServer(Recorded(SAMPLE), now=clock.now, key=KEY) as server:
        built = pipeline.build(root, **live(server, clock))
        assert (built.problems, built.missing, built.nothing_new) == ([], [], False)
        before = len(server.requests("/ORD/"))
        assert pipeline.build(root, **live(server, clock)).nothing_new
        assert len(server.requests("/ORD/")) == before, "what was asked today is not asked again"
        assert len(server.requests("/download/")) == 1, "a release held is not fetched again"
    captures = pl.read_parquet(root.path / "tables" / "captures.parquet").sort("as_of")
    assert captures["source"].to_list() == ["trud", "trud", "ord"]
    assert captures["sha256_verified"].all()
    windows = captures.drop_nulls("stamps_from").select("stamps_from", "stamps_to").rows()
    assert windows == [(date(2026, 8, 21), date(2026, 9, 4))]
    # The same content as the sample's own fetches, which asked on other days.
    for name in ("organisations", "roles", "relationships", "successions"):
        ours, theirs = (pl.read_parquet(r.path / "tables" / f"{name}.parquet") for r in (root, sample_root()))
        where = [c for c in ("capture_id", "known_from", "published_in") if c in ours.columns]
        assert ours.drop(where).equals(theirs.drop(where)), name
    # And the same bytes as from the recorded source.
    shutil.copytree(root.raw_fetches, tmp_path / "recorded")
    twin = DataRoot(tmp_path / "twin")
    shutil.copytree(root.raw_releases, twin.raw_releases)
    pipeline.build(twin, recorded=[tmp_path / "recorded"])
    assert without_duckdb(published(twin)) == without_duckdb(published(root))
    assert_nowhere(root, caplog.text)
    assert_in_no_record(root)


def assert_nowhere(root: DataRoot, *texts: str) -> None:
    """No file or text has the key in it."""
    files = [p for p in root.path.rglob("*") if p.is_file()]
    assert len(files) > 5
    assert not [p for p in files if KEY.encode() in p.read_bytes()]
    assert not [text for text in texts if KEY in text]


def assert_in_no_record(root: DataRoot) -> None:
    """No Dagster event, tag or configuration has the key in it."""
    with open_instance(root) as instance:
        events = [str(e) for run in instance.get_runs() for e in instance.all_logs(run.run_id)]
        runs = [f"{run.run_config} {run.tags}" for run in instance.get_runs()]
    assert len(events) > 10
    assert not [text for text in events + runs if KEY in text]


@pytest.mark.slow
@pytest.mark.promise("no_lost_day")
def test_when_the_api_cannot_be_reached_the_release_is_published_and_the_days_are_named(
    root: DataRoot, small: OrdServer, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    small.faults.append(Fault("reset", "/ORD/", 999))
    built = pipeline.build(root, **live(small, clock))
    assert built.published is not None
    (problem,) = built.problems
    assert "the ORD API gave no answer to /roles in 4 attempts" in problem
    days = [date(2026, 8, n) for n in range(21, 32)] + [date(2026, 9, n) for n in range(1, 5)]
    assert built.missing == days
    organisations = pl.read_parquet(root.path / "tables" / "organisations.parquet")
    assert organisations["ods_code"].to_list() == ["RX1", "RX2", "RX3"]
    assert_nowhere(root, caplog.text)
    # The next run fetches what is missing.
    small.faults.clear()
    built = pipeline.build(root, **live(small, clock))
    assert (built.problems, built.missing) == ([], [])
    organisations = pl.read_parquet(root.path / "tables" / "organisations.parquet")
    assert organisations["ods_code"].to_list() == ["RX1", "RX2", "RX3", "RX4"]
    assert "RENAMED" in organisations["name"].to_list()
    # TRUD is out of order: the build goes on with what is held.
    small.faults.append(Fault("status", LIST, 99, 503))
    built = pipeline.build(root, **live(small, clock))
    assert built.nothing_new
    assert len(built.problems) == 1 and "TRUD's list of releases could not be read" in built.problems[0]
    assert built.missing == []


@pytest.mark.slow
def test_trud_only_never_asks_the_api_and_a_gap_too_long_names_the_next_command(
    tmp_path: Path, released: Released, small: OrdServer, clock: SimulatedClock
) -> None:
    assert (released.built.problems, released.built.missing) == ([], [])
    assert not [path for path in released.asked if "/ORD/" in path]
    root = copy_of(released.root, tmp_path)
    clock.go_to("2027-03-01T05:30:00+00:00")
    built = pipeline.build(root, **live(small, clock))
    assert "changes since 2026-08-21 are needed, but the ORD API only goes back 184 days" in built.problems[0]
    assert "ods-pipeline build --release latest" in built.problems[0]
    assert small.requests("/ORD/") == []


@pytest.mark.slow
def test_a_bad_release_and_a_missing_answer_stop_neither_the_deltas_nor_the_next_build(
    tmp_path: Path, released: Released, small: OrdServer, clock: SimulatedClock
) -> None:
    root = copy_of(released.root, tmp_path)
    world = small.world
    assert isinstance(world, Made)
    name = "hscorgrefdataxml_data_9.0.0_20260904000001.zip"
    world.zips[name] = b"PK no zip at all"
    small.faults.append(Fault("status", "/organisations/RX2", 99, 500))  # a code that never answers
    built = pipeline.build(root, **live(small, clock))
    assert built.missing == []
    problem, in_vain = built.problems
    assert name in problem and "set aside" in problem
    assert in_vain.startswith("RX2: stamped 2026-08-30, it got no answer (the ORD API gave no answer to ")
    names = dict(pl.read_parquet(root.path / "tables" / "organisations.parquet")["ods_code", "name"].rows())
    assert (len(names), names["RX2"]) == (4, "BODY RX2"), "the record held stays"
    assert len(small.requests(f"/download/.*{name}")) == 1
    clock.go_to("2026-09-05T04:30:00+00:00")
    built = pipeline.build(root, **live(small, clock, trud_only=True))
    assert built.nothing_new
    assert "lies in quarantine/" in built.problems[0]
    assert len(small.requests(f"/download/.*{name}")) == 1, "it is not fetched every night"
    with pytest.raises(OdsError, match="no release of 2026-01-30"):
        pipeline.build(root, **live(small, clock, "2026-01-30"))


def test_a_date_names_a_release_and_one_that_is_held_is_not_looked_for(
    released: Released, small: OrdServer, clock: SimulatedClock
) -> None:
    assert [o.job for o in released.built.outcomes] == ["release_job", "publish_job"]
    assert pipeline.build(released.root, **live(small, clock, "2026-08-28", trud_only=True)).nothing_new
    assert small.log == []


@pytest.mark.promise("polite")
def test_the_sample_asks_no_server(tmp_path: Path, small: OrdServer, clock: SimulatedClock) -> None:
    root = copy_of(release_root(), tmp_path)
    assert pipeline.build(root, **live(small, clock)).nothing_new
    for options in ({"trud_only": True}, {"deltas": True}):
        with pytest.raises(OdsError, match=r"the embedded sample is here.*--data-root"):
            pipeline.build(root, **live(small, clock, **options))
    with pytest.raises(OdsError, match="the embedded sample is here"):
        pipeline.build(root, **live(small, clock, "latest"))
    assert small.log == []


@pytest.mark.slow
def test_the_command_line_takes_its_sources_from_the_environment(
    root: DataRoot, small: OrdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, on the machine's clock. The API refuses, so that the date does not matter."""
    small.now = SystemClock().now
    real = {"TRUD_API_KEY": KEY, "ODS_TRUD_URL": small.trud_url, "ODS_ORD_URL": small.ord_url}
    monkeypatch.setattr(rooms, "ENVIRONMENT", rooms.ENVIRONMENT | real)
    small.faults.append(Fault("status", "/ORD/", 999, 400))
    ran = run_cli("build", "--ignore-maintenance-window", "--data-root", root.path)
    assert ran.returncode == 4, ran.stderr
    assert "downloaded hscorgrefdataxml_data_8.0.0_20260828000001.zip" in ran.stderr
    assert KEY not in ran.stdout + ran.stderr
    printed = [line for line in ran.stdout.splitlines() if line.startswith(("problem", "missing"))]
    assert "HTTP 400" in printed[0] or "goes back 184 days" in printed[0]
    assert not small.requests("/organisations")


@pytest.mark.dagster_records
@pytest.mark.promise("no_key")
def test_a_failed_step_is_recorded_without_the_key(
    root: DataRoot, small: OrdServer, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    small.faults.append(Fault("reset", "/download/", 999))
    with pytest.raises(OdsError, match=r"TRUD does not send all of hscorgref.*") as caught:
        pipeline.build(root, **live(small, clock))
    assert KEY not in str(caught.value) + repr(caught.value)
    with open_instance(root) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.FAILURE
    assert_nowhere(root, caplog.text)
    assert_in_no_record(root)
