"""A recorded fetch of three organisations, which tests may harm."""

from pathlib import Path

import pytest

from ods_pipeline_tests.support.builders import make_record, notice, rel, write_delta

RECORDS = [make_record(code, Rels={"Rel": [rel(code, "Q1")]}) for code in ("R1A", "R1B", "R1C")]


@pytest.fixture
def fetch(tmp_path: Path) -> Path:
    return write_delta(
        tmp_path, RECORDS, notifications=[notice("Z9Z", "2026-08-20")], gone=[make_record("G1Z")]
    )
