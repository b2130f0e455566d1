"""Builds of four small files, whose every file holds one word: what they are published and read with."""

import duckdb
import polars as pl

from ods_pipeline.dataroot.builds import start_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.parquet import write_parquet


def write_build(root: DataRoot, word: str) -> None:
    """Write a build under way; every file of it holds the word."""
    build = start_build(root)
    write_parquet(pl.DataFrame({"word": [word]}), build / "tables" / "state.parquet")
    write_parquet(pl.DataFrame({"word": [word]}), build / "marts" / "state.parquet")
    (build / "datapackage.json").write_text(f'{{"word": "{word}"}}\n')
    with duckdb.connect(str(build / "ods.duckdb")) as connection:
        connection.execute("CREATE SCHEMA ord")
        connection.execute("CREATE TABLE ord.state AS SELECT ? AS word", [word])


def words(root: DataRoot) -> set[str]:
    """Every word that a reader of all published files finds."""
    with duckdb.connect(str(root.path / "ods.duckdb"), read_only=True) as connection:
        seen = {word for (word,) in connection.execute("SELECT word FROM ord.state").fetchall()}
    for folder in ("tables", "marts"):
        seen.update(pl.read_parquet(root.path / folder / "state.parquet")["word"])
    return seen | {(root.path / "datapackage.json").read_text().split('"')[3]}
