"""archive.py: full and archive file are found in every shape of release, or the error gives the reason."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline_tests.support.builders import CODE_LISTS, facts, flatten, make_record, same, write_release
from ods_pipeline_tests.support.payloads import release_xml, zip_bytes
from ods_pipeline_tests.support.times import TIMES

FULL_NAME, ARCHIVE_NAME = "HSCOrgRefData_Full_20260828.xml", "HSCOrgRefData_Archive_20260828.xml"
TRUD_NAME = "hscorgrefdataxml_data_8.0.0_20260828000001.zip"


def xml(kind: str = "Full", day: str = "2026-08-21", code: str = "R1A") -> bytes:
    return release_xml([make_record(code)], publication_date=day, publication_type=kind, **CODE_LISTS)


FULL, ARCHIVE = xml(), xml("Archive", code="R0Z")


def outer(folder: Path, members: Mapping[str, bytes], name: str = TRUD_NAME) -> Path:
    path = folder / name
    path.write_bytes(zip_bytes(members))
    return path


INNER = {"fullfile.zip": zip_bytes({FULL_NAME: FULL}), "archive.zip": zip_bytes({ARCHIVE_NAME: ARCHIVE})}
SHAPES: dict[str, dict[str, bytes]] = {
    "as always": INNER,
    "with papers": {**INNER, "ODS XML guide.pdf": b"%PDF-1.4", "readme.txt": b""},
    "archive loose in a folder": {"fullfile.zip": INNER["fullfile.zip"], f"archive/{ARCHIVE_NAME}": ARCHIVE},
    "both loose": {FULL_NAME: FULL, ARCHIVE_NAME: ARCHIVE},
    "names in other cases": {
        "FULLFILE.ZIP": zip_bytes({FULL_NAME.upper(): FULL}),
        "Archive.Zip": INNER["archive.zip"],
    },
    "names that climb": {
        "../../fullfile.zip": INNER["fullfile.zip"],
        "/etc/archive.zip": INNER["archive.zip"],
    },
    "packed again on a Mac": {
        **INNER,
        "__MACOSX/._fullfile.zip": b"\0\5\x16\7",
        "__MACOSX/fullfile.xml": b"\0\5\x16\7",
        "._archive.zip": b"\0\5\x16\7",
        "archive.zip": zip_bytes({ARCHIVE_NAME: ARCHIVE, f"papers/._{ARCHIVE_NAME}": b"\0\5\x16\7"}),
    },
    "names without meaning": {"a.zip": zip_bytes({"1.xml": FULL}), "b.zip": zip_bytes({"2.xml": ARCHIVE})},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_both_files_are_found_wherever_they_are(tmp_path: Path, shape: str) -> None:
    files = open_release(outer(tmp_path, SHAPES[shape]))
    assert files.archive is not None
    assert files.full.manifest.content_description == "HSCOrgRefData_Full_20260821"
    assert files.archive.manifest.content_description == "HSCOrgRefData_Archive_20260821"
    with files.full.open() as full, files.archive.open() as archive:
        assert (full.read(), archive.read()) == (FULL, ARCHIVE)
    assert (files.full.size, files.archive.size, files.notes) == (len(FULL), len(ARCHIVE), ())
    assert [path.name for path in tmp_path.iterdir()] == [TRUD_NAME], "nothing is unpacked to disk"


def test_of_two_full_files_the_one_with_the_same_date_is_used_and_noted(tmp_path: Path) -> None:
    old = xml(day="2026-07-24", code="OLD")
    both = zip_bytes({"HSCOrgRefData_Full_20260731.xml": old, FULL_NAME: FULL})
    files = open_release(outer(tmp_path, {**INNER, "fullfile.zip": both}))
    assert files.full.name == FULL_NAME
    (note,) = files.notes
    assert "holds 2 full and 1 archive files" in note
    assert "2026-08-21" in note


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "no full register file in it (it has no XML)"),
        ({"readme.txt": b"hello"}, "no full register file in it (it has no XML)"),
        ({"archive.zip": INNER["archive.zip"]}, f"no full register file in it (it has {ARCHIVE_NAME})"),
        (
            {
                **INNER,
                "fullfile.zip": zip_bytes({"a.xml": xml(day="2026-07-24"), "b.xml": xml(day="2026-06-26")}),
            },
            "0 pairs",
        ),
        (
            {**INNER, "fullfile.zip": zip_bytes({"a.xml": FULL, "b.xml": FULL})},
            "2 full and 1 archive files, and 2 pairs",
        ),
        ({"a.xml": FULL, "b.xml": xml(day="2026-07-24")}, "2 full and 0 archive files, and 0 pairs"),
        (
            {**INNER, "archive.zip": zip_bytes({ARCHIVE_NAME: xml("Archive", "2026-07-24")})},
            "full file is of 2026-08-21 and the archive file of 2026-07-24",
        ),
        ({**INNER, "fullfile.zip": INNER["fullfile.zip"][:-30]}, "the zip is damaged or cut short"),
        ({**INNER, "fullfile.zip": b""}, "the zip is damaged or cut short"),
        ({**INNER, "fullfile.zip": zip_bytes({FULL_NAME: b""})}, f"{FULL_NAME}: the file is empty"),
        (
            {**INNER, "fullfile.zip": zip_bytes({FULL_NAME: b"<html/>"})},
            f"{FULL_NAME}: the file is not ORD XML",
        ),
    ],
)
def test_a_zip_that_is_not_a_release_is_rejected_with_the_reason(
    tmp_path: Path, members: dict[str, bytes], message: str
) -> None:
    with pytest.raises(BadRelease) as caught:
        open_release(outer(tmp_path, members))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.do


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (TRUD_NAME, b"", "the file is empty"),
        (TRUD_NAME, zip_bytes(INNER)[:1000], "the zip is damaged or cut short"),
        (TRUD_NAME, b"<!DOCTYPE html><html>Sign in</html>", "neither zip nor XML: it begins with b'<!DO'"),
        (TRUD_NAME, None, "there is no such file"),
        ("folder", None, "there is no such file"),
        (".", None, "this is a folder"),
        ("register.xml", b"", "the file is empty"),
        (
            "register.xml",
            FULL.replace(b"<Manifest>", b"<M>").replace(b"</Manifest>", b"</M>"),
            "PublicationDate is None",
        ),
        (
            "register.xml",
            FULL.replace(b'RecordCount value="1"', b'RecordCount value="many"'),
            "RecordCount is 'many'",
        ),
        ("register.xml", FULL.replace(b'RecordCount value="1"', b"RecordCount"), "RecordCount is None"),
        (
            "register.xml",
            FULL.replace(b'PublicationDate value="2026-08-21"', b'PublicationDate value="2026-02-30"'),
            "PublicationDate is '2026-02-30'",
        ),
    ],
)
def test_a_file_that_is_not_a_release_is_rejected_with_the_reason(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadRelease) as caught:
        open_release(tmp_path / name)
    assert message in str(caught.value)
    assert caught.value.do


def test_an_encrypted_zip_is_rejected(tmp_path: Path) -> None:
    path = outer(tmp_path, {FULL_NAME: FULL})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(BadRelease, match="encrypted"):
        open_release(path)


@pytest.mark.promise("hostile")
def test_a_zip_bomb_is_rejected_before_it_is_unpacked(tmp_path: Path) -> None:
    path = outer(tmp_path, INNER)
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24  # the size of the last member in the directory
    content[at : at + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(BadRelease, match="claims to unpack to 4,294,967,280 bytes"):
        open_release(path)


@pytest.mark.parametrize(
    ("outer_name", "inner_name", "release_date"),
    [
        (TRUD_NAME, FULL_NAME, "2026-08-28"),
        (TRUD_NAME.upper(), "other.xml", "2026-08-28"),
        ("renamed.zip", FULL_NAME, "2026-08-28"),
        ("renamed.zip", "other.xml", "2026-08-21"),
        ("hscorgrefdataxml_data_8.0.0_20269928000001.zip", FULL_NAME, "2026-08-28"),
        ("renamed.zip", "HSCOrgRefData_Full_20260230.xml", "2026-08-21"),
    ],
)
def test_the_release_date_is_that_of_the_names_if_they_have_one(
    tmp_path: Path, outer_name: str, inner_name: str, release_date: str
) -> None:
    members = {"fullfile.zip": zip_bytes({inner_name: FULL}), "archive.zip": INNER["archive.zip"]}
    assert open_release(outer(tmp_path, members, outer_name)).release_date == release_date


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("zip"), [make_record("R1A")], [make_record("R0Z")])


@pytest.mark.promise("hostile")
@settings(max_examples=30 * TIMES)
@given(st.data())
def test_a_zip_with_any_byte_changed_is_rejected_or_gives_the_same(whole: Path, data: st.DataObject) -> None:
    good = whole.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[place] = data.draw(st.integers(0, 255))
    path = whole.with_name("changed_20260828000001.zip")
    path.write_bytes(changed)
    try:
        flat = flatten(path)
    except BadRelease as error:
        assert "\n" not in str(error)
    else:
        assert same(facts(flat.frames), facts(flatten(whole).frames))


@pytest.mark.promise("hostile")
@pytest.mark.parametrize("content", [b"<readme/>", b"", b"no XML", b"<a>", b"\xff\xfe<\0a\0"])
@pytest.mark.parametrize("inside", [False, True])
def test_another_xml_next_to_both_files_is_named_and_not_fatal(
    tmp_path: Path, content: bytes, inside: bool
) -> None:
    other = {"other.xml": content}
    full = zip_bytes({FULL_NAME: FULL, **other}) if inside else INNER["fullfile.zip"]
    files = open_release(outer(tmp_path, {**INNER, "fullfile.zip": full, **({} if inside else other)}))
    assert (files.full.name, files.archive and files.archive.name) == (FULL_NAME, ARCHIVE_NAME)
    (note,) = files.notes
    assert "other.xml is left out: " in note
    with pytest.raises(BadRelease) as caught:
        open_release(outer(tmp_path, {"archive.zip": INNER["archive.zip"], **other}))
    assert "other.xml" in str(caught.value), "it may be the file that is missing"
