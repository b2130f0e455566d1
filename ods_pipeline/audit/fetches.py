"""A recorded fetch told from its answers: records, deletion notices, code lists."""

import hashlib
import io
import json
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from ods_pipeline.audit.captures import Aside, Told, Used, Values, in_scope_once
from ods_pipeline.audit.raw import PUT_BACK, RawCapture
from ods_pipeline.audit.reading import Part, Unreadable, read_json, read_xml
from ods_pipeline.audit.records import Record, Text, Unusable, record_of
from ods_pipeline.errors import OdsError

_LISTS = {
    "roles.json": ("Roles", "OrganisationRole", "2.16.840.1.113883.2.1.3.2.4.17.507"),
    "rels.json": ("Relationships", "OrganisationRelationship", "2.16.840.1.113883.2.1.3.2.4.17.508"),
    "recordclasses.json": ("RecordClasses", "OrganisationRecordClass", "2.16.840.1.113883.2.1.3.2.4.23"),
}


def tell_fetch(raw: RawCapture) -> Told:
    """Reads every answer. Raises OdsError if a file is gone or is not what the receipt says."""
    told = Told(raw.label, concepts_from=raw.label)
    unknown: Counter[str] = Counter()
    asked = set(raw.receipt["codes"])
    answers = [f for f in raw.receipt["files"] if f["path"].startswith("organisations/")]
    forms = set()
    for number, file in enumerate(sorted(answers, key=lambda f: f["path"]), start=1):
        path = file["path"]
        code, is_xml = PurePosixPath(path).stem, path.endswith(".xml")
        forms.add("xml" if is_xml else "json")
        payload = _payload(raw, file)
        try:
            if code not in asked:
                raise Unusable("not_asked_for", code, None)
            record = _only_record(payload, is_xml, unknown)
            if record.code != code:
                raise Unusable("other_code", code, None)
            if code in told.used:
                raise Unusable("second_answer", code, None)
            told.used[code] = Used(record, "delta", number, is_xml)
        except (Unusable, Unreadable) as error:
            told.aside.append(Aside(raw.label, number, code, None, path, str(error)))
    told.unknown[raw.label] = unknown
    told.concepts = _concepts(raw)
    for file in raw.receipt["files"]:
        if file not in answers:
            _payload(raw, file)
    told.rows = [_capture(raw, told, len(answers), forms)]
    return told


def _payload(raw: RawCapture, file: dict[str, Any]) -> bytes:
    path = raw.place / file["path"]
    if not path.is_file():
        raise OdsError("it is gone", where=path, do=PUT_BACK)
    payload = path.read_bytes()
    if hashlib.sha256(payload).hexdigest() != file["sha256"].lower():
        raise OdsError("it is not what the receipt says", where=path, do=PUT_BACK)
    return payload


def _only_record(payload: bytes, is_xml: bool, unknown: Counter[str]) -> Record:
    found: list[tuple[Part, frozenset[str]]] = []

    def take(part: Part, odd: frozenset[str]) -> None:
        found.append((part, odd))

    if is_xml:
        unknown.update(read_xml(io.BytesIO(payload), take, "answer", anywhere=True).unknown)
    else:
        read_json(payload, take, unknown)
    if len(found) != 1:
        raise Unreadable(f"{len(found)} records are in it")
    return record_of(*found[0])


def _entries(raw: RawCapture, name: str, key: str) -> list[dict[str, Any]]:
    path = raw.place / name
    entries = json.loads(path.read_bytes())[key] if path.exists() else []
    return [entries] if isinstance(entries, dict) else entries


def _concepts(raw: RawCapture) -> list[tuple[Text, ...]]:
    return in_scope_once(
        (
            system,
            oid,
            str(entry["id"]),
            entry.get("code"),
            entry.get("displayName"),
            "true" if str(entry.get("primaryRole", "")).lower() == "true" else "false",
        )
        for name, (key, system, oid) in _LISTS.items()
        for entry in _entries(raw, name, key)
        if entry.get("id")
    )


def notices_of(raw: RawCapture) -> list[tuple[Text, ...]]:
    """Notices of deletion, and codes that were listed and gone: code, role, day, reason code, reason,
    source."""
    rows: list[tuple[Text, ...]] = []
    for entry in _entries(raw, "notifications.json", "DeletedOrganisations"):
        reason = entry.get("reason")
        given = reason if isinstance(reason, dict) else {"description": reason}
        number, words = str(given.get("code", "")).strip(), given.get("description")
        readable = isinstance(words, str) and not any("\ud800" <= sign <= "\udfff" for sign in words)
        is_number = number.isascii() and number.isdigit() and len(number) <= 18
        rows.append((entry["OrgID"], entry.get("PrimaryRoleId"), str(entry["time"])[:10],
                     str(int(number)) if is_number else None, words if readable else None,
                     "ord_notifications"))  # fmt: skip
    for gone in raw.receipt.get("gone", []):
        status = f"HTTP {gone['http_status']}"
        rows.append((gone["ods_code"], None, raw.receipt["as_of"], None, status, "gone_from_api"))
    return rows


def _capture(raw: RawCapture, told: Told, answers: int, forms: set[str]) -> Values:
    receipt = raw.receipt
    row = {
        "capture_id": raw.label,
        "kind": "delta",
        "source": receipt["source"],
        "as_of": receipt["as_of"],
        "publication_source": "ods_pipeline sample" if receipt.get("sample") else None,
        "stamps_from": receipt["stamps_from"],
        "stamps_to": receipt["stamps_to"],
        "payload_format": "mixed" if len(forms) == 2 else min(forms, default="json"),
        "declared_records": answers,
        "parsed_records": len(told.used) + len(told.aside),
        "stub_records": sum(used.record.ref_only for used in told.used.values()),
        "used_records": len(told.used),
        "superseded_records": 0,
        "quarantined_records": len(told.aside),
        "unknown_elements": told.unknown[raw.label].total(),
        "file_name": raw.place.name,
        "bytes": sum(file["bytes"] for file in receipt["files"]),
        "sha256": raw.sha256,
        "sha256_verified": "true",
    }
    return {name: value if value is None else str(value) for name, value in row.items()}
