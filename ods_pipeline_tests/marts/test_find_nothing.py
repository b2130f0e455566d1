"""ods_find of what is not held: the reason, and the codes that may be meant."""

import pytest

from ods_pipeline_tests.support.finding import Find, kinds


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
