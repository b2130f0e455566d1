"""code_crosswalk: followed to the end, through splits and merges, whatever the order of rows; cycles end."""

import json
from collections import deque
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time

import networkx as nx
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ods_pipeline.marts.build import build_mart, overrides
from ods_pipeline.marts.checking import findings
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, mart_on, marts_on, organisation, write

TODAY = date(2026, 9, 4)
CLOSED = {"operational_end": date(2020, 3, 31), "status": "Inactive"}


def entry(code: str, kind: str, target: str, day: str = "2020-04-01") -> Row:
    day_in_law = date.fromisoformat(day)
    return {"ods_code": code, "succession_type": kind, "target_ods_code": target, "legal_start": day_in_law}


def crosswalk(build: Path) -> dict[tuple[str, str], Row]:
    frame = mart_on("code_crosswalk", build, TODAY)
    return {(row["old_code"], row["new_code"]): row for row in frame.to_dicts()}


def ends(result: dict[tuple[str, str], Row], code: str) -> list[str]:
    return [new for (old, new), row in result.items() if old == code and row["is_terminal"]]


@pytest.fixture(scope="module")
def sample() -> Path:
    return sample_root().path


# As ODS published them in August 2026: eight trusts, and how each came to be the one that is open.
@pytest.mark.promise("successors")
@pytest.mark.parametrize(
    ("path", "days"),
    [
        (["RHC", "RRP", "G6V2S"], ["2001-04-01", "2024-11-01"]),
        (["RCZ", "RRP", "G6V2S"], ["2001-04-01", "2024-11-01"]),
        (["RP2", "RRP", "G6V2S"], ["2001-04-01", "2024-11-01"]),
        (["RRQ", "TAF", "G6V2S"], ["2002-04-01", "2024-11-01"]),
        (["FBL", "RNK", "G6V2S"], ["1994-04-01", "2026-04-01"]),
        (["R1G", "RA9"], ["2015-10-01"]),
    ],
    ids="-".join,
)
def test_the_real_trusts_lead_to_the_one_that_is_open(sample: Path, path: list[str], days: list[str]) -> None:
    rows = pl.read_parquet(sample / TABLES["code_crosswalk"].path)
    for first in range(len(path)):
        for last in range(first, len(path)):
            row = rows.filter(old_code=path[first], new_code=path[last]).row(0, named=True)
            assert row["hops"] == last - first
            assert row["path"] == path[first : last + 1]
            assert row["effective_on"] == (date.fromisoformat(days[last - 1]) if last > first else None)
            assert row["is_terminal"] is (last == len(path) - 1)
            assert row["new_is_open"] is (last == len(path) - 1)


def test_the_twelve_records_alone_give_the_same(shared: Path) -> None:
    """Straight from the payloads, edge by edge, without any table of ours."""
    graph = nx.DiGraph()
    for file in sorted((shared / "ord-json").glob("*.json")):
        record = json.loads(file.read_bytes())["Organisation"]
        for succ in record.get("Succs", {}).get("Succ", []):
            pair = (record["OrgId"]["extension"], succ["Target"]["OrgId"]["extension"])
            graph.add_edge(*(pair if succ["Type"] == "Successor" else pair[::-1]))
    rows = pl.read_parquet(sample_root().path / TABLES["code_crosswalk"].path)
    for code in ("RHC", "RCZ", "RP2", "RRQ", "RRP", "TAF", "RNK", "FBL"):
        row = rows.filter(old_code=code, is_terminal=True).row(0, named=True)
        assert row["new_code"] == "G6V2S"
        assert row["hops"] == nx.shortest_path_length(graph, code, "G6V2S")
    assert set(nx.descendants(graph, "R1G")) == {"RA9"}


