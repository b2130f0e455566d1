"""Damage to zips: false headers, names that point elsewhere, zips in zips, sizes, methods, flags."""

import io
import re
import struct
import warnings
import zipfile
from random import Random

from ods_pipeline_tests.hostile.bytes_mutants import harmed
from ods_pipeline_tests.hostile.xml_mutants import ARCHIVE, FULL
from ods_pipeline_tests.support.payloads import zip_bytes

INNER = {
    "fullfile.zip": zip_bytes({"HSCOrgRefData_Full_20260925.xml": FULL}),
    "archive.zip": zip_bytes({"HSCOrgRefData_Archive_20260925.xml": ARCHIVE}),
}
GOOD = zip_bytes(INNER)
STORED = zip_bytes({"full.xml": FULL, "archive.xml": ARCHIVE})
NAMES = (
    "/etc/passwd.xml",
    "../../../outside.xml",
    "..\\..\\outside.xml",
    "C:\\outside.xml",
    "\\\\server\\share\\outside.zip",
    "a\0b.xml",
    "x" * 60_000 + ".xml",
    "folder.xml/",
    ".xml",
    ".zip",
    "",
    ".",
    "..",
    "./full.xml",
    "CON.xml",
    "full.xml\n",
    "\x1b[2J.xml",
    "\u202egnp.xml",
    "fullfile.zip",
    "archive.zip",
    "\ud83d.xml",
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# Offsets of header fields from the signature: local header, central directory, end record.
_LOCAL = {"version": 4, "flags": 6, "method": 8, "crc": 14, "packed": 18, "size": 22, "name": 26, "extra": 28}
_CENTRAL = {"flags": 8, "method": 10, "crc": 16, "packed": 20, "size": 24, "name": 28, "extra": 30}
_CENTRAL |= {"comment": 32, "disk": 34, "attributes": 38, "offset": 42}
_END = {"disk": 4, "entries": 8, "all": 10, "length": 12, "start": 16, "comment": 20}
_FIELDS = {b"PK\x03\x04": _LOCAL, b"PK\x01\x02": _CENTRAL, b"PK\x05\x06": _END}
_NUMBERS = (0, 1, 8, 9, 12, 14, 93, 0x41, 0x800, 0x7FFF, 0xFFFE, 0xFFFF)


def member(name: str, content: bytes, random: Random, *, link: bool = False) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo("x", date_time=(1980, 1, 1, 0, 0, 0))
    info.filename = name.encode("utf-8", "replace").decode()
    info.create_system = 3
    info.external_attr = (0o120777 if link else random.choice([0o644, 0o40755, 0o4777])) << 16
    info.compress_type = random.choice(METHODS)
    return info, content


def made(random: Random) -> bytes:
    """Return a zip whose members have odd names, are doubled, are links or folders, or are zips in zips."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(buffer, "w") as archive:
        for name, content in INNER.items():
            if random.random() < 0.9:
                archive.writestr(*member(name, content, random))
        for _ in range(random.randint(0, 3)):
            content = random.choice(
                [b"", b"/etc/passwd", FULL, ARCHIVE, GOOD, INNER["fullfile.zip"], b"PK\x05\x06"]
            )
            try:
                archive.writestr(*member(random.choice(NAMES), content, random, link=random.random() < 0.3))
            except (ValueError, struct.error, UnicodeError):  # what Python itself cannot write
                continue
        archive.comment = random.randbytes(random.choice([0, 0, 30]))
    return buffer.getvalue()


def lying_header(content: bytes, random: Random) -> bytes:
    """Return a zip in which one field of one header has another value."""
    signature = random.choice([*_FIELDS])
    offsets = [
        m.start() for m in re.finditer(re.escape(signature), content) if m.start() + 46 <= len(content)
    ]
    if not offsets:
        return content
    at = random.choice(offsets) + random.choice([*_FIELDS[signature].values()])
    number = struct.pack("<H", random.choice(_NUMBERS)) * random.choice([1, 2])
    return content[:at] + number + content[at + len(number) :]


def mutant(random: Random) -> bytes:
    """Return an odd zip, or a sound one whose headers or bytes are changed."""
    content = made(random) if random.random() < 0.3 else random.choice([GOOD, GOOD, STORED])
    way = random.randrange(5)
    if way == 0 and content in (GOOD, STORED):  # the damage is in an inner zip
        inner = {name: lying_header(content, random) for name, content in INNER.items()}
        return zip_bytes({**inner, **({} if random.random() < 0.7 else {"more.zip": GOOD})})
    if way <= 2:
        for _ in range(random.randint(1, 3)):
            content = lying_header(content, random)
    if way == 3:
        content = harmed(content, random)
    if way == 4 and random.random() < 0.3:
        content = random.choice(
            [b"junk" * 9 + content, content + b"\0" * 99, content + GOOD, b"PK\x03\x04" + content]
        )
    return content
