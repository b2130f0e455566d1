"""ods_pipeline: the NHS organisation register (ODS) as Parquet tables and DuckDB marts."""

__version__ = "0.1.0"
