"""Receipts and manifests with one byte changed are rejected, or read with values that can be true."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from ods_pipeline.dataroot.layout import receipt_path
from ods_pipeline.errors import BadRelease, OdsError
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.sources.receipt import (
    FIRST_DAY,
    LAST_DAY,
    FetchReceipt,
    ReleaseReceipt,
    read_fetch_receipt,
    read_release_receipt,
    write_release_receipt,
)
from ods_pipeline_tests.hostile.running import IN_MEMORY, outcome, try_many
from ods_pipeline_tests.support.builders import CODE_LISTS, make_record, write_delta
from ods_pipeline_tests.support.payloads import release_xml, release_zip

pytestmark = [pytest.mark.promise("hostile"), pytest.mark.promise("explained")]
PLACES = b"0123456789"


def one_byte(content: bytes, random: Random) -> bytes:
    """Return the content with one byte changed, dropped or added; digits and quotes are preferred."""
    at = random.randrange(len(content))
    if random.random() < 0.5:
        at = next((n for n in range(at, len(content)) if content[n : n + 1].isdigit()), at)
    way = random.randrange(4)
    if way == 0:
        return content[:at] + bytes([content[at] ^ (1 << random.randrange(8))]) + content[at + 1 :]
    if way == 1:
        return content[:at] + content[at + 1 :]
    byte = bytes([random.choice(b'0123456789"{}[],:-\\ eE\0\xff' if way == 2 else range(256))])
    return content[:at] + byte + content[at + (random.random() < 0.5) :]


class Receipts:
    """A fetch and a release, each with a good receipt, and a manifest."""

    def __init__(self, folder: Path) -> None:
        self.fetch = write_delta(folder / "raw", [make_record("R1A"), make_record("R1B")])
        self.fetch_receipt = (self.fetch / "receipt.json").read_bytes()
        self.release = folder / "a_20260828000001.zip"
        good = ReleaseReceipt(self.release.name, "2026-08-28", "trud", 700, "a" * 64, sha256_verified=True)
        write_release_receipt(self.release, good)
        self.release_receipt = receipt_path(self.release).read_bytes()
        self.manifest = release_xml([], publication_date="2026-08-21", **CODE_LISTS)
        self.folder = folder

    def read_fetch(self, content: bytes) -> str:
        """A changed receipt names the files as they are, or it is rejected."""
        (self.fetch / "receipt.json").write_bytes(content)
        receipt = read_fetch_receipt(self.fetch)
        assert isinstance(receipt, FetchReceipt)
        assert FIRST_DAY <= receipt.stamps_from <= receipt.stamps_to <= LAST_DAY
        assert FIRST_DAY <= receipt.as_of <= LAST_DAY
        for entry in receipt.files:
            assert (self.fetch / entry.path).resolve().is_relative_to(self.fetch.resolve())
        flat = flatten_fetch(self.fetch)
        assert {*flat.frames["organisations"]["ods_code"]} <= {"R1A", "R1B"}
        return "read"

    def read_release(self, content: bytes) -> str:
        receipt_path(self.release).write_bytes(content)
        receipt = read_release_receipt(self.release)
        assert receipt.file_name == self.release.name
        assert FIRST_DAY <= receipt.release_date <= LAST_DAY
        assert isinstance(receipt.bytes, int) and receipt.bytes >= 0
        assert len(receipt.sha256) == 64 and isinstance(receipt.sha256_verified, bool)
        return "read"

    def read_manifest(self, content: bytes) -> str:
        archive = content.replace(b"Full", b"Archive")
        path = release_zip(self.folder, release_date="2026-08-28", full=content, archive=archive)
        files = open_release(path)
        assert FIRST_DAY <= str(files.full.manifest.publication_date) <= files.release_date
        return "read"


@pytest.fixture
def receipts() -> Iterator[Receipts]:
    with TemporaryDirectory(dir=IN_MEMORY, prefix="ods_receipts_") as folder:
        yield Receipts(Path(folder))


KINDS = [
    ("receipts of fetches", "fetch_receipt", "read_fetch", 4_000),
    ("receipts of releases", "release_receipt", "read_release", 20_000),
    ("manifests", "manifest", "read_manifest", 6_000),
]


@pytest.mark.parametrize(("what", "content", "read"), [kind[:3] for kind in KINDS])
def test_one_byte_is_noticed_or_harmless(receipts: Receipts, what: str, content: str, read: str) -> None:
    seen = {
        outcome(one_byte(getattr(receipts, content), Random(f"{what} {n}")), getattr(receipts, read))
        for n in range(60)
    }
    assert seen == {"read", "rejected"}
    assert getattr(receipts, read)(getattr(receipts, content)) == "read"


@pytest.mark.slow
@pytest.mark.parametrize(("what", "content", "read", "many"), KINDS)
def test_a_great_many(receipts: Receipts, what: str, content: str, read: str, many: int) -> None:
    outcomes = try_many(
        what, many, lambda random: one_byte(getattr(receipts, content), random), getattr(receipts, read)
    )
    assert min(outcomes["read"], outcomes["rejected"]) > many / 100


@pytest.mark.parametrize(
    "change",
    [
        {"release_date": "2062-13-01"},
        {"release_date": "1962-08-28"},
        {"release_date": 20260828},
        {"file_name": "../../b.zip"},
        {"file_name": "b.zip"},
        {"bytes": "700"},
        {"bytes": -1},
        {"bytes": True},
        {"sha256": "a" * 63},
        {"sha256": "A" * 64},
        {"sha256_verified": "false"},
        {"source": None},
        {"source": "\ud800"},
    ],
)
def test_a_receipt_of_a_release_with_another_shape_is_damaged(receipts: Receipts, change: dict) -> None:
    content = {**json.loads(receipts.release_receipt), **change}
    with pytest.raises(BadRelease, match="its receipt is missing or damaged") as caught:
        receipts.read_release(json.dumps(content).encode())
    assert isinstance(caught.value, OdsError) and caught.value.do
