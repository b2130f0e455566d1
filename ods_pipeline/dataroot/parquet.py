"""Writes Parquet so that the same rows always give the same bytes, quickly and in small files.

Lives here: how one file is written. Does not live here: where files lie (``layout.py``) and what is in them.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

# The size of DuckDB's row groups: it copies whole ones, and does not have to cut and join them first.
ROW_GROUP_ROWS = 122_880
# Values repeat if at most this share of the first rows' values are distinct.
SAMPLED_ROWS = 16_384
REPETITIVE_SHARE = 0.3


def write_parquet(frame: pl.DataFrame, path: Path, schema: pa.Schema | None = None) -> int:
    """Write a sorted frame so that the same frame always gives the same bytes.

    One chunk, one thread, fixed row groups and no clock: the number of threads does not change the file.

    Args:
        frame: The rows, in their final order.
        path: The file; its folder is created.
        schema: The Arrow schema with descriptions and metadata; the frame's own if left out.

    Returns:
        The size of the file in bytes.
    """
    # Pages end where chunks end, and how many chunks a frame has depends on the number of threads.
    # With a schema its cast converts text, so it is handed over as Polars holds it: once is enough.
    as_held = pl.CompatLevel.newest() if schema is not None else pl.CompatLevel.oldest()
    table = frame.rechunk().to_arrow(compat_level=as_held)
    if schema is not None:
        table = table.select(schema.names).cast(schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    pq.write_table(
        table,
        partial,
        compression="zstd",
        row_group_size=ROW_GROUP_ROWS,
        version="2.6",
        use_dictionary=_repeating_columns(table),
        write_statistics=True,
    )
    partial.replace(path)
    return path.stat().st_size


def columns_with_dictionary(path: Path) -> set[str]:
    """Return the columns (Parquet's names) whose values repeat, as ``write_parquet`` judged.

    Empty for a file without row groups, which other writers produce for a table without rows.
    """
    metadata = pq.read_metadata(path)
    if not metadata.num_row_groups:
        return set()
    group = metadata.row_group(0)
    columns = (group.column(n) for n in range(group.num_columns))
    return {column.path_in_schema for column in columns if column.has_dictionary_page}


def _repeating_columns(table: pa.Table) -> list[str]:
    """Return the columns (Parquet's names) whose values repeat in the first rows.

    Only these are worth a dictionary. A dictionary of ids or names is built and discarded, which costs time
    and memory.
    """
    first_rows = table.slice(0, SAMPLED_ROWS).combine_chunks()
    leaves = [
        leaf for name in table.column_names for leaf in _leaves(name, first_rows[name].combine_chunks())
    ]
    return [
        name
        for name, values in leaves
        if len(values.dictionary_encode().dictionary) <= len(values) * REPETITIVE_SHARE
    ]


def _leaves(name: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """Yield the plain columns that make up lists and structs, under their names in Parquet."""
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        yield from _leaves(f"{name}.list.element", values.flatten())
    elif pa.types.is_struct(values.type):
        for field, part in zip(values.type, values.flatten(), strict=True):
            yield from _leaves(f"{name}.{field.name}", part)
    else:
        yield name, values
