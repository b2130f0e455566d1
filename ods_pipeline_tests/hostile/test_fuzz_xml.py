"""Damaged XML is rejected, set aside or read, and no record is lost. lxml reads every row, too."""

from collections import Counter
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ods_pipeline.flatten.xml.document import read_document
from ods_pipeline.flatten.xml.segments import RECORDS_CLOSE, RECORDS_OPEN, RegisterStream
from ods_pipeline_tests.hostile.lxml_rows import UNSURE, our_rows, rows_of
from ods_pipeline_tests.hostile.running import IN_MEMORY, outcome, try_many
from ods_pipeline_tests.hostile.xml_mutants import ARCHIVE, FULL, RECORDS, mutant
from ods_pipeline_tests.support.builders import assert_conserved, flatten
from ods_pipeline_tests.support.payloads import release_zip
from ods_pipeline_tests.support.times import TIMES

pytestmark = pytest.mark.promise("hostile")
DECLARED = b'<OrgRefData xmlns:x="x" xmlns:xsi="xsi">'
# Small segments, so that a file of a few records is cut several times.
PIECE = 1500


def tree_of(xml: bytes) -> etree._Element | None:
    """Return the tree that lxml reads, or None if the XML is not well-formed."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(xml, parser=parser)
    except etree.XMLSyntaxError:
        return None


def local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def records_in(tree: etree._Element) -> list[etree._Element]:
    """Return the elements named Organisation. One with a prefix belongs to another vocabulary."""
    return [e for e in tree.iter() if local(e) == "Organisation" and e.prefix is None]


def code_in(record: etree._Element) -> str | None:
    """Return the code as an independent reader finds it: the extension of the record's own OrgId."""
    for child in record:
        if local(child) == "OrgId":
            return (child.get("extension") or "").strip() or None
    return None


def pieces(xml: bytes) -> str:
    """Cut with the stream reader: the segments contain every record of the file."""
    stream = RegisterStream(BytesIO(xml), "mutant.xml", segment_bytes=PIECE)
    segments = [*stream.segments()]
    assert all(s.startswith(RECORDS_OPEN) and s.endswith(RECORDS_CLOSE) for s in segments)
    tree = tree_of(xml)
    if tree is None:
        return "read, though lxml would not"
    inner = b"".join(s[len(RECORDS_OPEN) : -len(RECORDS_CLOSE)] for s in segments)
    whole = tree_of(RECORDS_OPEN + inner + RECORDS_CLOSE)
    if whole is not None:  # a prefix declared in the root may be missing here
        assert len(records_in(whole)) == len(records_in(tree))
    return "read"


def document(inner: bytes) -> str:
    """Read one segment: every record is in the rows or set aside, with its code, its name and its parts."""
    text = RECORDS_OPEN + inner + RECORDS_CLOSE
    read = read_document(text, "mutant")
    kept, aside = read.frames["organisations"], read.problems
    assert sorted([*kept["record"], *aside["record"]]) == [*range(read.records)]
    assert aside["payload"].null_count() == 0
    # Prefixes may be used that a file declares in its root.
    tree = tree_of(text.replace(b"<OrgRefData>", DECLARED, 1))
    if tree is None:
        return "read, though lxml would not"
    records = records_in(tree)
    assert read.records == len(records)
    for number, ours in our_rows(read.frames).items():
        theirs = rows_of(records[number])
        assert ours.parts == theirs.parts
        assert [
            mine for mine, other in zip(ours.own, theirs.own, strict=True) if other not in (mine, UNSURE)
        ] == []
    return "read, some set aside" if aside.height else "read"


def release(files: tuple[bytes, bytes]) -> str:
    """Flatten a whole zip: every code of both files is in a table of the register or set aside."""
    with TemporaryDirectory(dir=IN_MEMORY) as folder:
        path = release_zip(Path(folder), release_date="2026-09-25", full=files[0], archive=files[1])
        flat = flatten(path)
    assert_conserved(flat)
    trees = [tree_of(f) for f in files]
    if None in trees:
        return "read, though lxml would not"
    expected = Counter(code_in(r) for tree in trees if tree is not None for r in records_in(tree))
    actual = Counter()
    for name in ("organisations", "superseded_records", "quarantined_records"):
        actual.update(flat.frames[name]["ods_code"].to_list())
    assert actual.total() == expected.total()
    unmatched = actual - expected, expected - actual  # a record without a readable code must be set aside
    aside = flat.frames["quarantined_records"].filter(pl.col("ods_code").is_null()).height
    assert unmatched[0].total() <= aside and set(unmatched[0]) <= {None}
    return "read, some set aside" if flat.frames["quarantined_records"].height else "read"


def a_file(random: Random) -> bytes:
    return mutant(FULL, random)


def some_records(random: Random) -> bytes:
    return mutant(b"".join(random.sample(RECORDS, random.randint(1, 3))), random)


def two_files(random: Random) -> tuple[bytes, bytes]:
    return (mutant(FULL, random), ARCHIVE) if random.random() < 0.8 else (FULL, mutant(ARCHIVE, random))


RANDOMS = st.randoms(use_true_random=False)


@settings(max_examples=60 * TIMES)
@given(RANDOMS)
def test_a_damaged_file_is_cut_into_whole_records_or_rejected(random: Random) -> None:
    outcome(a_file(random), pieces)


@settings(max_examples=20 * TIMES)
@given(RANDOMS)
def test_damaged_records_are_read_set_aside_or_rejected(random: Random) -> None:
    outcome(some_records(random), document)


@settings(max_examples=6)
@given(RANDOMS)
def test_a_damaged_release_loses_no_record(random: Random) -> None:
    outcome(two_files(random), release)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "many", "make", "read"),
    [
        ("XML, stream cut into records", 20_000, a_file, pieces),
        ("XML, records", 4_000, some_records, document),
        ("XML, whole releases", 500, two_files, release),
    ],
)
def test_a_great_many(what: str, many: int, make, read) -> None:
    outcomes = try_many(what, many, make, read)
    assert outcomes["rejected"] > many / 50 and outcomes["read"] > many / 50, "too few of one outcome"
