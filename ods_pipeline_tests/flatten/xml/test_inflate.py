"""inflate.py: what zipfile reads, and a word for whatever is not what the zip says."""

import zipfile
from io import BytesIO
from random import Random

import pytest

from ods_pipeline.flatten.xml.inflate import Inflated

NAME = "register.xml"


def packed(content: bytes) -> tuple[bytes, zipfile.ZipInfo]:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("before.txt", b"something else")
        archive.writestr(NAME, content)
        info = archive.getinfo(NAME)
    return file.getvalue(), info


@pytest.mark.parametrize("size", [0, 1, 1000, 3_000_000])
@pytest.mark.parametrize("count", [7, 1 << 20, -1])
def test_the_bytes_are_those_that_were_packed(size: int, count: int) -> None:
    content = Random(size).randbytes(size // 2) + b"A" * (size - size // 2)
    content = content[: 50 * count] if 0 < count < 100 else content
    whole, info = packed(content)
    stream = Inflated(BytesIO(whole), info)
    assert stream.read(0) == b""
    parts = [*iter(lambda: stream.read(count), b"")]
    assert b"".join(parts) == content
    assert count < 0 or all(len(part) <= count for part in parts)
    assert stream.read(10) == b""


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("CRC", 5, "is not what its size and CRC say"),
        ("file_size", 10, "holds more than the 10 bytes it says"),
        ("file_size", 10**6, "is not what its size and CRC say"),
        ("compress_size", 20, "ends too early"),
        ("header_offset", 10**6, "it ends within the header of a file"),
    ],
)
def test_what_is_not_what_the_zip_says_is_told(field: str, wrong: int, said: str) -> None:
    whole, info = packed(bytes(Random(1).choices(b"ABCDEFGH", k=5000)))
    setattr(info, field, wrong)
    with pytest.raises(zipfile.BadZipFile, match=said):
        Inflated(BytesIO(whole), info).read()


def test_bytes_that_are_no_deflate_stream_are_told() -> None:
    whole, info = packed(b"A" * 5000)
    start = info.header_offset + 30 + len(NAME)
    broken = whole[:start] + b"\xff" * info.compress_size
    with pytest.raises(zipfile.BadZipFile, match="cannot be inflated"):
        Inflated(BytesIO(broken), info).read()
