"""ods_find by postcode: whole, in part, with letters for digits, and next to a name."""

import pytest

from ods_pipeline_tests.support.finding import Find, kinds


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


def test_a_code_like_a_district_is_none_next_to_a_whole_postcode(small: Find) -> None:
    (row,) = small("E1 LS11 4BB")
    why = ("code", "E1", "its code and its postcode")
    assert (row["match_kind"], row["ods_code"], row["matched_by"]) == why


def test_a_shared_building_lists_each_address_by_itself(small: Find) -> None:
    assert [code for _, code in kinds(small("ls1 1aa"))] == ["A2", "A1", "A3", "A4"]


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
