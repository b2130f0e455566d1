"""The published set as the look-up opens it: what another version made is explained, not a traceback."""

import shutil
from pathlib import Path

import duckdb
import pytest

from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.running import Main

CHANGES = {
    "a macro with other parameters": "CREATE OR REPLACE MACRO ods_find(entry) AS TABLE SELECT entry AS code",
    "a column that is gone": "ALTER TABLE marts.organisation_status DROP COLUMN openness",
}


@pytest.mark.promise("explained")
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("command", [["find", "maple"], ["show", "RRP"]], ids=" ".join)
def test_what_another_version_published_is_explained(
    tmp_path: Path, run_main: Main, capsys: pytest.CaptureFixture[str], command: list[str], change: str
) -> None:
    shutil.copy(sample_root().path / "ods.duckdb", tmp_path / "ods.duckdb")
    (tmp_path / "ods.duckdb").chmod(0o644)
    with duckdb.connect(str(tmp_path / "ods.duckdb")) as connection:
        connection.execute(CHANGES[change])
    code = run_main(*command, "--data-root", tmp_path)
    error = capsys.readouterr().err
    assert (code, error) == (0, "") or (
        code == 1 and error.count("\n") == 1 and "Run: ods-pipeline build --again" in error
    )
    if change == "a macro with other parameters" and command[0] == "find":
        assert "another version of ods-pipeline made what is published" in error
