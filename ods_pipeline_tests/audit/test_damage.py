"""Published tables that were changed: the audit finds each change and names it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ods_pipeline.audit.comparing import Compared, Difference
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
    """A small register, published, in which the audit finds nothing."""
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


def changed(whole: DataRoot, folder: Path, table: str, harm: Harm) -> list[Compared]:
    """What the audit finds when the rows of one Parquet file are others."""
    build = folder / "build"
    shutil.copytree(whole.builds / "000001", build)
    file = build / f"{table}.parquet"
    held = pq.read_table(file)
    rows = harm(held.to_pylist())
    pq.write_table(pa.Table.from_pylist(rows, schema=held.schema), file)
    return differing(whole, build)


def edit(column: str, key: str, change: Callable) -> Harm:
    """Changes one value of the row whose code is ``key``: the first, if there are more."""

    def harm(rows: Rows) -> Rows:
        row = next(r for r in rows if r["ods_code"] == key and r[column] is not None)
        value = change(row[column])
        assert value != row[column]
        row[column] = value
        return rows

    return harm


def swap(one: str, other: str) -> Harm:
    return lambda rows: [{**row, one: row[other], other: row[one]} for row in rows]


def exchange(column: str, one: int, other: int) -> Harm:
    """Two rows exchange their values, so that the column as a whole has the same ones."""

    def harm(rows: Rows) -> Rows:
        assert rows[one][column] != rows[other][column]
        rows[one][column], rows[other][column] = rows[other][column], rows[one][column]
        return rows

    return harm


def without(key: str) -> Harm:
    return lambda rows: [row for row in rows if row["ods_code"] != key]


def only(found: list[Compared], table: str) -> Compared:
    assert [t.table for t in found] == [table]
    return found[0]


def test_one_character_of_a_name(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("name", "R1B", lambda name: name[:-1] + "C")
    table = only(changed(whole, tmp_path, "tables/organisations", harm), "ord.organisations")
    assert table.differing == ["name"]
    assert table.differences == [Difference("ord.organisations", "R1B", "name", "BODY R1B", "BODY R1C")]


def test_a_text_cut_short_and_a_zero_lost(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("contact_value", "R1C", lambda value: value.removeprefix("0"))
    table = only(changed(whole, tmp_path, "tables/contacts", harm), "ord.contacts")
    (told,) = table.differences
    assert (told.key, told.column) == ("R1C tel 1", "contact_value")
    assert (told.raw, told.published) == ("0113 496 0000", "113 496 0000")


def test_the_day_of_one_relationship(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("operational_start", "R1A", lambda day: day.replace(day=2))
    table = only(changed(whole, tmp_path, "tables/relationships", harm), "ord.relationships")
    (told,) = table.differences
    assert table.differing == ["operational_start"]
    assert int(told.key) in {number_of("R1A", "RE6", "R1A"), number_of("R1A", "RE8", "R1B")}
    assert (told.raw, told.published) == ("2010-04-01", "2010-04-02")


def test_a_role_that_was_dropped(whole: DataRoot, tmp_path: Path) -> None:
    dropped = number_of("R1B", "RO57")

    def harm(rows: Rows) -> Rows:
        return [row for row in rows if row["unique_role_id"] != dropped]

    table = only(changed(whole, tmp_path, "tables/roles", harm), "ord.roles")
    assert (table.raw_rows, table.published_rows) == (8, 7)
    assert table.differences == [Difference("ord.roles", str(dropped), "(row)", "there", "missing")]


def test_a_pair_of_columns_that_changed_places(whole: DataRoot, tmp_path: Path) -> None:
    table = only(
        changed(whole, tmp_path, "tables/organisations", swap("town", "postcode")), "ord.organisations"
    )
    assert table.differing == ["town", "postcode"]
    first = Difference("ord.organisations", "R1A", "town", "LEEDS", "LS1 1AA")
    assert table.differences[0] == first
    assert {d.key for d in table.differences} == {"R1A", "R1B", "R1C", "R1D", "R1E"}


def test_values_that_changed_rows(whole: DataRoot, tmp_path: Path) -> None:
    table = only(
        changed(whole, tmp_path, "tables/organisations", exchange("uprn", 0, 1)), "ord.organisations"
    )
    assert table.differing == ["uprn"]
    assert {d.key for d in table.differences} == {"R1A", "R1B"}


@pytest.mark.parametrize("key", ["R1B", "R1E"])
def test_a_record_that_was_lost(whole: DataRoot, tmp_path: Path, key: str) -> None:
    table = only(changed(whole, tmp_path, "tables/organisations", without(key)), "ord.organisations")
    assert (table.raw_rows, table.published_rows) == (5, 4)
    assert table.differences == [Difference("ord.organisations", key, "(row)", "there", "missing")]


def test_a_record_that_was_invented(whole: DataRoot, tmp_path: Path) -> None:
    def harm(rows: Rows) -> Rows:
        return [*rows, {**rows[0], "ods_code": "ZZZ"}]

    table = only(changed(whole, tmp_path, "tables/organisations", harm), "ord.organisations")
    assert table.differences == [Difference("ord.organisations", "ZZZ", "(row)", "missing", "there")]


def test_a_row_that_stands_twice(whole: DataRoot, tmp_path: Path) -> None:
    table = only(
        changed(whole, tmp_path, "tables/successions", lambda rows: [*rows, rows[0]]), "ord.successions"
    )
    assert table.published_rows == table.raw_rows + 1
    assert [d.published for d in table.differences] == ["there"]


def test_an_older_record_that_stands_in_for_the_newest(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("name", "R1D", lambda _: "BODY R1D")
    table = only(changed(whole, tmp_path, "tables/organisations", harm), "ord.organisations")
    assert [(d.raw, d.published) for d in table.differences] == [("RENAMED", "BODY R1D")]


def test_a_version_of_history_with_another_end(whole: DataRoot, tmp_path: Path) -> None:
    harm = edit("known_to", "R1D", lambda day: day.replace(day=25))
    table = only(changed(whole, tmp_path, "history/organisations", harm), "history.organisations")
    assert [(d.key, d.raw, d.published) for d in table.differences] == [
        ("R1D 2026-08-21", "2026-08-24", "2026-08-25")
    ]


def test_a_column_that_is_gone(whole: DataRoot, tmp_path: Path) -> None:
    build = tmp_path / "build"
    shutil.copytree(whole.builds / "000001", build)
    file = build / "tables/contacts.parquet"
    pq.write_table(pq.read_table(file).drop(["contact_value"]), file)
    assert only(differing(whole, build), "ord.contacts").differing == ["contact_value"]
