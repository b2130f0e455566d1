"""The hierarchies and crosswalks of a register of national size: every check holds, and none takes long."""

import time
from datetime import date
from pathlib import Path

import duckdb
import pytest

from ods_pipeline.marts.build import build_mart
from ods_pipeline.marts.checking import findings
from ods_pipeline.marts.lineage import marts_in_order
from ods_pipeline.publish.duckdb import complete_duckdb
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.national import national_register
from ods_pipeline_tests.support.small_registers import write_history

TODAY = date(2026, 9, 4)
# Seconds on an idle machine with two cores are about a tenth of these.
LIMITS = {"provider_hierarchy": 70.0, "hierarchy_closure": 40.0}
OTHERS = 30.0
ONE_CODE = 0.5


@pytest.mark.slow
def test_a_register_of_national_size_is_built_checked_and_queried(tmp_path: Path) -> None:
    build = national_register(tmp_path)
    write_history(build)
    for folder in ("marts", "compat"):
        (build / folder).mkdir()
    for table in marts_in_order():
        start = time.perf_counter()
        frame = build_mart(table.name, build, TODAY)
        taken = time.perf_counter() - start
        assert taken < LIMITS.get(table.name, OTHERS), (table.name, taken)
        assert [
            f.summary for f in findings(table.name, frame, build, TODAY) if not f.passed and f.blocking
        ] == []
        frame.write_parquet(build / table.path)
    (build / "geo").mkdir()
    for table in TABLES.values():
        if not (build / table.path).exists():
            table.empty().write_parquet(build / table.path)
    complete_duckdb(build, TABLES.values(), TODAY)
    with duckdb.connect(str(build / "ods.duckdb"), read_only=True) as connection:
        for question in (
            "SELECT ods_code FROM ods_ancestors('RS00100', '2026-04-01')",
            "SELECT ods_code FROM ods_descendants('R00100', '2026-04-01')",
            "SELECT ods_code FROM ods_current_codes('A00001')",
            "SELECT ods_code FROM ods_equivalent_codes('A00001')",
        ):
            assert connection.execute(question).fetchall()
            start = time.perf_counter()
            connection.execute(question).fetchall()
            assert time.perf_counter() - start < ONE_CODE, question
        (count,) = connection.execute("SELECT count(*) FROM ods_hierarchy('2026-04-01')").fetchall()[0]
        assert count > 300_000
