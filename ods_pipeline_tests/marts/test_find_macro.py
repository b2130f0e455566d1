"""ods_find(text): by code, postcode and name, in which order, and the reason if nothing matches."""

import functools
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.publish.search import make_search_tables
from ods_pipeline.schema import SCHEMAS, TABLES
from ods_pipeline_tests.support.rooms import sample_root
from ods_pipeline_tests.support.small_registers import Row, link, marts_on, organisation, write

TODAY = date(2026, 9, 4)
CLOSED = {"status": "Inactive", "operational_end": date(2020, 3, 31)}
# What ods_find reads besides code_finder.
_TABLES = [TABLES[name] for name in ("captures", "quarantined_records", "unresolved_targets")]
Find = Callable[[str], list[Row]]


def ask_for(connection: duckdb.DuckDBPyConnection, text: str) -> list[Row]:
    answer = connection.execute("FROM ods_find(?)", [text])
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def kinds(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row["match_kind"], row["ods_code"]) for row in rows]


@pytest.fixture(scope="module")
def find() -> Iterator[Find]:
    """`ods_find` of the published sample."""
    with closing(duckdb.connect(str(sample_root().path / "ods.duckdb"), read_only=True)) as connection:
        yield functools.cache(lambda text: ask_for(connection, text))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    """`ods_find` of a register of a few organisations in two streets."""
    here = {"postcode": "LS1 1AA", "address_line_1": "1 HIGH STREET"}
    there = {"postcode": "LS1 1AA", "address_line_1": "2 HIGH STREET"}
    organisations = [
        organisation("A1", "RO177", name="OLD MILL SURGERY", **here, **CLOSED),
        organisation("A2", "RO177", name="THE MILL SURGERY", **here),
        organisation("A3", "RO182", name="MILL PHARMACY", **there),
        organisation("A4", "RO182", name="ABBEY CHEMIST", **there, **CLOSED),
        organisation("A5", "RO197", name="ST MARY'S MILLFIELD"),
        organisation("A6", "RO197", name="MILL"),
        organisation("ABBEY", "RO197", name="ODD CODE"),
        organisation("A7", "RO197", name="SURGERY AT THE MILL"),
        organisation("D1", "RO197", name="WEST GARDEN CLINIC", town="READING"),
        organisation("D2", "RO197", name="OXFORD GARDEN CLINIC", town="OXFORD"),
        organisation("D3", "RO197", name="WEST GARDEN CLINIC", town="OXFORD"),
        organisation("D4", "RO197", name="GARDEN GARDEN CLINIC", town="OXFORD"),
        organisation("D5", "RO197", name="LLOYDS CHEMIST"),
        organisation("D8", "RO197", name="CLINIC CLINIC", town="LANCASHIRE"),
        organisation("D9", "RO197", name="LANCASHIRE CLINIC", town="PRESTON"),
        organisation("D6", "RO197", name="BOOTSCHEMIST"),
        organisation("D7", "RO197", name="HOSE CLINIC"),
        organisation("Q99X", "RO261", name="NHS ELMSHIRE INTEGRATED CARE BOARD"),
        organisation("Q99Y", "RO98", name="NHS ELMSHIRE ICB - Q99Y"),
        organisation("Q98X", "RO261", name="NHS WEST OAKSHIRE INTEGRATED CARE BOARD", **CLOSED),
        organisation("Q98Y", "RO98", name="NHS WEST OAKSHIRE ICB - Q98Y"),
        organisation("U1", "RO272", name="BROOK PCN"),
        organisation("U2", "RO197", name="BARN & OAK HOUSE SURGERY"),
        organisation("U3", "RO197", name="CAFE CLINIC"),
        organisation("U4", "RO197", name="SHEFFIELD CLINIC"),
        organisation("U5", "RO197", postcode="SL1 2AB"),
        organisation("U6", "RO197", postcode="NW1 0AB"),
        *(organisation(f"B{n}", "RO197") for n in range(7)),
        organisation("5E1", "RO179", **CLOSED),
        organisation("012", "RO141"),
        organisation("l0 4sq", "RO177"),
        organisation("E11AB", "RO198"),
        organisation("E1", "RO197", name="CANAL WHARF", postcode="LS11 4BB"),
    ]
    others_of: dict[str, Any] = {
        "quarantined_records": [
            {"ods_code": code, "rule": rule, "capture_id": "x", "record_number": number}
            # The later record of BAD02 comes first, that of BAD03 last.
            for code, number, rule in [
                ("BAD01", 1, "dates"),
                ("BAD02", 3, "dates"),
                ("BAD02", 2, "ids"),
                ("BAD03", 4, "ids"),
                ("BAD03", 5, "dates"),
            ]
        ],
        "unresolved_targets": [{"target_ods_code": "GONE1", "pointed_at_by": 2, "example_ods_code": "A1"}],
        "captures": [{"capture_id": "x", "as_of": date(2026, 9, 3)}],
    }
    build = write(tmp_path_factory.mktemp("small"), organisations, [link("A2", "RE6", "A5")])
    finder = marts_on(build, TODAY, "code_finder")["code_finder"]
    with duckdb.connect() as connection:
        for schema in SCHEMAS:
            connection.execute(f"CREATE SCHEMA {schema}")
        for table in _TABLES:
            rows = pl.DataFrame(others_of[table.name], schema_overrides=table.dtypes)
            connection.register("frame", pl.concat([table.empty(), rows], how="diagonal").to_arrow())
            connection.execute(f"CREATE TABLE ord.{table.name} AS FROM frame")
        connection.register("finder", finder.to_arrow())
        connection.execute("CREATE TABLE marts.code_finder AS FROM finder")
        register = str(build / TABLES["organisations"].path)
        connection.execute("CREATE TABLE ord.organisations AS FROM read_parquet(?)", [register])
        connection.execute(
            "CREATE TABLE history.organisations (ods_code VARCHAR, name VARCHAR, known_to DATE)"
        )
        connection.execute(
            "INSERT INTO history.organisations VALUES ('A2', 'ABBOTS WAY CLINIC', DATE '2020-03-02')"
        )
        make_search_tables(connection, TODAY)
        steps = [f"find_{step}.sql" for step in ("as_typed", "codes", "listings", "matches")]
        for file in (*steps, "ods_find.sql"):
            connection.execute(resources.files("ods_pipeline.marts.macros").joinpath(file).read_text())
        yield functools.cache(lambda text: ask_for(connection, text))


