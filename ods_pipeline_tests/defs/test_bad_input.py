"""Bad input from end to end: one clear message, or quarantine; and nothing good is lost.

Lives here: the files of a release, and a broken record that meets a register with an older version of it.
Does not live here: what can be wrong with one record, payload or zip (`flatten/test_*.py`).
"""

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.errors import BadRelease, OdsError
from ods_pipeline.flatten.flat import Flat
from ods_pipeline_tests.support.builders import (
    CODE_LISTS,
    Held,
    assert_conserved,
    facts,
    flatten,
    make_record,
    rel,
    same,
    without,
    write_release,
)
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.payloads import organisation_xml, release_xml, release_zip, zip_bytes
from ods_pipeline_tests.support.times import TIMES

pytestmark = pytest.mark.promise("hostile")

CODES = ["R1A", "R1B", "R1C"]
RECORDS = [make_record(code, Rels={"Rel": [rel(code, "R1A")]}) for code in CODES]
NEXT = {"publication_date": "2026-09-18", **CODE_LISTS}
FULL = release_xml(RECORDS, **NEXT)
ARCHIVE = release_xml([], publication_type="Archive", **NEXT)
ENDS = [match.end() for match in re.finditer(b"</Organisation>", FULL)]
BOMB = b'<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
NAME = b"<Name>BODY R1B</Name>"

Harm = Callable[[bytes], bytes]
BAD_XML: dict[str, tuple[Harm, str]] = {
    "cut between two records": (
        lambda xml: xml[: ENDS[1]],
        "the file is cut short: after the last whole record comes ''",
    ),
    "cut between two records, line end": (lambda xml: xml[: ENDS[1] + 2], "the file is cut short"),
    "cut within a record": (
        lambda xml: xml[: ENDS[1] + 300],
        "the file is cut short: after the last whole record comes",
    ),
    "cut within the head": (lambda xml: xml[:900], "the file ends before its Organisations element does"),
    "a record less": (
        lambda xml: xml[: ENDS[0]] + xml[ENDS[1] :],
        "its RecordCount is 3 and 2 records are in it",
    ),
    "a record twice": (
        lambda xml: xml[: ENDS[1]] + xml[ENDS[0] :],
        "its RecordCount is 3 and 4 records are in it",
    ),
    "empty": (lambda xml: b"", "the file is empty"),
    "UTF-16": (lambda xml: xml.decode().encode("utf-16"), "UTF-16"),
    "Latin-1": (
        lambda xml: xml.replace(NAME, "<Name>CAFÉ</Name>".encode("latin-1")),
        "the text is not UTF-8 near",
    ),
    "no XML": (lambda xml: b"code,name\r\nR1A,BODY", "the file is not XML"),
    "HTML": (
        lambda xml: b"<html><body>Sign in</body></html>",
        "not ORD XML v2-0-0: its root element is '<html>'",
    ),
    "entity bomb": (
        lambda xml: xml.replace(b"<HSCOrg", BOMB + b"<HSCOrg", 1).replace(b"BODY", b"&b;"),
        "document type",
    ),
    "unknown entity": (lambda xml: xml.replace(b"BODY", b"&b;"), "the XML is damaged"),
    "NUL": (lambda xml: xml.replace(NAME, b"<Name>BO\0DY</Name>"), "the text has a NUL byte near"),
    "other namespace": (lambda xml: xml.replace(b"org/v2-0-0", b"org/v9-0-0"), "not ORD XML v2-0-0"),
    "a tag within a tag of the head": (
        lambda xml: xml.replace(b" xmlns:HSC", b" <mlns:HSC", 1),
        "the XML is damaged before the first record",
    ),
    "tags that do not match": (lambda xml: xml.replace(NAME, b"<Name>BODY</Nom>"), "the XML is damaged"),
}


@pytest.mark.parametrize("place", ["full", "archive"])
@pytest.mark.parametrize("name", BAD_XML)
def test_a_bad_file_in_a_release_is_rejected(tmp_path: Path, name: str, place: str) -> None:
    harm, message_part = BAD_XML[name]
    full, archive = FULL, ARCHIVE
    if place == "full":
        full = harm(FULL)
    else:
        archive = harm(release_xml(RECORDS, publication_type="Archive", **NEXT))
        # The same harm at the same byte, whatever the longer name of the file's kind has moved.
        full = release_xml([make_record("R9Z")], **NEXT)
    path = release_zip(tmp_path, release_date="2026-09-25", full=full, archive=archive)
    with pytest.raises(BadRelease) as caught:
        flatten(path)
    message = str(caught.value)
    if place == "full" or not name.startswith(("cut", "a record")):
        assert message_part in message
    assert message.startswith(f"HSCOrgRefData_{place.capitalize()}_20260925.xml: "), "it must say which file"
    assert "\n" not in message
    assert caught.value.do, "it must name what to do"


