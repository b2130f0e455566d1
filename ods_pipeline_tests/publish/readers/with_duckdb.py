"""Reads every table of ods.duckdb with DuckDB."""

import json
import sys

import duckdb

SUMS = {
    "int": "sum({})",
    "float": "sum({})",
    "bool": "sum(CAST({} AS INTEGER))",
    "text": "sum(length({}))",
    "date": "[CAST(min({0}) AS VARCHAR), CAST(max({0}) AS VARCHAR)]",
    "list": "sum(len({}))",
}
root, tables = sys.argv[1], json.loads(sys.argv[2])
with duckdb.connect(f"{root}/ods.duckdb", read_only=True) as connection:
    answer = {}
    for table in tables:
        sums = [SUMS[kind].format(f'"{name}"') for name, kind in table["columns"].items()]
        counts = [f'count("{name}")' for name in table["columns"]]
        sql = f"SELECT count(*), {', '.join(counts + sums)} FROM {table['name']}"
        rows, *found = connection.execute(sql).fetchone()
        values = [float(v) if k == "float" and v is not None else v if k == "date" else int(v or 0)
                  for v, k in zip(found[len(counts):], table["columns"].values(), strict=True)]  # fmt: skip
        pairs = zip(found, values, strict=False)
        answer[table["name"]] = {"rows": rows} | dict(zip(table["columns"], map(list, pairs), strict=True))
print(json.dumps([duckdb.__version__, answer]))