@pytest.mark.parametrize(
    "text",
    [
        *("RRP", " rrp ", "r r p", "\ufeffRRP", "RRP,", "'RRP'", "(rrp).", '"R R P"', "[RRP];", "- RRP/"),
        pytest.param("\uff32\uff52\uff30", id="full-width"),
        pytest.param("RR\u00ad\u200bP\u00a0\u2013", id="soft hyphen, no-break space, dash"),
        pytest.param("\u201cRRP\u201d\u00b9", id="curved quotes, footnote"),
    ],
)
def test_a_code_is_found_however_it_is_written(find: Find, text: str) -> None:
    (row,) = find(text)
    assert (row["match_kind"], row["ods_code"], row["openness"]) == ("code", "RRP", "legally_closed")
    assert (row["closed_on"], row["replaced_by"]) == (date(2024, 10, 31), ["G6V2S"])


def test_an_archived_code_is_there(find: Find) -> None:
    (row,) = find("5A9")
    assert row["openness"] == "closed"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("E83003 greenfield medical centre", ["E83003", "E83006"]),
        ("08H camden", ["08H", "07R"]),
        ("FX103 boots", ["FX103"]),
        ("RRP northern hospital", ["RRP"]),
        ("practice code: E83003", ["E83003"]),
        ("(E83003) oaklee", ["E83003"]),
        ("e83003 e83005", ["E83005", "E83003"]),
    ],
)
def test_a_code_comes_first_whatever_is_typed_next_to_it(find: Find, text: str, codes: list[str]) -> None:
    rows = find(text)
    assert [row["ods_code"] for row in rows[: len(codes)]] == codes
    assert rows[0]["match_kind"] == "code"


def test_a_code_that_is_a_word_of_names_too_does_not_come_before_them(small: Find) -> None:
    assert small("abbey chemist")[0]["ods_code"] == "A4"
    assert "ABBEY" not in {row["ods_code"] for row in small("abbey chemist")}


@pytest.mark.parametrize(("text", "same_as"), [("N200", "N20 0"), ("ha80", "HA8 0"), ("nw21", "NW2 1")])
def test_a_sector_may_lack_its_space(find: Find, text: str, same_as: str) -> None:
    assert kinds(find(text)) == kinds(find(same_as)) != []
    assert find(text)[0]["match_kind"] == "postcode"


def test_a_district_that_is_there_is_no_sector_of_another(small: Find) -> None:
    assert {row["postcode"] for row in small("LS11")} == {"LS11 4BB"}


@pytest.mark.parametrize(
    "text", ["N10 9XD", "n109xd", " N1 09XD", "(N10 9XD)", "N10-9XD.", "N10\u20139XD", "\uff2e10\u00a09xd"]
)
def test_a_postcode_lists_everybody_old_and_new_together(find: Find, text: str) -> None:
    assert kinds(find(text)) == [("postcode", "D8M2P"), ("postcode", "VM903")]


