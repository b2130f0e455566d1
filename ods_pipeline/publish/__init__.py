"""The files of a build: Parquet, ``ods.duckdb``, ``datapackage.json`` and ``build.json``."""
