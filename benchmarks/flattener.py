"""The straightforward yardstick: the program that most people would write first.

lxml, a loop over records, lists, Parquet files; the same columns as ``flat/``, and no checks of any kind.
"""

from pathlib import Path
from typing import Any

import polars as pl
from lxml import etree

from ods_pipeline.schema import TABLES

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


def flattener(room: Path, scale: float) -> dict[str, Any]:
    """Read both XML files and write one Parquet file per table."""
    folder = room / "flattener"
    tables: dict[str, list[Row]] = {
        name: [] for name in ("organisations", "roles", "relationships", "successions", "contacts")
    }
    for file in sorted((room / "release").glob("*.xml"), reverse=True):
        for _, element in etree.iterparse(str(file), tag="Organisation"):
            _flatten(element, tables)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for name, rows in tables.items():
        columns = TABLES[name].stored
        typed = [c for c in columns if TABLES[name].dtypes[c] == pl.Date]
        frame = pl.DataFrame(rows, schema={c: _read_as(name, c) for c in columns}, orient="row")
        path = folder / f"{name}.parquet"
        frame.with_columns(pl.col(typed).str.to_date()).write_parquet(path)
        size += path.stat().st_size
    return {"rows": sum(map(len, tables.values())), "bytes": size}


def _read_as(table: str, column: str) -> pl.DataType | type[pl.DataType]:
    dtype = TABLES[table].dtypes[column]
    return pl.String if dtype == pl.Date else dtype


def _value(element: Any, path: str) -> str | None:
    child = element.find(path)
    return child.get("value") if child is not None else None


def _dates(element: Any) -> Row:
    days = {}
    for date in element.findall("Date"):
        kind = _value(date, "Type").lower()
        days[f"{kind}_start"] = _value(date, "Start")
        days[f"{kind}_end"] = _value(date, "End")
    return days


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _target(element: Any) -> Row:
    role = element.find("Target/PrimaryRoleId")
    return {
        "target_ods_code": element.find("Target/OrgId").get("extension"),
        "target_primary_role_id": role.get("id"),
        "target_unique_role_id": _number(role.get("uniqueRoleId")),
    }


def _flatten(element: Any, tables: dict[str, list[Row]]) -> None:
    code = element.find("OrgId").get("extension")
    row: Row = {
        "ods_code": code,
        "name": element.findtext("Name"),
        "record_class": element.get("orgRecordClass"),
        "status": _value(element, "Status"),
        "status_is_inferred": False,
        "ref_only": element.get("refOnly") == "true",
        "last_change_date": _value(element, "LastChangeDate"),
        "assigning_authority": element.find("OrgId").get("assigningAuthorityName"),
        "published_in": None,
        "capture_id": None,
        **_dates(element),
    }
    location = element.find("GeoLoc/Location")
    for line in location if location is not None else ():
        row[_ADDRESS[line.tag]] = line.text
    row["uprn"] = _number(row.get("uprn"))
    for role in element.findall("Roles/Role"):
        primary = role.get("primaryRole") == "true"
        if primary:
            row["primary_role_id"] = role.get("id")
        tables["roles"].append(
            {
                "ods_code": code,
                "role_id": role.get("id"),
                "unique_role_id": _number(role.get("uniqueRoleId")),
                "is_primary": primary,
                "status": _value(role, "Status"),
                **_dates(role),
            }
        )
    for rel in element.findall("Rels/Rel"):
        tables["relationships"].append(
            {
                "ods_code": code,
                "rel_id": rel.get("id"),
                "unique_rel_id": _number(rel.get("uniqueRelId")),
                "status": _value(rel, "Status"),
                **_dates(rel),
                **_target(rel),
            }
        )
    for succ in element.findall("Succs/Succ"):
        tables["successions"].append(
            {
                "ods_code": code,
                "succession_type": succ.findtext("Type"),
                "unique_succ_id": _number(succ.get("uniqueSuccId")),
                "forward_succession": succ.get("forwardSuccession") == "true",
                **_dates(succ),
                **_target(succ),
            }
        )
    for ordinal, contact in enumerate(element.findall("Contacts/Contact"), start=1):
        tables["contacts"].append(
            {
                "ods_code": code,
                "contact_type": contact.get("type"),
                "ordinal": ordinal,
                "contact_value": contact.get("value"),
            }
        )
    tables["organisations"].append(row)
