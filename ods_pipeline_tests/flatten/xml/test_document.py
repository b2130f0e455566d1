"""document.py: whole records in, rows out, and a proof that none was lost or mixed with another."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.document import Document, read_document
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN
from ods_pipeline_tests.support.builders import COMPONENTS, make_record, rel
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.payloads import organisation_xml
from ods_pipeline_tests.support.times import TIMES

RECORDS = {
    code: organisation_xml(make_record(code, Rels={"Rel": [rel(code, "Q1")]}))
    for code in ("R1A", "R1B", "R1C")
}


def read(*texts: str) -> Document:
    return read_document(RECORDS_OPEN + "".join(texts).encode() + RECORDS_CLOSE, "records.xml")


def rows_of(document: Document, code: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of one code, by table, without the number of its record."""
    frames = document.frames
    number = frames["organisations"].filter(ods_code=code).select("record")
    tables = ("organisations", *COMPONENTS)
    return {
        t: sorted(frames[t].join(number, on="record", how="semi").drop("record").rows(), key=repr)
        for t in tables
    }


ALONE = {code: rows_of(read(text), code) for code, text in RECORDS.items()}


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
    "comment",
    [
        "<!-- note -->",
        "<!-- <Role id='RO1' uniqueRoleId='1'/> -->",
        '<!-- <Organisation newThing="1"><Odd/></Organisation> -->',
    ],
)
def test_comments_are_ignored(comment: str) -> None:
    document = read(comment, *(text.replace("<Roles>", f"<Roles>{comment}") for text in RECORDS.values()))
    assert (document.records, document.problems.height, document.unknown) == (3, 0, {})
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


def test_character_data_may_be_written_in_any_way_xml_allows() -> None:
    forms = ("A &amp; B'S", "<![CDATA[A & B'S]]>", "A &#38; B&#39;S", "A &amp; B&apos;S")
    texts = [RECORDS["R1A"].replace("BODY R1A", form) for form in forms]
    assert {read(text).frames["organisations"]["name"][0] for text in texts} == {"A & B'S"}


@pytest.mark.parametrize(
    "text",
    ["<!-- BODY -->", "<Role>", '<Organisation newThing="1">', "</Name><Odd/>", "a <!-- b", "--> &amp; c"],
)
def test_cdata_is_text_and_nothing_else(text: str) -> None:
    spelt = RECORDS["R1A"].replace("BODY", f"<![CDATA[{text}]]>")
    document = read(spelt, RECORDS["R1B"], RECORDS["R1C"].replace("BODY", "<!-- <![CDATA[ -->BODY"))
    assert (document.records, document.problems.height, document.unknown) == (3, 0, {})
    assert document.frames["organisations"]["name"].to_list() == [f"{text} R1A", "BODY R1B", "BODY R1C"]


def test_white_space_in_the_end_tag_of_a_broken_record_is_ignored() -> None:
    broken = DAMAGES["childless role"].harm(RECORDS["R1B"]).replace("</Organisation>", "</Organisation >")
    document = read(RECORDS["R1A"], broken, RECORDS["R1C"])
    assert document.problems["ods_code"].to_list() == ["R1B"]
    assert {code: rows_of(document, code) for code in ("R1A", "R1C")} == {c: ALONE[c] for c in ("R1A", "R1C")}


@pytest.mark.promise("conserved")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<?a <!-- ?>", "<!-- x --><?b ?>"),
        ("<?a <![CDATA[ ?>", "<?b ]]> ?>"),
        ("<!-- <?a -->", "<!-- ?> -->"),
        ("<?a <!-- ?><?a <![CDATA[ ?>", "<!-- ]]> --><?b ]]>--> ?>"),
    ],
)
def test_no_instruction_hides_what_lies_between_two_of_them(before: str, after: str) -> None:
    hidden = RECORDS["R1B"].replace("<Roles>", f"{before}<Roles>").replace("</Rels>", f"</Rels>{after}")
    document = read(RECORDS["R1A"], hidden, f"{before}{RECORDS['R1C']}{after}")
    assert (document.records, document.problems.height, document.unknown) == (3, 0, {})
    assert {code: rows_of(document, code) for code in RECORDS} == ALONE


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("A\r\nB", "A\nB"), ("A\rB", "A\nB"), ("A\nB", "A\nB"), ("A&#13;B", "A\rB"), ("A&#13;\r\nB", "A\r\nB")],
)
def test_line_ends_in_text_are_read_as_xml_defines_them(written: str, read_as: str) -> None:
    document = read(RECORDS["R1A"], RECORDS["R1B"].replace("BODY", written).replace("<Name", "<Name\r\n"))
    assert document.frames["organisations"]["name"].to_list() == ["BODY R1A", f"{read_as} R1B"]


@pytest.mark.parametrize(
    ("written", "read_as"), [("1\r\n2", "1 2"), ("1\t2", "1 2"), ("1&#10;2", "1\n2"), ("1>\n'2", "1> '2")]
)
def test_line_ends_in_an_attribute_are_spaces(written: str, read_as: str) -> None:
    document = read(RECORDS["R1A"].replace("0113 496 0000", written), RECORDS["R1B"])
    assert document.frames["contacts"]["contact_value"].to_list() == [read_as, "0113 496 0000"]


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


@pytest.mark.parametrize("elsewhere", ['THE q="', "A foo='x", "B b =\t'c/"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Role id=", '<Role id="RO999" id='),
        ("<OrgId ", '<OrgId extension="EVIL" '),
        ("<OrgId ", "<OrgId extension = 'EVIL' "),
    ],
)
def test_no_text_hides_an_attribute_that_repeats(old: str, new: str, elsewhere: str) -> None:
    named = RECORDS["R1C"].replace("BODY", elsewhere)
    assert read(named).problems.height == 0
    with pytest.raises(BadRelease, match="the XML is damaged"):
        read(RECORDS["R1A"], RECORDS["R1B"].replace(old, new, 1), named)


def test_no_instruction_hides_a_role_outside_the_roles() -> None:
    stray = RECORDS["R1B"].replace("<Roles>", "<?x <Odd?><Role/><Roles>")
    document = read(RECORDS["R1A"], stray, RECORDS["R1C"])
    assert document.problems.select("record", "rule").rows() == [(1, "lost_component")]


@pytest.mark.parametrize("character", ["=", "&#61;", "/", "&#x2F;"])
@pytest.mark.parametrize("lost", ["", '<Role id="RO1" uniqueRoleId="9"/>'])
def test_slashes_and_equals_in_a_value_neither_hide_a_loss_nor_look_like_one(
    character: str, lost: str
) -> None:
    text = RECORDS["R1B"].replace("BODY", f"A{character * 2}B").replace("<Roles>", f"{lost}<Roles>")
    document = read(RECORDS["R1A"], text, RECORDS["R1C"])
    if lost:
        assert document.problems.select("record", "rule").rows() == [(1, "lost_component")]
    else:
        assert document.frames["organisations"]["name"][1] in ("A==B R1B", "A//B R1B")
        assert (document.problems.height, document.unknown) == (0, {})


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


@pytest.mark.parametrize("depth", [20_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_deeply_nested_elements_neither_crash_nor_lose_the_record(depth: int) -> None:
    deep = "<a>" * depth + "</a>" * depth
    document = read(RECORDS["R1A"].replace("</Name>", f"</Name>{deep}"))
    assert document.unknown == {"a": depth}
    assert rows_of(document, "R1A") == ALONE["R1A"]
