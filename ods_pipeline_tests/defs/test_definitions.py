"""The Dagster definitions: they load, the graph is the one in graph.txt, the calendar of stamps is right."""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.test_utils import freeze_time

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import partitions
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.catalogue import code_version
from ods_pipeline.defs.instance import instance_home, write_workspace
from ods_pipeline.defs.keys import LOCATION, shown
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import ENVIRONMENT, REPOSITORY, sample_root

pytestmark = pytest.mark.dagster_records

DRAWING = Path(__file__).with_name("graph.txt")
FLAT = ["flat/fetches", "flat/release"]
TABLE_KEYS = sorted(f"{t.schema}/{t.name}" for t in TABLES.values())
GROUPS = {
    "raw": "raw",
    "flat": "flat",
    "ord": "register",
    "history": "history",
    "geo": "geo",
    "marts": "marts",
    "compat": "marts",
    "published": "published",
}
BY_KEY = {f"{t.schema}/{t.name}": t for t in TABLES.values()}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    root = tmp_path_factory.mktemp("nothing") / "data"
    definitions = build_definitions(root)
    assert not root.exists(), "loading the definitions wrote something"
    return definitions


def blocking_checks(definitions: dg.Definitions) -> dict[str, list[str]]:
    """Names of the blocking checks, by asset."""
    names: dict[str, list[str]] = {}
    for asset in definitions.assets or []:
        assert isinstance(asset, dg.AssetsDefinition)
        for spec in asset.check_specs:
            if spec.blocking:
                names.setdefault(shown(spec.asset_key), []).append(spec.name)
    return names


