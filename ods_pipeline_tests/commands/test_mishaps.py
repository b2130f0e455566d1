"""Everyday mishaps: interruptions, odd folders, odd names, the same file twice."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.build_info import read_build_info
from ods_pipeline.schema import ORD
from ods_pipeline_tests.support.builders import make_record, rel, role, write_delta, write_release
from ods_pipeline_tests.support.rooms import (
    ENVIRONMENT,
    FETCHES,
    RELEASE,
    copy_of,
    published,
    release_root,
    run_cli,
    sample_root,
)
from ods_pipeline_tests.support.running import Main


@pytest.mark.slow
@pytest.mark.promise("resumed")
def test_an_interrupted_first_build_of_the_sample_resumes_with_all_of_it(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    command = [sys.executable, "-m", "ods_pipeline.cli", "build", "--data-root", str(root.path)]
    child = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while child.poll() is None and not list(root.raw_releases.glob("*.receipt.json")):
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not root.current.exists()
    pipeline.build(root)
    # Built in another process and folder, and in two runs: the same bytes.
    assert published(root) == {**published(sample_root()), "ods.duckdb": published(root)["ods.duckdb"]}


def test_a_folder_named_data_in_the_working_directory_does_not_matter(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data" / "flat" / "year=2025").mkdir(parents=True)
    with contextlib.chdir(tmp_path):
        assert run_main("status", "--data-root", tmp_path / "elsewhere") == 0
    out, err = capsys.readouterr()
    assert err == "" and "holds nothing yet" in out


@pytest.mark.slow
def test_brackets_in_names_are_printed_unchanged(tmp_path: Path) -> None:
    release = write_release(tmp_path, [make_record("R0A"), make_record("R0B", Name="ANCHOR")])
    write_delta(tmp_path / "ord", [make_record("R0A", Name="FOO [/B] [RED]CLINIC")])
    ran = run_cli(
        "build", "--release", release, "--recorded", tmp_path / "ord", "--data-root", tmp_path / "d"
    )
    assert "FOO [/B] [RED]CLINIC" in ran.stdout, ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", ["a[b]", "a*"])
def test_a_data_root_that_reads_as_a_pattern_is_rejected(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert run_main("build", "--data-root", tmp_path / name) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "cannot contain" in error


def test_a_data_root_that_is_a_file_is_explained_in_one_line(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    assert run_main("build", "--data-root", tmp_path / "file") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "the data root cannot be created here" in error


def test_the_same_release_under_another_name_is_the_same_release(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    other = tmp_path / "hscorgrefdataxml_data_8.0.0_20260828000001 (1).zip"
    shutil.copy(RELEASE, other)
    assert pipeline.build(root, releases=[other]).nothing_new
    assert [p.name for p in root.raw_releases.glob("*.zip")] == [RELEASE.name]


@pytest.mark.slow
def test_a_flat_folder_that_lost_a_table_is_flattened_again(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    (root.flat / "release=2026-08-28" / "roles.parquet").unlink()
    assert run_cli("status", "--data-root", root.path).returncode == 4
    pipeline.build(root, again=True)
    assert (root.flat / "release=2026-08-28" / "roles.parquet").exists()
    assert pl.read_parquet(root.path / "tables" / "roles.parquet").equals(
        pl.read_parquet(sample_root().path / "tables" / "roles.parquet")
    )


def test_status_reports_that_something_is_held_and_not_published(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_of(sample_root(), tmp_path)
    assert run_main("status", "--data-root", root.path) == 0
    shutil.rmtree(root.flat / "fetch=20260904T043000Z")
    shutil.rmtree(root.raw_fetches / "fetch=20260904T043000Z")
    assert run_main("status", "--data-root", root.path) == 4
    assert "held but not published yet" in capsys.readouterr().out


@pytest.mark.slow
def test_an_id_in_two_records_stays_with_the_newer_one(tmp_path: Path) -> None:
    release = write_release(
        tmp_path, [make_record("R0A"), make_record("R0B", Rels={"Rel": [rel("R0B", "R0A")]})]
    )
    taken = role("R0B")["uniqueRoleId"]
    write_delta(tmp_path / "ord", [make_record("R0C", Roles={"Role": [role("R0C", uniqueRoleId=taken)]})])
    root = DataRoot(tmp_path / "data")
    built = pipeline.build(root, releases=[release], recorded=[tmp_path / "ord"])
    assert [c.name for o in built.outcomes for c in o.warnings if c.asset == "ord/repeated_ids"]
    lost = pl.read_parquet(root.path / "tables" / "repeated_ids.parquet")
    assert lost.rows() == [("roles", taken, "R0B", "R0C")]


@pytest.mark.slow
def test_the_summary_counts_the_deltas_since_the_newest_release_only(tmp_path: Path) -> None:
    first = write_release(tmp_path, [make_record("R0A")], released="2026-08-28", published="2026-08-21")
    second = write_release(
        tmp_path, [make_record("R0A", Name="NEW")], released="2026-09-25", published="2026-09-18"
    )
    write_delta(tmp_path / "ord", [make_record("R0A", Name="NEW")])
    root = DataRoot(tmp_path / "data")
    pipeline.build(root, releases=[first], recorded=[tmp_path / "ord"])
    assert read_build_info(root.current.resolve())["deltas"]["changed"] == 1
    pipeline.build(root, releases=[second])
    assert sum(read_build_info(root.current.resolve())["deltas"].values()) == 0


@pytest.mark.slow
def test_another_day_for_the_marts_leaves_the_register_unchanged(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_of(sample_root(), tmp_path)
    pipeline.build(root, today=date(2026, 10, 1))
    run_main("status", "--data-root", root.path)
    assert "the marts describe 2026-10-01, as build --today asked for\n" in capsys.readouterr().out
    assert pipeline.build(root, today=date(2026, 10, 1)).nothing_new
    package = json.loads((root.path / "datapackage.json").read_bytes())
    assert (package["version"], package["provenance"]["today"]) == ("2026-09-04", "2026-10-01")
    hierarchy = pl.read_parquet(root.path / "marts" / "provider_hierarchy_current.parquet")
    moved = hierarchy.filter(pl.col("ods_code") == "Y99903").to_dicts()[0]
    assert (moved["pcn_code"], str(moved["as_of"])) == ("U90002", "2026-10-01")
    for table in ORD:
        same = pl.read_parquet(sample_root().path / table.path)
        assert pl.read_parquet(root.path / table.path).equals(same), table.name


@pytest.mark.promise("explained")
@pytest.mark.parametrize(
    ("key", "day"), [("stamps_from", "2026-09-30"), ("stamps_from", "0001-01-01"), ("as_of", "soon")]
)
def test_a_receipt_with_impossible_days_is_explained_in_one_line(tmp_path: Path, key: str, day: str) -> None:
    folder = tmp_path / "fetch=20260824T043000Z"
    shutil.copytree(FETCHES / folder.name, folder)
    receipt = json.loads((folder / "receipt.json").read_bytes())
    (folder / "receipt.json").write_text(json.dumps({**receipt, key: day}))
    root = copy_of(release_root(), tmp_path)
    built = pipeline.build(root, recorded=[folder])
    assert len(built.problems) == 1
    assert "receipt is damaged" in built.problems[0]


@pytest.mark.slow
def test_a_reused_code_does_not_inherit_the_fax_of_the_old_organisation(tmp_path: Path) -> None:
    fax = {"Contact": [{"type": "fax", "value": "0113 000 0000"}]}
    release = write_release(tmp_path, [make_record("R0A", Contacts=fax), make_record("R0B", Contacts=fax)])
    reused = make_record("R0B", Name="ANOTHER SITE", Contacts=None, Roles={"Role": [role("R0B", "RO198")]})
    write_delta(tmp_path / "ord", [make_record("R0A", Name="SAME TRUST", Contacts=None), reused])
    root = DataRoot(tmp_path / "data")
    pipeline.build(root, releases=[release], recorded=[tmp_path / "ord"])
    contacts = pl.read_parquet(root.path / "tables" / "contacts.parquet")
    assert contacts.filter(pl.col("contact_type") == "fax")["ods_code"].to_list() == ["R0A"]


# dataroot/test_builds.py has the same of the flip alone, without the build before it.
@pytest.mark.slow
def test_a_real_folder_where_a_published_link_belongs_is_explained(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    (root.path / "marts").unlink()
    (root.path / "marts").mkdir()
    with pytest.raises(OdsError, match="in the way of the published set"):
        pipeline.build(root)
