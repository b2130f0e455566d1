"""The published macros and plain views in older versions of DuckDB: in the file itself, and attached.

The versions come from the package index, into a temporary folder each; without one, the test is skipped.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ods_pipeline_tests.support.rooms import sample_root

# The oldest that opens the file, one of each minor version since, and the two that cannot read stored WITH.
_VERSIONS = os.environ.get("ODS_DUCKDB_VERSIONS", "1.2.0 1.3.2 1.4.0 1.4.1 1.4.4").split()
_CALLS = (
    "ods_ancestors('E83003', DATE '2026-09-04')",
    "ods_as_known(DATE '2026-09-04')",
    "ods_as_of(DATE '2026-09-04')",
    "ods_changes('2026-08-01', '2026-10-01')",
    "ods_current_codes('QM7')",
    "ods_descendants('A9C1X', DATE '2026-09-04')",
    "ods_equivalent_codes('QM7')",
    "ods_find('maple')",
    "ods_find('mapel house')",
    "ods_find('themaplehouse')",
    "ods_find('N1O 9XD')",
    "ods_find('\uff32\uff32\uff30')",
    "ods_find('RRP')",
    "ods_find('ZZZ99')",
    "(SELECT unnest(['RRP', 'maple', 'N1O 9XD']) AS text) AS l, ods_find(l.text)",
    "ods_hierarchy(DATE '2026-09-04')",
    "ods_history('RRP')",
    "ods_near('N1O 9XD', 1.0, NULL)",
    "plain.closed_codes",
    "plain.code_crosswalk",
    "plain.code_finder",
    "plain.drift",
    "plain.provider_hierarchy",
    "plain.social_care_sites",
    "plain.successor_candidates",
)
_SCRIPT = """
import json, sys
import duckdb
file, attached, calls = sys.argv[1], sys.argv[2] == "attached", json.loads(sys.argv[3])
if attached:
    connection = duckdb.connect()
    connection.execute(f"ATTACH '{file}' AS register (READ_ONLY)")
    connection.execute("USE register")
else:
    connection = duckdb.connect(file, read_only=True)
counts = {}
for call in calls:
    try:
        counts[call] = len(connection.execute(f"FROM {call}").fetchall())
    except Exception as error:
        counts[call] = str(error).splitlines()[0]
print(json.dumps([duckdb.__version__, counts]))
"""


def _counts(where: Path | None, how: str) -> list[object]:
    """The version of DuckDB in a folder (None: ours), and the rows of each call or the error."""
    environment = {**os.environ, **({"PYTHONPATH": str(where)} if where else {})}
    file = str(sample_root().path / "ods.duckdb")
    command = [sys.executable, "-c", _SCRIPT, file, how, json.dumps(_CALLS)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    answer = json.loads(done.stdout)
    assert isinstance(answer, list)
    return answer


@pytest.mark.slow
@pytest.mark.parametrize("version", _VERSIONS)
def test_every_macro_works_in_an_older_version(version: str, tmp_path: Path) -> None:
    fetch = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path)]
    got = subprocess.run(
        [*fetch, f"duckdb=={version}"], check=False, capture_output=True, text=True, timeout=300
    )
    if got.returncode:
        pytest.skip(f"DuckDB {version} cannot be installed here")
    _, expected = _counts(None, "file")
    assert isinstance(expected, dict)
    assert all(isinstance(count, int) for count in expected.values()), expected
    for how in ("file", "attached"):
        assert _counts(tmp_path, how) == [version, expected], how
