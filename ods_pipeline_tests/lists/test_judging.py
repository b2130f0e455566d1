"""Verdicts on the sample: on each code, on a given day, and what was meant instead."""

import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.code_list import CodeList
from ods_pipeline.lists.judging import VERDICTS, judge
from ods_pipeline_tests.support.rooms import sample_root

TODAY = date(2026, 9, 4)
Judge = Callable[..., dict[str, dict[str, object]]]


def listed(*codes: str | None) -> CodeList:
    rows = pl.DataFrame(
        {"line": range(1, len(codes) + 1), "given": codes, "code": codes},
        schema={"line": pl.Int64, "given": pl.String, "code": pl.String},
    ).with_columns(part=pl.lit(1), is_entry=pl.lit(True))
    return CodeList(rows, "column 1", [])


@pytest.fixture
def judged(sample: duckdb.DuckDBPyConnection) -> Judge:
    """A function that judges codes and returns the rows by code."""

    def run(*codes: str, day: date = TODAY, kind: str | None = None) -> dict[str, dict[str, object]]:
        return {str(row["code"]): row for row in judge(sample, listed(*codes), day, kind).to_dicts()}

    return run


def test_closed_in_law_means_what_its_note_says(judged: Judge) -> None:
    assert "still in operation" in str(judged("RRP")["RRP"]["note"])
    assert VERDICTS["legally_closed"].endswith("still in operation")


def test_every_verdict_today(judged: Judge) -> None:
    expected = {
        "G6V2S": "good",
        "FX104": "good",  # closing
        "R1G": "closed",
        "5A9": "closed",
        "RRP": "legally_closed",
        "NZ902": "deleted",
        "V99003": "good",  # its deletion is unconfirmed
        "ZZZ99": "not_held",
        "50": "not_held",
        "R/P": "no_code",
        "NW19XL": "no_code",
        "V81999": "default_code",
        "E54000066": "other_system",
    }
    rows = judged(*expected)
    assert {code: row["verdict"] for code, row in rows.items()} == expected
    assert set(expected.values()) | {"blank", "wrong_kind", "not_yet_open", "not_an_entry"} == set(VERDICTS)
    note = "it may be deleted since 2026-08-28 (the API no longer gives its record); nothing has confirmed it"
    assert (rows["V99003"]["note"], rows["V99003"]["is_notable"]) == (note, True)
    assert rows["R1G"]["closed_on"] == date(2015, 9, 30)
    assert rows["R1G"]["replaced_by"] == ["RA9"]
    assert rows["FX104"]["note"] == "Open; closes after 2026-12-31"
    assert rows["5A9"]["note"] is not None and "archived" in str(rows["5A9"]["note"])


@pytest.mark.promise("successors")
def test_a_divided_organisation_has_all_its_successors(judged: Judge) -> None:
    (row,) = judged("QM7").values()
    assert (row["verdict"], row["replaced_by"]) == ("closed", ["D7T5G", "S1Y5D"])
    assert row["note"] == "Closed on 2026-03-31; now D7T5G, S1Y5D"


@pytest.mark.parametrize(
    ("day", "verdict", "replaced"),
    [
        pytest.param(date(2013, 4, 1), "good", [], id="before its end"),
        pytest.param(date(2015, 9, 30), "good", [], id="on its last day"),
        pytest.param(date(2015, 10, 1), "legally_closed", ["RA9"], id="closed in law, not in operation"),
        pytest.param(date(2020, 10, 1), "closed", ["RA9"], id="closed in both"),
    ],
)
def test_the_day_decides(judged: Judge, day: date, verdict: str, replaced: list[str]) -> None:
    (row,) = judged("R1G", day=day).values()
    assert (row["verdict"], row["replaced_by"]) == (verdict, replaced)


def test_replacements_are_those_of_the_day(judged: Judge) -> None:
    """RRP succeeded RHC, and G6V2S succeeded RRP on 2024-11-01."""
    days = (date(2024, 10, 31), date(2024, 11, 1))
    assert [judged("RHC", day=day)["RHC"]["replaced_by"] for day in days] == [["RRP"], ["G6V2S"]]


def test_a_site_where_a_trust_is_meant(judged: Judge) -> None:
    rows = judged("TAF01", "U90001", "E83018001", kind="trust")
    assert {row["verdict"] for row in rows.values()} == {"wrong_kind"}
    assert (rows["TAF01"]["meant_code"], rows["TAF01"]["kind"]) == ("G6V2S", "trust_site")
    assert rows["U90001"]["meant_code"] is None
    before = judged("TAF01", kind="trust", day=date(2020, 1, 1))
    assert before["TAF01"]["meant_code"] == "TAF"
    assert judged("E83018001", kind="gp_practice")["E83018001"]["meant_code"] == "E83018"
    assert judged("E83018", kind="pcn")["E83018"]["meant_code"] == "U90002"