@pytest.mark.parametrize("text", ["N1O 9XD", "NlO 9XD", "nlo9xd", "Nl0  9XD"])
def test_letters_in_a_postcode_that_look_like_its_digits_are_taken_for_them(find: Find, text: str) -> None:
    rows = find(text)
    assert kinds(rows) == [("postcode", "D8M2P"), ("postcode", "VM903")]
    assert {row["matched_by"] for row in rows} == {"a postcode like this"}


def test_so_are_those_next_to_a_name(find: Find) -> None:
    for text in ("maple house n1o 9xd", "maple house NLO 9XD"):
        assert {row["matched_by"] for row in find(text)} == {"words of its name and a postcode like this"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("NW1 OAB", ["U6"]),
        ("nwl 0ab", ["U6"]),
        ("NW10AB", ["U6"]),
        ("S11 2AB", [None]),  # Sheffield, and not Slough
        ("5L1 2AB", [None]),
    ],
)
def test_a_postcode_is_not_taken_for_one_in_another_town(
    small: Find, text: str, codes: list[str | None]
) -> None:
    assert [row["ods_code"] if row["match_kind"] == "postcode" else None for row in small(text)] == codes


def test_a_shared_building_lists_each_address_by_itself(small: Find) -> None:
    assert [code for _, code in kinds(small("ls1 1aa"))] == ["A2", "A1", "A3", "A4"]


def test_all_words_of_a_name_in_any_order_best_first(small: Find) -> None:
    assert [code for _, code in kinds(small("mill"))] == ["A6", "A3", "A2", "A7", "A1", "A5"]
    # Among names alike, the one that reads like what was typed comes first.
    assert [code for _, code in kinds(small("surgery mill"))] == ["A7", "A2", "A1"]
    assert [code for _, code in kinds(small("the mill surg"))][:2] == ["A2", "A7"]
    assert [code for _, code in kinds(small("st marys"))] == ["A5"]
    assert kinds(small("su mi"))[0] == ("name", "A2")
    assert kinds(small("s t u r g e y m mil"))[0][0] == "none"


def test_a_former_name_is_found_and_named(small: Find) -> None:
    (row,) = small("abbots way clinic")
    assert (row["ods_code"], row["match_kind"]) == ("A2", "name")
    assert row["matched_by"] == "its former name ABBOTS WAY CLINIC, in the register until 2020-03-02"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("SAINT MARYS MILLFIELD", "its name"),
        ("st. mary's millfield", "its name"),
        ("millfield, st mary", "its name"),
        ("stmarys millfield", "its name"),
        ("st marys mill field", "its name"),
        ("st marys milfield", "a name like this"),
        ("st marys millfeild", "a name like this"),
        ("st marrys milllfield", "a name like this"),
        ("A5 st marys millfield", "its code and its name"),
    ],
)
def test_a_name_is_found_as_people_type_it(small: Find, typed: str, why: str) -> None:
    first = small(typed)[0]
    assert (first["ods_code"], first["matched_by"]) == ("A5", why)


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("LS1", ["A2", "A1", "A3", "A4"]),
        ("ls1 1", ["A2", "A1", "A3", "A4"]),
        ("LS11", ["E1"]),  # a district, and no sector of LS1
        ("ls11 4", ["E1"]),
        ("mill pharmacy ls1 1aa", ["A3"]),
        ("pharmacy ls1", ["A3", "A4"]),  # Abbey Chemist is one, by its kind
    ],
)
def test_a_postcode_may_be_in_part_and_next_to_a_name(small: Find, typed: str, codes: list[str]) -> None:
    assert [code for _, code in kinds(small(typed))] == codes


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("west garden clinic oxford", ["D3"]),
        ("oxford west garden clinic", ["D3"]),
        ("west garden clinic reading", ["D1"]),
        ("west garden clinc oxford", ["D3"]),
        ("lloydschemist", ["D5"]),
        ("boots chemist", ["D6"]),
        ("hsoe clinic", ["D7"]),
        ("lancishire clinic", ["D9"]),
        ("elmshire icb", ["Q99X", "Q99Y"]),  # the board is one, the place has the word in its name
        ("elmshire integrated care board", ["Q99X", "Q99Y"]),
        ("oakshire west integrated care board", ["Q98X", "Q98Y"]),  # though the board has closed
        ("brook primary care network", ["U1"]),
        ("the wset garden clinic reading", ["D1"]),
        ("westgardenclinic reading", ["D1"]),
        ("thewestgardenclinic oxford", ["D3"]),
        ("barnandoakhousesurgery", ["U2"]),
        ("barn and oak hse surgery", ["U2"]),
        ("nhselmshireintegratedcareboard", ["Q99X"]),
        ("caf\u00e9 clinic", ["U3"]),
        ("shef\ufb01eld clinic", ["U4"]),
        ("OFXORD garden clinic", ["D2"]),  # a town with a typo is no better than a name with one
    ],
)
def test_the_right_one_comes_first(small: Find, typed: str, codes: list[str]) -> None:
    assert [code for _, code in kinds(small(typed))][: len(codes)] == codes


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


