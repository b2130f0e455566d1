"""The SHA-256 of a table's data: the same while rows, columns and descriptions are, whatever the build."""

import hashlib
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.errors import OdsError
from ods_pipeline.publish.store.digests import Digests, digests_of

ORIGIN = ("as_of", "made_by")
ROWS = {"code": ["A", "B", "B"], "name": ["x", None, "z"], "parts": [["a"], [], ["b", "c"]]}
CODES = st.lists(st.tuples(st.text("AB", max_size=2), st.none() | st.integers(0, 3)), max_size=6)


def schema(metadata: dict[str, str], *, about_code: str = "The code.", nullable: bool = True) -> pa.Schema:
    fields = [
        pa.field("code", pa.string(), nullable=nullable, metadata={"description": about_code}),
        pa.field("name", pa.string()),
        pa.field("parts", pa.list_(pa.string())),
    ]
    return pa.schema(fields, metadata={"description": "A table.", **metadata})


def written(path: Path, frame: pl.DataFrame, schema: pa.Schema | None = None) -> Digests:
    write_parquet(frame, path, schema)
    found = digests_of(path, ORIGIN)
    assert found.file == hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_another_build_changes_the_file_and_not_the_data(tmp_path: Path) -> None:
    frame, file = pl.DataFrame(ROWS), tmp_path / "t.parquet"
    first = written(file, frame, schema({"as_of": "2026-09-01", "made_by": "us 1"}))
    second = written(file, frame, schema({"as_of": "2026-09-02", "made_by": "us 2, with a longer name"}))
    assert first.file != second.file and first.data == second.data
    assert written(file, frame, schema({})).data == first.data


CHANGES: dict[str, tuple[pl.DataFrame, pa.Schema]] = {
    "a value": (pl.DataFrame(ROWS | {"code": ["A", "B", "C"]}), schema({})),
    "a null": (pl.DataFrame(ROWS | {"name": ["x", "", "z"]}), schema({})),
    "an element of another list": (pl.DataFrame(ROWS | {"parts": [["a"], ["b"], ["c"]]}), schema({})),
    "the order": (pl.DataFrame(ROWS).reverse(), schema({})),
    "a row more": (pl.DataFrame(ROWS).pipe(lambda f: pl.concat([f, f[2:]])), schema({})),
    "a description of the table": (pl.DataFrame(ROWS), schema({"description": "Another."})),
    "a description of a column": (pl.DataFrame(ROWS), schema({}, about_code="Another.")),
    "what may be null": (pl.DataFrame(ROWS), schema({}, nullable=False)),
    "another licence": (pl.DataFrame(ROWS), schema({"licence": "another"})),
    "a column less": (pl.DataFrame(ROWS).drop("parts"), schema({}).remove(2)),
    "a name": (
        pl.DataFrame(ROWS).rename({"name": "title"}),
        schema({}).set(1, pa.field("title", pa.string())),
    ),
    "a type": (pl.DataFrame(ROWS), schema({}).set(1, pa.field("name", pa.binary()))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_table_changes_it(tmp_path: Path, change: str) -> None:
    before = written(tmp_path / "t.parquet", pl.DataFrame(ROWS), schema({}))
    assert written(tmp_path / "u.parquet", *CHANGES[change]).data != before.data


@given(first=CODES, second=CODES)
def test_two_tables_have_it_in_common_exactly_if_their_rows_are_equal(
    tmp_path_factory: pytest.TempPathFactory, first: list[tuple[str, int]], second: list[tuple[str, int]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "property.parquet"
    columns = {"code": pl.String, "n": pl.Int64}
    frames = [pl.DataFrame(rows, schema=columns, orient="row") for rows in (first, second)]
    here, there = (written(file, frame).data for frame in frames)
    assert (here == there) == frames[0].equals(frames[1])


def test_rows_in_other_row_groups_are_another_file(tmp_path: Path) -> None:
    """The bytes before the footer alone do not say where a row group ends."""
    rows, found, beginnings = pa.table({"n": [1, 2]}), [], []
    for size in (1, 2):
        file = tmp_path / f"{size}.parquet"
        pq.write_table(
            rows, file, row_group_size=size, use_dictionary=False, data_page_size=1, write_batch_size=1
        )
        content = file.read_bytes()
        beginnings.append(content[: -8 - int.from_bytes(content[-8:-4], "little")])
        found.append(digests_of(file, ORIGIN).data)
    assert beginnings[0] == beginnings[1] and found[0] != found[1]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no Parquet file at all"])
def test_what_is_not_a_parquet_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(OdsError, match=r"t\.parquet: the file of a table cannot be read"):
        digests_of(tmp_path / "t.parquet", ORIGIN)
