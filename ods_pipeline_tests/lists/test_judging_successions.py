"""Verdicts on composed registers: proposed, succeeded without an end, split, merged, stated on one side."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ods_pipeline.lists.columns import CodeList
from ods_pipeline.lists.judging import judge
from ods_pipeline.marts import macros
from ods_pipeline.schema import ORD, SCHEMAS, TABLES
from ods_pipeline_tests.support.small_registers import Row, marts_on, organisation, write

TODAY = date(2026, 9, 4)
READ = ("code_finder", "code_crosswalk", "organisation_kinds", "organisation_parents", "provider_hierarchy")
CLOSED = {"operational_end": date(2020, 3, 31), "status": "Inactive"}


def entry(code: str, kind: str, target: str, day: str = "2020-04-01") -> Row:
    side = {"ods_code": code, "succession_type": kind, "target_ods_code": target}
    return {**side, "legal_start": date.fromisoformat(day)}


def judged(folder: Path, organisations: Sequence[Row], successions: Sequence[Row]) -> dict[str, Row]:
    """The verdicts on all codes of a register, by code."""
    build = write(folder, organisations, successions=successions)
    frames = marts_on(build, TODAY, *READ)
    codes = [row["ods_code"] for row in organisations]
    rows = pl.DataFrame({"line": range(1, len(codes) + 1), "given": codes, "code": codes})
    with duckdb.connect() as connection:
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA {schema}")
        facts = {t.name: build / t.path for t in ORD}
        held = {n: pl.read_parquet(p) if p.exists() else TABLES[n].empty() for n, p in facts.items()}
        for name, frame in {**held, **frames}.items():
            connection.register("own", frame.to_arrow())
            connection.execute(f"CREATE TABLE {TABLES[name].schema}.{name} AS FROM own")
        macros.define_words(connection, TODAY)
        result = judge(connection, CodeList(rows, "column 1", []), TODAY, None)
        return {row["code"]: row for row in result.to_dicts()}


@pytest.mark.promise("successors")
def test_every_successor_is_offered_and_none_is_chosen(tmp_path: Path) -> None:
    organisations = [
        *(organisation(code, "RO98", **CLOSED) for code in ("OLD", "NEW", "SPLIT", "M1", "M2", "C1", "C2")),
        *(organisation(code, "RO98") for code in ("A", "B", "C", "D", "E")),
    ]
    successions = [
        entry("OLD", "Successor", "A"),  # on the old record alone
        entry("B", "Predecessor", "NEW"),  # on the new record alone
        entry("SPLIT", "Successor", "A"),
        entry("C", "Predecessor", "SPLIT"),  # each part on another side
        entry("M1", "Successor", "D"),
        entry("M2", "Successor", "D"),
        entry("C1", "Successor", "C2"),  # in a circle both are ends
        entry("C2", "Successor", "C1"),
    ]
    rows = judged(tmp_path, organisations, successions)
    answer = {code: row["replaced_by"] for code, row in rows.items() if row["verdict"] == "closed"}
    assert answer == {"OLD": ["A"], "NEW": ["B"], "SPLIT": ["A", "C"], "M1": ["D"], "M2": ["D"]} | {
        "C1": ["C2"],
        "C2": ["C1"],
    }
    assert rows["SPLIT"]["note"] == "Closed on 2020-03-31; now A, C"
    assert rows["C1"]["note"] == "Closed on 2020-03-31; then C2, closed on 2020-03-31"


@pytest.mark.promise("explained")
def test_proposed_and_succeeded_without_an_end_are_not_good_without_a_word(tmp_path: Path) -> None:
    over = {"legal_start": date(2002, 4, 1), "legal_end": date(2024, 10, 31)}
    organisations = [
        organisation("G6V2S", "RO197", legal_start=date(2026, 11, 1)),
        organisation("RRP", "RO197", **over),
        organisation("RRX", "RO197", status="Inactive", **over),
        organisation("08H", "RO98"),
        organisation("93C", "RO98"),
    ]
    rows = judged(tmp_path, organisations, [entry("08H", "Successor", "93C")])
    told = {code: (row["verdict"], row["note"]) for code, row in rows.items()}
    in_law = ("legally_closed", "Closed in law on 2024-10-31, still in operation; ODS records no successor")
    assert told == {
        "G6V2S": ("good", "Open since 2010-04-01; proposed: in law from 2026-11-01"),
        "RRP": in_law,
        "RRX": in_law,
        "08H": ("good", "a contradiction: succeeded by 93C from 2020-04-01, but ODS gives it no end"),
        "93C": ("good", None),
    }
