"""inflate.py: the bytes are those of zipfile, and a member that differs from the directory is reported."""

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
    ("field", "wrong", "message"),
    [
        ("CRC", 5, "has another size or CRC"),
        ("file_size", 10, "holds more than the 10 bytes in"),
        ("file_size", 10**6, "has another size or CRC"),
        ("compress_size", 20, "ends too early"),
        ("header_offset", 10**6, "ends inside the header of a member"),
    ],
)
def test_a_member_that_differs_from_the_directory_is_reported(field: str, wrong: int, message: str) -> None:
    whole, info = packed(bytes(Random(1).choices(b"ABCDEFGH", k=5000)))
    setattr(info, field, wrong)
    with pytest.raises(zipfile.BadZipFile, match=message):
        Inflated(BytesIO(whole), info).read()


def test_bytes_that_are_not_a_deflate_stream_are_reported() -> None:
    whole, info = packed(b"A" * 5000)
    start = info.header_offset + 30 + len(NAME)
    broken = whole[:start] + b"\xff" * info.compress_size
    with pytest.raises(zipfile.BadZipFile, match="cannot be inflated"):
        Inflated(BytesIO(broken), info).read()
