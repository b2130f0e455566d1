"""Small files that unfold to enormous ones, and files that point elsewhere: rejected, in bounded memory."""

import io
import re
import resource
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ods_pipeline.errors import OdsError
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.lists.code_list import read_code_list
from ods_pipeline_tests.hostile.running import deadline
from ods_pipeline_tests.hostile.xml_mutants import ARCHIVE, FULL, RECORDS
from ods_pipeline_tests.support.builders import flatten
from ods_pipeline_tests.support.payloads import release_zip, zip_bytes
from ods_pipeline_tests.support.rooms import run_python
from ods_pipeline_tests.support.workbooks import workbook

pytestmark = pytest.mark.promise("hostile")
NAME = "hscorgrefdataxml_data_9.0.0_20260925000001.zip"
BLANKS = b" " * (64 << 20)


def bomb(start: bytes, end: bytes, times: int) -> bytes:
    """Return a zip with one XML file: ``start``, 64 MB of blanks ``times`` times, ``end``; packed 1000:1."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("full.xml", "w", force_zip64=True) as member,
    ):
        member.write(start)
        for _ in range(times):
            member.write(BLANKS)
        member.write(end)
    return buffer.getvalue()


HEAD, _, REST = FULL.partition(b"<Manifest>")
BOMBS = {
    "within a record": (FULL[:2500], FULL[2500:], "is longer than|cut short|RecordCount"),
    "in the head": (HEAD, REST, "not ORD XML|no Manifest|first record"),
    "before anything": (b"", FULL, "is empty|not XML"),
}  # fmt: skip
_PEAK = """
import resource, sys
from pathlib import Path
from ods_pipeline.errors import OdsError
from ods_pipeline_tests.support.builders import flatten
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    flatten(Path(sys.argv[1]))
except OdsError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(
    "name",
    ["within a record", *(pytest.param(n, marks=pytest.mark.slow) for n in BOMBS if n != "within a record")],
)
def test_a_file_that_unfolds_a_thousandfold_is_rejected_in_bounded_memory(tmp_path: Path, name: str) -> None:
    start, end, pattern = BOMBS[name]
    path = tmp_path / NAME
    path.write_bytes(bomb(start, end, times=6))
    assert path.stat().st_size < 3 << 20
    ran = run_python(_PEAK, path)
    message, _, peak = ran.stdout.strip().rpartition("\n")
    assert ran.returncode == 0, ran.stderr[-500:]
    assert message and re.search(pattern, message), message
    assert int(peak) < 400, (
        "384 MB of blanks: memory may hold a little more than the longest record, but no copies of it"
    )


@pytest.mark.parametrize("depth", [1, 2, 40])
def test_zips_in_zips_are_opened_one_level_deep(tmp_path: Path, depth: int) -> None:
    inner = zip_bytes({"full.xml": FULL, "archive.xml": ARCHIVE})
    for _ in range(depth):
        inner = zip_bytes({"more.zip": inner})
    path = tmp_path / NAME
    path.write_bytes(inner)
    if depth == 1:
        assert open_release(path).full.manifest.record_count == len(RECORDS)
    else:
        with pytest.raises(OdsError, match="no full register file in it"):
            open_release(path)


def test_a_false_size_is_found_before_the_bytes_are_used(tmp_path: Path) -> None:
    packed = bytearray(bomb(b"", FULL, times=1))
    at = packed.rindex(b"PK\x01\x02") + 24
    packed[at : at + 4] = (1000).to_bytes(4, "little")
    path = tmp_path / NAME
    path.write_bytes(packed)
    with pytest.raises(OdsError):
        open_release(path)


