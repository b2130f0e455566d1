"""Write the committed sample (`trud` and `ord` in `data/sample`) from the tables in `data/sample/facts`.

    python -m ods_pipeline_tests.sample

Lives here: how rows become records, and which records a fetch at a given moment would return. Does not live
here: facts (edit the CSV files) and the shape of the files (`support/payloads.py`). No clock, no chance, no
network: the same tables give the same bytes.
"""

from __future__ import annotations

import csv
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from ods_pipeline_tests.sample_postcodes import write_postcodes
from ods_pipeline_tests.support.payloads import organisation_xml, release_xml, release_zip, write_fetch

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"
FACTS = SAMPLE / "facts"

PUBLICATION_DATE = "2026-08-21"
RELEASE_DATE = "2026-08-28"
PUBLICATION_SOURCE = "ods_pipeline sample"  # so that nobody mistakes it for a release of NHS England
IN_RELEASE = ""  # the column `fetch` is empty for rows of the release

Row = dict[str, str]
Record = dict[str, Any]
# ODS code, copy (a code can appear twice), the fetch that first has this state of the record.
Key = tuple[str, str, str]

ADDRESS = {
    "AddrLn1": "address_line_1",
    "AddrLn2": "address_line_2",
    "AddrLn3": "address_line_3",
    "Town": "town",
    "County": "county",
    "PostCode": "postcode",
    "Country": "country",
}


@dataclass(frozen=True)
class Facts:
    """The facts tables as rows, grouped by the record that they belong to."""

    organisations: dict[Key, Row]
    details: dict[str, dict[Key, list[Row]]]
    stubs: list[Row]
    fetches: list[Row]
    removals: list[Row]
    concepts: dict[str, list[dict[str, Any]]]
    primary_roles: dict[str, dict[str, Any]]

    def as_of(self, fetch: str) -> str:
        """Return the day on which a record of this fetch, or of the release, was read (ISO)."""
        days = {row["fetch"]: row["as_of"] for row in self.fetches}
        return days.get(fetch, PUBLICATION_DATE)


