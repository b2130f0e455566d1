"""Small records, releases and fetches for tests, on top of ``payloads.py``.

Lives here: defaults, so that a test names only what it is about. Does not live here: bytes on the wire
(``payloads.py``), and ways to break them (``damage.py``). Ids are made from the code, so they never clash.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from ods_pipeline.dataroot.flat import flat_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.flatten.release import Origin, flatten_release
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.inventory.due import mark_of
from ods_pipeline.schema.codes import ODS_CODE_ROOT
from ods_pipeline_tests.support.payloads import Record, release_xml, release_zip, write_fetch

ROLES = [
    {"id": "RO197", "code": "197", "displayName": "NHS TRUST", "primaryRole": True},
    {"id": "RO198", "code": "198", "displayName": "NHS TRUST SITE", "primaryRole": True},
    {"id": "RO177", "code": "177", "displayName": "PRESCRIBING COST CENTRE", "primaryRole": True},
    {"id": "RO76", "code": "76", "displayName": "GP PRACTICE", "primaryRole": False},
]
RELATIONSHIPS = [
    {"id": "RE6", "code": "6", "displayName": "IS OPERATED BY"},
    {"id": "RE8", "code": "8", "displayName": "IS PARTNER TO"},
]
RECORD_CLASSES = [
    {"id": "RC1", "code": "1", "displayName": "HSCOrg"},
    {"id": "RC2", "code": "2", "displayName": "HSCSite"},
]
CODE_LISTS: dict[str, Any] = {
    "roles": ROLES,
    "relationships": RELATIONSHIPS,
    "record_classes": RECORD_CLASSES,
}
ORIGIN = Origin(source="file", bytes=1, sha256="0" * 64, sha256_verified=False)
PUBLISHED = "2026-08-21"
RELEASED = "2026-08-28"
STAMP = "20260824T043000Z"
COMPONENTS = ("roles", "relationships", "successions", "contacts")
# Columns that say where a record was read: no part of its content.
PROVENANCE = ("capture_id", "published_in", "record_number", "is_xml")


def number_of(*parts: str) -> int:
    """Return an id that belongs to these texts alone."""
    return zlib.crc32("|".join(parts).encode())


def org_id(code: str) -> dict[str, str]:
    return {"root": ODS_CODE_ROOT, "assigningAuthorityName": "HSCIC", "extension": code}


def dates(
    start: str = "2010-04-01", end: str | None = None, kind: str = "Operational"
) -> list[dict[str, str]]:
    return [{"Type": kind, "Start": start, **({"End": end} if end else {})}]


def role(code: str, role_id: str = "RO197", *, primary: bool = True, **overrides: Any) -> dict[str, Any]:
    mark = {"primaryRole": True} if primary else {}
    identity = {"id": role_id, "uniqueRoleId": number_of(code, role_id), **mark}
    return {**identity, "Date": dates(), "Status": "Active", **overrides}


def target(code: str) -> dict[str, Any]:
    role_id = {"id": "RO197", "uniqueRoleId": number_of(code, "RO197")}
    return {"OrgId": org_id(code), "PrimaryRoleId": role_id}


def rel(code: str, to: str, rel_id: str = "RE6", **overrides: Any) -> dict[str, Any]:
    identity = {"id": rel_id, "uniqueRelId": number_of(code, rel_id, to)}
    return {**identity, "Date": dates(), "Status": "Active", "Target": target(to), **overrides}


def succ(code: str, kind: str, to: str, day: str = "2024-04-01") -> dict[str, Any]:
    entry = {"uniqueSuccId": number_of(code, kind, to), "Date": dates(day, kind="Legal")}
    return {**entry, "Type": kind, "Target": target(to)}


def make_record(code: str, **overrides: Any) -> dict[str, Any]:
    """Return a complete trust with an address, a telephone and one role. A value of None leaves a key out."""
    location = {"AddrLn1": "1 HIGH STREET", "Town": "LEEDS", "PostCode": "LS1 1AA", "Country": "ENGLAND"}
    record: dict[str, Any] = {
        "Name": f"BODY {code}",
        "Date": dates(),
        "OrgId": org_id(code),
        "Status": "Active",
        "LastChangeDate": "2026-08-01",
        "orgRecordClass": "RC1",
        "GeoLoc": {"Location": {**location, "UPRN": 100000000000 + number_of(code)}},
        "Contacts": {"Contact": [{"type": "tel", "value": "0113 496 0000"}]},
        "Roles": {"Role": [role(code)]},
    }
    record |= overrides
    return {key: value for key, value in record.items() if value is not None}


def stub_of(record: Record, **overrides: Any) -> dict[str, Any]:
    """Return the stub that the other file of a release, or the API, has of an archived record."""
    short = {key: value for key, value in record.items() if key not in ("Contacts", "Rels", "Succs")}
    return {**short, "refOnly": True, **overrides}


def write_release(
    folder: Path,
    full: Sequence[Record | str],
    archive: Sequence[Record | str] = (),
    *,
    published: str = PUBLISHED,
    released: str = RELEASED,
    source: str = "NHS Digital",
) -> Path:
    """Write the zip of a release, and return its path. Records may be text already."""
    files = {
        kind: release_xml(
            records,
            publication_date=published,
            publication_type=kind,
            publication_source=source,
            **CODE_LISTS,
        )
        for kind, records in (("Full", full), ("Archive", archive))
    }
    return release_zip(folder, release_date=released, full=files["Full"], archive=files["Archive"])


def write_delta(folder: Path, records: Sequence[Record], stamp: str = STAMP, **options: Any) -> Path:
    """Write a recorded fetch made on the day of its stamp. ``options`` are those of ``write_fetch``."""
    day = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
    days = {"as_of": day, "stamps_from": day, "stamps_to": day}
    return write_fetch(folder, stamp=stamp, records=records, **{**days, **CODE_LISTS, **options})


def notice(code: str, day: str) -> dict[str, Any]:
    """Return one entry of ``/notifications``."""
    reason = {"code": 3, "description": "HUMAN ERROR"}
    return {"OrgID": code, "PrimaryRoleId": "RO197", "reason": reason, "time": f"{day} 00:00:00"}


def flatten(release: Path) -> Flat:
    return flatten_release(release, ORIGIN, threads=1)


def put(folder: Path, path: str, content: bytes, *, asked: str | None = None) -> None:
    """Put a file into a fetch as if it had been received that way: the receipt lists it too."""
    (folder / path).write_bytes(content)
    receipt = json.loads((folder / "receipt.json").read_bytes())
    entry = {
        "path": path,
        "url_path": f"/{path}",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    receipt["files"] = [*(e for e in receipt["files"] if e["path"] != path), entry]
    receipt["codes"] += [asked] if asked else []
    (folder / "receipt.json").write_text(json.dumps(receipt))


def receipt_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "receipt.json").read_bytes())


def edit_receipt(**changes: Any) -> Callable[[Path], None]:
    """Return a function that changes these entries of a fetch's receipt."""

    def edit(folder: Path) -> None:
        (folder / "receipt.json").write_text(json.dumps({**receipt_of(folder), **changes}))

    return edit


