"""Files with lists of codes, written and read again."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ods_pipeline.lists.code_list import CodeList, read_code_list


def read_list(folder: Path, content: bytes | str, *options: str | None, name: str = "list.csv") -> CodeList:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_code_list(file, *options)


def lines(codes: CodeList) -> list[tuple[int, str | None]]:
    return codes.rows.select("line", "code").rows()


def parquet_of_bytes(cell: bytes) -> bytes:
    """A Parquet file that calls a cell of any bytes text."""
    offsets, out = np.array([0, len(cell)], np.int32), io.BytesIO()
    text = pa.StringArray.from_buffers(1, pa.py_buffer(offsets), pa.py_buffer(cell))
    pq.write_table(pa.table({"code": text}), out)
    return out.getvalue()


def parquet(**columns: list[object]) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(columns).write_parquet(out)
    return out.getvalue()
