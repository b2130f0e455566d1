"""Damage to XML at the level of XML: tags, attributes, records, entities, comments, namespaces.

Most of it leaves a file well-formed, or nearly so. Such files are where a reader can lose something
unnoticed.
"""

import re
from collections.abc import Callable
from random import Random

from ods_pipeline_tests.hostile.bytes_mutants import harmed
from ods_pipeline_tests.support.builders import CODE_LISTS, make_record, number_of, rel, stub_of, succ
from ods_pipeline_tests.support.payloads import organisation_xml, release_xml

_TOKEN = re.compile(rb"<[^>]*>|[^<]+")
_RECORD = re.compile(rb" *<Organisation[\s>].*?</Organisation>\r\n", re.DOTALL)
_ATTRIBUTE = re.compile(rb' ([A-Za-z:]+)="([^"]*)"')
_COUNT = re.compile(rb'<RecordCount value="\d*" />')
PIECES = (
    b"<!-- <Organisation> -->",
    b"<!-- -- -->",
    b"<!--",
    b"-->",
    b"<![CDATA[</Organisation>]]>",
    b"<![CDATA[<Organisation/>]]>",
    b"<![CDATA[",
    b"]]>",
    b"<?pi <Organisation> ?>",
    b"<?xml version='1.0'?>",
    b"<?a <!-- ?>",
    b"<!-- x --><?b ?>",
    b"<?a <![CDATA[ ?>",
    b"<?b ]]> ?>",
    b"\r",
    b"&#13;",
    b"<x:Name>Z</x:Name>",
    b"<Contact type='tel' value=''/>",
    b"<Contact type='tel' value='1\r\n2'/>",
    b'<!DOCTYPE x [<!ENTITY a "b">]>',
    b"<!ELEMENT x ANY>",
    b"&amp;",
    b"&lt;Organisation&gt;",
    b"&#0;",
    b"&#x1F;",
    b"&#xD800;",
    b"&#xFFFF;",
    b"&#1114112;",
    b"&#99999999999999999999;",
    b"&#;",
    b"&nope;",
    b"&",
    b"<",
    b">",
    b'"',
    b"'",
    b"<Organisation/>",
    b"<Organisation />",
    b"<Organisation></Organisation>",
    b"<Organisation\n>",
    b"</Organisation >",
    b"<organisation/>",
    b"<x:Organisation xmlns:x='y'/>",
    b"<Organisations/>",
    b"</Organisations>",
    b"<Organisations>",
    b"<Roles/>",
    b"<Role/>",
    b"<Role id='RO1' uniqueRoleId='9'/>",
    b"<Name/>",
    b"<Name>X</Name>",
    b"<OrgId extension='ZZ9'/>",
    b'<OrgId extension="ZZ9"/>',
    b"<Date/>",
    b"<Date><Type value='Legal'/><Start value='2020-01-01'/></Date>",
    b"<Odd>1</Odd>",
    b"<a><b><c/></b></a>",
    b"<GeoLoc><Location/></GeoLoc>",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\t\r\n",
)
VALUES = (b"", b" ", b"0", b"-1", b"9" * 30, b"2026-02-30", b"0001-01-01", b"9999-12-31", b"true", b"TRUE")
VALUES += (b"1e5", b"&lt;", b"&#10;", b"R1A", b"RO197", b"Active", "é".encode(), b"x" * 5000)


def _good() -> list[bytes]:
    codes = ["R1A", "R1B", "R1C"]
    rich = make_record(
        "R1D",
        Name="O'BRIEN & SONS",
        Rels={"Rel": [rel("R1D", "R1A"), rel("R1D", "R1B", "RE8")]},
        Succs={"Succ": [succ("R1D", "Predecessor", "R1C")]},
        Contacts={"Contact": [{"type": "tel", "value": "1"}, {"type": "http", "value": "a&b"}]},
    )
    records = [make_record(code, Rels={"Rel": [rel(code, "R1A")]}) for code in codes]
    return [organisation_xml(r).encode() for r in [*records, rich, stub_of(make_record("R1E"))]]


RECORDS = _good()
PUBLISHED = {"publication_date": "2026-09-18", **CODE_LISTS}
FULL = release_xml([r.decode() for r in RECORDS], **PUBLISHED)
ARCHIVE = release_xml(
    [make_record("R1E"), stub_of(make_record("R1A"))], publication_type="Archive", **PUBLISHED
)


def _tokens(xml: bytes, random: Random, change: Callable[[list[bytes], int], None]) -> bytes:
    tokens = _TOKEN.findall(xml)
    if tokens:
        change(tokens, random.randrange(len(tokens)))
    return b"".join(tokens)


