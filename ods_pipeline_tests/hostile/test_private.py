"""Other users can read what is written and cannot change it, whatever the umask."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ods_pipeline import cli
from ods_pipeline_tests.support.builders import make_record, write_delta, write_release
from ods_pipeline_tests.support.rooms import run_python

pytestmark = [
    pytest.mark.dagster_records,
    pytest.mark.promise("private"),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask"),
]
OTHERS_WRITE, OTHERS_READ = stat.S_IWGRP | stat.S_IWOTH, stat.S_IRGRP | stat.S_IROTH


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("initial", "expected"), [(0o000, 0o022), (0o002, 0o022), (0o022, 0o022), (0o077, 0o077)]
)
@pytest.mark.usefixtures("open_umask")
def test_every_command_removes_write_access_of_others_and_nothing_else(initial: int, expected: int) -> None:
    os.umask(initial)
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert os.umask(0) == expected


def test_the_module_that_dagster_loads_does_the_same(tmp_path: Path) -> None:
    script = "import os; os.umask(0); import ods_pipeline.definitions; print(oct(os.umask(0)))"
    ran = run_python(script, ODS_DATA_ROOT=str(tmp_path / "data"))
    assert ran.stdout.strip() == "0o22", ran.stderr[-500:]


_WHOLE = """
import os, sys
from pathlib import Path
os.umask(0)
from ods_pipeline import cli
root, release, fetches, listed, out = sys.argv[1:]
def run(*arguments):
    try:
        cli.main([*arguments, "--data-root", root])
    except SystemExit as ended:
        assert ended.code in (0, 4, 5), (arguments, ended.code)
run("build", "--release", release)
run("build", "--recorded", fetches)
run("check", listed, "--out", out + "/check.csv")
run("changes", "--csv", out + "/changes.csv")
"""


@pytest.mark.slow
def test_others_cannot_change_anything_that_is_written(tmp_path: Path) -> None:
    """Two builds (so that history has a state), a fetch set aside, and both exports, under umask 000."""
    release = write_release(tmp_path / "input", [make_record("X01"), make_record("X02")])
    write_delta(tmp_path / "input", [make_record("X02", Name="NEW")])
    broken = write_delta(tmp_path / "input", [make_record("X01")], stamp="20260825T043000Z")
    (broken / "organisations" / "X01.json").write_bytes(b"{}")
    listed, written = tmp_path / "list.csv", tmp_path / "written"
    listed.write_text("code\nX01\n")
    out = tmp_path / "out"
    out.mkdir()
    ran = run_python(_WHOLE, written, release, tmp_path / "input", listed, out)
    assert ran.returncode == 0, ran.stderr[-800:]
    places = [written, *written.rglob("*"), *out.iterdir()]
    modes = {p: stat.S_IMODE(p.lstat().st_mode) for p in places if not p.is_symlink()}
    assert {".dagster", "raw", "flat", "quarantine", "ods.duckdb"} <= {p.name for p in places}
    assert len(modes) > 100
    assert [f"{oct(mode)} {p}" for p, mode in modes.items() if mode & OTHERS_WRITE] == []
    published = [p for p in places if p.suffix in (".parquet", ".duckdb", ".csv") and p in modes]
    assert [p for p in published if modes[p] & OTHERS_READ != OTHERS_READ] == [], (
        "others must be able to read these"
    )
