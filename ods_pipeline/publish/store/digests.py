"""What a published Parquet file states about its data, apart from the build that it was made for.

Lives here: the SHA-256 of a file, and one that stays the same while rows, columns and descriptions do. Does
not live here: what follows from it (``manifest.py``, ``pulling.py``). The footer of each file names the
inputs of its build, so that after every fetch the bytes of every file differ.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ods_pipeline.errors import OdsError

_CHUNK = 1 << 20
_TAIL = 8  # the length of the footer, and four characters that end every Parquet file


@dataclass(frozen=True)
class Digests:
    """Two SHA-256 of a Parquet file, in hexadecimal.

    Attributes:
        file: That of all its bytes.
        data: That of its rows, columns and descriptions, whatever build it was made for.
    """

    file: str
    data: str


def digests_of(file: Path, origin: Collection[str]) -> Digests:
    """Return both SHA-256 of a Parquet file, which is read once.

    Args:
        file: The file.
        origin: The names of what the footer records about the build; these are left out of ``data``.

    Raises:
        OdsError: It is not a Parquet file.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            described = _described(parquet, origin)
    except (pa.ArrowException, OSError) as error:
        raise OdsError(
            f"the file of a table cannot be read ({error})",
            where=file,
            do="Publish it here again: ods-pipeline build --again",
        ) from error
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    with file.open("rb", buffering=0) as stream:
        size = file.stat().st_size
        stream.seek(size - _TAIL)
        left = size - _TAIL - int.from_bytes(stream.read(4), "little")
        stream.seek(0)
        while left > 0 and (count := stream.readinto(buffer[: min(left, _CHUNK)])):
            digest.update(buffer[:count])
            left -= count
        data = digest.copy()
        data.update(described)
        digest.update(stream.read())
    return Digests(digest.hexdigest(), data.hexdigest())


def _described(parquet: pq.ParquetFile, origin: Collection[str]) -> bytes:
    """Return how the bytes before the footer are to be read, and the descriptions, in a fixed form.

    Statistics and the name of the library follow from the data or have no meaning for it.
    """
    schema = parquet.schema_arrow
    metadata = {k: v for k, v in (schema.metadata or {}).items() if k.decode() not in origin}
    groups = [parquet.metadata.row_group(n) for n in range(parquet.metadata.num_row_groups)]
    pages = [
        [
            group.num_rows,
            [
                [
                    column.path_in_schema,
                    column.physical_type,
                    column.compression,
                    column.encodings,
                    column.num_values,
                    column.dictionary_page_offset,
                    column.data_page_offset,
                    column.total_compressed_size,
                ]
                for column in map(group.column, range(group.num_columns))
            ],
        ]
        for group in groups
    ]
    return schema.with_metadata(metadata).serialize().to_pybytes() + json.dumps(pages).encode()