def facts(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Return the rows of every component, without their provenance: XML and JSON must agree on them."""
    organisations = frames["organisations"].drop(PROVENANCE, strict=False).sort("ods_code")
    return {"organisations": organisations, **{name: frames[name] for name in COMPONENTS}}


def without(frames: Mapping[str, pl.DataFrame], codes: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Return the ``facts`` of all codes but these."""
    return {
        name: frame.filter(~pl.col("ods_code").is_in(list(codes))) for name, frame in facts(frames).items()
    }


def same(first: Mapping[str, pl.DataFrame], second: Mapping[str, pl.DataFrame]) -> bool:
    return all(first[name].equals(second[name]) for name in ("organisations", *COMPONENTS))


def assert_conserved(flat: Flat) -> None:
    """Check that no record is lost: parsed = used + superseded + quarantined, as rows of the frames."""
    counts = flat.captures.select(pl.col("^.*_records$").sum()).row(0, named=True)
    per_capture = pl.col("used_records") + pl.col("superseded_records") + pl.col("quarantined_records")
    assert flat.captures.filter(pl.col("parsed_records") != per_capture).is_empty()
    assert counts["parsed_records"] == counts["declared_records"]
    assert counts["used_records"] == flat.frames["organisations"].height
    assert counts["superseded_records"] == flat.frames["superseded_records"].height
    assert counts["quarantined_records"] == flat.frames["quarantined_records"].height


class Held:
    """A data root with captures in it, as flat folders.

    Flattening is a pure function, so each distinct capture is flattened once in a process.
    """

    _flats: ClassVar[dict[str, Flat]] = {}

    def __init__(self, path: Path) -> None:
        self.path, self.root = path, DataRoot(path / "data")

    def add(self, flat: Flat) -> Path:
        return write_flat(self.root, flat.folder, flat.frames, mark_of(flat.captures["sha256"][0]))

    def release(
        self, full: Sequence[Record | str], archive: Sequence[Record | str] = (), **options: Any
    ) -> Path:
        key = json.dumps([full, archive, options])
        if key not in self._flats:
            self._flats[key] = flatten(write_release(self.path / "raw", full, archive, **options))
        return self.add(self._flats[key])

    def delta(self, records: Sequence[Record] = (), stamp: str = STAMP, **options: Any) -> Path:
        key = json.dumps([records, stamp, options])
        if key not in self._flats:
            self._flats[key] = flatten_fetch(write_delta(self.path / "raw", records, stamp, **options))
        return self.add(self._flats[key])

    def register(self) -> Register:
        return fold(observe(flat_folders(self.root)))
