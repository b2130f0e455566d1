"""Codes in sentences, as in an e-mail, and lists that are none."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from ods_pipeline.lists.judging import judge
from ods_pipeline_tests.support.lists import lines, read_list

NOTE = "this is text, not a table: the words in it that may be codes are read, and nothing else"
THREE = [(1, "RRP"), (1, "TAF"), (1, "E83003")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Please check RRP, TAF and E83003.", THREE),
        ("ODS codes: RRP, TAF, E83003\n", THREE),
        ("Barnet (RRP), Camden (TAF) and Oakleigh (E83003).", THREE),
        ("Hi Jo,\n\nAre RRP/TAF and E83003 open?\n\nThanks,\nSam\n", [(3, code) for _, code in THREE]),
        (
            "From: Sam\nTo: Jo\n\nRRP and TAF look closed to me. What about E83003?",
            [(4, c) for _, c in THREE],
        ),
        ("Trusts: RRP, TAF\nPractices: E83003\n", [(1, "RRP"), (1, "TAF"), (2, "E83003")]),
        ("Please look at these:\nRRP and TAF are the old ones.\nXQZ\n", [(2, "RRP"), (2, "TAF"), (3, "XQZ")]),
        ("The practice at N1 1AA is now E83003.", [(1, "E83003")]),
        ("Since COVID19 and the 1ST of AUG26 we use E83003 and E83005.", [(1, "E83003"), (1, "E83005")]),
        # The signature has what is a delimiter elsewhere, and the second line begins with a code.
        (
            "Please check RKE and E83003.\n\nKind regards\nSam Low\nNHS England | Data\n020 7946 0123\n",
            [(1, "RKE"), (1, "E83003")],
        ),
        (
            "We looked at the practices E83003 (Oakleigh),\nE83005 (Lichfield) and the trusts RKE and TAF.\n",
            [(1, "E83003"), (2, "E83005"), (2, "RKE"), (2, "TAF")],
        ),
        ("e83003 and e83005 are closed", [(1, "E83003"), (1, "E83005")]),
    ],
)
def test_codes_in_sentences(tmp_path: Path, content: str, expected: list[tuple[int, str]]) -> None:
    codes = read_list(tmp_path, content)
    assert lines(codes) == expected
    assert codes.notes == [NOTE] and codes.rows["is_entry"].all()


def test_three_small_letters_are_read_next_to_a_code_that_is_one_for_sure(tmp_path: Path) -> None:
    codes = read_list(tmp_path, "please check rrp, taf and e83003")
    assert codes.rows.select("code", "is_entry").rows() == [("RRP", False), ("TAF", False), ("E83003", True)]
    assert lines(read_list(tmp_path, "Can you see RRP and TAF?")) == [(1, "RRP"), (1, "TAF")]


@pytest.mark.parametrize(
    "content",
    [
        "E83003 The Oakleigh Surgery\nE83005 Lichfield Grove Surgery\n",
        "The Oakleigh Surgery E83003\nLichfield Grove Surgery E83005\n",
        "E83003 and E83005\nRRP\n",
        "Code, Name, Site\nRRP, Barnet, RRP01\nTAF, Camden, TAF01\nRKE, Whittington, RKE01\n",
        "id,note,ods\n1,closed in the spring and moved to RRP,E83003\n2,see RRP and TAF,E83005\n",
        "Practices of the north\nE83003\nE83005\n",
    ],
)
def test_a_table_or_a_list_is_no_sentence(tmp_path: Path, content: str) -> None:
    assert NOTE not in read_list(tmp_path, content).notes


def test_a_word_of_three_letters_is_an_entry_if_the_register_holds_it(
    sample: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    codes = read_list(tmp_path, "Dear ALL, is RKE now what XQZ was? Or (XQW), or E8300X, XQY?")
    rows = judge(sample, codes, date(2026, 9, 4), None)
    assert rows.select("given", "verdict").rows() == [
        ("ALL", "not_an_entry"),
        ("RKE", "good"),
        ("XQZ", "not_an_entry"),
        ("XQW", "not_held"),
        ("E8300X", "not_held"),
        ("XQY", "not_held"),
    ]