def test_a_town_chooses_among_equal_names(find: Find) -> None:
    rows = find("maple house barnet")
    assert {row["ods_code"] for row in rows[:2]} == {"D8M2P", "VM903"}


@pytest.mark.parametrize("typed", ["hull", "leeds", "harrow", "no such house"])
def test_a_place_or_a_name_is_never_called_a_code_that_never_existed(small: Find, typed: str) -> None:
    assert "never existed" not in str(small(typed)[0]["explanation"])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "V81999",
            "A national default code of the NHS Data Dictionary, which stands for no organisation: GP p",
        ),
        ("E54000066", "A GSS code"),
    ],
)
def test_codes_of_other_systems_are_named(find: Find, code: str, reason: str) -> None:
    (row,) = find(code)
    assert row["match_kind"] == "none"
    assert row["explanation"].startswith(reason)


def test_a_site_has_its_head_office_next_to_it(small: Find) -> None:
    (row,) = [row for row in small("A2") if row["match_kind"] == "code"]
    assert (row["hq_code"], row["hq_name"]) == ("A5", "ST MARY'S MILLFIELD")
    assert [row["site_count"] for row in small("A5")] == [1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ZZZ99", "Not in the register as of 2026-09-04, nor in its archive"),
        ("G6V9Z", "form of codes issued since October 2020"),
        ("LS99 9ZZ", "No organisation is held at this postcode"),
        ("no such place anywhere", "No name or town has words like these"),
        ("R?X", "No ODS code has this form"),
        ("", "There is no code"),
    ],
)
def test_what_is_not_there_has_its_reason(find: Find, text: str, reason: str) -> None:
    first = find(text)[0]
    assert first["match_kind"] == "none"
    assert reason in first["explanation"]


def test_what_the_register_knows_of_a_code_it_does_not_hold(small: Find) -> None:
    for code in ("BAD01", "BAD02", "BAD03"):
        assert "set aside because it breaks a rule: dates" in small(code)[0]["explanation"]
    assert "2 relationships or successions point at it (A1" in small("gone1")[0]["explanation"]


def test_a_deleted_code_has_its_day(find: Find) -> None:
    (row,) = find("NZ902")
    assert (row["match_kind"], row["openness"], row["closed_on"]) == ("code", "deleted", date(2026, 8, 29))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("G6VS2", "G6V2S", id="two characters swapped"),
        pytest.param("GV62S", "G6V2S", id="two characters swapped where the halves meet"),
        pytest.param("X6V2S", "G6V2S", id="another first character"),
        pytest.param("G6V25", "G6V2S", id="characters that look the same"),
        pytest.param("E83OO3", "E83003", id="two letters for digits"),
        pytest.param("G6V2SX", "G6V2S", id="a character too many"),
        pytest.param("G62S", "G6V2S", id="a character left out"),
    ],
)
def test_a_typo_lists_the_code_that_may_be_meant(find: Find, text: str, meant: str) -> None:
    assert kinds(find(text)) == [("none", text), ("similar", meant)]


def test_a_code_that_a_spreadsheet_made_a_number(small: Find) -> None:
    for text in ("50", "5.00E+01"):
        assert ("similar", "5E1") in kinds(small(text))
    assert ("similar", "012") in kinds(small("12"))


def test_a_code_that_is_not_written_as_codes_are_is_proposed_all_the_same(small: Find) -> None:
    assert kinds(small("lo45q")) == [("none", "LO45Q"), ("similar", "l0 4sq")]


def test_a_postcode_with_its_space_is_no_code_with_a_typo(small: Find) -> None:
    assert kinds(small("e11aa")) == [("none", "E11AA"), ("similar", "E11AB")]
    assert kinds(small("E1 1AA")) == [("none", "E11AA")]


def test_where_many_codes_are_one_sign_away_none_is_proposed(small: Find) -> None:
    assert kinds(small("B9")) == [("none", "B9")]


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