def test_what_is_meant_may_have_closed_since(judged: Judge) -> None:
    name = "NHS BEDFORDSHIRE, LUTON AND MILTON KEYNES INTEGRATED CARE BOARD"
    note = str(judged("06F", kind="icb")["06F"]["note"])
    assert note.endswith(f"probably QHG ({name}, closed on 2026-03-31) is meant")


def test_a_kind_narrows_what_may_be_meant(judged: Judge) -> None:
    assert judged("E83OO3")["E83OO3"]["likely_codes"] == ["E83003"]
    assert judged("E83OO3", kind="trust")["E83OO3"]["likely_codes"] == []


def test_a_typo_has_its_likely_code(judged: Judge) -> None:
    meant = {"G6VS2": "G6V2S", "G6V25": "G6V2S", "G6V2SX": "G6V2S", "G62S": "G6V2S", "XRRP": "RRP"}
    rows = judged(*meant)
    assert {given: row["likely_codes"] for given, row in rows.items()} == {g: [m] for g, m in meant.items()}
    assert all(str(rows[given]["note"]).endswith(f"perhaps {code}") for given, code in meant.items())


def test_a_set_of_another_version_is_named_as_such(tmp_path: Path) -> None:
    shutil.copy(sample_root().path / "ods.duckdb", tmp_path / "ods.duckdb")
    with closing(duckdb.connect(str(tmp_path / "ods.duckdb"))) as connection:
        connection.execute("DROP MACRO openness_in_words")
        with pytest.raises(OdsError, match=r"another version .*openness_in_words.*build --again"):
            judge(connection, listed("RRP"), TODAY, None)


def test_if_many_codes_are_one_character_away_none_is_proposed(judged: Judge) -> None:
    assert judged("RX0")["RX0"]["likely_codes"] == []


def test_lines_keep_their_order_and_repeats_are_marked(sample: duckdb.DuckDBPyConnection) -> None:
    rows = judge(sample, listed("RRP", None, "TAF", "RRP"), TODAY, None)
    assert rows.select("line", "code", "repeats_line").rows() == [
        (1, "RRP", None),
        (2, None, None),
        (3, "TAF", None),
        (4, "RRP", 1),
    ]
    assert rows["verdict"][1] == "blank"


def test_many_lines_take_seconds_at_most(sample: duckdb.DuckDBPyConnection) -> None:
    """Codes that are not held cost the most: each is compared with every code that is."""
    rows = judge(sample, listed(*(f"X{n:05}Z" for n in range(20_000))), TODAY, None)
    assert rows["verdict"].unique().to_list() == ["not_held"]


def test_a_national_default_code_has_a_verdict_of_its_own(judged: Judge) -> None:
    codes = ("V81999", "V81997", "89999", "89997", "X98", "VPP00")
    for code, row in judged(*codes).items():
        assert (row["verdict"], row["likely_codes"]) == ("default_code", []), code
        assert "default" in str(row["note"])


def test_a_gss_code_is_named(judged: Judge) -> None:
    row = judged("E54000066")["E54000066"]
    assert (row["verdict"], row["likely_codes"]) == ("other_system", [])
    assert "GSS" in str(row["note"])


def test_what_a_spreadsheet_made_of_a_code_is_not_held(judged: Judge) -> None:
    for code, row in judged("01-AUG", "2026-08-0100:00:00", "AUG-40", "0C").items():
        assert row["verdict"] == "not_held", code
        assert "spreadsheets" in str(row["note"])


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ("01-AUG", ["AUG1", "AUG01", "1AUG", "01AUG"]),
        ("2026-08-0100:00:00", ["AUG1", "AUG01", "1AUG", "01AUG", "AUG26", "26AUG"]),
        ("01/08/1940", ["AUG1", "AUG01", "1AUG", "01AUG", "AUG40", "40AUG"]),
        ("AUG-40", ["AUG40", "40AUG"]),
        ("0C", ["00C"]),
        ("1E+10", ["1E10"]),
    ],
)
def test_the_codes_that_a_spreadsheet_may_have_changed(
    sample: duckdb.DuckDBPyConnection, given: str, codes: list[str]
) -> None:
    question = "SELECT codes_before_spreadsheet(code_key($1), code_form($1))"
    ((found,),) = sample.execute(question, [given]).fetchall()
    assert [code for code in found if code] == codes or set(codes) <= set(found)


def test_a_code_of_twelve_characters_has_the_form_of_a_code(judged: Judge) -> None:
    assert judged("ABCDEF123456")["ABCDEF123456"]["verdict"] == "not_held"
