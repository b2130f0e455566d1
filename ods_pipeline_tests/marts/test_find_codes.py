"""ods_find by code: however it is written, whatever is next to it, and what comes with it."""

from datetime import date

import pytest

from ods_pipeline_tests.support.finding import Find


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
        ("RRP-RKE", ["RKE", "RRP"]),  # neither is a word of any name
        ("R0A R0B", ["R0A", "R0B"]),  # the first looks like a district, but there is none
    ],
)
def test_a_code_comes_first_whatever_is_typed_next_to_it(find: Find, text: str, codes: list[str]) -> None:
    rows = find(text)
    assert [row["ods_code"] for row in rows[: len(codes)]] == codes
    assert rows[0]["match_kind"] == "code"


def test_a_code_that_is_a_word_of_names_too_does_not_come_before_them(small: Find) -> None:
    assert small("abbey chemist")[0]["ods_code"] == "A4"
    assert "ABBEY" not in {row["ods_code"] for row in small("abbey chemist")}


def test_a_site_has_its_head_office_next_to_it(small: Find) -> None:
    (row,) = [row for row in small("A2") if row["match_kind"] == "code"]
    assert (row["hq_code"], row["hq_name"]) == ("A5", "ST MARY'S MILLFIELD")
    assert [row["site_count"] for row in small("A5")] == [1]


def test_a_deleted_code_has_its_day(find: Find) -> None:
    (row,) = find("NZ902")
    assert (row["match_kind"], row["openness"], row["closed_on"]) == ("code", "deleted", date(2026, 8, 29))
