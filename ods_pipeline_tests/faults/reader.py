"""Reads the published set again and again, as an analyst's program does: `python -m …reader KIND DATA_ROOT`.

It prints one line for each read: the number of organisations. It ends with an error if what it read is not
one whole state. KIND is duckdb (a new connection each time), parquet (every file, by its sum), table or arrow
(one file, by Polars or pyarrow) or holder (one connection, kept open). Each read waits for a line on stdin.
"""

import hashlib
import json
import sys
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

COUNTS = (
    "SELECT count(*), sum(hash(ods_code)) FROM ord.organisations",
    "SELECT count(*), sum(hash(ods_code)) FROM ord.roles",
    "SELECT count(*), sum(hash(ods_code)) FROM history.organisations",
    "SELECT sum(used_records), NULL FROM ord.captures",
)


def ask(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of organisations; every statement must count the same ones."""
    (organisations, codes), *others, (used, _) = [connection.execute(sql).fetchall()[0] for sql in COUNTS]
    assert {*others} == {(organisations, codes)}, f"a mixture: {organisations}, {others}"
    assert used == organisations, f"a mixture: {organisations} organisations, {used} in the captures"
    return organisations


def read_files(root: Path) -> int:
    """Return the number of organisations in the Parquet files; all files must belong to one package."""
    build = (root / ".builds" / "current").resolve()
    package = json.loads((build / "datapackage.json").read_bytes())
    frames = {}
    for resource in package["resources"]:
        if "hash" in resource:
            content = (build / resource["path"]).read_bytes()
            assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}", resource["path"]
            frames[resource["name"]] = pl.read_parquet(content)
            assert frames[resource["name"]].height == resource["rows"], resource["path"]
    assert frames["roles"]["ods_code"].sort().equals(frames["organisations"]["ods_code"].sort())
    return frames["organisations"].height


def read_table(path: Path, kind: str) -> int:
    """Return the number of rows of one Parquet file, all of whose columns are read."""
    # Both programs open a path twice, so the links on it are followed once, before.
    file = path.resolve()
    rows = pl.read_parquet(file) if kind == "table" else pl.DataFrame(pq.read_table(file))
    assert rows["ods_code"].n_unique() == rows.height, f"a mixture: {rows.height} rows"
    return rows.height


def main(kind: str, place: str) -> None:
    root = Path(place)
    kept_open = duckdb.connect(str(root / "ods.duckdb"), read_only=True) if kind == "holder" else None
    for _ in sys.stdin:
        if kept_open is not None:
            seen = ask(kept_open)
        elif kind == "duckdb":
            with duckdb.connect(str(root / "ods.duckdb"), read_only=True) as connection:
                seen = ask(connection)
        elif kind == "parquet":
            seen = read_files(root)
        else:
            seen = read_table(root / "tables" / "organisations.parquet", kind)
        sys.stdout.write(f"{seen}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
