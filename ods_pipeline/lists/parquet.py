"""The columns of a Parquet file as text.

Lives here: which columns can hold codes. Does not live here: which one does (``columns.py``), and files that
are damaged (``reading.py``).
"""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ods_pipeline.lists.cells import Cells

_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def read_parquet(content: bytes) -> Cells:
    """Return the columns of a Parquet file that can hold codes.

    These are text, whole numbers, and both of them in lists (with commas between them) and in structs (each
    field with the name of its column in front).
    """
    # Not Polars itself: damage makes it panic, which writes pages of Rust to the terminal.
    table = pq.read_table(pa.BufferReader(content))
    table.validate(full=True)  # text that is not UTF-8 makes Polars panic, too
    frame = pl.DataFrame(table)
    usable = [plain for series in frame.iter_columns() for plain in _plain(series)]
    return Cells(
        list(range(1, frame.height + 1)),
        [series.to_list() for series in usable],
        names=[series.name for series in usable],
    )


def _plain(series: pl.Series) -> Iterator[pl.Series]:
    """Yield a column as text, and each field of a struct; nothing of one that cannot hold codes."""
    if isinstance(series.dtype, pl.Struct):
        for field in series.struct.fields:
            yield from _plain(series.struct.field(field).alias(f"{series.name}.{field}"))
    elif isinstance(series.dtype, pl.List):
        if _has_codes(series.dtype.inner):
            yield series.list.eval(pl.element().cast(pl.String)).list.join(", ", ignore_nulls=True)
    elif _has_codes(series.dtype):
        yield series.cast(pl.String)


def _has_codes(dtype: object) -> bool:
    return isinstance(dtype, pl.DataType) and (dtype in _TEXTS or dtype.is_integer())
