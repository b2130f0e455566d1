"""`ods-pipeline build` and `status`: what they print, where, and their exit codes."""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ods_pipeline.commands import HELP, HIDDEN
from ods_pipeline.progress import show_bars_on
from ods_pipeline.publish.build_info import read_build_info, write_build_info
from ods_pipeline.schema import MARTS, ORD
from ods_pipeline_tests.support.real_payloads import EXCERPT
from ods_pipeline_tests.support.rooms import (
    ENVIRONMENT,
    FETCHES,
    FIRST_FETCH,
    RELEASE,
    copy_of,
    published,
    release_root,
    run_cli,
    run_python,
    sample_output,
    sample_root,
)
from ods_pipeline_tests.support.running import Main, error_line, run_here

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def run_main() -> Iterator[Main]:
    """Runs `ods-pipeline …` in this process and returns the exit code. Restores logging afterwards."""
    logger = logging.getLogger("ods_pipeline")
    before = logger.handlers, logger.level, logger.propagate
    yield run_here
    logger.handlers, logger.propagate = before[0], before[2]
    logger.setLevel(before[1])
    show_bars_on(None)


def test_build_without_anything_builds_the_sample_and_reports_it() -> None:
    out, err = sample_output()
    assert "Traceback" not in err
    assert "Published the register as of 2026-09-04 (build 000001)." in out
    assert "This is the embedded sample" in out
    lines = {line.split()[0]: line.split()[-1] for line in out.splitlines() if line.strip()}
    assert lines["ord.organisations"] == "776"
    assert {f"{t.schema}.{t.name}" for t in [*ORD, *MARTS]} <= set(lines)
    assert "the deltas brought 22 records: 1 new, 8 changed, 11 unchanged, 2 stubs" in out
    assert "deleted (confirmed)" in out
    assert f"ods-pipeline status --data-root {sample_root().path}" in out
    # The first command to try next can be pasted.
    (line,) = [text.strip() for text in out.splitlines() if "python -c " in text]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**ENVIRONMENT, "PATH": path}
    pasted = subprocess.run(line, shell=True, env=environment, capture_output=True, text=True, check=True)
    assert "pcn_code" in pasted.stdout and "U90001" in pasted.stdout