INNER = {"fullfile.zip": zip_bytes({"full.xml": FULL}), "archive.zip": zip_bytes({"archive.xml": ARCHIVE})}
OTHER_DAY = release_xml(RECORDS, **{**NEXT, "publication_date": "2026-08-21"})
BAD_ZIPS: dict[str, tuple[bytes, str]] = {
    "truncated": (zip_bytes(INNER)[:700], "the zip is damaged or cut short"),
    "without its directory": (zip_bytes(INNER)[:-20], "its directory is missing"),
    "inner truncated": (
        zip_bytes({**INNER, "fullfile.zip": INNER["fullfile.zip"][:-200]}),
        "damaged or cut short",
    ),
    "no full file": (
        zip_bytes({"archive.zip": INNER["archive.zip"]}),
        "there is no full register file in it (it has archive.xml)",
    ),
    "no archive file": (zip_bytes({"fullfile.zip": INNER["fullfile.zip"]}), "there is no archive file in it"),
    "two full files of one day": (
        zip_bytes({**INNER, "a.xml": FULL}),
        "2 full and 1 archive files, and 2 pairs",
    ),
    "files of two days": (
        zip_bytes({"a.xml": OTHER_DAY, "b.xml": ARCHIVE}),
        "is of 2026-08-21 and the archive file of 2026-09-18",
    ),
    "nothing": (zip_bytes({}), "there is no full register file in it (it has no XML)"),
    "empty": (b"", "the file is empty"),
    "HTML": (b"<html>Sign in</html>", "neither zip nor XML"),
}


@pytest.mark.parametrize("name", BAD_ZIPS)
def test_a_bad_zip_is_rejected(tmp_path: Path, name: str) -> None:
    content, message_part = BAD_ZIPS[name]
    path = tmp_path / "hscorgrefdataxml_data_9.0.0_20260925000001.zip"
    path.write_bytes(content)
    with pytest.raises(BadRelease) as caught:
        flatten(path)
    assert message_part in str(caught.value)
    assert str(caught.value).startswith(f"{path.name}: ")
    assert caught.value.do


@pytest.mark.parametrize("name", ["two full files, one agrees", "archive loose in a folder"])
def test_accidents_on_record_are_read(tmp_path: Path, name: str) -> None:
    members = {
        "two full files, one agrees": {
            **INNER,
            "fullfile.zip": zip_bytes({"a.xml": OTHER_DAY, "b.xml": FULL}),
        },
        "archive loose in a folder": {"fullfile.zip": INNER["fullfile.zip"], "folder/archive.xml": ARCHIVE},
    }[name]
    path = tmp_path / "hscorgrefdataxml_data_9.0.0_20260925000001.zip"
    path.write_bytes(zip_bytes(members))
    flat = flatten(path)
    assert flat.captures["used_records"].to_list() == [3, 0]
    assert bool(flat.notes) == name.startswith("two")
    assert_conserved(flat)


# A release of which more than ten records break a rule is rejected: each of these groups is one release.
GROUPS = [sorted(DAMAGES)[start : start + 9] for start in range(0, len(DAMAGES), 9)]


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: f"{names[0]} to {names[-1]}")
def test_a_broken_record_is_set_aside_and_the_register_keeps_what_it_held(
    held: Held, names: list[str]
) -> None:
    codes = [f"R2{number}" for number in range(len(names))]
    held.release([RECORDS[0], *map(make_record, codes), RECORDS[2]])
    held.delta([make_record(code, Name=f"NEWER {code}") for code in codes])
    before = held.register()
    broken = [
        DAMAGES[name].harm(organisation_xml(make_record(code)))
        for name, code in zip(names, codes, strict=True)
    ]
    path = write_release(
        held.path, [RECORDS[0], *broken, RECORDS[2]], published="2026-09-18", released="2026-09-25"
    )
    flat = flatten(path)
    assert_conserved(flat)
    rows = flat.frames["quarantined_records"].sort("record_number").to_dicts()
    for number, (name, row) in enumerate(zip(names, rows, strict=True), start=2):
        assert (row["rule"], row["record_number"]) == (DAMAGES[name].rule, number), name
        assert row["file_name"] == "HSCOrgRefData_Full_20260925.xml", name
        assert DAMAGES[name].detail in row["detail"], name
    held.add(flat)
    after = held.register()
    kept, wanted = facts(after.frames), facts(before.frames)
    for name, code in zip(names, codes, strict=True):
        of_code = pl.col("ods_code") == code
        assert same(*({t: f.filter(of_code) for t, f in side.items()} for side in (kept, wanted))), name
    assert same(kept, wanted)
    assert after.frames["deletions"].filter(state="confirmed").is_empty()


