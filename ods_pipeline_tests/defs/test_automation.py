"""What Dagster runs by itself: the sensor of releases, the morning schedule, retries, freshness."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from dagster._core.errors import ScheduleExecutionError

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.defs.assembly import UNATTENDED, build_definitions
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.defs.keys import REPOSITORY_TAG
from ods_pipeline.inventory.flattening import flatten_held_release
from ods_pipeline.inventory.wanted import request_for
from ods_pipeline.sources.recorded import take_release
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.rooms import events_forgotten, sample_root
from ods_pipeline_tests.support.simulated import KEY, SimulatedClock, sources_of
from ods_pipeline_tests.support.worlds import Made

pytestmark = pytest.mark.dagster_records

MORNING = datetime(2026, 9, 4, 4, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def clock() -> SimulatedClock:
    return SimulatedClock(MORNING.isoformat())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, clock: SimulatedClock) -> Iterator[OrdServer]:
    records = [make_record(code, LastChangeDate="2026-09-03") for code in ("RX1", "RX2")]
    zip_file = write_release(tmp_path_factory.mktemp("trud"), records)
    world = Made({record["OrgId"]["extension"]: record for record in records})
    world.zips = {zip_file.name: zip_file.read_bytes()}
    with OrdServer(world, now=clock.now, key=KEY) as server:
        yield server


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, server: OrdServer, clock: SimulatedClock) -> DataRoot:
    """A data root with the server's release, and no deltas."""
    root = DataRoot(tmp_path_factory.mktemp("loaded") / "data")
    _, request = request_for(sources_of(server, clock), trud_only=True)
    with events_forgotten():
        pipeline.build(root, request=request)
    return root


def definitions_of(
    root: DataRoot, server: OrdServer, clock: SimulatedClock, **changes: object
) -> dg.Definitions:
    return build_definitions(root.path, sources=sources_of(server, clock, **changes), retries=UNATTENDED)


def sensor_of(definitions: dg.Definitions) -> dg.SensorDefinition:
    (sensor,) = [s for s in definitions.sensors or [] if s.name == "new_trud_release"]
    assert isinstance(sensor, dg.SensorDefinition)
    return sensor


def schedule_of(definitions: dg.Definitions) -> dg.ScheduleDefinition:
    (schedule,) = [s for s in definitions.schedules or [] if s.name == "last_three_stamps"]
    assert isinstance(schedule, dg.ScheduleDefinition)
    return schedule


def skipped(ticked: ScheduleExecutionData | dg.SkipReason | dg.SensorResult) -> str:
    if isinstance(ticked, dg.SkipReason):
        return ticked.skip_message or ""
    assert isinstance(ticked, ScheduleExecutionData) and not ticked.run_requests
    return ticked.skip_message or ""


def tick(definitions: dg.Definitions, root: DataRoot) -> dg.SensorResult | dg.SkipReason:
    with open_instance(root) as instance, dg.build_sensor_context(instance) as context:
        ticked = sensor_of(definitions)(context)
    assert isinstance(ticked, (dg.SensorResult, dg.SkipReason))
    return ticked


def morning_tick(definitions: dg.Definitions, at: datetime) -> ScheduleExecutionData:
    with dg.build_schedule_context(scheduled_execution_time=at) as context:
        return schedule_of(definitions).evaluate_tick(context)


def test_a_new_release_is_seen_once(
    tmp_path: Path, server: OrdServer, clock: SimulatedClock, loaded: DataRoot
) -> None:
    root = DataRoot(tmp_path / "data")
    ticked = tick(definitions_of(root, server, clock), root)
    assert isinstance(ticked, dg.SensorResult)
    assert [request.partition_key for request in ticked.run_requests or []] == ["2026-08-28"]
    (adds,) = ticked.dynamic_partitions_requests or []
    assert (adds.partitions_def_name, adds.partition_keys) == ("ods_release", ["2026-08-28"])
    assert KEY not in str(ticked)
    assert "is held" in skipped(tick(definitions_of(loaded, server, clock), loaded))


