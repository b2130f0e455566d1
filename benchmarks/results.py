"""The result of a stage: rows, bytes, and seconds by step."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Result = dict[str, Any]


def sizes(files: Iterable[Path]) -> Result:
    """Return the rows and bytes of Parquet files."""
    paths = sorted(files)
    return {
        "rows": sum(pq.read_metadata(file).num_rows for file in paths),
        "bytes": sum(file.stat().st_size for file in paths),
    }
