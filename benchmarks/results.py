"""What a stage tells of its outcome."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Result = dict[str, Any]


def sizes(files: Iterable[Path]) -> Result:
    """Rows and bytes of Parquet files."""
    found = sorted(files)
    return {
        "rows": sum(pq.read_metadata(file).num_rows for file in found),
        "bytes": sum(file.stat().st_size for file in found),
    }
