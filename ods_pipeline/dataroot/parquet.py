"""How Parquet is written: the same rows always give the same bytes, in little time and room.

Does not live here: where files lie (``storage.py``) and what is in them.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

# As many as DuckDB's row groups have: it takes over whole ones, and must not cut and join them first.
ROW_GROUP_ROWS = 122_880
# How many rows tell whether values repeat, and how many of these may be different then.
LOOKED_AT_ROWS = 16_384
REPETITIVE_SHARE = 0.3


def write_parquet(frame: pl.DataFrame, path: Path, schema: pa.Schema | None = None) -> int:
    """Writes a sorted frame so that the same frame always gives the same bytes; returns the size.

    ``schema`` is the Arrow schema with descriptions and metadata; without it the frame's own is used.
    One chunk, one thread, fixed row groups and no clock: the number of threads cannot show in the file.
    """
    # Pages end where chunks end, and how many chunks a frame has depends on the number of threads.
    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
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
        use_dictionary=_repetitive(table),
        write_statistics=True,
    )
    partial.replace(path)
    return path.stat().st_size


def columns_with_dictionary(path: Path) -> set[str]:
    """The columns of a file, as Parquet names them, in which ``write_parquet`` saw values repeat; none of a
    file without row groups, as others write it where there are no rows."""
    metadata = pq.read_metadata(path)
    if not metadata.num_row_groups:
        return set()
    group = metadata.row_group(0)
    columns = (group.column(n) for n in range(group.num_columns))
    return {column.path_in_schema for column in columns if column.has_dictionary_page}


def _repetitive(table: pa.Table) -> list[str]:
    """The columns, as Parquet names them, whose values repeat, as the first rows tell: only they are worth a
    dictionary. One of ids and names would be made and thrown away again, which takes time and room."""
    first = table.slice(0, LOOKED_AT_ROWS).combine_chunks()
    leaves = [leaf for name in table.column_names for leaf in _leaves(name, first[name].combine_chunks())]
    return [
        name
        for name, values in leaves
        if len(values.dictionary_encode().dictionary) <= len(values) * REPETITIVE_SHARE
    ]


def _leaves(name: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """The plain columns that lists and structs are made of, under their names in Parquet."""
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        yield from _leaves(f"{name}.list.element", values.flatten())
    elif pa.types.is_struct(values.type):
        for field, part in zip(values.type, values.flatten(), strict=True):
            yield from _leaves(f"{name}.{field.name}", part)
    else:
        yield name, values
