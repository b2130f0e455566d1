"""Reads every Delta table of a store with Sail, over the protocol of Spark Connect. Needs no Java."""

import json
import sys
from importlib.metadata import version

from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

SUMS = {
    "int": "sum(CAST(`{0}` AS DECIMAL(38, 0)))",
    "float": "sum(`{0}`)",
    "bool": "sum(CAST(`{0}` AS INT))",
    "text": "sum(length(`{0}`))",
    "date": "concat_ws(' ', CAST(min(`{0}`) AS STRING), CAST(max(`{0}`) AS STRING))",
    "list": "sum(CASE WHEN `{0}` IS NULL THEN 0 ELSE size(`{0}`) END)",
}
root, tables = sys.argv[1], json.loads(sys.argv[2])
server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
_, port = server.listening_address
spark = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
answer = {}
for table in tables:
    frame = spark.read.format("delta").load(f"file://{root}/tables/{table['name']}")
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
server.stop()
print(json.dumps([version("pysail"), answer]))
