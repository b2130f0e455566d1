"""ods_find as a macro: rows wanted, any order of reading, a column of texts, any text.

What it answers is in the other files `test_find_*.py`.
"""

import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline_tests.support.finding import Find, ask_for, kinds
from ods_pipeline_tests.support.rooms import sample_root


def test_rows_wanted_are_the_first_of_all() -> None:
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        some, everything = (
            connection.execute("FROM ods_find('surgery', rows_wanted := ?)", [n]).fetchall()
            for n in (3, 1_000_000)
        )
        usual = connection.execute("FROM ods_find('surgery')").fetchall()
    assert len(some) == 3 and len(everything) > 20
    assert [row for row in everything if row in some] == some
    assert usual == everything[:200]


@pytest.mark.parametrize("order", ["", "DESC"])
def test_of_similar_codes_the_first_are_kept_in_whatever_order_they_are_read(
    tmp_path: Path, order: str
) -> None:
    file = shutil.copyfile(sample_root().path / "ods.duckdb", tmp_path / "ods.duckdb")
    with closing(duckdb.connect(str(file))) as connection:
        connection.execute(f"CREATE TABLE read_now AS FROM search.codes ORDER BY ods_code {order}")
        connection.execute("DELETE FROM search.codes; INSERT INTO search.codes FROM read_now")
        rows = connection.execute("SELECT ods_code FROM ods_find('129', rows_wanted := 3)").fetchall()
    assert {code for (code,) in rows} == {"129", "12A", "12D"}


def test_a_column_of_texts_is_looked_up_as_each_text_would_be() -> None:
    texts = ["RRP", "n10 9xd", "maple house", "RRPP", "no such place", "12"]
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        pairs = connection.execute(
            "SELECT text, match_kind, ods_code FROM (SELECT unnest(?) AS text) AS l, ods_find(l.text)",
            [texts],
        ).fetchall()
        alone = [(text, *pair) for text in texts for pair in kinds(ask_for(connection, text))]
    assert len(alone) > len(texts)
    assert sorted(pairs) == sorted(alone)


TEXTS = st.text(st.characters(exclude_characters="\x00"), max_size=30)
TEXTS |= st.text(st.sampled_from("AB0159.E+ '%\\"), max_size=12)


@pytest.mark.promise("no_injection")
@settings(max_examples=6)
@given(texts=st.lists(TEXTS, min_size=8, max_size=12))
def test_any_text_has_an_answer(find: Find, texts: list[str]) -> None:
    """As a column of texts, and the first by itself."""
    assert find(texts[0])
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        sql = "SELECT text FROM (SELECT DISTINCT unnest(?) AS text) AS l, ods_find(l.text)"
        assert {text for (text,) in connection.execute(sql, [texts]).fetchall()} == set(texts)