@pytest.mark.promise("successors")
def test_two_old_icbs_end_in_one_and_three_are_split(sample: Path) -> None:
    rows = pl.read_parquet(sample / TABLES["code_crosswalk"].path).filter(pl.col("hops") > 0)
    answer = {
        code: (rows.filter(old_code=code)["new_code"].to_list(), rows.filter(old_code=code)["is_split"].all())
        for code in ("QMJ", "QRV", "QM7", "QJG", "QNQ")
    }
    assert answer == {
        "QMJ": (["Z9B2Z"], False),
        "QRV": (["Z9B2Z"], False),
        "QM7": (["D7T5G", "S1Y5D"], True),
        "QJG": (["D7T5G", "T6Y0W"], True),
        "QNQ": (["QRL", "S0E4D", "S9B9J"], True),
    }


def test_of_two_sides_a_day_apart_the_later_counts(sample: Path, tmp_path: Path) -> None:
    edges = pl.read_parquet(sample / TABLES["succession_edges"].path)
    apart = edges.filter(pl.col("days_apart") > 0)
    assert apart.select("old_code", "new_code", "effective_on", "days_apart").rows() == [
        ("Y99901", "Y99902", date(2026, 8, 26), 1)
    ]
    sides = [entry("A", "Successor", "B", "2020-03-31"), entry("B", "Predecessor", "A", "2020-04-01")]
    result = crosswalk(
        write(tmp_path, [organisation("A", "RO98", **CLOSED), organisation("B", "RO98")], successions=sides)
    )
    assert result["A", "B"]["effective_on"] == date(2020, 4, 1)


@pytest.mark.promise("successors")
def test_a_cycle_ends_and_is_reported(tmp_path: Path) -> None:
    sides = [
        entry("A", "Successor", "B"),
        entry("B", "Successor", "C"),
        entry("C", "Successor", "A"),
        entry("D", "Successor", "A"),
        entry("E", "Successor", "E"),
    ]
    build = write(tmp_path, [organisation(code, "RO98") for code in "ABCDE"], successions=sides)
    result = crosswalk(build)
    circle = ["A", "B", "C"]
    expected = {"A": circle, "B": circle, "C": circle, "D": circle, "E": ["E"]}
    assert {code: ends(result, code) for code in "ABCDE"} == expected
    found_marts = marts_on(build, TODAY, "code_crosswalk")
    (build / "marts").mkdir()
    for name, frame in found_marts.items():
        frame.write_parquet(build / TABLES[name].path)
    answer = {f.name: f for f in findings("code_crosswalk", found_marts["code_crosswalk"], build, TODAY)}
    assert not answer["no_cycles"].passed and not answer["no_cycles"].blocking
    assert answer["no_cycles"].summary == (
        "successions: 3 in a circle: A -> B -> A, A -> C -> A, B -> C -> B"
    )


ANNOUNCED = {
    "chain": (["A B 2020-04-01", "B C 2027-04-01"], "A:B B:B C:C", "A:C B:C C:C"),
    "split": (["A B 2027-04-01", "A C 2020-04-01"], "A:C B:B C:C", "A:BC B:B C:C"),
    "two ways": (["A B 2020-04-01", "B C 2021-04-01", "A C 2027-04-01"], "A:C B:C C:C", "A:C B:C C:C"),
    "circle": (["A B 2020-04-01", "B A 2027-04-01"], "A:B B:B", "A:AB B:AB"),
}


@pytest.mark.promise("successors")
def test_an_announced_succession_leads_nowhere_before_its_day(tmp_path: Path) -> None:
    """ODS publishes them weeks ahead: until then the old code is the one in use."""
    # Each case has codes of its own: A0, B0, …, A1, B1, …
    sides = [(n, *side.split()) for n, case in enumerate(ANNOUNCED.values()) for side in case[0]]
    entries = [entry(f"{old}{n}", "Successor", f"{new}{n}", day) for n, old, new, day in sides]
    codes = sorted({row[c] for row in entries for c in ("ods_code", "target_ods_code")})
    build = write(tmp_path, [organisation(code, "RO98") for code in codes], successions=entries)
    for day, answer in ((date(2027, 3, 31), 1), (date(2027, 4, 1), 2)):
        rows = mart_on("code_crosswalk", build, day)
        last = rows.filter("is_terminal").sort("old_code", "new_code")
        for n, (name, case) in enumerate(ANNOUNCED.items()):
            own = [code for code in codes if code.endswith(str(n))]
            ends_of = {c[0]: "".join(e[0] for e in last.filter(old_code=c)["new_code"]) for c in own}
            assert " ".join(f"{code}:{found}" for code, found in ends_of.items()) == case[answer], name
        pairs = {(row["ods_code"], row["target_ods_code"]) for row in entries}
        assert pairs <= set(rows.select("old_code", "new_code").iter_rows())
        assert last.filter(pl.col("effective_on") > day).is_empty()