def read(folder: Path, name: str) -> list[Row]:
    """Return all rows of a facts table."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_facts(folder: Path = FACTS) -> Facts:
    """Read every table of the folder; the primary role of a target is looked up, so it cannot disagree."""
    organisations = {_key(row): row for row in read(folder, "organisations")}
    details: dict[str, dict[Key, list[Row]]] = {}
    for name in ("roles", "relationships", "successions", "contacts"):
        details[name] = defaultdict(list)
        for row in read(folder, name):
            details[name][_key(row)].append(row)
    concepts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read(folder, "code_systems"):
        concept: dict[str, Any] = {"id": row["id"], "code": row["id"][2:], "displayName": row["display_name"]}
        if row["code_system"] == "role":
            concept["primaryRole"] = row["in_primary_role_scope"] == "true"
        concepts[row["code_system"]].append(concept)
    primary_roles = {}
    for (code, _, _), rows in sorted(details["roles"].items(), reverse=True):
        primary = next(row for row in rows if row["is_primary"])
        primary_roles[code] = {"id": primary["role_id"], "uniqueRoleId": int(primary["unique_role_id"])}
    stubs, fetches, removals = (read(folder, name) for name in ("stubs", "fetches", "removals"))
    return Facts(organisations, details, stubs, fetches, removals, concepts, primary_roles)


def _key(row: Mapping[str, str]) -> Key:
    return row["ods_code"], row["copy"], row["fetch"]


# --- rows to records ----------------------------------------------------------------------------------------


def record(facts: Facts, key: Key) -> Record:
    """Return a complete record, with keys in the order of the API."""
    row = facts.organisations[key]
    day = facts.as_of(key[2])
    location: dict[str, Any] = {part: row[column] for part, column in ADDRESS.items() if row[column]}
    if row["uprn"]:
        location["UPRN"] = int(row["uprn"])
    sections = {
        "GeoLoc": ("Location", location),
        "Contacts": ("Contact", [_contact(item) for item in facts.details["contacts"].get(key, [])]),
        "Roles": ("Role", [_role(item, day) for item in facts.details["roles"][key]]),
        "Rels": ("Rel", [_rel(item, day, facts) for item in facts.details["relationships"].get(key, [])]),
        "Succs": ("Succ", [_succ(item, facts) for item in facts.details["successions"].get(key, [])]),
    }
    return {
        "Name": row["name"],
        "Date": _dates(row),
        "OrgId": _org_id(row["ods_code"]),
        **({"Status": row["status"]} if row["status"] else {}),
        "LastChangeDate": row["last_change_date"],
        "orgRecordClass": row["record_class"],
        **{name: {tag: items} for name, (tag, items) in sections.items() if items},
    }


def stub(complete: Record, last_change_date: str) -> Record:
    """Return the stub of a record: without contacts, relationships and successions."""
    short: Record = {}
    for key, value in complete.items():
        if key not in ("Contacts", "Rels", "Succs"):
            short[key] = value
        if key == "orgRecordClass":
            short["refOnly"] = True
    short["LastChangeDate"] = last_change_date
    short["Roles"] = {"Role": [role for role in complete["Roles"]["Role"] if role.get("primaryRole")]}
    return short


def _org_id(code: str) -> dict[str, str]:
    root = "2.16.840.1.113883.2.1.3.2.4.18.48"
    return {"root": root, "assigningAuthorityName": "HSCIC", "extension": code}


def _dates(row: Row) -> list[dict[str, str]]:
    dates = []
    for kind in ("Operational", "Legal"):
        start, end = (row.get(f"{kind.lower()}_{edge}") for edge in ("start", "end"))
        if start:
            dates.append({"Type": kind, "Start": start, **({"End": end} if end else {})})
    return dates


def _status(row: Row, day: str) -> str:
    """Return Active until every kind of date of the row has ended, then Inactive."""
    return "Inactive" if all(item.get("End", day) < day for item in _dates(row)) else "Active"


def _contact(row: Row) -> dict[str, str]:
    return {"type": row["contact_type"], "value": row["contact_value"]}


def _role(row: Row, day: str) -> Record:
    primary = {"primaryRole": True} if row["is_primary"] else {}
    identity = {"id": row["role_id"], "uniqueRoleId": int(row["unique_role_id"]), **primary}
    return {**identity, "Date": _dates(row), "Status": _status(row, day)}


def _target(row: Row, facts: Facts) -> Record:
    code = row["target_ods_code"]
    return {"OrgId": _org_id(code), "PrimaryRoleId": facts.primary_roles[code]}


def _rel(row: Row, day: str, facts: Facts) -> Record:
    identity = {"id": row["rel_id"], "uniqueRelId": int(row["unique_rel_id"])}
    return {"Date": _dates(row), "Status": _status(row, day), "Target": _target(row, facts), **identity}


def _succ(row: Row, facts: Facts) -> Record:
    return {
        **({"uniqueSuccId": int(row["unique_succ_id"])} if row["unique_succ_id"] else {}),
        "Date": _dates(row),
        "Type": row["succession_type"],
        "Target": _target(row, facts),
        **({"forwardSuccession": True} if row["forward_succession"] else {}),
    }


# --- the release --------------------------------------------------------------------------------------------


def release_records(facts: Facts, file: str) -> Iterator[Record]:
    """Yield the records of `full` or `archive` by code: complete ones, and stubs of the other file."""
    complete = {key: record(facts, key) for key in facts.organisations if key[2] == IN_RELEASE}
    records = [(key, item) for key, item in complete.items() if facts.organisations[key]["file"] == file]
    for row in facts.stubs:
        if row["file"] == file:
            key = (row["ods_code"], "", IN_RELEASE)
            records.append((key, stub(complete[key], row["last_change_date"])))
    return (item for _, item in sorted(records, key=lambda pair: pair[0]))


def write_release(facts: Facts, folder: Path) -> Path:
    """Write the zip as TRUD would send it, and return its path."""
    shifted = {key[0] for key, row in facts.organisations.items() if row["xml_shift"]}

    def xml(item: Record) -> str:
        return organisation_xml(item, shift_address=item["OrgId"]["extension"] in shifted)

    files = {
        kind: release_xml(
            [xml(item) for item in release_records(facts, kind.lower())],
            publication_date=PUBLICATION_DATE,
            publication_type=kind,
            publication_source=PUBLICATION_SOURCE,
            file_creation=f"{PUBLICATION_DATE}T16:10:01",
            **_code_systems(facts),
        )
        for kind in ("Full", "Archive")
    }
    return release_zip(folder, release_date=RELEASE_DATE, full=files["Full"], archive=files["Archive"])


def _code_systems(facts: Facts) -> dict[str, Any]:
    names = {"roles": "role", "relationships": "relationship", "record_classes": "record_class"}
    return {argument: facts.concepts[name] for argument, name in names.items()}


# --- the fetches --------------------------------------------------------------------------------------------


def register_at(facts: Facts, fetch: str) -> dict[str, Record]:
    """Return the API's records at this fetch, by code; archived ones only if a stub is recorded."""
    current: dict[str, Record] = {}
    for code, keys in groupby(sorted(facts.organisations), key=lambda key: key[0]):
        known = [key for key in keys if key[2] <= fetch and facts.organisations[key]["file"] != "archive"]
        if known:
            current[code] = record(facts, max(known, key=lambda key: key[2]))
    for row in facts.stubs:
        if row["file"] == "api" and row["fetch"] <= fetch:
            complete = record(facts, (row["ods_code"], "", IN_RELEASE))
            current[row["ods_code"]] = stub(complete, row["last_change_date"])
    return current


