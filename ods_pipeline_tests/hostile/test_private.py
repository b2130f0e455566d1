"""What is written can be read by others and changed by nobody else, whatever the umask."""

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


@pytest.mark.parametrize(("given", "kept"), [(0o000, 0o022), (0o002, 0o022), (0o022, 0o022), (0o077, 0o077)])
@pytest.mark.usefixtures("open_umask")
def test_every_command_takes_the_right_to_write_from_others_and_no_more(given: int, kept: int) -> None:
    os.umask(given)
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert os.umask(0) == kept


def test_so_does_what_dagster_loads(tmp_path: Path) -> None:
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
def test_nothing_that_is_written_can_be_changed_by_others(tmp_path: Path) -> None:
    """Two builds (history has a state then), a fetch that is set aside, and both exports, under umask 000."""
    release = write_release(tmp_path / "given", [make_record("X01"), make_record("X02")])
    write_delta(tmp_path / "given", [make_record("X02", Name="NEW")])
    broken = write_delta(tmp_path / "given", [make_record("X01")], stamp="20260825T043000Z")
    (broken / "organisations" / "X01.json").write_bytes(b"{}")
    listed, written = tmp_path / "list.csv", tmp_path / "written"
    listed.write_text("code\nX01\n")
    out = tmp_path / "out"
    out.mkdir()
    ran = run_python(_WHOLE, written, release, tmp_path / "given", listed, out)
    assert ran.returncode == 0, ran.stderr[-800:]
    places = [written, *written.rglob("*"), *out.iterdir()]
    modes = {p: stat.S_IMODE(p.lstat().st_mode) for p in places if not p.is_symlink()}
    assert {".dagster", "raw", "flat", "quarantine", "ods.duckdb"} <= {p.name for p in places}
    assert len(modes) > 100
    assert [f"{oct(mode)} {p}" for p, mode in modes.items() if mode & OTHERS_WRITE] == []
    published = [p for p in places if p.suffix in (".parquet", ".duckdb", ".csv") and p in modes]
    assert [p for p in published if modes[p] & OTHERS_READ != OTHERS_READ] == [], "others may read it"