BROKEN = st.lists(st.sampled_from(sorted(DAMAGES)), max_size=6)


def test_a_release_with_comments_and_cdata_is_read_like_one_without(tmp_path: Path, intact: Flat) -> None:
    noted = FULL.replace(b"<Manifest>", b"<!-- <Odd/> one <Organisation> a body --><Manifest>")
    noted = noted.replace(b"BODY", b"<!-- </Organisation> --><![CDATA[BODY]]>")
    dropped = organisation_xml(make_record("R9Z")).encode()
    noted = noted.replace(b"</Organisations>", b"<!--" + dropped + b"--></Organisations>")
    flat = flatten(release_zip(tmp_path, release_date="2026-09-25", full=noted, archive=ARCHIVE))
    assert_conserved(flat)
    assert same(facts(flat.frames), facts(intact.frames))
    assert flat.frames["unknown_elements"].is_empty()


@pytest.mark.promise("conserved")
def test_a_record_that_closes_itself_at_the_end_of_a_file_is_set_aside(tmp_path: Path, intact: Flat) -> None:
    texts = [*map(organisation_xml, RECORDS), '<Organisation orgRecordClass="RC1"/>']
    flat = flatten(write_release(tmp_path, texts, texts[3:]))
    assert_conserved(flat)
    assert flat.frames["quarantined_records"]["rule"].to_list() == ["empty_record"] * 2
    assert same(facts(flat.frames), facts(intact.frames))


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Flat:
    return flatten(write_release(tmp_path_factory.mktemp("intact"), RECORDS))


@pytest.mark.promise("conserved")
@settings(max_examples=12 * TIMES)
@given(BROKEN, BROKEN, st.randoms(use_true_random=False))
def test_no_record_vanishes_whatever_is_broken(
    tmp_path_factory: pytest.TempPathFactory,
    intact: Flat,
    full: list[str],
    archive: list[str],
    random: Random,
) -> None:
    folder = tmp_path_factory.mktemp("conserved")
    good = [organisation_xml(record) for record in RECORDS]
    bad = {
        kind: [
            DAMAGES[name].harm(organisation_xml(make_record(f"{kind}{n}"))) for n, name in enumerate(names)
        ]
        for kind, names in (("F", full), ("A", archive))
    }
    texts = [*good, *bad["F"], organisation_xml(make_record("R1A", Name="AGAIN"))]
    random.shuffle(texts)
    if len(full) + len(archive) > 10:
        with pytest.raises(OdsError, match=f"{len(full) + len(archive)} of .* records break a rule"):
            flatten(write_release(folder, texts, bad["A"]))
        return
    flat = flatten(write_release(folder, texts, bad["A"]))
    assert_conserved(flat)
    assert flat.captures.select("parsed_records", "quarantined_records").rows() == [
        (len(texts), len(full)),
        (len(archive), len(archive)),
    ]
    assert flat.frames["organisations"]["ods_code"].to_list() == CODES
    assert same(without(flat.frames, ["R1A"]), without(intact.frames, ["R1A"]))


@settings(max_examples=20 * TIMES)
@given(
    st.integers(0, len(FULL) - 1),
    st.sampled_from([b"", b"<", b">", b'"', b"&", b"\xff", b"]]>", b"<!--", b"</Role>", b"x"]),
)
def test_any_change_of_a_byte_is_rejected_set_aside_or_read_and_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, place: int, put: bytes
) -> None:
    folder: Path = tmp_path_factory.mktemp("changed")
    full = FULL[:place] + put + FULL[place + 1 :]
    try:
        flat = flatten(release_zip(folder, release_date="2026-09-25", full=full, archive=ARCHIVE))
    except OdsError as rejected:
        assert "\n" not in str(rejected)
        assert rejected.do
    else:
        assert_conserved(flat)
        assert flat.captures["parsed_records"].to_list() == [3, 0]
