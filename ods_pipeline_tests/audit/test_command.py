"""`ods-pipeline audit` on the sample: when all is equal, when something differs, when raw files are gone."""

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from ods_pipeline.audit.identities import identities
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.progress import show_bars_on
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.rooms import FIRST_FETCH, copy_of, sample_root
from ods_pipeline_tests.support.running import run_here

pytestmark = pytest.mark.promise("audited")
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def logging_restored() -> Iterator[None]:
    logger = logging.getLogger("ods_pipeline")
    handlers, level, propagate = logger.handlers, logger.level, logger.propagate
    yield
    logger.handlers, logger.propagate = handlers, propagate
    logger.setLevel(level)
    show_bars_on(None)


def audit(root: DataRoot, *arguments: str) -> int:
    return run_here("audit", "--data-root", root.path, *arguments)


@pytest.fixture
def copied(tmp_path: Path) -> DataRoot:
    return copy_of(sample_root(), tmp_path)


def in_duckdb(root: DataRoot, *statements: str) -> None:
    """Change ods.duckdb in a copy of the data root."""
    file = (root.path / "ods.duckdb").resolve()
    file.chmod(0o644)
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement)


def in_parquet(root: DataRoot, table: str, column: str, key: str, value: str) -> None:
    """Change one text in the row whose code is ``key``."""
    file = (root.path / "tables" / f"{table}.parquet").resolve()
    rows = pq.read_table(file)
    hit = pc.equal(rows["ods_code"], key)
    assert pc.sum(hit).as_py() == 1
    at = rows.schema.get_field_index(column)
    changed = pc.if_else(hit, pa.scalar(value), rows[column])
    file.unlink()
    pq.write_table(rows.set_column(at, rows.schema.field(at), changed), file)


@pytest.mark.slow
def test_the_sample_equals_its_raw_files(capsys: Captured) -> None:
    """Continuous integration runs this command on the sample as well."""
    assert audit(sample_root(), "--records", "300") == 0
    lines = capsys.readouterr().out.splitlines()
    text = "\n".join(lines)
    assert lines[-1] == "Equal: the published set matches the raw files."
    assert lines[0] == "Audit of build 000001, published as of 2026-09-04"
    assert "Raw files: 1 release, 6 fetches" in lines
    tables = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("ord.", "history."))}
    assert tables["ord.organisations"] == ["776", "776", "25", "0"]
    assert tables["ord.superseded_records"] == ["86", "86", "26", "0"]
    assert len(tables) == 13 + 6
    assert {t[0] == t[1] and t[3] == "0" for t in tables.values()} == {True}
    assert "release=2026-08-28/full: RecordCount 770; 717 used + 53 superseded + 0 set aside" in text
    assert f"every column of {len(TABLES)} tables; 0 columns differ" in text
    assert f"{len(identities())} identities checked on ord, history and marts; 0 do not hold" in text
    (sample,) = [line for line in lines if line.startswith("Sample: 300 records, ")]
    fields = int(sample.split()[3].replace(",", ""))
    assert fields > 15_000
    figures.record("audited", "fields of the sample compared one by one", fields)
    assert "not compared: ord.quarantined_records.payload, " in text
    assert "not compared: the tables in geo with the files that they were read from" in text
    assert "differs" not in text


def test_quiet_prints_the_result_only(capsys: Captured) -> None:
    assert audit(sample_root(), "--records", "1", "--quiet") == 0
    out, err = capsys.readouterr()
    assert out == "Equal: the published set matches the raw files.\n"
    assert err == ""


def test_one_changed_letter_in_parquet_is_reported_against_raw_and_against_duckdb(
    copied: DataRoot, capsys: Captured
) -> None:
    in_parquet(copied, "organisations", "name", "RRP", "BARNET, ENFIELD")
    assert audit(copied, "--quiet") == 1
    out = capsys.readouterr().out
    assert "differs: ord.organisations in name\n" in out
    raw, copy = [line for line in out.splitlines() if line.startswith("  ord.organisations RRP: name is ")]
    assert raw.endswith("in raw, 'BARNET, ENFIELD' published")
    assert "name is 'BARNET, ENFIELD' in Parquet and 'BARNET" in copy and copy.endswith("in ods.duckdb")
    assert out.endswith("DIFFERENT: the published set does not match the raw files.\n")


def test_a_change_in_duckdb_is_found_by_copies_sample_and_identities(
    copied: DataRoot, capsys: Captured
) -> None:
    in_duckdb(
        copied,
        "UPDATE ord.relationships SET operational_end = DATE '2001-01-01' WHERE ods_code = 'RRP'",
        "DELETE FROM marts.code_finder WHERE ods_code = 'RRP'",
        "INSERT INTO geo.areas (gss_code) VALUES ('E12000007')",
    )
    assert audit(copied, "--records", "776") == 1
    out = capsys.readouterr().out
    assert " tables; 0 columns differ" not in out
    assert " in Parquet and '2001-01-01' in ods.duckdb" in out
    assert "  marts.code_finder : (rows) is '778' in Parquet and '777' in ods.duckdb" in out
    areas = pq.read_metadata(copied.path / "geo/areas.parquet").num_rows
    assert f"  geo.areas : (rows) is '{areas:,}' in Parquet and '{areas + 1:,}' in ods.duckdb" in out
    assert "operational_end is null in raw, '2001-01-01' published" in out
    assert "does not hold (1): code_finder has every code ever held or confirmed as deleted" in out


def test_a_lost_record_is_reported_by_every_comparison(copied: DataRoot, capsys: Captured) -> None:
    in_duckdb(copied, "DELETE FROM ord.organisations WHERE ods_code = 'RRP'")
    file = (copied.path / "tables/organisations.parquet").resolve()
    rows = pq.read_table(file)
    file.unlink()
    pq.write_table(rows.filter(pc.not_equal(rows["ods_code"], "RRP")), file)
    assert audit(copied) == 1
    out = capsys.readouterr().out
    assert "ord.organisations          776        775" in out
    assert "  ord.organisations RRP: (row) is there in raw, missing published" in out
    assert " tables; 0 columns differ" in out  # the two copies agree
    assert "does not hold (1): ord.organisations has the same values for a code" in out


def test_missing_raw_files_are_named_and_the_rest_is_still_audited(
    copied: DataRoot, capsys: Captured
) -> None:
    shutil.rmtree(copied.raw_fetches / FIRST_FETCH)
    assert audit(copied) == 1
    out, err = capsys.readouterr()
    assert f"raw files of this build are gone ({FIRST_FETCH})" in err
    assert "no table of ord and history can be audited" in err and "Put the raw files back" in err
    assert "0 do not hold" in out and "Sample" not in out and "Equal" not in out


def test_a_raw_file_that_differs_from_its_receipt_is_an_error(copied: DataRoot, capsys: Captured) -> None:
    receipt = json.loads((copied.raw_fetches / FIRST_FETCH / "receipt.json").read_bytes())
    answer = next(f["path"] for f in receipt["files"] if f["path"].startswith("organisations/"))
    (copied.raw_fetches / FIRST_FETCH / answer).write_bytes(b"{}")
    assert audit(copied, "--quiet") == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"{answer}: the file differs from the SHA-256 in the receipt" in err


def test_less_than_no_records_cannot_be_compared(copied: DataRoot) -> None:
    assert audit(copied, "--records", "-1") == 2


def test_nothing_published_is_an_error(tmp_path: Path, capsys: Captured) -> None:
    assert audit(DataRoot(tmp_path)) == 1
    assert "nothing is published here. Run: ods-pipeline build" in capsys.readouterr().err
