"""Reads every Parquet file with Spark on this machine. Needs Java."""

import json
import sys

import pyspark
from pyspark.sql import SparkSession

SUMS = {
    "int": "sum(CAST(`{0}` AS DECIMAL(38, 0)))",
    "float": "sum(`{0}`)",
    "bool": "sum(CAST(`{0}` AS INT))",
    "text": "sum(length(`{0}`))",
    "date": "concat_ws(' ', CAST(min(`{0}`) AS STRING), CAST(max(`{0}`) AS STRING))",
    "list": "sum(CASE WHEN `{0}` IS NULL THEN 0 ELSE size(`{0}`) END)",
}
root, tables, folder = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
spark = builder.config("spark.sql.warehouse.dir", folder).getOrCreate()
answer = {}
for table in tables:
    frame = spark.read.parquet(f"{root}/{table['file']}")
    parts = ["count(*)"]
    for name, kind in table["columns"].items():
        parts += [f"count(`{name}`)", SUMS[kind].format(name)]
    rows, *found = frame.selectExpr(*parts).first()
    answer[table["name"]] = {"rows": rows}
    for (name, kind), count, value in zip(table["columns"].items(), found[::2], found[1::2], strict=True):
        if kind == "date":
            shown = value.split() if value else [None, None]
        else:
            shown = float(value or 0) if kind == "float" else int(value or 0)
        answer[table["name"]][name] = [count, shown]
spark.stop()
print(json.dumps([pyspark.__version__, answer]))
