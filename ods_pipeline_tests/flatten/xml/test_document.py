"""document.py: whole records in, rows out; what is broken goes to quarantine, and nothing is lost or mixed.

Text and names of elements are in `test_document_text.py` and `test_document_unknown.py`.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.errors import BadRelease
from ods_pipeline_tests.flatten.xml.three_records import ALONE, RECORDS, read, rows_of
from ods_pipeline_tests.support.builders import make_record
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.payloads import organisation_xml
from ods_pipeline_tests.support.times import TIMES


def test_three_records_give_the_rows_that_each_gives_alone() -> None:
    document = read(*RECORDS.values())
    assert (document.records, document.problems.height, document.unknown) == (3, 0, {})
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE
    assert all(ALONE[code]["relationships"] for code in RECORDS)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("name", ["childless role", "childless rel", "childless record", "closed record"])
def test_an_element_without_children_does_not_spill_into_its_neighbours(name: str, place: int) -> None:
    """xml2arrow keeps such an element's attributes and writes them before those of the next one."""
    texts = [*RECORDS.values()]
    texts.insert(place, DAMAGES[name].harm(organisation_xml(make_record("R9Z"))))
    document = read(*texts)
    assert document.problems.select("record", "rule").rows() == [(place, DAMAGES[name].rule)]
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


@pytest.mark.promise("conserved")
def test_a_broken_record_is_quarantined_with_its_code_name_and_text() -> None:
    document = read(RECORDS["R1A"], DAMAGES["childless role"].harm(RECORDS["R1B"]))
    row = document.problems.row(0, named=True)
    assert (row["ods_code"], row["name"]) == ("R1B", "BODY R1B")
    assert '<Role id="RO76" uniqueRoleId="7" />' in row["payload"]


def test_of_several_broken_rules_one_is_reported() -> None:
    text = DAMAGES["no code"].harm(DAMAGES["day in words"].harm(RECORDS["R1A"]))
    assert read(text).problems["rule"].to_list() == ["bad_date"]


@pytest.mark.promise("hostile")
@settings(max_examples=20 * TIMES)
@given(st.lists(st.sampled_from(sorted(DAMAGES)), max_size=4), st.integers(0, 999))
def test_good_records_are_the_same_among_any_broken_ones(harms: list[str], seed: int) -> None:
    broken = [DAMAGES[name].harm(organisation_xml(make_record(f"X{n}"))) for n, name in enumerate(harms)]
    texts = [*RECORDS.values(), *broken]
    Random(seed).shuffle(texts)
    document = read(*texts)
    assert document.records == len(texts)
    assert document.problems.height == len(broken)
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE
    assert all(texts[n] in broken for n in document.problems["record"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("</Name>", "</Nam>", "the XML is damaged"),
        ("</Name>", "", "the XML is damaged"),
        ("BODY", "BO & DY", "the XML is damaged"),
        ("BODY", "&lol;", "the XML is damaged"),
        ("BODY", "BO\0DY", "NUL byte"),
        (
            "</Name>",
            "</Name><Organisation><Name>X</Name></Organisation>",
            "it holds 3 Organisation elements",
        ),
        ("<Status", "<Status odd=1", "the XML is damaged"),
        ("<Status", '<Status value="Active"', "the XML is damaged"),
        ("<Status", "<Status value='Active'", "the XML is damaged"),
        ("<Name>", "<x:Name>", "the XML is damaged"),
    ],
)
def test_text_that_is_not_a_well_formed_register_is_rejected(old: str, new: str, message: str) -> None:
    assert old in RECORDS["R1B"]
    with pytest.raises(BadRelease, match=r"^records\.xml: ") as caught:
        read(RECORDS["R1A"], RECORDS["R1B"].replace(old, new, 1))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<Town>", "<Town>A</Town><Town>", "/GeoLoc/Location/Town occurs more than once"),
        ("<Status", '<Status value="Inactive" /><Status', "/Status occurs more than once"),
        ("<OrgId", '<OrgId extension="R1B" /><OrgId', "/OrgId occurs more than once"),
        ("<Target>", "<Target/><Target><OrgId/>", "/Rels/Rel/Target occurs more than once"),
        ("</Name>", "</Name><Name>\x07 &#7;</Name>", "/Name occurs more than once"),
    ],
)
def test_a_record_with_a_repeated_element_goes_to_quarantine_with_code_and_name(
    old: str, new: str, message: str
) -> None:
    document = read(RECORDS["R1A"], RECORDS["R1B"].replace(old, new, 1), RECORDS["R1C"])
    row = document.problems.row(0, named=True)
    assert (row["record"], row["rule"], row["ods_code"], row["name"]) == (
        1,
        "repeated_element",
        "R1B",
        "BODY R1B",
    )
    assert message in row["detail"]
    assert {code: rows_of(document, code) for code in ("R1A", "R1C")} == {c: ALONE[c] for c in ("R1A", "R1C")}


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 30)))
def test_all_records_with_a_repeated_element_are_found(broken: set[int]) -> None:
    texts = [organisation_xml(make_record(f"X{n}")) for n in range(31)]
    twice = DAMAGES["two names"].harm
    document = read(*(twice(text) if n in broken else text for n, text in enumerate(texts)))
    assert set(document.problems["record"]) == broken
    assert document.frames["organisations"].height == 31 - len(broken)


def test_a_role_outside_the_roles_is_missed_by_the_rows_and_found_by_the_count() -> None:
    stray = RECORDS["R1B"].replace(
        "<Roles>", '<Role id="RO1" uniqueRoleId="9"><Status value="Active"/></Role><Roles>'
    )
    document = read(RECORDS["R1A"], stray, RECORDS["R1C"])
    row = document.problems.row(0, named=True)
    assert (row["record"], row["rule"], row["ods_code"]) == (1, "lost_component", "R1B")
    assert row["detail"] == "1 Role where none is read"
    assert {code: rows_of(document, code) for code in ("R1A", "R1C")} == {c: ALONE[c] for c in ("R1A", "R1C")}
