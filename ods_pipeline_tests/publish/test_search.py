"""What the look-up knows beside the words of a name: initials of trusts and boards, and kinds."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import duckdb
import pytest

from ods_pipeline.marts import macros
from ods_pipeline.publish.search import make_search_tables
from ods_pipeline_tests.support.rooms import sample_root


@pytest.fixture(scope="module")
def sample() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        yield connection


# As these trusts and boards call themselves.
@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("UCLH", "RRV"),
        ("uclhft", "RRV"),
        ("uclh trust", "RRV"),
        ("CNWL", "RV3"),
        ("ELFT", "RWK"),
        ("ICHT", "RYJ"),
        ("NBT", "RVJ"),
        ("UHNM", "RJE"),  # University Hospitals of North Midlands: the O of "of" does not count,
        ("HIOW", "QRL"),  # but it does in Hampshire and Isle of Wight
        ("SASH", "RTP"),  # Surrey and Sussex Healthcare: nor does the A of "and", but here
        ("RDASH", "RXE"),
        ("BNSSG", "QUY"),
        ("ncl icb", "QMJ"),
        ("NENC", "QHM"),
    ],
)
def test_trusts_and_boards_are_found_by_their_initials(
    sample: duckdb.DuckDBPyConnection, typed: str, code: str
) -> None:
    found = sample.execute("SELECT ods_code, match_kind, matched_by FROM ods_find(?)", [typed]).fetchall()
    assert found[0][:2] == (code, "name")
    assert found[0][2] in ("initials of its name", "its name")  # all of it, if nothing else is like it


def test_initials_are_words_of_no_size_beside_those_of_the_name(sample: duckdb.DuckDBPyConnection) -> None:
    rows = sample.execute(
        "SELECT w.word, t.size, t.other_size FROM search.words AS w "
        "JOIN search.texts AS t ON t.word_id = w.word_id "
        "WHERE w.word IN ('UCLH', 'UCLHFT', 'UCLHTRUST') ORDER BY 1"
    ).fetchall()
    whole = len("UNIVERSITYCOLLEGELONDONHOSPITALNHSFOUNDATIONTRUST")
    assert rows == [("UCLH", whole, 4), ("UCLHFT", whole, 6)]


@pytest.mark.parametrize(
    ("typed", "code", "matched_by"),
    [
        ("gp n2", "E83008", "its kind and its postcode"),  # HEATHFIELDE MEDICAL CENTRE
        ("dentists nw1", "V99002", "its kind and its postcode"),
        ("prison", "YD999", "its kind"),  # HMP HOLLOW LANE
        ("high barnet dentist", "V99001", "words of its name"),
    ],
)
def test_what_an_organisation_is_counts_as_a_word_of_its_name(
    sample: duckdb.DuckDBPyConnection, typed: str, code: str, matched_by: str
) -> None:
    found = sample.execute("SELECT ods_code, match_kind, matched_by FROM ods_find(?)", [typed]).fetchall()
    assert found[0] == (code, "name", matched_by)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The sample with 1,300 clinics more, of which twelve are in a small town, eleven by longer names."""
    file = shutil.copyfile(
        sample_root().path / "ods.duckdb", tmp_path_factory.mktemp("crowded") / "ods.duckdb"
    )
    clinics = """SELECT
        'ZZ' || lpad(n::VARCHAR, 4, '0') AS ods_code,
        CASE WHEN n BETWEEN 1 AND 11 THEN 'THE LONG NAMED CLINIC ' ELSE 'CLINIC ' END || n AS name,
        name AS name_key,
        CASE WHEN n < 12 THEN 'DUKINFIELD' ELSE 'LONDON' END AS town,
        CASE WHEN n < 12 THEN 'SK16 4AB' ELSE 'NW1 9XA' END AS postcode,
        'open' AS openness
    FROM range(1300) AS r (n)"""
    today = date(2026, 9, 4)
    with closing(duckdb.connect(str(file))) as connection:
        connection.execute(f"INSERT INTO marts.code_finder BY NAME SELECT * EXCLUDE (town) FROM ({clinics})")
        connection.execute(
            "INSERT INTO ord.organisations BY NAME "
            f"SELECT ods_code, name, town, postcode, 'RC2' AS record_class FROM ({clinics})"
        )
        make_search_tables(connection, today)
        macros.define(connection, today)
        yield connection


@pytest.mark.parametrize("typed", ["clinic dukinfield", "clinic sk16", "clinic sk16 4", "clinic sk16 4ab"])
def test_next_to_a_town_or_postcode_all_that_match_are_listed(
    crowded: duckdb.DuckDBPyConnection, typed: str
) -> None:
    found = crowded.execute("SELECT ods_code FROM ods_find(?)", [typed]).fetchall()
    assert sorted(code for (code,) in found) == [f"ZZ{n:04}" for n in range(12)]
