"""parquet.py: a dictionary where values repeat, and nowhere else (same bytes: test_layout.py)."""

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from ods_pipeline.dataroot.parquet import columns_with_dictionary, write_parquet


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
    frame.write_parquet(tmp_path / "of Polars.parquet")
    assert columns_with_dictionary(tmp_path / "of Polars.parquet") == set()
    assert pl.read_parquet(tmp_path / "x.parquet").equals(frame)