def test_nothing_new_is_reported(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    root = copy_of(sample_root(), tmp_path)
    before = published(root)
    assert run_main("build", "--data-root", root.path) == 0
    assert "Nothing new: the published set is still that of 2026-09-04." in capsys.readouterr().out
    assert published(root) == before


@pytest.mark.slow
def test_quiet_prints_nothing_when_all_is_well(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    root = copy_of(sample_root(), tmp_path)
    before = published(root)
    assert run_main("build", "--again", "--quiet", "--data-root", root.path) == 0
    assert capsys.readouterr() == ("", "")
    assert root.current.readlink() == Path("000002")
    # The same captures again: the same bytes of every file but ods.duckdb, whose bytes cannot be stable.
    after = published(root)
    assert [name for name in after if after[name] != before[name]] in ([], ["ods.duckdb"])


@pytest.mark.promise("explained")
def test_a_release_with_too_few_records_is_rejected_in_one_line(
    tmp_path: Path, shared: Path, run_main: Main, capsys: Captured
) -> None:
    root = copy_of(sample_root(), tmp_path)
    before = published(root)
    excerpt = shared / EXCERPT
    assert run_main("build", "--release", excerpt, "--data-root", root.path) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    error = error_line(err)
    assert "185,921" in error and " 5 records" in error and excerpt.name in error
    assert published(root) == before
    aside = root.quarantine / excerpt.name
    assert aside.read_bytes() == excerpt.read_bytes()
    reason = json.loads(aside.with_name(f"{excerpt.name}.reason.json").read_bytes())
    assert (reason["rule"], "185,921" in reason["reason"]) == ("BadRelease", True)
    assert [p.name for p in root.raw_releases.iterdir() if "2017" in p.name] == []
    assert run_main("status", "--data-root", root.path) == 0
    assert f"set aside in quarantine/: {excerpt.name}" in capsys.readouterr().out


@pytest.mark.promise("explained")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--release", "nowhere.zip"], "nowhere.zip: there is no such file."),
        (["--recorded", "nowhere"], "nowhere: there is no such folder."),
        (["--recorded", "."], "there is no fetch=… folder in it."),
        (["--release", "cut.zip"], "cut.zip: the zip is damaged or cut short."),
        (["--release", "empty.zip"], "empty.zip: the file is empty."),
        (["--release", "words.zip"], "words.zip: the file is neither zip nor XML"),
    ],
)
def test_an_unusable_input_is_explained_in_one_line(
    tmp_path: Path,
    run_main: Main,
    capsys: Captured,
    arguments: list[str],
    message: str,
) -> None:
    root = copy_of(release_root(), tmp_path)
    before = published(root)
    whole = RELEASE.read_bytes()
    for name, content in (("cut.zip", whole[: len(whole) // 2]), ("empty.zip", b""), ("words.zip", b"words")):
        (tmp_path / name).write_bytes(content)
    with contextlib.chdir(tmp_path):
        assert run_main("build", *arguments, "--data-root", root.path) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in error_line(err)
    assert published(root) == before


@pytest.mark.promise("no_lost_day")
@pytest.mark.slow
def test_a_tampered_fetch_is_left_out_and_the_days_are_named(
    tmp_path: Path, run_main: Main, capsys: Captured
) -> None:
    root = copy_of(release_root(), tmp_path)
    shutil.copytree(FETCHES, tmp_path / "recorded")
    (tmp_path / "recorded" / FIRST_FETCH / "organisations" / "H8Q2Z.json").write_text("{}")
    assert run_main("build", "--recorded", tmp_path / "recorded", "--data-root", root.path) == 4
    printed = capsys.readouterr().out
    assert "Published the register as of 2026-09-04" in printed
    (problem,) = [line for line in printed.splitlines() if line.startswith("problem ")]
    assert f"{FIRST_FETCH}: organisations/H8Q2Z.json is not what the receipt records" in problem
    assert "missing stamps never requested: 2026-08-21, 2026-08-22" in printed
    assert (root.quarantine / FIRST_FETCH / "organisations" / "H8Q2Z.json").read_text() == "{}"
    assert run_main("status", "--data-root", root.path) == 4
    status = capsys.readouterr().out
    assert "missing stamps: 2026-08-21, 2026-08-22" in status
    assert "5 fetches: stamps 2026-08-23 to 2026-09-04" in status


@pytest.mark.promise("one_at_a_time")
def test_a_second_build_ends_because_another_is_running(tmp_path: Path) -> None:
    root = copy_of(release_root(), tmp_path)
    with root.locked():
        ran = run_cli("build", "--data-root", root.path)
    assert ran.returncode == 3
    assert error_line(ran.stderr).startswith(f"error: {root.path}: another build is running here.")


def test_status_of_the_sample(run_main: Main, capsys: Captured) -> None:
    before = hashlib.sha256((sample_root().path / "datapackage.json").read_bytes()).digest()
    assert run_main("status", "--data-root", sample_root().path) == 0
    printed = capsys.readouterr().out
    assert "release 2026-08-28, of 2026-08-21: 770 full and 92 archive records" in printed
    assert "6 fetches: stamps 2026-08-21 to 2026-09-04, 22 records" in printed
    assert (
        "published: build 000001 as of 2026-09-04\n  places: NSPL 2026-08 (NSPL_AUG_2026_UK.zip)\n" in printed
    )
    assert "missing stamps: none" in printed
    assert hashlib.sha256((sample_root().path / "datapackage.json").read_bytes()).digest() == before


def test_status_says_that_the_marts_describe_another_day(
    tmp_path: Path, run_main: Main, capsys: Captured
) -> None:
    """test_mishaps.py has the same after such a build, in the slow group."""
    root = copy_of(sample_root(), tmp_path)
    build = root.current.resolve()
    info = read_build_info(build)
    assert info["today"] == info["as_of"] == "2026-09-04"
    (build / "build.json").chmod(0o644)
    write_build_info(build, info | {"today": "2026-03-31"})
    assert run_main("status", "--data-root", root.path) == 0
    said = "as of 2026-09-04; the marts describe 2026-03-31, as build --today asked for\n"
    assert said in capsys.readouterr().out


def test_status_of_an_empty_folder_writes_nothing(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    with contextlib.chdir(tmp_path):
        assert run_main("status") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("data holds nothing yet. Run: ")
    assert printed.endswith("ods-pipeline build\n")
    assert list(tmp_path.iterdir()) == []


def test_status_names_what_is_due(tmp_path: Path, run_main: Main, capsys: Captured) -> None:
    root = copy_of(sample_root(), tmp_path)
    shutil.rmtree(root.flat / FIRST_FETCH)
    assert run_main("status", "--data-root", root.path) == 4
    assert f"held but not flattened yet: {FIRST_FETCH}" in capsys.readouterr().out


@pytest.mark.promise("explained")
@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("biuld", ': unknown command "biuld". Perhaps "build" is meant'),
        ("build --colour", " build: unknown option: --colour"),
        ("build --relase x", " build: unknown option: --relase. Perhaps --release is meant"),
        ("build --release", " build: --release needs a value"),
        ("build x.zip [red]", " build: it does not take 'x.zip', '[red]'"),
        (
            "build --today soon",
            " build: invalid value for --today: 'soon' is not a day. Give one such as 2024-10-31 or "
            "31 October 2024",
        ),
        ("show", " show: --code needs a value"),
    ],
)
def test_wrong_arguments_end_with_2_and_one_line(
    tmp_path: Path, run_main: Main, capsys: Captured, line: str, error: str
) -> None:
    with contextlib.chdir(tmp_path):
        assert run_main(*line.split()) == 2
    command, printed = error.partition(":")[0], capsys.readouterr()
    assert printed.err == f"error: ods-pipeline{error}. Run: ods-pipeline{command} --help.\n"
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


def test_the_dictionary_is_written_to_the_given_file(tmp_path: Path, run_main: Main) -> None:
    assert run_main("dictionary", tmp_path / "dictionary.md") == 0
    assert (tmp_path / "dictionary.md").read_text().startswith("# Data dictionary\n")


IMPORTED = """
import sys
from ods_pipeline import cli
for arguments in (["--help"], ["status", "--data-root", sys.argv[1]]):
    try:
        cli.main(arguments)
    except SystemExit:
        large = {"dagster", "dataframely", "polars", "duckdb", "pyarrow"}
        print(arguments[0], *sorted(large & set(sys.modules)), file=sys.stderr)
"""


def test_help_imports_no_large_library_and_lists_every_command(tmp_path: Path) -> None:
    ran = run_python(IMPORTED, tmp_path / "data")
    of_help, of_status = ran.stderr.splitlines()
    assert of_help == "--help"
    assert of_status == "status duckdb polars pyarrow", "it neither runs a job nor checks rows"
    assert {name for name in HELP if f"│ {name} " in ran.stdout} == set(HELP) - HIDDEN
    assert "Exit codes: 0 success" in ran.stdout


@pytest.mark.parametrize("name", HELP)
def test_every_command_prints_its_own_help(name: str, run_main: Main, capsys: Captured) -> None:
    assert run_main(name, "--help") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"Usage: ods-pipeline {name}" in printed
    assert " ".join(HELP[name].split()) in printed
    assert "Exit codes:" not in printed
