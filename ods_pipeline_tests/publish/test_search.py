"""What the look-up knows beside the words of a name: initials of trusts and boards, and kinds."""

from collections.abc import Iterator
from contextlib import closing

import duckdb
import pytest

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
    found = sample.execute("SELECT ods_code, match_kind FROM ods_find(?)", [typed]).fetchall()
    assert found[0] == (code, "name")


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
