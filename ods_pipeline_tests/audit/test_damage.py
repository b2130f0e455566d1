"""Published tables that were changed: the audit finds each change and reports it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ods_pipeline.audit.comparing import Difference, TableComparison
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.audited import differing, publish
from ods_pipeline_tests.support.builders import (
    make_record,
    number_of,
    rel,
    role,
    succ,
    write_delta,
    write_release,
)

pytestmark = pytest.mark.promise("audited")
Rows = list[dict]
Harm = Callable[[Rows], Rows]
PHONES = {"Contact": [{"type": "tel", "value": "0113 496 0000"}]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> DataRoot:
    """A small published register in which the audit finds no difference."""
    folder = tmp_path_factory.mktemp("whole")
    records = [
        make_record(
            code,
            Roles={"Role": [role(code), role(code, "RO57", primary=False)]},
            Rels={"Rel": [rel(code, "R1A"), rel(code, "R1B", "RE8")]},
            Succs={"Succ": [succ(code, "Predecessor", "R1C")]},
            Contacts=PHONES,
        )
        for code in ("R1A", "R1B", "R1C", "R1D")
    ]
    write_release(folder / "in", records, [make_record("R1E")])
    write_delta(folder / "in", [make_record("R1D", Name="RENAMED")])
    root = DataRoot(folder / "data")
    assert differing(root, publish(folder / "in", root)) == []
    return root


def changed(whole: DataRoot, folder: Path, table: str, harm: Harm) -> list[TableComparison]:
    """Change the rows of one Parquet file, and return what the audit finds."""
    build = folder / "build"
    shutil.copytree(whole.builds / "000001", build)
    file = build / f"{table}.parquet"
    table_before = pq.read_table(file)
    rows = harm(table_before.to_pylist())
    pq.write_table(pa.Table.from_pylist(rows, schema=table_before.schema), file)
    return differing(whole, build)


def edit(column: str, key: str, change: Callable) -> Harm:
    """Change one value in the first row whose code is ``key``."""

    def harm(rows: Rows) -> Rows:
        row = next(r for r in rows if r["ods_code"] == key and r[column] is not None)
        value = change(row[column])
        assert value != row[column]
        row[column] = value
        return rows

    return harm


def swap(first: str, second: str) -> Harm:
    """Swap two columns."""
    return lambda rows: [{**row, first: row[second], second: row[first]} for row in rows]


def exchange(column: str, first: int, second: int) -> Harm:
    """Exchange the values of two rows, so that the column as a whole has the same values."""

    def harm(rows: Rows) -> Rows:
        assert rows[first][column] != rows[second][column]
        rows[first][column], rows[second][column] = rows[second][column], rows[first][column]
        return rows

    return harm


def without(key: str) -> Harm:
    return lambda rows: [row for row in rows if row["ods_code"] != key]


def only(comparisons: list[TableComparison], table: str) -> TableComparison:
    assert [c.table for c in comparisons] == [table]
    return comparisons[0]


def test_one_character_of_a_name(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("name", "R1B", lambda name: name[:-1] + "C")
    table = only(changed(whole, tmp_path, "tables/organisations", harm), "ord.organisations")
    assert table.differing == ["name"]
    assert table.differences == [Difference("ord.organisations", "R1B", "name", "BODY R1B", "BODY R1C")]


def test_a_lost_leading_zero(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("contact_value", "R1C", lambda value: value.removeprefix("0"))
    table = only(changed(whole, tmp_path, "tables/contacts", harm), "ord.contacts")
    (difference,) = table.differences
    assert (difference.key, difference.column) == ("R1C tel 1", "contact_value")
    assert (difference.raw, difference.published) == ("0113 496 0000", "113 496 0000")


def test_the_date_of_one_relationship(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("operational_start", "R1A", lambda day: day.replace(day=2))
    table = only(changed(whole, tmp_path, "tables/relationships", harm), "ord.relationships")
    (difference,) = table.differences
    assert table.differing == ["operational_start"]
    assert int(difference.key) in {number_of("R1A", "RE6", "R1A"), number_of("R1A", "RE8", "R1B")}
    assert (difference.raw, difference.published) == ("2010-04-01", "2010-04-02")


def test_a_lost_role(whole: DataRoot, tmp_path: Path) -> None:
    dropped = number_of("R1B", "RO57")

    def harm(rows: Rows) -> Rows:
        return [row for row in rows if row["unique_role_id"] != dropped]

    table = only(changed(whole, tmp_path, "tables/roles", harm), "ord.roles")
    assert (table.raw_rows, table.published_rows) == (8, 7)
    assert table.differences == [Difference("ord.roles", str(dropped), "(row)", "there", "missing")]


def test_two_swapped_columns(whole: DataRoot, tmp_path: Path) -> None:
    table = only(
        changed(whole, tmp_path, "tables/organisations", swap("town", "postcode")), "ord.organisations"
    )
    assert table.differing == ["town", "postcode"]
    first = Difference("ord.organisations", "R1A", "town", "LEEDS", "LS1 1AA")
    assert table.differences[0] == first
    assert {d.key for d in table.differences} == {"R1A", "R1B", "R1C", "R1D", "R1E"}


def test_values_exchanged_between_rows(whole: DataRoot, tmp_path: Path) -> None:
    table = only(
        changed(whole, tmp_path, "tables/organisations", exchange("uprn", 0, 1)), "ord.organisations"
    )
    assert table.differing == ["uprn"]
    assert {d.key for d in table.differences} == {"R1A", "R1B"}


@pytest.mark.parametrize("key", ["R1B", "R1E"])
def test_a_lost_record(whole: DataRoot, tmp_path: Path, key: str) -> None:
    table = only(changed(whole, tmp_path, "tables/organisations", without(key)), "ord.organisations")
    assert (table.raw_rows, table.published_rows) == (5, 4)
    assert table.differences == [Difference("ord.organisations", key, "(row)", "there", "missing")]


def test_an_invented_record(whole: DataRoot, tmp_path: Path) -> None:
    def harm(rows: Rows) -> Rows:
        return [*rows, {**rows[0], "ods_code": "ZZZ"}]

    table = only(changed(whole, tmp_path, "tables/organisations", harm), "ord.organisations")
    assert table.differences == [Difference("ord.organisations", "ZZZ", "(row)", "missing", "there")]


def test_a_repeated_row(whole: DataRoot, tmp_path: Path) -> None:
    table = only(
        changed(whole, tmp_path, "tables/successions", lambda rows: [*rows, rows[0]]), "ord.successions"
    )
    assert table.published_rows == table.raw_rows + 1
    assert [d.published for d in table.differences] == ["there"]


def test_an_older_record_in_place_of_the_newest(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("name", "R1D", lambda _: "BODY R1D")
    table = only(changed(whole, tmp_path, "tables/organisations", harm), "ord.organisations")
    assert [(d.raw, d.published) for d in table.differences] == [("RENAMED", "BODY R1D")]


def test_a_version_of_history_with_another_end(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("known_to", "R1D", lambda day: day.replace(day=25))
    table = only(changed(whole, tmp_path, "history/organisations", harm), "history.organisations")
    assert [(d.key, d.raw, d.published) for d in table.differences] == [
        ("R1D 2026-08-21", "2026-08-24", "2026-08-25")
    ]


def test_a_missing_column(whole: DataRoot, tmp_path: Path) -> None:
    build = tmp_path / "build"
    shutil.copytree(whole.builds / "000001", build)
    file = build / "tables/contacts.parquet"
    pq.write_table(pq.read_table(file).drop(["contact_value"]), file)
    assert only(differing(whole, build), "ord.contacts").differing == ["contact_value"]