@pytest.mark.parametrize(
    "name",
    [
        "../../out.xml",
        "/elsewhere/out.xml",
        "C:\\out.xml",
        "..\\out.xml",
        "a\\..\\..\\out.xml",
        "x" * 9000 + ".xml",
    ],
)
def test_no_name_in_a_zip_becomes_a_path(tmp_path: Path, name: str) -> None:
    path = tmp_path / "in" / NAME
    path.parent.mkdir()
    path.write_bytes(zip_bytes({name: FULL, f"archive/{name}": ARCHIVE}))
    files = open_release(path)
    assert files.archive is not None
    assert (files.full.manifest.record_count, files.archive.manifest.record_count) == (len(RECORDS), 2)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path], "nothing is ever unpacked to disk"


LAUGHS = b"<!DOCTYPE lolz [" + b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol") for n in range(12)
) + b"]>"  # fmt: skip


@pytest.fixture(scope="module")
def requests() -> Iterator[tuple[str, list[str]]]:
    """A server that must get no request, and the paths that were requested."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", paths
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("place", ["head", "record", "records"])
@pytest.mark.parametrize("kind", ["laughs", "file", "http", "parameter", "dtd"])
def test_entities_are_rejected_and_nothing_is_read_or_requested(
    tmp_path: Path, requests: tuple[str, list[str]], kind: str, place: str
) -> None:
    url, paths = requests
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET-WORD")
    declared = {
        "laughs": LAUGHS,
        "file": b'<!DOCTYPE x [<!ENTITY l11 SYSTEM "%s">]>' % secret.as_uri().encode(),
        "http": b'<!DOCTYPE x [<!ENTITY l11 SYSTEM "%s/x">]>' % url.encode(),
        "parameter": b'<!DOCTYPE x [<!ENTITY %% p SYSTEM "%s/p"> %%p;]>' % url.encode(),
        "dtd": b'<!DOCTYPE x SYSTEM "%s/x.dtd">' % url.encode(),
    }[kind]
    where = {"head": b"<HSCOrgRefData:", "record": b"<Name>", "records": b"    <Organisation "}[place]
    full = FULL.replace(where, declared + where, 1).replace(b"BODY R1A", b"&l11;")
    with deadline(), pytest.raises(OdsError) as rejected:
        flatten(release_zip(tmp_path, release_date="2026-09-25", full=full, archive=ARCHIVE))
    assert "SECRET-WORD" not in str(rejected.value)
    assert paths == []


def with_replacement(book: bytes, old: bytes, new: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return zip_bytes({n: archive.read(n).replace(old, new) for n in archive.namelist()})


BOOK = workbook({"S": [["code", "name"], ["RRP", "A"]]})
CELL = b"<table:table-cell%s office:value-type='string'><text:p>RRP</text:p></table:table-cell>"
ROW = b"<table:table-row%s>" + CELL + b"</table:table-row>"
SPREAD = zip_bytes(
    {
        "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": ROW
        % (b" table:number-rows-repeated='1048576'", b" table:number-columns-repeated='16384'"),
    }
)
WORKBOOKS = {
    "a cell in the far corner": with_replacement(
        BOOK, b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    ),
    "cells repeated": SPREAD,
    "unfolds to too much": zip_bytes(
        {"xl/workbook.xml": BLANKS, **{f"xl/{n}.xml": BLANKS for n in range(8)}}
    ),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_that_spans_too_many_cells_is_rejected_before_it_is_read(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / "list.xlsx"
    file.write_bytes(WORKBOOKS[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with deadline(), pytest.raises(OdsError, match=r"spans [\d,]+ cells|unpacks to more than"):
        read_code_list(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


def test_a_cell_of_a_million_characters_and_ten_thousand_columns_are_a_list_or_an_error(
    tmp_path: Path,
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("code,name\nRRP," + "x" * 1_000_000 + "\nTAF,B\n")
    with deadline():
        try:
            assert read_code_list(file).rows["code"].to_list() == ["RRP", "TAF"]
        except OdsError as rejected:
            assert len(str(rejected)) < 400
        file.write_text(",".join(["RRP"] * 10_000) + "\n")
        with pytest.raises(OdsError, match="10,000 cells; a list may have at most 2,000"):
            read_code_list(file)
