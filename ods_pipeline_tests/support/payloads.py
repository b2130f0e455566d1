"""Writes payloads as the NHS sources do: the XML release, its zip, a recorded fetch of the ORD API.

Lives here: bytes on the wire. Does not live here: what the register holds (see the sample and the factory). A
record is the dict under the key ``Organisation`` of an ORD JSON payload. Every writer starts from that shape.
Nothing here reads a clock: the same arguments give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

Record = Mapping[str, Any]
Concept = Mapping[str, Any]  # {"id": "RO197", "code": "197", "displayName": "NHS TRUST", "primaryRole": True}
Lines = list[str]
Rng = random.Random | None

BASE_URL = "https://directory.spineservices.nhs.uk/ORD/2-0-0"
CODE_SYSTEMS = (
    ("OrganisationRecordClass", "2.16.840.1.113883.2.1.3.2.4.23"),
    ("OrganisationRole", "2.16.840.1.113883.2.1.3.2.4.17.507"),
    ("OrganisationRelationship", "2.16.840.1.113883.2.1.3.2.4.17.508"),
)
ADDRESS_PARTS = ("AddrLn1", "AddrLn2", "AddrLn3", "Town", "County", "PostCode", "Country", "UPRN")
JSON_KEYS = ("Name", "Date", "OrgId", "Status", "LastChangeDate", "orgRecordClass", "refOnly", "GeoLoc")
JSON_KEYS += ("Contacts", "Roles", "Rels", "Succs")
NUMBERS = ("uniqueRoleId", "uniqueRelId", "uniqueSuccId", "UPRN")
PAGE = 1000
EOL = "\r\n"
CONCEPT = ("id", "code", "displayName")


def code_of(record: Record) -> str:
    """Return the ODS code of a record."""
    return record["OrgId"]["extension"]


def organisation_xml(record: Record, *, rng: Rng = None, shift_address: bool = False) -> str:
    """Return one ``Organisation`` of XML v2-0-0: Legal date first, ``Type`` of a succession as element text.

    ``rng`` shuffles the children of Organisation, Role, Rel and Succ: no reader may rely on their order.
    ``shift_address`` writes line 2 as line 3, as XML does for some records whose JSON has no hole.
    """
    children = [[f"<Name>{escape(record['Name'])}</Name>"], *_dates(record), [_org_id(record)]]
    children += [*_value("Status", record), *_value("LastChangeDate", record)]
    if record.get("GeoLoc"):
        parts = dict(record["GeoLoc"]["Location"])
        if shift_address and parts.get("AddrLn1") and parts.get("AddrLn2") and not parts.get("AddrLn3"):
            parts["AddrLn3"] = parts.pop("AddrLn2")
        kept = [part for part in ADDRESS_PARTS if parts.get(part)]
        lines = [[f"<{part}>{escape(str(parts[part]))}</{part}>"] for part in kept]
        children.append(_element("GeoLoc", {}, [_element("Location", {}, lines)]))
    if contacts := _listed(record, "Contacts"):
        children.append(_element("Contacts", {}, [[_empty("Contact", item)] for item in contacts]))
    for section, tag in (("Roles", "Role"), ("Rels", "Rel"), ("Succs", "Succ")):
        if items := _listed(record, section):
            children.append(_element(section, {}, [_part(tag, item, rng) for item in items]))
    attributes = {key: record[key] for key in ("orgRecordClass", "refOnly") if record.get(key)}
    return "".join(f"    {line}{EOL}" for line in _element("Organisation", attributes, children, rng))


def _element(tag: str, attributes: Record, children: Sequence[Lines], rng: Rng = None) -> Lines:
    ordered = rng.sample(children, len(children)) if rng else children
    inner = ["  " + line for child in ordered for line in child]
    return [f"<{tag}{_attributes(attributes)}>", *inner, f"</{tag}>"]


def _org_id(node: Record) -> str:
    return _empty("OrgId", _pick(node["OrgId"], "root", "assigningAuthorityName", "extension"))


def _empty(tag: str, attributes: Record) -> str:
    return f"<{tag}{_attributes(attributes)} />"


def _pick(node: Record, *keys: str) -> dict[str, Any]:
    return {key: node[key] for key in keys}


def _attributes(attributes: Record) -> str:
    texts = {key: "true" if value is True else str(value) for key, value in attributes.items()}
    return "".join(f" {key}={quoteattr(text)}" for key, text in texts.items())


def _value(tag: str, node: Record) -> list[Lines]:
    return [[_empty(tag, {"value": node[tag]})]] if node.get(tag) else []


def _listed(record: Record, section: str) -> list[Record]:
    """Return the items of a section. A bare object counts as a list of one item, as it must for readers."""
    items = (record.get(section) or {}).get(section[:-1]) or []
    return [items] if isinstance(items, Mapping) else list(items)


def _dates(node: Record) -> list[Lines]:
    dates = [node["Date"]] if isinstance(node.get("Date"), Mapping) else node.get("Date") or []
    dates = sorted(dates, key=lambda item: item["Type"] != "Legal")
    return [_element("Date", {}, [*_value("Type", d), *_value("Start", d), *_value("End", d)]) for d in dates]


def _part(tag: str, node: Record, rng: Rng) -> Lines:
    """Return a Role, Rel or Succ with its dates, status, type and target, as far as it has them."""
    children = [*_dates(node), *_value("Status", node)]
    if "Type" in node:
        children.append([f"<Type>{node['Type']}</Type>"])
    if "Target" in node:
        role = _empty("PrimaryRoleId", _pick(node["Target"]["PrimaryRoleId"], "id", "uniqueRoleId"))
        children.append(_element("Target", {}, [[_org_id(node["Target"])], [role]]))
    keys = ("id", "uniqueRoleId", "uniqueRelId", "uniqueSuccId", "primaryRole", "forwardSuccession")
    return _element(tag, {key: node[key] for key in keys if node.get(key)}, children, rng)


def release_xml(
    records: Iterable[Record | str],
    *,
    publication_date: date | str,
    publication_type: str = "Full",
    content_description: str | None = None,
    publication_source: str = "NHS Digital",
    publication_seq_num: int = 1,
    file_creation: str | None = None,
    record_count: int | None = None,
    roles: Sequence[Concept],
    relationships: Sequence[Concept],
    record_classes: Sequence[Concept],
    bom: bool = False,
) -> bytes:
    """Return a whole release file. ``record_count`` allows a generator, or a declared count that is wrong.

    A record that is text already (``organisation_xml`` with its options) is written unchanged.
    """
    if record_count is None:
        records = list(records)
        record_count = len(records)
    described = f"HSCOrgRefData_{publication_type}_{str(publication_date).replace('-', '')}"
    manifest = {
        "Version": "2-0-0",
        "PublicationType": publication_type,
        "PublicationSource": publication_source,
        "PublicationDate": publication_date,
        "PublicationSeqNum": publication_seq_num,
        "FileCreationDateTime": file_creation or f"{publication_date}T16:10:01",
        "RecordCount": record_count,
        "ContentDescription": content_description or described,
    }
    values = [[_empty(tag, {"value": value})] for tag, value in manifest.items()]
    scope = [role for role in roles if role["primaryRole"]]
    scope = [[_empty("PrimaryRole", _pick(role, "id", "displayName"))] for role in scope]
    head = _element("Manifest", {}, [*values, _element("PrimaryRoleScope", {}, scope)])
    systems = []
    for (name, oid), concepts in zip(CODE_SYSTEMS, (record_classes, roles, relationships), strict=True):
        lines = [[_empty("concept", _pick(item, *CONCEPT))] for item in concepts]
        systems.append(_element("CodeSystem", {"name": name, "oid": oid}, lines))
    head += _element("CodeSystems", {}, systems)
    out = io.StringIO(newline="")
    out.write(f'<?xml version="1.0" encoding="utf-8"?>{EOL}')
    out.write('<HSCOrgRefData:OrgRefData xmlns:HSCOrgRefData="http://refdata.hscic.gov.uk/org/v2-0-0"')
    out.write(' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"')
    out.write(f' xsi:schemaLocation="http://refdata.hscic.gov.uk/org/v2-0-0 HSCOrgRefData.xsd">{EOL}')
    out.writelines(f"  {line}{EOL}" for line in [*head, "<Organisations>"])
    out.writelines(item if isinstance(item, str) else organisation_xml(item) for item in records)
    out.write(f"  </Organisations>{EOL}</HSCOrgRefData:OrgRefData>{EOL}")
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode("utf-8")


def release_zip(folder: Path, *, release_date: date | str, full: bytes, archive: bytes) -> Path:
    """Write the outer zip under TRUD's name. Names have the release date, not the publication date."""
    day = date.fromisoformat(str(release_date))
    inner = {
        "fullfile.zip": zip_bytes({f"HSCOrgRefData_Full_{day:%Y%m%d}.xml": full}),
        "archive.zip": zip_bytes({f"HSCOrgRefData_Archive_{day:%Y%m%d}.xml": archive}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"hscorgrefdataxml_data_{day.month}.0.0_{day:%Y%m%d}000001.zip"
    path.write_bytes(zip_bytes(inner))
    return path


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a zip whose bytes depend on its members only: no time, no user, no host system."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()


def organisation_json(record: Record) -> bytes:
    """Return the payload of ``/organisations/{code}``: Operational date first, ids as numbers."""
    return _compact({"Organisation": _api_form({key: record[key] for key in JSON_KEYS if record.get(key)})})


def _api_form(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: int(value) if key in NUMBERS else _api_form(value) for key, value in node.items()}
    if not isinstance(node, list):
        return node
    if all(isinstance(item, Mapping) and "Start" in item for item in node):
        return sorted(node, key=lambda item: item["Type"] != "Operational")
    return [*map(_api_form, node)]


def search_row(record: Record, role_names: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of ``/organisations?…``. There, ``OrgId`` is a string and the class has a capital O."""
    role = next(role["id"] for role in _listed(record, "Roles") if role.get("primaryRole"))
    row = {
        "Name": record["Name"],
        "OrgId": code_of(record),
        "Status": record.get("Status"),
        "OrgRecordClass": record["orgRecordClass"],
        "PostCode": record.get("GeoLoc", {}).get("Location", {}).get("PostCode"),
        "LastChangeDate": record["LastChangeDate"],
        "PrimaryRoleId": role,
        "PrimaryRoleDescription": role_names[role],
        "OrgLink": f"{BASE_URL}/organisations/{code_of(record)}",
    }
    return {key: value for key, value in row.items() if value is not None}


def write_fetch(
    root: Path,
    *,
    stamp: str,
    as_of: date | str,
    stamps_from: date | str,
    stamps_to: date | str,
    records: Sequence[Record],
    notifications: Sequence[Mapping[str, Any]] = (),
    gone: Sequence[Record] = (),
    roles: Sequence[Concept],
    relationships: Sequence[Concept],
    record_classes: Sequence[Concept],
    sample: bool = False,
    sync_extra: Sequence[str] = (),
) -> Path:
    """Write a recorded fetch to ``root/fetch=<stamp>/``, with its receipt last.

    ``gone`` has records as last seen, which search and sync still list but the API no longer has (404).
    ``sync_extra`` has codes that only sync lists, because they are stamped after ``stamps_to``.
    """
    folder = root / f"fetch={stamp}"
    names = {role["id"]: role["displayName"] for role in roles}
    listed = sorted([*records, *gone], key=code_of)
    codes = [code_of(record) for record in listed]
    links = [{"OrgLink": f"{BASE_URL}/organisations/{code}"} for code in sorted({*codes, *sync_extra})]
    payloads = {"sync.json": (f"/sync?LastChangeDate={stamps_from}", _compact({"Organisations": links}))}
    for start in range(0, max(len(listed), 1), PAGE):
        rows = [search_row(record, names) for record in listed[start : start + PAGE]]
        offset = f"&Offset={start + 1}" if start else ""  # the API refuses Offset=0
        url_path = f"/organisations?LastChangeDate={stamps_from}&Limit={PAGE}{offset}"
        payloads[f"search-{start // PAGE + 1:04d}.json"] = (url_path, _compact({"Organisations": rows}))
    for record in records:
        path = f"organisations/{code_of(record)}"
        payloads[f"{path}.json"] = (f"/{path}", organisation_json(record))
    payloads["notifications.json"] = (
        "/notifications",
        _compact({"DeletedOrganisations": list(notifications)}),
    )
    for name, kind, concepts in (
        ("roles", "Roles", [{**role, "primaryRole": str(role["primaryRole"]).lower()} for role in roles]),
        ("rels", "Relationships", [_pick(item, *CONCEPT) for item in relationships]),
        ("recordclasses", "RecordClasses", [_pick(item, *CONCEPT) for item in record_classes]),
    ):
        payloads[f"{name}.json"] = (f"/{name}", _compact({kind: concepts}))
    (folder / "organisations").mkdir(parents=True, exist_ok=True)
    for path, (_, payload) in payloads.items():
        (folder / path).write_bytes(payload)
    started = datetime.fromisoformat(stamp)
    receipt = {
        "shape": 1,
        "kind": "ord_fetch",
        "source": "recorded",
        "sample": sample,
        "base_url": BASE_URL,
        "started_at": f"{started:%Y-%m-%dT%H:%M:%SZ}",
        "finished_at": f"{started + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "as_of": str(as_of),
        "stamps_from": str(stamps_from),
        "stamps_to": str(stamps_to),
        "codes": codes,
        "gone": [{"ods_code": code, "http_status": 404} for code in sorted(map(code_of, gone))],
        "files": [
            {
                "path": path,
                "url_path": url_path,
                "bytes": len(payload),
                "sha256": hashlib.sha256(payload).hexdigest(),
            }
            for path, (url_path, payload) in sorted(payloads.items())
        ],
    }
    (folder / "receipt.json").write_bytes(json.dumps(receipt, indent=2, ensure_ascii=False).encode() + b"\n")
    return folder


def _compact(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