def _drop(xml: bytes, random: Random) -> bytes:
    return _tokens(xml, random, lambda tokens, at: tokens.__delitem__(at))


def _double(xml: bytes, random: Random) -> bytes:
    return _tokens(xml, random, lambda tokens, at: tokens.insert(at, tokens[at]))


def _swap(xml: bytes, random: Random) -> bytes:
    def change(tokens: list[bytes], at: int) -> None:
        other = random.randrange(len(tokens))
        tokens[at], tokens[other] = tokens[other], tokens[at]

    return _tokens(xml, random, change)


def _element(xml: bytes, random: Random) -> bytes:
    """Drop, double or move a whole element."""
    matches = list(re.finditer(rb"<(\w+)[^>]*?(?:/>|>[^<]*</\1>)", xml))
    if not matches:
        return xml
    match = random.choice(matches)
    way = random.randrange(3)
    if way == 0:
        return xml[: match.start()] + xml[match.end() :]
    if way == 1:
        return xml[: match.end()] + match.group() + xml[match.end() :]
    to = random.choice(matches).start()
    return xml[:to] + match.group() + xml[to:]


def _insert(xml: bytes, random: Random) -> bytes:
    """Insert an odd piece between two tokens or within a text."""
    piece = random.choice(PIECES)
    if random.random() < 0.3:
        at = random.randrange(len(xml) + 1)
        return xml[:at] + piece + xml[at:]
    return _tokens(xml, random, lambda tokens, at: tokens.insert(at, piece))


def _attribute(xml: bytes, random: Random) -> bytes:
    matches = [*_ATTRIBUTE.finditer(xml)]
    if not matches:
        return xml
    match = random.choice(matches)
    name, value = match.groups()
    new = random.choice(
        [
            b"",
            match.group() * 2,
            b" %s='%s'" % (name, value),
            b' %s = "%s"' % (name, value),
            b'\n%s\t=\n"%s"' % (name, value),
            b' %s="%s"' % (name.swapcase(), value),
            b' x:%s="%s"' % (name, value),
            b' %s="%s"' % (name, random.choice(VALUES)),
            b' odd="1"' + match.group(),
            b' %s="=&quot;"' % name,
        ]
    )
    return xml[: match.start()] + new + xml[match.end() :]


def _record(xml: bytes, random: Random) -> bytes:
    """Drop, double, damage or move a whole record, or add another one."""
    matches = [*_RECORD.finditer(xml)]
    if not matches:
        return xml
    match, to = random.choice(matches), random.choice(matches).start()
    way = random.randrange(4)
    if way == 0:
        return xml[: match.start()] + xml[match.end() :]
    if way == 1:
        return xml[:to] + match.group() + xml[to:]
    if way == 2:
        return xml[: match.start()] + harmed(match.group(), random, 1) + xml[match.end() :]
    new = organisation_xml(make_record(f"N{random.randrange(99):02d}")).encode()
    return xml[:to] + new + xml[to:]


def _renamed(xml: bytes, random: Random) -> bytes:
    """Give an element a prefix, another name or a namespace, everywhere or once."""
    names = re.findall(rb"<(\w+)", xml)
    if not names:
        return xml
    name = random.choice(names)
    new = random.choice([b"x:" + name, name.lower(), name + b"s", b"Name", b"Organisation"])
    times = random.choice([1, 2, -1])
    xml = xml.replace(b"<" + name, b"<" + new, times)
    if random.random() < 0.8:
        xml = xml.replace(b"</" + name, b"</" + new, times)
    if b"x:" in new and random.random() < 0.8:
        xml = xml.replace(b" xmlns:", b' xmlns:x="http://x" xmlns:', 1)
    return xml


def _ids(xml: bytes, random: Random) -> bytes:
    """Replace the id of one part by that of another."""
    own = b"%d" % number_of(random.choice(["R1A", "R1B", "R1C"]), "RO197")
    return re.sub(rb'(unique\w+Id=")\d+', rb"\g<1>" + own, xml, count=random.randint(1, 3))


WAYS = (_drop, _double, _swap, _element, _element, _insert, _insert, _insert, _attribute, _attribute)
WAYS += (_record, _record, _renamed, _ids, harmed)


def mutant(xml: bytes, random: Random) -> bytes:
    """Return XML with one to four changes, mostly with a RecordCount that agrees with them."""
    for _ in range(random.choice([1, 1, 1, 2, 3, 4])):
        xml = random.choice(WAYS)(xml, random)
    if random.random() < 0.8:
        count = len(re.findall(rb"<Organisation[\s>/]", xml))
        xml = _COUNT.sub(b'<RecordCount value="%d" />' % count, xml, count=1)
    return xml
