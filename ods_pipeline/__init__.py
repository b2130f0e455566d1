"""ods_pipeline: the NHS organisation register (ODS) as Parquet tables and DuckDB marts."""

import os

__version__ = "0.1.0"

# Polars gives freed memory back at once or soon after, and a build of a national register spends 3 % of its
# time on getting it again (benchmarks/NOTES.md). Here Polars' allocator (jemalloc) keeps it for ten seconds.
# It reads this when Polars is first imported, so before any other module of the package.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,oversize_threshold:0")
