"""The published sets that ORD and ODT make of one register: byte for byte, but for what ODT cannot say.

Lives here: the bytes of the files. Does not live here: what ODT cannot say (``support/both_sources.py``), and
frames, days and switches (``test_equality.py``).

Two files of one table never have the same footer, because it names the SHA-256 of what went in. So everything
before the footer is compared. A table with something that ODT cannot say is written once more without it.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.checks.suite import FACTS
from ods_pipeline.dataroot.builds import require_build
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.dataroot.parquet import write_parquet
from ods_pipeline.inventory.register import fold_held, write_register
from ods_pipeline.schema import TABLES, Table
from ods_pipeline_tests.factory.parts import concepts
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.both_sources import (
    OVER_DAYS,
    both_flattened,
    both_published,
    comparable,
    factory_records,
    real_records,
    set_aside,
    world_of_records,
)
from ods_pipeline_tests.support.builders import notice

GONE = (notice("ZZ8", "2026-09-03"),)
FOOTER_END = 8  # the length of the footer, and the mark


def bytes_of_rows(file: Path) -> bytes:
    """A Parquet file without its footer."""
    content = file.read_bytes()
    (length,) = struct.unpack("<I", content[-FOOTER_END:-4])
    return content[: -FOOTER_END - length]


def without_what_odt_cannot_say(file: Path, table: Table, folder: Path) -> Path:
    """The file once more, by the writer of all published files."""
    frame = comparable(pl.read_parquet(file), table.id)
    written = folder / f"{table.id}.parquet"
    write_parquet(frame.sort(pl.all()), written)
    return written


def assert_bytes_equal(places: tuple[Path, Path], tables: Iterable[Table], folder: Path) -> dict[str, int]:
    """Compare the files of two folders; return how many tables were equal as they are, and once more."""
    as_they_are, once_more = 0, 0
    for table in tables:
        files = [place / table.path for place in places]
        if set_aside(table):
            files = [without_what_odt_cannot_say(f, table, folder / f"{n}") for n, f in enumerate(files)]
            once_more += 1
            assert files[0].read_bytes() == files[1].read_bytes(), table.id
        else:
            as_they_are += 1
            assert bytes_of_rows(files[0]) == bytes_of_rows(files[1]), table.id
    return {"as they are": as_they_are, "without what is listed": once_more}


@pytest.mark.promise("odt_equals_ord")
def test_the_tables_of_facts_have_the_same_bytes(tmp_path: Path) -> None:
    places = []
    for root in both_flattened(tmp_path, world_of_records(factory_records(0.002)[::6], concepts(), GONE)):
        write_register(root, fold_held(root), None)
        places.append(require_build(root))
    assert pl.read_parquet(places[0] / TABLES["organisations"].path).height > 100
    compared = assert_bytes_equal((places[0], places[1]), FACTS, tmp_path / "again")
    assert sum(compared.values()) == len(FACTS)


@pytest.fixture(scope="module")
def three_thousand(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataRoot, DataRoot]:
    """What is published of every case of the factory, and of a deletion."""
    records = factory_records(0.0085)
    assert len(records) >= 3_000
    return both_published(tmp_path_factory.mktemp("both"), world_of_records(records, concepts(), GONE))


@pytest.mark.slow
@pytest.mark.promise("odt_equals_ord")
def test_the_published_sets_of_three_thousand_records_have_the_same_bytes(
    tmp_path: Path, three_thousand: tuple[DataRoot, DataRoot]
) -> None:
    first, second = three_thousand
    compared = assert_bytes_equal((first.path, second.path), TABLES.values(), tmp_path)
    assert sum(compared.values()) == len(TABLES)
    assert pl.read_parquet(first.path / TABLES["deletions"].path)["ods_code"].to_list() == ["ZZ8"]
    for how, number in compared.items():
        figures.record("odt_equals_ord", f"published tables of 3,000 records, equal {how}", str(number))


@pytest.mark.slow
def test_every_column_that_is_listed_does_differ(three_thousand: tuple[DataRoot, DataRoot]) -> None:
    """The list of what ODT cannot say has nothing that could be compared, but for what no source fills."""
    equal = set()
    for table in TABLES.values():
        ours, theirs = (pl.read_parquet(root.path / table.path) for root in three_thousand)
        for column in sorted(set_aside(table)):
            if ours[column].equals(theirs[column]) and ours[column].null_count() < ours.height:
                equal.add(f"{table.id}.{column}")
    assert equal == OVER_DAYS


@pytest.mark.slow
def test_the_published_sets_of_the_real_records_have_the_same_bytes(tmp_path: Path, shared: Path) -> None:
    first, second = both_published(tmp_path, world_of_records(*real_records(shared)))
    assert_bytes_equal((first.path, second.path), TABLES.values(), tmp_path / "again")
