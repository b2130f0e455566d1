"""`ods_find` asked in a test: of a database, of the sample, and of a register of a few organisations.

Lives here: the register and the macro on it. Does not live here: what it should answer
(``marts/test_find_*.py``).
"""

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from ods_pipeline.publish.search import make_search_tables
from ods_pipeline.schema import SCHEMAS, TABLES
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

TODAY = date(2026, 9, 4)
CLOSED = {"status": "Inactive", "operational_end": date(2020, 3, 31)}
# What ods_find reads besides code_finder.
_TABLES = [TABLES[name] for name in ("captures", "quarantined_records", "unresolved_targets")]
Find = Callable[[str], list[Row]]


def ask_for(connection: duckdb.DuckDBPyConnection, text: str) -> list[Row]:
    """The rows of an answer."""
    answer = connection.execute("FROM ods_find(?)", [text])
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def kinds(rows: list[Row]) -> list[tuple[str, str]]:
    """Of each row, by what it was found, and its code."""
    return [(row["match_kind"], row["ods_code"]) for row in rows]


@contextmanager
def small_register(folder: Path) -> Generator[Find]:
    """`ods_find` of a register of a few organisations in two streets, which is written to a folder."""
    here = {"postcode": "LS1 1AA", "address_line_1": "1 HIGH STREET"}
    there = {"postcode": "LS1 1AA", "address_line_1": "2 HIGH STREET"}
    organisations = [
        organisation("A1", "RO177", name="OLD MILL SURGERY", **here, **CLOSED),
        organisation("A2", "RO177", name="THE MILL SURGERY", **here),
        organisation("A3", "RO182", name="MILL PHARMACY", **there),
        organisation("A4", "RO182", name="ABBEY CHEMIST", **there, **CLOSED),
        organisation("A5", "RO197", name="ST MARY'S MILLFIELD"),
        organisation("A6", "RO197", name="MILL"),
        organisation("ABBEY", "RO197", name="ODD CODE"),
        organisation("A7", "RO197", name="SURGERY AT THE MILL"),
        organisation("D1", "RO197", name="WEST GARDEN CLINIC", town="READING"),
        organisation("D2", "RO197", name="OXFORD GARDEN CLINIC", town="OXFORD"),
        organisation("D3", "RO197", name="WEST GARDEN CLINIC", town="OXFORD"),
        organisation("D4", "RO197", name="GARDEN GARDEN CLINIC", town="OXFORD"),
        organisation("D5", "RO197", name="LLOYDS CHEMIST"),
        organisation("D8", "RO197", name="CLINIC CLINIC", town="LANCASHIRE"),
        organisation("D9", "RO197", name="LANCASHIRE CLINIC", town="PRESTON"),
        organisation("D6", "RO197", name="BOOTSCHEMIST"),
        organisation("D7", "RO197", name="HOSE CLINIC"),
        organisation("Q99X", "RO261", name="NHS ELMSHIRE INTEGRATED CARE BOARD"),
        organisation("Q99Y", "RO98", name="NHS ELMSHIRE ICB - Q99Y"),
        organisation("Q98X", "RO261", name="NHS WEST OAKSHIRE INTEGRATED CARE BOARD", **CLOSED),
        organisation("Q98Y", "RO98", name="NHS WEST OAKSHIRE ICB - Q98Y"),
        organisation("U1", "RO272", name="BROOK PCN"),
        organisation("U2", "RO197", name="BARN & OAK HOUSE SURGERY"),
        organisation("U3", "RO197", name="CAFE CLINIC"),
        organisation("U4", "RO197", name="SHEFFIELD CLINIC"),
        organisation("U5", "RO197", postcode="SL1 2AB"),
        organisation("U6", "RO197", postcode="NW1 0AB"),
        *(organisation(f"B{n}", "RO197") for n in range(7)),
        organisation("5E1", "RO179", **CLOSED),
        organisation("012", "RO141"),
        organisation("l0 4sq", "RO177"),
        organisation("E11AB", "RO198"),
        organisation("E1", "RO197", name="CANAL WHARF", postcode="LS11 4BB"),
    ]
    others_of: dict[str, Any] = {
        "quarantined_records": [
            {"ods_code": code, "rule": rule, "capture_id": "x", "record_number": number}
            # The later record of BAD02 comes first, that of BAD03 last.
            for code, number, rule in [
                ("BAD01", 1, "dates"),
                ("BAD02", 3, "dates"),
                ("BAD02", 2, "ids"),
                ("BAD03", 4, "ids"),
                ("BAD03", 5, "dates"),
            ]
        ],
        "unresolved_targets": [{"target_ods_code": "GONE1", "pointed_at_by": 2, "example_ods_code": "A1"}],
        "captures": [{"capture_id": "x", "as_of": date(2026, 9, 3)}],
    }
    build = write(folder, organisations, [link("A2", "RE6", "A5")])
    finder = marts_on(build, TODAY, "code_finder")["code_finder"]
    with duckdb.connect() as connection:
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA {schema}")
        for table in _TABLES:
            rows = pl.DataFrame(others_of[table.name], schema_overrides=table.dtypes)
            connection.register("frame", pl.concat([table.empty(), rows], how="diagonal").to_arrow())
            connection.execute(f"CREATE TABLE ord.{table.name} AS FROM frame")
        connection.register("finder", finder.to_arrow())
        connection.execute("CREATE TABLE marts.code_finder AS FROM finder")
        register = str(build / TABLES["organisations"].path)
        connection.execute("CREATE TABLE ord.organisations AS FROM read_parquet(?)", [register])
        connection.execute(
            "CREATE TABLE history.organisations (ods_code VARCHAR, name VARCHAR, known_to DATE)"
        )
        connection.execute(
            "INSERT INTO history.organisations VALUES ('A2', 'ABBOTS WAY CLINIC', DATE '2020-03-02')"
        )
        make_search_tables(connection, TODAY)
        steps = [f"find_{step}.sql" for step in ("as_typed", "by_name", "codes", "listings", "matches")]
        for file in (*steps, "ods_find.sql"):
            connection.execute(resources.files("ods_pipeline.marts.macros").joinpath(file).read_text())
        yield functools.cache(lambda text: ask_for(connection, text))
