"""The commands on a store: publish, status, prune; and `build` where ODS_STORE names one."""

import json
from pathlib import Path

import dagster as dg
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs.assembly import build_definitions
from ods_pipeline.defs.assets.store import PUBLISHED_TO_STORE
from ods_pipeline.publish.store.manifest import read_current
from ods_pipeline.publish.store.opening import Store
from ods_pipeline_tests.support.rooms import copy_of, sample_root
from ods_pipeline_tests.support.running import Main

MISSING = 4


def test_what_a_store_has_is_shown_and_pruned(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    address = (tmp_path / "store").as_uri()
    (tmp_path / "store").mkdir()
    assert run_main("status", address) == MISSING
    assert "nothing is published there" in capsys.readouterr().out
    assert run_main("publish", address, "--data-root", sample_root().path, "--quiet") == 0
    capsys.readouterr()
    assert run_main("status", address, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    read = read_current(Store(address))
    assert read is not None
    assert (facts["build"], facts["as_of"], facts["sha256"]) == (1, "2026-09-04", read[0].sha256)
    assert facts["rows"] == sum(t["rows"] for t in read[0].content["tables"].values())
    assert run_main("status", address) == 0
    assert "build 000001, as of 2026-09-04" in capsys.readouterr().out
    assert run_main("prune", address, "--keep", "90d", "--delete") == 0
    assert "Nothing in file:" in capsys.readouterr().out
    assert run_main("prune", address, "--keep", "soon") == 1
    assert "not a number of days" in capsys.readouterr().err


def test_a_build_publishes_into_the_store_too_and_a_store_that_fails_is_a_problem(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copy_of(sample_root(), tmp_path)
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ODS_STORE", (tmp_path / "file" / "store").as_uri())
    assert run_main("build", "--data-root", root.path) == MISSING
    assert "not published to the store" in "".join(capsys.readouterr())
    address = (tmp_path / "store").as_uri()
    monkeypatch.setenv("ODS_STORE", address)
    assert run_main("build", "--data-root", root.path) == 0
    read = read_current(Store(address))
    assert read is not None and read[0].build == 1
    files = sorted(p for p in (tmp_path / "store").rglob("*") if p.is_file())
    assert run_main("build", "--data-root", root.path) == 0
    assert sorted(p for p in (tmp_path / "store").rglob("*") if p.is_file()) == files


def test_the_asset_is_there_where_a_store_is_named_and_follows_every_publication(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    without = build_definitions(root.path).resolve_asset_graph()
    assert PUBLISHED_TO_STORE not in without.get_all_asset_keys()
    address = (tmp_path / "store").as_uri()
    definitions = build_definitions(copy_of(sample_root(), tmp_path).path, store=address)
    sensor = definitions.get_repository_def().get_sensor_def("store_after_publish")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(["ods", "published", "ods_duckdb"]))
        with dg.build_sensor_context(
            instance=instance, repository_def=definitions.get_repository_def()
        ) as context:
            requested = sensor.evaluate_tick(context).run_requests
        assert requested is not None and len(requested) == 1
        ran = definitions.resolve_job_def("store_job").execute_in_process(instance=instance)
        assert ran.success
        (event,) = ran.get_asset_materialization_events()
        assert event.asset_key == PUBLISHED_TO_STORE
        assert event.materialization.metadata["had_it_already"].value is False
    assert read_current(Store(address)) is not None
