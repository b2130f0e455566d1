"""document.py: unknown names, prefixes and empty values are counted or left out, and cost no record."""

import pytest

from ods_pipeline_tests.flatten.xml.three_records import ALONE, RECORDS, read, rows_of


@pytest.mark.parametrize(
    ("contact", "lacks"),
    [
        ('<Contact type="tel" value=""/>', "value"),
        ("<Contact type='tel' value=' \t '/>", "value"),
        ('<Contact type="tel"/>', "value"),
        ("<Contact/>", "value"),
        ('<Contact type="" value="1"/>', "type"),
    ],
)
def test_a_contact_without_a_value_is_left_out_and_counted(contact: str, lacks: str) -> None:
    """One empty telephone number is no reason to set the whole organisation aside."""
    wider = (
        RECORDS["R1B"]
        .replace("<Contacts>", f"<Contacts>{contact}")
        .replace("</Contacts>", f"{contact}</Contacts>")
    )
    document = read(RECORDS["R1A"], wider, RECORDS["R1C"])
    assert (document.problems.height, document.unknown) == (0, {f"/Contacts/Contact without {lacks}": 2})
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</Name>", '</Name><Date><Type value=""/><Start value=""/></Date>'),
        ("</Name>", "</Name><Date><Type/><Start/><End value=' '/></Date>"),
        ("<Roles>", "<Succs/><Roles>"),
        ("<LastChangeDate", "<Odd/><LastChangeDate"),
        ('<Role id="RO197"', '<Role refOnly="" id="RO197"'),
        ("<Organisation ", '<Organisation refOnly="" '),
        ("</Location>", "<County/></Location>"),
        ("<AddrLn1>", "<AddrLn2></AddrLn2><AddrLn3> </AddrLn3><AddrLn1>"),
    ],
)
def test_an_empty_value_that_may_be_missing_costs_no_record(old: str, new: str) -> None:
    document = read(RECORDS["R1A"], RECORDS["R1B"].replace(old, new, 1), RECORDS["R1C"])
    assert document.problems.height == 0
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


def test_unknown_names_are_counted_and_the_rest_is_read() -> None:
    text = (
        RECORDS["R1A"]
        .replace("<Organisation ", '<Organisation newThing="1" ')
        .replace("</Name>", "</Name><Odd><In/></Odd>")
    )
    document = read(text, text.replace("R1A", "R1B"))
    assert document.unknown == {"@newThing": 2, "Odd": 2, "In": 2}
    assert rows_of(document, "R1A") == ALONE["R1A"]


@pytest.mark.parametrize(
    ("old", "new", "unknown"),
    [
        ("<Role ", '<Role xsi:type="a/b" ', {"@xsi:type": 1}),
        ("<Name>", '<Name xsi:nil="true" nil="x">', {"@xsi:nil": 1, "@nil": 1}),
        ("<Status ", '<Status x:value="Inactive" xmlns:x="y" ', {"@x:value": 1, "@xmlns:x": 1}),
        ("<Name>", "<x:Name>Z</x:Name><Name>", {"x:Name": 1}),
        ("<Town>", "<y:Town>Z</y:Town><Town>", {"y:Town": 1}),
        ("</Name>", "</Name><x:Note>a/b = c</x:Note>", {"x:Note": 1}),
        ("<Roles>", '<Roles><x:Role id="RO1"/>', {"x:Role": 1}),
        ("<Organisation ", "<HSCOrgRefData:Organisation ", {}),
        ("<Organisation ", '<?x a="b"?><Organisation ', {}),
        ("</Name>", "</Name><?x <Odd?>", {}),
        ("<Name>", "<Name odd='1'>", {"@odd": 1}),
        ("<Name>", "<Name value='1'>", {"/Name/@value": 1}),
        ("</Name>", "</Name><Odd><Name>X</Name></Odd>", {"Odd": 1, "/Odd/Name": 1}),
    ],
)
def test_prefixes_and_unknown_names_cost_no_record(old: str, new: str, unknown: dict[str, int]) -> None:
    text = RECORDS["R1B"].replace(old, new, 1)
    if new.startswith("<HSC"):
        text = text.replace("</Organisation>", "</HSCOrgRefData:Organisation>")
    document = read(RECORDS["R1A"], text, RECORDS["R1C"])
    assert (document.records, document.problems.height, document.unknown) == (3, 0, unknown)
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


@pytest.mark.parametrize("depth", [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_deeply_nested_elements_neither_crash_nor_lose_the_record(depth: int) -> None:
    deep = "<a>" * depth + "</a>" * depth
    document = read(RECORDS["R1A"].replace("</Name>", f"</Name>{deep}"))
    assert document.unknown == {"a": depth}
    assert rows_of(document, "R1A") == ALONE["R1A"]