@pytest.mark.promise("successors")
def test_a_way_that_has_begun_comes_before_a_shorter_one_that_is_announced(tmp_path: Path) -> None:
    sides = ["A B 2020-04-01", "B C 2021-04-01", "A C 2027-04-01", "C D 2027-04-01", "A D 2028-04-01"]
    entries = [entry(old, "Successor", new, day) for old, new, day in map(str.split, sides)]
    organisations = [organisation("A", "RO98", **CLOSED), *(organisation(c, "RO98") for c in "BCD")]
    build = write(tmp_path, organisations, successions=entries)
    columns = pl.col("new_code"), pl.col("path").list.join(""), pl.col("effective_on").cast(pl.String)
    answers = {}
    for day in (date(2027, 3, 31), date(2027, 4, 1), date(2028, 4, 1)):
        rows = mart_on("code_crosswalk", build, day).filter(pl.col("hops") > 0, old_code="A").sort("new_code")
        answers[str(day)] = rows.select(*columns, "is_terminal").rows()
    before = [("B", "AB", "2020-04-01", False), ("C", "ABC", "2021-04-01", True)]
    after = [("B", "AB", "2020-04-01", False), ("C", "AC", "2027-04-01", False)]
    assert answers == {
        "2027-03-31": [*before, ("D", "AD", "2028-04-01", False)],
        "2027-04-01": [*after, ("D", "ACD", "2027-04-01", True)],
        "2028-04-01": [*after, ("D", "AD", "2028-04-01", True)],
    }
    assert mart_on("closed_codes", build, TODAY)["successor_codes"].to_list() == [["B", "C", "D"]]


def test_a_curated_succession_fills_what_ods_lacks(sample: Path, tmp_path: Path) -> None:
    row = pl.read_parquet(sample / TABLES["code_crosswalk"].path).filter(old_code="RYK", is_terminal=True)
    assert row.select("new_code", "source").rows() == [("TAJ", "curated")]
    both = [organisation("RYK", "RO197", **CLOSED), organisation("TAJ", "RO197")]
    assert crosswalk(write(tmp_path / "held", both))["RYK", "TAJ"]["new_is_open"]
    recorded = [entry("RYK", "Successor", "TAJ")]
    result = crosswalk(write(tmp_path / "recorded", both, successions=recorded))
    assert (result["RYK", "TAJ"]["source"], result["RYK", "TAJ"]["effective_on"]) == ("ods", date(2020, 4, 1))
    assert list(crosswalk(write(tmp_path / "neither", [organisation("A", "RO197")]))) == [("A", "A")]


@pytest.mark.promise("successors")
def test_every_override_has_a_source_a_day_and_two_codes() -> None:
    rows = overrides()
    assert rows.null_count().sum_horizontal().item() == 0
    assert rows["source"].str.len_chars().min() > 40
    assert rows.filter(pl.col("old_code") == pl.col("new_code")).is_empty()
    assert rows.select("old_code", "new_code").is_unique().all()


def walked(edges: set[tuple[str, str]], start: str) -> dict[str, list[str]]:
    """The shortest way to each code, the first in order among equals: breadth first, neighbours in order."""
    following: dict[str, list[str]] = {}
    for old, new in sorted(edges):
        following.setdefault(old, []).append(new)
    ways, queue = {start: [start]}, deque([start])
    while queue:
        code = queue.popleft()
        for new in following.get(code, []):
            if new not in ways:
                ways[new] = [*ways[code], new]
                queue.append(new)
    return ways


