"""Other programs read what is published: every table opens, and its columns have the same counts and sums.

Parquet files are read by all of them but one, which reads the Delta tables of a store.

Lives here: versions, an environment each, and what has to come out, which Polars 2 says. Does not live here:
the programs (``readers/``), and the macros in older versions of DuckDB (``test_older_duckdb.py``). Without a
package index, or without Java for Spark, the test is skipped.
"""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ods_pipeline.publish.store.opening import Store
from ods_pipeline.publish.store.publishing import publish_to
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.rooms import sample_root

pytestmark = pytest.mark.slow
PROGRAMS = Path(__file__).parent / "readers"
# Spark's own library for Delta is in no package index of Python; this one reads as Spark does.
DELTA = "sail, as delta tables"
READERS = {
    "duckdb 1.2": ("with_duckdb.py", ["duckdb==1.2.2"]),
    "duckdb 1.4": ("with_duckdb.py", ["duckdb==1.4.4"]),
    "polars 1": ("with_polars.py", ["polars==1.35.2"]),
    "pandas": ("with_pandas.py", ["pandas==2.3.3", "pyarrow==21.0.0"]),
    "tableau": ("with_hyper.py", ["tableauhyperapi==0.0.26963"]),
    "spark": ("with_spark.py", ["pyspark==4.0.1"]),
    DELTA: (
        "with_sail.py",
        ["pysail==0.7.2", "pyspark-client==4.0.1", "pandas==2.3.3", "pyarrow==21.0.0", "setuptools"],
    ),
}


def kind_of(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return "list"
    if dtype.is_integer():
        return "int"
    return {pl.String: "text", pl.Date: "date", pl.Boolean: "bool", pl.Float64: "float"}[type(dtype)]


def tables() -> list[dict[str, Any]]:
    return [
        {
            "name": f"{table.schema}.{table.name}",
            "file": str(table.path),
            "columns": {name: kind_of(dtype) for name, dtype in table.dtypes.items()},
        }
        for table in TABLES.values()
    ]


def read_by(
    python: str | Path, program: str, folder: Path, root: Path | None = None
) -> tuple[str, dict[str, dict[str, Any]]]:
    """The version of a reader and what it finds."""
    command = [str(python), str(PROGRAMS / program), str(root or sample_root().path), json.dumps(tables())]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [*command, str(folder)], env=environment, cwd=folder, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    version, answer = json.loads(done.stdout.splitlines()[-1])
    return version, answer


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What Polars 2, which wrote the files, finds in them."""
    version, found = read_by(sys.executable, "with_polars.py", tmp_path_factory.mktemp("ours"))
    assert version == pl.__version__ and len(found) == len(TABLES)
    return found


@pytest.mark.parametrize("reader", READERS)
def test_every_table_opens_with_the_same_counts_and_sums(
    tmp_path: Path, reader: str, expected: dict[str, dict[str, Any]]
) -> None:
    program, packages = READERS[reader]
    if reader == "spark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, timeout=120)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
    got = subprocess.run(install, check=False, capture_output=True, text=True, timeout=400)
    if got.returncode:
        pytest.skip(f"{', '.join(packages)} cannot be installed here")
    root = None
    if reader == DELTA:
        root = tmp_path / "store"
        publish_to(sample_root(), Store(root.as_uri(), create=True), who="a test")
    version, found = read_by(python, program, tmp_path, root)
    assert version.startswith(packages[0].partition("==")[2].rpartition(".")[0])
    assert {name: table["rows"] for name, table in found.items()} == {
        name: table["rows"] for name, table in expected.items()
    }
    kinds = {f"{t['name']}.{c}": kind for t in tables() for c, kind in t["columns"].items()}
    compared = 0
    for name, columns in expected.items():
        for column, (count, total) in ((c, v) for c, v in columns.items() if c != "rows"):
            if reader == "tableau" and kinds[f"{name}.{column}"] == "list":
                continue
            got_count, got_total = found[name][column]
            same = math.isclose(got_total, total) if isinstance(total, float) else got_total == total
            assert got_count == count and same, (name, column, found[name][column], [count, total])
            compared += 1
    assert compared > 400
    figures.record("readers", f"columns with the same count and sum in {reader}", compared)
