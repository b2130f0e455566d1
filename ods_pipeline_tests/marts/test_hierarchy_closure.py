"""hierarchy_closure is the transitive closure, day by day; the macros that read it; 1 April 2026."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import networkx as nx
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ods_pipeline.marts.build import mart_connection, rows_of_mart
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import link, marts_on, organisation, write

TODAY = date(2026, 9, 4)
BEFORE, AFTER = date(2026, 3, 31), date(2026, 4, 1)
NEW_ICBS = {
    "QMJ": "Z9B2Z",
    "QRV": "Z9B2Z",
    "QHG": "S1Y5D",
    "QUE": "S1Y5D",
    "QH8": "D7T5G",
    "QMM": "T6Y0W",
    "QU9": "S0E4D",
    "QXU": "S9B9J",
    "QNX": "S9B9J",
}
SPLIT_ICBS = {"QM7": {"S1Y5D", "D7T5G"}, "QJG": {"D7T5G", "T6Y0W"}, "QNQ": {"S0E4D", "S9B9J", "QRL"}}

CODES = [f"X{n}" for n in range(8)]
SPANS = st.tuples(
    st.sampled_from(CODES), st.sampled_from(CODES), st.integers(0, 4), st.none() | st.integers(0, 3)
)


@pytest.fixture(scope="module")
def ods() -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, attached as an analyst would."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{sample_root().path / 'ods.duckdb'}' AS ods (READ_ONLY)")
        connection.execute("USE ods")
        yield connection


def on(day: date) -> pl.Expr:
    return (pl.col("valid_from") <= day) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))


@pytest.mark.promise("audited")
@settings(max_examples=5, phases=[Phase.generate])
@given(worlds=st.lists(st.lists(SPANS, max_size=16), min_size=8, max_size=12))
def test_the_closure_of_any_graph_is_that_of_networkx_on_every_day(worlds: list[list]) -> None:
    links, n = [], 0
    for n, world in enumerate(worlds):
        for child, parent, start, length in world:
            first = TODAY + timedelta(days=start)
            last = None if length is None else first + timedelta(days=length)
            # Commissioner is the one level that any role may have with any other: a free choice of graph.
            links.append(link(f"{child}-{n}", "RE4", f"{parent}-{n}", str(first), last and str(last)))
    organisations = [organisation(f"{code}-{m}", "RO157") for m in range(n + 1) for code in CODES]
    with TemporaryDirectory() as folder:
        result = marts_on(write(Path(folder), organisations, links), TODAY, "hierarchy_closure")
    parents, closure = result["hierarchy_parents"], result["hierarchy_closure"]
    for day in (TODAY + timedelta(days=d) for d in range(-1, 10)):
        graph = nx.DiGraph(parents.filter(on(day)).select("ods_code", "parent_code").rows())
        expected = {
            (below, above, depth)
            for below in graph
            for above, depth in nx.single_source_shortest_path_length(graph, below).items()
            if above != below
        }
        rows = closure.filter(on(day)).select("descendant_code", "ancestor_code", "depth").rows()
        assert len(rows) == len(set(rows))
        assert set(rows) == expected


def test_a_closed_parent_keeps_its_children_s_past(tmp_path: Path) -> None:
    gone = {"operational_end": date(2024, 10, 31), "status": "Inactive"}
    organisations = [
        organisation("S1", "RO198"),
        organisation("R1", "RO197", **gone),
        organisation("R2", "RO197"),
        organisation("Q1", "RO261"),
    ]
    links = [
        link("S1", "RE6", "R1", "2015-04-01", "2024-10-31"),
        link("S1", "RE6", "R2", "2024-11-01"),
        link("R1", "RE5", "Q1", "2020-04-01", "2024-10-31"),
        link("R2", "RE5", "Q1", "2024-11-01"),
    ]
    result = marts_on(write(tmp_path, organisations, links), TODAY, "provider_hierarchy", "hierarchy_closure")
    rows = result["provider_hierarchy"].filter(ods_code="S1")
    assert rows.select(pl.col("valid_from").cast(pl.String), "provider_code", "icb_code").rows() == [
        ("2010-04-01", "S1", None),
        ("2015-04-01", "R1", None),
        ("2020-04-01", "R1", "Q1"),
        ("2024-11-01", "R2", "Q1"),
    ]
    above = result["hierarchy_closure"].filter(on(date(2022, 1, 1)), descendant_code="S1")
    assert sorted(above.select("ancestor_code", "depth").rows()) == [("Q1", 2), ("R1", 1)]


def test_practices_and_trusts_of_the_merged_icbs_change_icb_on_1_april(
    ods: duckdb.DuckDBPyConnection,
) -> None:
    ask = "SELECT ods_code, kind, icb_code FROM ods_hierarchy(?) WHERE kind IN ('gp_practice', 'trust')"
    days = {day: ods.sql(ask, params=[day]).pl() for day in (BEFORE, AFTER)}
    both = days[BEFORE].join(days[AFTER], on=["ods_code", "kind"], suffix="_after")
    moved = both.filter(pl.col("icb_code").is_in([*NEW_ICBS, *SPLIT_ICBS]))
    assert moved.filter(kind="gp_practice").height >= 40 and moved.filter(kind="trust").height >= 40
    for code, _, old, new in moved.rows():
        assert new in ({NEW_ICBS[old]} if old in NEW_ICBS else SPLIT_ICBS[old]), (code, old, new)
    unmoved = both.filter(~pl.col("icb_code").is_in([*NEW_ICBS, *SPLIT_ICBS]))
    assert unmoved.filter(pl.col("icb_code") != pl.col("icb_code_after")).is_empty()
    answer = pl.read_parquet(sample_root().path / TABLES["icb_changes"].path)
    assert answer["effective_on"].unique().to_list() == [AFTER]
    assert not answer["is_scheduled"].any()
    rows = moved.select("ods_code", "icb_code", "icb_code_after").sort("ods_code").rows()
    listed = answer.filter(pl.col("kind") != "sub_icb").select("ods_code", "old_icb_code", "new_icb_code")
    assert listed.sort("ods_code").rows() == rows
    assert answer.filter(kind="sub_icb").height > 10


def test_a_change_that_is_announced_is_scheduled(tmp_path: Path) -> None:
    new = {"operational_start": date(2027, 4, 1)}
    old = {"operational_end": date(2027, 3, 31)}
    organisations = [
        organisation("R1", "RO197"),
        organisation("R2", "RO197", operational_end=date(2024, 3, 31)),
        organisation("R3", "RO197", **new),
        organisation("Q1", "RO261", **old),
        organisation("Q2", "RO261", **new),
    ]
    # R2 is closed by then, and R3 begins on that day: neither changes.
    links = [link(code, "RE8", "Q1", "2023-07-01", "2027-03-31") for code in ("R1", "R2", "R3")]
    links += [link(code, "RE8", "Q2", "2027-04-01") for code in ("R1", "R2", "R3")]
    result = marts_on(
        write(tmp_path, organisations, links), TODAY, "icb_changes", "provider_hierarchy_current"
    )
    columns = ("effective_on", "ods_code", "old_icb_code", "new_icb_code", "is_scheduled")
    assert result["icb_changes"].select(columns).rows() == [(date(2027, 4, 1), "R1", "Q1", "Q2", True)]
    now = result["provider_hierarchy_current"].filter(ods_code="R1").row(0, named=True)
    assert (now["icb_code"], now["valid_to"]) == ("Q1", date(2027, 4, 1))


def test_descendants_of_the_new_icb_on_both_days(ods: duckdb.DuckDBPyConnection) -> None:
    ask = "SELECT ods_code FROM ods_descendants(?, ?) ORDER BY ods_code"
    assert ods.execute(ask, ["Z9B2Z", BEFORE]).fetchall() == []
    new = ods.execute(ask, ["z9b2z ", AFTER]).fetchall()
    before = {row for icb in ("QMJ", "QRV") for row in ods.execute(ask, [icb, BEFORE]).fetchall()}
    assert len(new) > 100
    assert set(new) >= before - {("QMJ",), ("QRV",)}
    assert ods.execute(ask, ["QMJ", AFTER]).fetchall() == []


def test_ancestors_come_nearest_first(ods: duckdb.DuckDBPyConnection) -> None:
    ask = "SELECT depth, ods_code, kind FROM ods_ancestors(?, ?)"
    above = ods.execute(ask, ["TAF01", AFTER]).fetchall()
    assert above == [(1, "G6V2S", "trust"), (1, "Z9B2Z", "icb"), (2, "Y56", "region")]
    earlier = ods.execute(ask, ["TAF01", date(2024, 10, 31)]).fetchall()
    assert [code for _, code, _ in earlier] == ["QMJ", "TAF", "Y56"]
    assert ods.execute(ask, ["NOBODY", AFTER]).fetchall() == []


def test_current_and_equivalent_codes(ods: duckdb.DuckDBPyConnection) -> None:
    ask = "SELECT ods_code, hops FROM ods_current_codes(?)"
    assert ods.execute(ask, ["rhc"]).fetchall() == [("G6V2S", 2)]
    assert ods.execute(ask, ["QM7"]).fetchall() == [("D7T5G", 1), ("S1Y5D", 1)]
    assert ods.execute(ask, ["G6V2S"]).fetchall() == [("G6V2S", 0)]
    same = ods.execute("SELECT direction, ods_code, hops FROM ods_equivalent_codes('RRP')").fetchall()
    assert same == [
        ("before", "RCZ", 1),
        ("before", "RHC", 1),
        ("before", "RP2", 1),
        ("self", "RRP", 0),
        ("after", "G6V2S", 1),
    ]


def test_the_hierarchy_of_a_day_is_that_of_the_table(ods: duckdb.DuckDBPyConnection) -> None:
    table = pl.read_parquet(sample_root().path / TABLES["provider_hierarchy"].path)
    for day in (date(1999, 1, 1), BEFORE, AFTER, date(2026, 10, 1)):
        rows = ods.execute(
            "SELECT ods_code, provider_code, region_code FROM ods_hierarchy(?)", [day]
        ).fetchall()
        expected = table.filter(on(day)).select("ods_code", "provider_code", "region_code").rows()
        assert sorted(rows, key=str) == sorted(expected, key=str)
        assert len(rows) > 100


# Organisations in layers, each under all of the next. Walking every way took 33 s and 7.4 GB for the first.
@pytest.mark.parametrize(
    ("layers", "wide", "seconds"), [(8, 8, 5), pytest.param(10, 100, 120, marks=pytest.mark.slow)]
)
def test_a_dense_graph_costs_its_pairs_and_not_its_ways(
    tmp_path: Path, layers: int, wide: int, seconds: float
) -> None:
    codes = [[f"L{layer}N{n}" for n in range(wide)] for layer in range(layers)]
    # One of four spans of days for each, so that the ways of a pair differ in their days.
    spans = [("2015-04-01", None), ("2016-04-01", None), ("2015-04-01", "2020-04-01"), ("2018-04-01", None)]
    links = [
        (child, parent, "commissioner", *spans[(m + n) % 4])
        for lower, upper in pairwise(codes)
        for m, child in enumerate(lower)
        for n, parent in enumerate(upper)
    ]
    parents = pl.DataFrame(
        links, schema=["ods_code", "parent_code", "level", "valid_from", "valid_to"], orient="row"
    ).with_columns(pl.col("valid_from", "valid_to").str.to_date())
    with mart_connection(tmp_path, TODAY, []) as connection:
        connection.register("listed", parents.to_arrow())
        connection.execute("CREATE TABLE marts.hierarchy_parents AS FROM listed")
        connection.execute("CREATE TABLE marts.organisation_kinds (ods_code VARCHAR, kind VARCHAR)")
        began = time.process_time()
        closure = rows_of_mart("hierarchy_closure", connection)
        assert time.process_time() - began < seconds
    for day in (date(2015, 6, 1), TODAY):
        graph = nx.DiGraph(parents.filter(on(day)).select("ods_code", "parent_code").rows())
        lengths = dict(nx.all_pairs_shortest_path_length(graph))
        expected = {(low, high, n) for low, above in lengths.items() for high, n in above.items() if n}
        rows = closure.filter(on(day)).select("descendant_code", "ancestor_code", "depth").rows()
        assert len(rows) == len(expected) and set(rows) == expected
    assert len(expected) > 10 * layers * wide