CODES = [f"X{n}" for n in range(7)]
EDGES = st.lists(st.tuples(*[st.sampled_from(CODES)] * 2), max_size=12)


@pytest.mark.promise("successors")
@settings(max_examples=5, phases=[Phase.generate])
@given(worlds=st.lists(EDGES, min_size=8, max_size=12), seed=st.integers(0, 99))
def test_the_crosswalk_of_any_graph_is_walked_breadth_first(worlds: list[list], seed: int) -> None:
    edges = {(f"{old}-{n}", f"{new}-{n}") for n, world in enumerate(worlds) for old, new in world}
    codes = [f"{code}-{n}" for n in range(len(worlds)) for code in CODES]
    entries = [entry(old, "Successor", new) for old, new in sorted(edges)]
    entries += [entry(new, "Predecessor", old, "2020-03-31") for old, new in sorted(edges) if old < new]
    with TemporaryDirectory() as folder:
        organisations = [organisation(code, "RO98") for code in codes]
        build = write(Path(folder) / "sorted", organisations, successions=entries)
        frame = mart_on("code_crosswalk", build, TODAY)
        Random(seed).shuffle(entries)
        Random(seed).shuffle(organisations)
        other = write(Path(folder) / "shuffled", organisations, successions=entries)
        assert_frame_equal(mart_on("code_crosswalk", other, TODAY), frame)
    proper = {(old, new) for old, new in edges if old != new}
    graph = nx.DiGraph(proper)
    graph.add_nodes_from(codes)
    circles = nx.condensation(graph)
    last = {c for n, result in circles.nodes(data="members") if circles.out_degree(n) == 0 for c in result}
    expected = {
        (code, new): (len(way) - 1, way, new in last)
        for code in codes
        for new, way in walked(proper, code).items()
    }
    rows = frame.select("old_code", "new_code", "hops", "path", "is_terminal").rows()
    assert {(old, new): tuple(answer) for old, new, *answer in rows} == expected
    splits = {code for code in codes if graph.out_degree(code) > 1}
    for row in frame.to_dicts():
        assert row["is_split"] is bool(splits & set(row["path"][:-1]))


def test_the_mart_reads_only_the_tables_of_its_lineage(sample: Path) -> None:
    whole = pl.read_parquet(sample / TABLES["code_crosswalk"].path)
    assert_frame_equal(build_mart("code_crosswalk", sample, TODAY), whole)


@pytest.mark.parametrize(
    ("layers", "width", "seconds"),
    [(8, 8, 15), pytest.param(10, 100, 180, marks=pytest.mark.slow)],  # 19 million ways; 1,000 codes
)
def test_a_dense_graph_costs_its_pairs_and_not_its_ways(
    tmp_path: Path, layers: int, width: int, seconds: int
) -> None:
    """Every code of a layer is succeeded by all codes of the next one."""
    codes = [[f"L{layer:02}{n:03}" for n in range(width)] for layer in range(layers)]
    organisations = [organisation(code, "RO98") for layer in codes for code in layer]
    sides = [
        entry(old, "Successor", new) for layer, below in pairwise(codes) for old in layer for new in below
    ]
    build = write(tmp_path, organisations, successions=sides)
    begun = process_time()
    frame = mart_on("code_crosswalk", build, TODAY)
    assert process_time() - begun < seconds
    followed = frame.filter(pl.col("hops") > 0)
    assert followed.height == width**2 * layers * (layers - 1) // 2
    last = followed.filter(old_code=codes[0][-1], new_code=codes[-1][-1]).row(0, named=True)
    # Among equally short ways, the first in the order of their codes.
    assert last["path"] == [codes[0][-1], *(layer[0] for layer in codes[1:-1]), codes[-1][-1]]
    assert (last["hops"], last["is_split"], last["is_merge"], last["is_terminal"]) == (
        layers - 1,
        *[True] * 3,
    )