def write_one_fetch(facts: Facts, row: Row, root: Path) -> Path:
    """Write every record stamped in the window of this fetch, and the codes that are gone by then."""
    fetch = row["fetch"]
    gone: list[Record] = []
    notifications: list[dict[str, Any]] = []
    current = register_at(facts, fetch)
    for removal in (item for item in facts.removals if item["fetch"] <= fetch):
        last_seen = current.pop(removal["ods_code"], None)
        if removal["kind"] == "notification":
            notifications.append(_notification(removal))
        elif removal["fetch"] == fetch and last_seen:
            gone.append({**last_seen, "LastChangeDate": removal["date"]})
    first, last = row["stamps_from"], row["stamps_to"]
    return write_fetch(
        root,
        stamp=fetch,
        **{key: row[key] for key in ("as_of", "stamps_from", "stamps_to")},
        records=[item for item in current.values() if first <= item["LastChangeDate"] <= last],
        notifications=notifications,
        gone=gone,
        sample=True,
        **_code_systems(facts),
    )


def _notification(row: Row) -> dict[str, Any]:
    return {
        "OrgID": row["ods_code"],
        "PrimaryRoleId": row["primary_role_id"],
        "reason": {"code": 3, "description": "HUMAN ERROR"},
        "time": f"{row['date']} 00:00:00",
        "type": {"code": 1, "description": "Machine"},
    }


def write_sample(root: Path = SAMPLE, facts_folder: Path = FACTS) -> list[Path]:
    """Replace the sample below `root`, and return the paths of the release and the fetches."""
    facts = read_facts(facts_folder)
    for name in ("trud", "ord", "places"):
        shutil.rmtree(root / name, ignore_errors=True)
    written = [write_release(facts, root / "trud"), write_postcodes(facts_folder, root / "places")]
    return written + [write_one_fetch(facts, row, root / "ord") for row in facts.fetches]


if __name__ == "__main__":
    for path in write_sample(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE):
        print(path)
