"""Codes that the register does not hold: the reason that is given."""

import shutil
from pathlib import Path

import duckdb

from ods_pipeline.lookup.missing import missing_error
from ods_pipeline_tests.support.rooms import sample_root


def test_of_records_set_aside_the_last_gives_the_reason_in_any_order(tmp_path: Path) -> None:
    file = shutil.copyfile(sample_root().path / "ods.duckdb", tmp_path / "ods.duckdb")
    with duckdb.connect(str(file)) as connection:
        for code, records in (("ZZ9AA", [(1, "ids"), (2, "dates")]), ("ZZ9AB", [(2, "dates"), (1, "ids")])):
            connection.executemany(
                """INSERT INTO ord.quarantined_records (ods_code, capture_id, record_number, rule)
                VALUES (?, 'x', ?, ?)""",
                [(code, *record) for record in records],
            )
            assert "breaks a rule: dates" in str(missing_error(connection, code)), code
