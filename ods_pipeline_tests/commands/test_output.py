"""Output that cannot be written, and interpreters that drop what the tables are described with."""

import subprocess
import sys
from pathlib import Path

import pytest

from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.rooms import ENVIRONMENT, copy_of, sample_root
from ods_pipeline_tests.support.running import Main

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")


def into(place: str, *arguments: object, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output is ``place``."""
    command = [sys.executable, *python, "-m", "ods_pipeline.cli", *map(str, arguments)]
    with Path(place).open("w") as stream:
        return subprocess.run(
            command,
            env=ENVIRONMENT,
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.mark.slow
@needs_full
def test_a_build_whose_summary_cannot_be_printed_is_a_build(tmp_path: Path) -> None:
    root = copy_of(sample_root(), tmp_path)
    for arguments in (("build",), ("build", "--again", "--today", "2026-08-30")):
        ran = into("/dev/full", *arguments, "--data-root", root.path)
        assert ran.returncode == 0, ran.stderr
        last = ran.stderr.splitlines()[-1]
        assert "is published, but its summary could not be printed" in last
        assert "No space left on device" in last
        assert "ods-pipeline status" in last
        assert "disk is full" not in ran.stderr and "Exception ignored" not in ran.stderr
    assert (root.builds / "000002").is_dir()


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("show", "RRP"),
        ("--help",),
        ("--version",),
        # These print as the others do.
        pytest.param(("find", "RRP"), marks=pytest.mark.slow),
        pytest.param(("changes", "--since", "2026-08-01"), marks=pytest.mark.slow),
        pytest.param(("find", "--help"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_other_commands_name_the_output_and_not_the_disk(arguments: tuple[str, ...]) -> None:
    root = () if arguments[-1].startswith("--") else ("--data-root", sample_root().path)
    ran = into("/dev/full", *arguments, *root)
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1), ran.stderr
    assert "standard output: it cannot be written (No space left on device)" in ran.stderr
    assert "Free some space" not in ran.stderr


@pytest.mark.parametrize("command", ["build", "status"])
def test_python_without_docstrings_is_rejected(tmp_path: Path, command: str) -> None:
    ran = into("/dev/null", command, "--data-root", tmp_path / "data", python=("-OO",))
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1), ran.stderr
    assert "-OO removes the docstrings" in ran.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("filler", "fits"), [("x", False), ("é", False), pytest.param("", True, marks=pytest.mark.slow)]
)
def test_a_file_name_that_leaves_no_room_for_its_receipt_is_rejected(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str], filler: str, fits: bool
) -> None:
    release = write_release(tmp_path, [make_record("R0A")])
    room = 250 - len(release.name)
    named = release.rename(tmp_path / (filler * (room // len(filler.encode() or b"x")) + release.name))
    code = run_main("build", "--release", named, "--data-root", tmp_path / "d")
    err = capsys.readouterr().err
    assert code == (0 if fits else 1), err
    if not fits:
        assert "is longer than 230 bytes" in err
        assert not (tmp_path / "d" / "raw" / "trud").exists()


@pytest.mark.parametrize("command", [("find", "leeds"), ("changes",), ("show", "93C")], ids=" ".join)
def test_a_file_that_cannot_be_written_is_named_with_what_to_do(
    run_main: Main, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    missing = tmp_path / "missing" / "x.csv"
    for target, said in (
        (missing, "its folder does not exist. Create it or give another."),
        (tmp_path, "it is a folder. Give another file."),
    ):
        assert run_main(*command, "--csv", target, "--data-root", sample_root().path) == 1
        assert capsys.readouterr().err == f"error: {target}: {said}\n"
