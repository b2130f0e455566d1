"""The same rows give the same bytes; columns whose values repeat get a dictionary, and no others."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from ods_pipeline.dataroot.parquet import columns_with_dictionary, write_parquet
from ods_pipeline_tests.support.rooms import run_python

A_MILLION_ROWS = """
import hashlib, sys
from pathlib import Path
import polars as pl
from ods_pipeline.dataroot.parquet import write_parquet
rows = pl.int_range(1_000_000, eager=True)
frame = pl.select(
    ods_code="X" + rows.cast(pl.String).str.zfill(7),
    name=pl.when(rows % 7 != 0).then("NAME " + (rows % 977).cast(pl.String)),
    day=pl.date(2000, 1, 1) + pl.duration(days=1) * (rows % 9000),
    uprn=rows * 31,
    flag=rows % 3 == 0,
)
path = Path(sys.argv[1])
shuffled = frame.sample(fraction=1, shuffle=True, seed=int(sys.argv[2]))
size = write_parquet(shuffled.lazy().sort("ods_code").collect(), path)
print(pl.thread_pool_size(), size, hashlib.sha256(path.read_bytes()).hexdigest())
"""


def with_dictionary(path: Path) -> dict[str, bool]:
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(n) for n in range(group.num_columns)]
    return {column.path_in_schema: column.has_dictionary_page for column in columns}


def test_only_values_that_repeat_have_a_dictionary(tmp_path: Path) -> None:
    count = 1000
    frame = pl.DataFrame(
        {
            "code": [f"R{n:04}" for n in range(count)],
            "role": ["RO197", "RO198"] * (count // 2),
            "nothing": pl.Series([None] * count, dtype=pl.String),
            "codes": [[f"Q{n}", f"Y{n}"] for n in range(count)],
            "via": [[{"level": "icb", "id": n}] for n in range(count)],
        }
    )
    write_parquet(frame, tmp_path / "x.parquet")
    assert with_dictionary(tmp_path / "x.parquet") == {
        "code": False,
        "role": True,
        "nothing": True,
        "codes.list.element": False,
        "via.list.element.level": True,
        "via.list.element.id": False,
    }
    assert columns_with_dictionary(tmp_path / "x.parquet") == {"role", "nothing", "via.list.element.level"}
    assert pl.read_parquet(tmp_path / "x.parquet").equals(frame)


def test_a_table_without_rows_is_written_too(tmp_path: Path) -> None:
    frame = pl.DataFrame(schema={"code": pl.String, "codes": pl.List(pl.String)})
    write_parquet(frame, tmp_path / "x.parquet")
    assert columns_with_dictionary(tmp_path / "x.parquet") == {"code", "codes.list.element"}
    frame.write_parquet(tmp_path / "by Polars.parquet")
    assert columns_with_dictionary(tmp_path / "by Polars.parquet") == set()
    assert pl.read_parquet(tmp_path / "x.parquet").equals(frame)


@pytest.mark.promise("same_bytes")
@pytest.mark.slow
def test_a_million_rows_have_the_same_bytes_whatever_the_number_of_threads(tmp_path: Path) -> None:
    outputs = []
    for threads, seed in ((1, 5), (4, 6)):
        ran = run_python(
            A_MILLION_ROWS, tmp_path / f"{threads}.parquet", str(seed), POLARS_MAX_THREADS=str(threads)
        )
        assert ran.returncode == 0, ran.stderr
        outputs.append(ran.stdout.split())
    (one_thread, *one), (four_threads, *four) = outputs
    assert (one_thread, four_threads) == ("1", "4")
    assert one == four
    read = pl.read_parquet(tmp_path / "4.parquet")
    assert read.height == 1_000_000
    assert read["ods_code"].is_sorted()
