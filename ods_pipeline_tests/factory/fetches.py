"""A recorded fetch of the ORD API on top of a register: some of the next month's changes, early.

Lives here: turning frames into ORD records, one Python object each. That is fast enough for fetches, but not
for releases (``xml.py``).
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.schema import COMPONENTS
from ods_pipeline.schema.codes import ODS_CODE_ROOT
from ods_pipeline_tests.factory.files import as_read
from ods_pipeline_tests.factory.months import next_month
from ods_pipeline_tests.factory.parts import concepts
from ods_pipeline_tests.factory.register import FactoryRegister
from ods_pipeline_tests.support.payloads import write_fetch

Row = dict[str, Any]
_ADDRESS = {
    "AddrLn1": "address_line_1",
    "AddrLn2": "address_line_2",
    "AddrLn3": "address_line_3",
    "Town": "town",
    "County": "county",
    "PostCode": "postcode",
    "Country": "country",
    "UPRN": "uprn",
}


def write_delta(register: FactoryRegister, folder: Path, records: int = 150, days_later: int = 10) -> Path:
    """Write a fetch made ``days_later`` after publication below ``folder``, and return its path.

    It has ``records`` changed records stamped on that day, or fewer if the next month changes fewer.
    """
    day = register.published + timedelta(days=days_later)
    after, changes = next_month(register)
    touched = [code for what, codes in changes.codes.items() if what != "deleted" for code in codes]
    codes = sorted(set(touched))
    picked = register.dice.chosen("fetched", pl.int_range(len(codes), eager=True).to_numpy(), records)
    return write_fetch(
        folder,
        stamp=f"{day:%Y%m%d}T043000Z",
        as_of=day,
        stamps_from=day,
        stamps_to=day,
        records=[
            {**record, "LastChangeDate": str(day)}
            for record in as_records(as_read(after, archive=False), [codes[n] for n in picked])
        ],
        roles=concepts()["role"],
        relationships=concepts()["relationship"],
        record_classes=concepts()["record_class"],
    )


def as_records(frames: dict[str, pl.DataFrame], codes: list[str]) -> list[Row]:
    """Return the records of these codes in one file, in the form that ``payloads.py`` takes."""
    wanted = frames["organisations"].filter(pl.col("ods_code").is_in(codes))
    numbers = wanted.select("record")
    parts: dict[str, dict[int, list[Row]]] = {}
    for name in COMPONENTS:
        parts[name] = {}
        for row in frames[name].join(numbers, on="record", maintain_order="left").rows(named=True):
            parts[name].setdefault(row["record"], []).append(row)
    return [
        _record(row, {name: parts[name].get(row["record"], []) for name in COMPONENTS})
        for row in wanted.rows(named=True)
    ]


def _record(row: Row, parts: dict[str, list[Row]]) -> Row:
    location = {key: row[column] for key, column in _ADDRESS.items() if row[column] is not None}
    record = {
        "Name": row["name"],
        "Date": _dates(row),
        "OrgId": _org_id(row["ods_code"]),
        "Status": row["status"],
        "LastChangeDate": str(row["last_change_date"]),
        "orgRecordClass": row["record_class"],
        "refOnly": row["ref_only"] or None,
        "GeoLoc": {"Location": location},
        "Contacts": [{"type": c["contact_type"], "value": c["contact_value"]} for c in parts["contacts"]],
        "Roles": [_role(part) for part in parts["roles"]],
        "Rels": [_rel(part) for part in parts["relationships"]],
        "Succs": [_succ(part) for part in parts["successions"]],
    }
    sections = {"Contacts": "Contact", "Roles": "Role", "Rels": "Rel", "Succs": "Succ"}
    kept = {key: value for key, value in record.items() if value}
    return {key: {sections[key]: value} if key in sections else value for key, value in kept.items()}


def _org_id(code: str) -> Row:
    return {"root": ODS_CODE_ROOT, "assigningAuthorityName": "HSCIC", "extension": code}


def _dates(row: Row) -> list[Row]:
    dates = []
    for kind in ("Legal", "Operational"):
        start: date | None = row[f"{kind.lower()}_start"]
        end: date | None = row[f"{kind.lower()}_end"]
        if start:
            dates.append({"Type": kind, "Start": str(start), **({"End": str(end)} if end else {})})
    return dates


def _target(row: Row) -> Row:
    role = {"id": row["target_primary_role_id"], "uniqueRoleId": row["target_unique_role_id"]}
    return {"OrgId": _org_id(row["target_ods_code"]), "PrimaryRoleId": role}


def _role(row: Row) -> Row:
    primary = {"primaryRole": True} if row["is_primary"] else {}
    identity = {"id": row["role_id"], "uniqueRoleId": row["unique_role_id"], **primary}
    return {**identity, "Date": _dates(row), "Status": row["status"]}


def _rel(row: Row) -> Row:
    identity = {"id": row["rel_id"], "uniqueRelId": row["unique_rel_id"]}
    return {**identity, "Date": _dates(row), "Status": row["status"], "Target": _target(row)}


def _succ(row: Row) -> Row:
    attributes = {"uniqueSuccId": row["unique_succ_id"], "forwardSuccession": row["forward_succession"]}
    identity = {key: value for key, value in attributes.items() if value}
    return {**identity, "Date": _dates(row), "Type": row["succession_type"], "Target": _target(row)}
