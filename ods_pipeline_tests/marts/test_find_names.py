"""ods_find by name: as people type it, and which of several comes first."""

import pytest

from ods_pipeline_tests.support.finding import Find, kinds


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


def test_a_town_chooses_among_equal_names(find: Find) -> None:
    rows = find("maple house barnet")
    assert {row["ods_code"] for row in rows[:2]} == {"D8M2P", "VM903"}