def test_the_definitions_can_be_loaded(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    dg.Definitions.validate_loadable(build_definitions(sample_root().path))


def drawn(definitions: dg.Definitions) -> str:
    """One line per asset: its key, its parents, its checks (``!`` blocks the build, ``?`` warns)."""
    graph = definitions.resolve_asset_graph()
    checks: dict[str, list[str]] = {}
    for asset in definitions.assets or []:
        assert isinstance(asset, dg.AssetsDefinition)
        for spec in asset.check_specs:
            mark = "!" if spec.blocking else "?"
            checks.setdefault(shown(spec.asset_key), []).append(f"{spec.name}{mark}")
    lines = []
    for key in sorted(graph.get_all_asset_keys()):
        name, parents = shown(key), sorted(map(shown, graph.get(key).parent_keys))
        from_ = "every table" if parents == TABLE_KEYS else " ".join(parents)
        lines.append(" ".join([name, *(["<-", from_] if from_ else []), "|", *sorted(checks.get(name, []))]))
    return "".join(f"{line.removesuffix(' |')}\n" for line in lines)


@pytest.mark.promise("whole")
def test_the_graph_is_the_one_that_is_drawn(definitions: dg.Definitions) -> None:
    """`python -m ods_pipeline_tests.defs.test_definitions` draws it again."""
    assert drawn(definitions) == DRAWING.read_text(encoding="utf-8")


def test_every_asset_is_described(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert len(node.description or "") > 40, key
        assert key.path[0] == "ods", "an instance may have the assets of other projects too"
        assert node.group_name == GROUPS[key.path[1]], key
        assert node.kinds, key
        assert node.pools == {"ods_pipeline"}, "one run at a time works on the data root"
        if shown(key) in BY_KEY:
            schema = node.metadata["dagster/column_schema"]
            assert [c.name for c in schema.columns] == BY_KEY[shown(key)].columns
            assert all(c.description for c in schema.columns)
            assert (
                node.owners == ["team:ods_pipeline"] and node.tags["ods/schema"] == BY_KEY[shown(key)].schema
            )
            references = node.metadata["dagster/code_references"].code_references
            assert references and all(Path(r.file_path).is_file() for r in references)


def test_the_catalogue_shows_what_the_columns_of_a_mart_are_made_of(definitions: dg.Definitions) -> None:
    node = definitions.resolve_asset_graph().get(dg.AssetKey(["ods", "marts", "trust_sites"]))
    lineage, shown_as = node.metadata["dagster/column_lineage"], node.metadata["made_of"].value
    status = dg.AssetKey(["ods", "marts", "organisation_status"])
    deps = [dg.TableColumnDep(status, "kind"), dg.TableColumnDep(status, "name")]
    assert lineage.deps_by_column["trust_name"] == deps
    assert "| trust_name | marts.organisation_status.kind, marts.organisation_status.name |" in shown_as


def test_every_check_says_what_must_hold(definitions: dg.Definitions) -> None:
    for asset in definitions.assets or []:
        assert isinstance(asset, dg.AssetsDefinition)
        for spec in asset.check_specs:
            assert len(spec.description or "") > 20, spec.name


def test_the_code_version_of_a_mart_changes_with_its_sql_and_not_with_another_mart(tmp_path: Path) -> None:
    one, other = tmp_path / "one.sql", tmp_path / "other.sql"
    one.write_text("SELECT 1")
    before = code_version([one])
    other.write_text("SELECT 2")
    assert code_version([one]) == before
    one.write_text("SELECT 3")
    assert code_version([one]) != before


def test_every_table_has_a_blocking_check(definitions: dg.Definitions) -> None:
    blocking = blocking_checks(definitions)
    assert set(blocking) == set(TABLE_KEYS) | set(FLAT)
    assert all("unique_key" in blocking[key] for key in TABLE_KEYS)
    assert (
        blocking["flat/release"] == blocking["flat/fetches"] == ["declared_equals_parsed", "no_record_lost"]
    )
    assert blocking["ord/captures"] == ["unique_key", "declared_equals_parsed", "no_record_lost"]
    assert blocking["ord/organisations"] == ["unique_key", "one_primary_role"]
    assert blocking["history/organisations"] == ["unique_key", "intervals_apart"]
    assert blocking["ord/relationships"] == ["unique_key", "targets_known_or_listed"]


def test_three_jobs_cover_every_asset_once(definitions: dg.Definitions) -> None:
    jobs = {name: definitions.resolve_job_def(name) for name in ("release_job", "delta_job", "publish_job")}
    covered = {name: sorted(map(shown, job.asset_layer.selected_asset_keys)) for name, job in jobs.items()}
    assert covered == {
        "release_job": ["flat/release", "raw/trud_release"],
        "delta_job": ["flat/fetches", "raw/ord_fetches"],
        "publish_job": sorted([*TABLE_KEYS, "published/ods_duckdb"]),
    }
    assert isinstance(jobs["release_job"].partitions_def, dg.DynamicPartitionsDefinition)
    assert isinstance(jobs["delta_job"].partitions_def, dg.TimeWindowPartitionsDefinition)
    assert jobs["publish_job"].partitions_def is None
    assert {job.executor_def.name for job in jobs.values()} == {"in_process"}
    assert all(job.description for job in jobs.values())


def test_a_range_of_stamps_is_one_run(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for name in ("ods/raw/ord_fetches", "ods/flat/fetches"):
        policy = graph.get(dg.AssetKey.from_user_string(name)).backfill_policy
        assert policy == dg.BackfillPolicy.single_run()


def test_publishing_follows_each_load(definitions: dg.Definitions) -> None:
    (sensor,) = [s for s in definitions.sensors or [] if s.name == "publish_after_load"]
    assert isinstance(sensor, dg.SensorDefinition)
    assert (sensor.name, sensor.default_status) == ("publish_after_load", dg.DefaultSensorStatus.RUNNING)
    assert [target.job_name for target in sensor.targets] == ["publish_job"]


def test_the_published_set_is_one_step(definitions: dg.Definitions) -> None:
    assets = [asset for asset in definitions.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    steps = {asset.op.name: len(list(asset.keys)) for asset in assets}
    assert steps["publish_set"] == len(TABLES) + 1
    assert sum(steps.values()) == len(DRAWING.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    ("now", "last"),
    [
        pytest.param("2025-11-21T12:00", "2026-09-04", id="a clock before the first stamp"),
        pytest.param("2026-08-22T12:00", "2026-09-04", id="a clock before the last stamp"),
        pytest.param("2026-09-04T12:00", "2026-09-04", id="today is included"),
        pytest.param("2026-09-04T22:59", "2026-09-04", id="before midnight in the UK"),
        pytest.param("2026-09-04T23:00", "2026-09-05", id="after midnight in the UK, before it in UTC"),
        pytest.param("2026-10-24T23:00", "2026-10-25", id="the day of 25 hours begins"),
        pytest.param("2026-10-25T23:59", "2026-10-25", id="the day of 25 hours ends"),
        pytest.param("2027-03-28T00:30", "2027-03-28", id="the day of 23 hours begins"),
        pytest.param("2027-03-28T23:00", "2027-03-29", id="the day after the one of 23 hours"),
    ],
)
def test_stamps_run_to_today_or_to_the_last_one_held(
    monkeypatch: pytest.MonkeyPatch, now: str, last: str
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(at.timestamp(), tz)

    monkeypatch.setattr(partitions, "datetime", Clock)
    with freeze_time(at):
        keys = partitions.stamps(date(2026, 8, 21), date(2026, 9, 4)).get_partition_keys()
    days = (date.fromisoformat(last) - date(2026, 8, 21)).days + 1
    assert (keys[0], keys[-1], len(keys), len(set(keys))) == ("2026-08-21", last, days, days)


def test_the_stamps_of_a_data_root_begin_with_its_release() -> None:
    graph = build_definitions(sample_root().path).resolve_asset_graph()
    stamps = graph.get(dg.AssetKey(["ods", "flat", "fetches"])).partitions_def
    assert isinstance(stamps, dg.TimeWindowPartitionsDefinition)
    assert stamps.get_first_partition_key() == "2026-08-21"
    assert "2026-09-04" in stamps.get_partition_keys()


def test_dagster_yaml_is_that_of_a_data_root_apart_from_the_place_of_its_records(tmp_path: Path) -> None:
    shipped = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text())
    assert shipped.pop("storage") == {"sqlite": {"base_dir": "data/.dagster"}}
    assert shipped.pop("local_artifact_storage")["config"] == {"base_dir": "data/.dagster"}
    written = (instance_home(DataRoot(tmp_path)) / "dagster.yaml").read_text()
    assert yaml.safe_load(written) == shipped
    assert shipped["telemetry"] == {"enabled": False}
    assert str(tmp_path) not in written, "a data root can be moved"


def test_the_shipped_workspace_is_that_of_the_command_line(tmp_path: Path) -> None:
    shipped = (REPOSITORY / "workspace.yaml").read_text()
    assert write_workspace(tmp_path).read_text() == shipped
    (location,) = yaml.safe_load(shipped)["load_from"]
    assert location["python_module"]["location_name"] == LOCATION


@pytest.mark.slow
def test_the_workspace_can_be_validated(tmp_path: Path) -> None:
    environment = {"DAGSTER_HOME": str(tmp_path), "ODS_DATA_ROOT": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=REPOSITORY,
        env={**ENVIRONMENT, **environment, "PYTHONWARNINGS": "ignore", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Validation successful for code location ods_pipeline" in ran.stdout + ran.stderr


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as nothing:
        DRAWING.write_text(drawn(build_definitions(Path(nothing))), encoding="utf-8")