def test_every_release_that_is_listed_and_lacking_is_requested_the_oldest_first(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    days = [("2026-08-21", "2026-08-28"), ("2026-07-24", "2026-07-31"), ("2026-06-19", "2026-06-26")]
    files = [
        write_release(tmp_path / day, [make_record("RX1")], published=published, released=day)
        for published, day in days
    ]
    world = Made({})
    world.zips = {file.name: file.read_bytes() for file in files}
    root = DataRoot(tmp_path / "data")
    take_release(root, files[1], "2026-07-31")
    flatten_held_release(root, "2026-07-31")
    with OrdServer(world, now=clock.now, key=KEY) as server:
        ticked = tick(definitions_of(root, server, clock), root)
    assert isinstance(ticked, dg.SensorResult)
    assert [r.partition_key for r in ticked.run_requests or []] == ["2026-06-26", "2026-08-28"]


@pytest.mark.promise("resumed")
def test_a_release_whose_run_failed_is_asked_for_again(
    tmp_path: Path, server: OrdServer, clock: SimulatedClock
) -> None:
    day, root = "2026-08-28", DataRoot(tmp_path / "data")
    definitions = build_definitions(root.path, sources=sources_of(server, clock))

    def asked_again() -> bool:
        ticked = tick(definitions, root)
        requests = ticked.run_requests or [] if isinstance(ticked, dg.SensorResult) else []
        return [(r.partition_key, r.run_key) for r in requests] == [(day, None)]

    with open_instance(root) as instance:
        assert asked_again()
        instance.add_dynamic_partitions("ods_release", [day])
        server.faults.append(Fault("status", "/download/", 4, 500))
        assert not run_job(instance, definitions, "release_job", partition=day).success
        assert asked_again()
        job, tags = definitions.resolve_job_def("release_job"), REPOSITORY_TAG | {"dagster/partition": day}
        run = instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
        assert "is being loaded" in skipped(tick(definitions, root))
        instance.report_run_failed(run)
    ((name, content),) = server.world.releases(MORNING.date()).items()
    file = root.quarantine / f"{name}.2"
    file.parent.mkdir()
    file.write_bytes(content)
    assert "lies in quarantine/" in skipped(tick(definitions, root))
    take_release(root, file.rename(root.quarantine / name), day)
    assert asked_again(), "it is held and was never flattened"


def test_the_sensor_asks_nobody_without_a_key_or_with_the_sample(
    tmp_path: Path, server: OrdServer, clock: SimulatedClock
) -> None:
    before, root = len(server.log), DataRoot(tmp_path / "data")
    assert "TRUD_API_KEY" in skipped(tick(definitions_of(root, server, clock, key=None), root))
    assert "sample" in skipped(tick(definitions_of(sample_root(), server, clock), root))
    assert len(server.log) == before


def test_the_schedule_asks_for_what_is_due_in_one_run(
    server: OrdServer, clock: SimulatedClock, loaded: DataRoot
) -> None:
    definitions = definitions_of(loaded, server, clock)
    (request,) = morning_tick(definitions, MORNING).run_requests or []
    assert request.tags["dagster/asset_partition_range_start"] == "2026-08-21"
    assert request.tags["dagster/asset_partition_range_end"] == "2026-09-04"
    assert request.run_config == {"ops": {"take_ord_fetches": {"config": {"source": "ord"}}}}
    assert "sample" in skipped(morning_tick(definitions_of(sample_root(), server, clock), MORNING))
    nothing = DataRoot(loaded.path.parent / "nothing")
    assert "No release is held" in skipped(morning_tick(definitions_of(nothing, server, clock), MORNING))
    with pytest.raises(ScheduleExecutionError) as raised:
        morning_tick(definitions, MORNING + timedelta(days=300))
    assert "goes back 184 days" in str(raised.value.__cause__)


def test_the_schedule_runs_in_the_morning_of_the_uk_and_both_wait_to_be_started(
    server: OrdServer, clock: SimulatedClock, loaded: DataRoot
) -> None:
    definitions = definitions_of(loaded, server, clock)
    schedule = schedule_of(definitions)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 5 * * *", "Europe/London")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert sensor_of(definitions).default_status == dg.DefaultSensorStatus.STOPPED


def test_a_range_in_the_ui_is_one_run_and_one_fetch(
    tmp_path: Path, server: OrdServer, clock: SimulatedClock, loaded: DataRoot
) -> None:
    """Without configuration, as from the UI: a real release is held, so the API is asked."""
    before = len(server.requests("/notifications"))
    with open_instance(loaded) as instance:
        definitions = definitions_of(loaded, server, clock)
        outcome = run_job(instance, definitions, "delta_job", partition_range=("2026-09-02", "2026-09-04"))
    assert outcome.success, outcome.message
    assert len(server.requests("/notifications")) == before + 1
    (folder,) = loaded.raw_fetches.iterdir()
    assert sorted(p.name for p in (folder / "organisations").iterdir()) == ["RX1.json", "RX2.json"]


def test_only_a_source_that_does_not_answer_is_tried_again(
    tmp_path: Path, server: OrdServer, clock: SimulatedClock
) -> None:
    root = DataRoot(tmp_path / "data")
    quick = dg.RetryPolicy(max_retries=2, delay=0)
    definitions = build_definitions(root.path, sources=sources_of(server, clock), retries=quick)
    with open_instance(root) as instance:
        instance.add_dynamic_partitions("ods_release", ["2026-08-28", "2026-01-30"])
        server.faults.append(Fault("status", "/releases", 4, 500))  # one whole run of attempts
        outcome = run_job(instance, definitions, "release_job", partition="2026-08-28")
        assert outcome.success, outcome.message
        before = len(server.requests("/releases"))
        outcome = run_job(instance, definitions, "release_job", partition="2026-01-30")
        assert (outcome.success, len(server.requests("/releases"))) == (False, before + 1)
        assert "TRUD lists no release of 2026-01-30" in str(outcome.error)


def test_retries_and_freshness_are_dagsters_own(
    server: OrdServer, clock: SimulatedClock, loaded: DataRoot
) -> None:
    graph = definitions_of(loaded, server, clock).resolve_asset_graph()
    policies = {
        key: graph.get(dg.AssetKey.from_user_string(key)).freshness_policy_or_from_metadata
        for key in ("ods/raw/trud_release", "ods/raw/ord_fetches")
    }
    assert all(policies.values())
    for asset in definitions_of(loaded, server, clock).assets or []:
        assert isinstance(asset, dg.AssetsDefinition)
        if asset.op.name in ("take_trud_release", "take_ord_fetches"):
            assert asset.op.retry_policy == UNATTENDED
    by_hand = build_definitions(loaded.path)
    for asset in by_hand.assets or []:
        assert isinstance(asset, dg.AssetsDefinition)
        assert asset.op.retry_policy is None, "a person is watching"


def test_a_release_that_is_held_needs_no_key(
    tmp_path: Path, server: OrdServer, clock: SimulatedClock
) -> None:
    root = DataRoot(tmp_path / "data")
    zip_file = write_release(tmp_path / "trud", [make_record("RX1")])
    take_release(root, zip_file, "2026-08-28")
    before = len(server.log)
    with open_instance(root) as instance:
        instance.add_dynamic_partitions("ods_release", ["2026-08-28"])
        outcome = run_job(
            instance, definitions_of(root, server, clock, key=None), "release_job", partition="2026-08-28"
        )
    assert outcome.success
    assert len(server.log) == before
