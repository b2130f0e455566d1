"""Reads every Parquet file with Tableau's engine. It has no lists: ``lists`` names the columns left out."""

import json
import sys

from tableauhyperapi import Connection, HyperProcess, Telemetry, __version__

SUMS = {
    "int": 'SUM(CAST("{0}" AS NUMERIC(38, 0)))',
    "float": 'SUM("{0}")',
    "bool": 'SUM(CASE WHEN "{0}" THEN 1 ELSE 0 END)',
    "text": 'SUM(CHAR_LENGTH("{0}"))',
    "date": 'MIN(CAST("{0}" AS TEXT)) || \' \' || MAX(CAST("{0}" AS TEXT))',
}
root, tables, folder = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
answer = {}
with (
    HyperProcess(Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_dir": folder}) as hyper,
    Connection(hyper.endpoint) as connection,
):
    for table in tables:
        plain = {name: kind for name, kind in table["columns"].items() if kind != "list"}
        parts = [f'COUNT("{name}"), {SUMS[kind].format(name)}' for name, kind in plain.items()]
        sql = f"SELECT COUNT(*), {', '.join(parts)} FROM external('{root}/{table['file']}')"
        rows, *found = connection.execute_list_query(sql)[0]
        answer[table["name"]] = {"rows": rows}
        for (name, kind), count, value in zip(plain.items(), found[::2], found[1::2], strict=True):
            if kind == "date":
                shown = value.split() if value else [None, None]
            else:
                shown = float(value or 0) if kind == "float" else int(value or 0)
            answer[table["name"]][name] = [count, shown]
print(json.dumps([__version__, answer]))
