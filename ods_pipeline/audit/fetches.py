"""A fetch, read from its recorded answers: records, deletion notices, code lists.

Does not live here: what follows for the register (``lives.py``).
"""

import hashlib
import io
import json
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from ods_pipeline.audit.answers import read_json
from ods_pipeline.audit.captures import CaptureContent, RecordSetAside, UsedRecord, Values, first_of_each
from ods_pipeline.audit.raw import PUT_BACK, RawCapture
from ods_pipeline.audit.reading import Part, UnreadableError, read_xml
from ods_pipeline.audit.records import Record, Text, UnusableRecordError, record_of
from ods_pipeline.errors import OdsError

_LISTS = {
    "roles.json": ("Roles", "OrganisationRole", "2.16.840.1.113883.2.1.3.2.4.17.507"),
    "rels.json": ("Relationships", "OrganisationRelationship", "2.16.840.1.113883.2.1.3.2.4.17.508"),
    "recordclasses.json": ("RecordClasses", "OrganisationRecordClass", "2.16.840.1.113883.2.1.3.2.4.23"),
}


def read_fetch(raw: RawCapture) -> CaptureContent:
    """Read every answer of a fetch. Raises OdsError if a file is missing or differs from the receipt."""
    content = CaptureContent(raw.label, concepts_from=raw.label)
    unknown: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    requested = set(raw.receipt["codes"])
    answers = [f for f in raw.receipt["files"] if f["path"].startswith("organisations/")]
    formats = set()
    kind = "delta" if raw.is_delta else "full"
    is_partial = bool({*raw.receipt.get("silent", ())} - {"contacts.fax"})
    for number, file in enumerate(sorted(answers, key=lambda f: f["path"]), start=1):
        path = file["path"]
        code, is_xml = PurePosixPath(path).stem, path.endswith(".xml")
        formats.add("xml" if is_xml else "json")
        payload = _payload(raw, file)
        try:
            if code not in requested:
                raise UnusableRecordError("not_asked_for", code, None)
            record = _only_record(payload, is_xml, unknown, rules)
            if record.code != code:
                raise UnusableRecordError("other_code", code, None)
            if code in content.used:
                raise UnusableRecordError("second_answer", code, None)
            content.used[code] = UsedRecord(record, kind, number, is_xml, is_partial)
        except (UnusableRecordError, UnreadableError) as error:
            content.set_aside.append(RecordSetAside(raw.label, number, code, None, path, str(error)))
    content.unknown[raw.label] = unknown
    content.concepts = _concepts(raw)
    for file in raw.receipt["files"]:
        if file not in answers:
            _payload(raw, file)
    content.rows = [_capture(raw, content, len(answers), formats, rules)]
    return content


def _payload(raw: RawCapture, file: dict[str, Any]) -> bytes:
    path = raw.place / file["path"]
    if not path.is_file():
        raise OdsError("the file is missing", where=path, do=PUT_BACK)
    payload = path.read_bytes()
    if hashlib.sha256(payload).hexdigest() != file["sha256"].lower():
        raise OdsError("the file differs from the SHA-256 in the receipt", where=path, do=PUT_BACK)
    return payload


def _only_record(payload: bytes, is_xml: bool, unknown: Counter[str], rules: Counter[str]) -> Record:
    parts: list[tuple[Part, frozenset[str]]] = []

    def take(part: Part, faults: frozenset[str]) -> None:
        parts.append((part, faults))

    if is_xml:
        unknown.update(read_xml(io.BytesIO(payload), take, "answer", anywhere=True).unknown)
    else:
        read_json(payload, take, unknown, rules)
    if len(parts) != 1:
        raise UnreadableError(f"the answer has {len(parts)} records, not one")
    return record_of(*parts[0])


def _entries(raw: RawCapture, name: str, key: str) -> list[dict[str, Any]]:
    path = raw.place / name
    entries = json.loads(path.read_bytes())[key] if path.exists() else []
    return [entries] if isinstance(entries, dict) else entries


def _concepts(raw: RawCapture) -> list[tuple[Text, ...]]:
    return first_of_each(
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
    """Return the notices of deletion, and the codes that the API answered with 404 or 410.

    A row has code, primary role, day, reason code, reason and source.
    """
    rows: list[tuple[Text, ...]] = []
    source = "odt_deletion_list" if raw.receipt["source"] == "odt" else "ord_notifications"
    for entry in _entries(raw, "notifications.json", "DeletedOrganisations"):
        reason = entry.get("reason")
        reason = reason if isinstance(reason, dict) else {"description": reason}
        number, words = str(reason.get("code", "")).strip(), reason.get("description")
        readable = isinstance(words, str) and not any("\ud800" <= c <= "\udfff" for c in words)
        is_number = number.isascii() and number.isdigit() and len(number) <= 18
        rows.append((entry["OrgID"], entry.get("PrimaryRoleId"), str(entry["time"])[:10],
                     str(int(number)) if is_number else None, words if readable else None,
                     source))  # fmt: skip
    for gone in raw.receipt.get("gone", []):
        status = f"HTTP {gone['http_status']}"
        rows.append((gone["ods_code"], None, raw.receipt["as_of"], None, status, "gone_from_api"))
    return rows


def _capture(
    raw: RawCapture, content: CaptureContent, answers: int, formats: set[str], rules: Counter[str]
) -> Values:
    receipt = raw.receipt
    row = {
        "capture_id": raw.label,
        "kind": "delta" if raw.is_delta else "full",
        "source": receipt["source"],
        "publication_date": None if raw.is_delta else receipt["as_of"],
        "as_of": receipt["as_of"],
        "publication_source": "ods_pipeline sample" if receipt.get("sample") else None,
        "stamps_from": receipt["stamps_from"],
        "stamps_to": receipt["stamps_to"],
        "payload_format": "mixed" if len(formats) == 2 else min(formats, default="json"),
        "declared_records": answers,
        "parsed_records": len(content.used) + len(content.set_aside),
        "stub_records": sum(used.record.ref_only for used in content.used.values()),
        "used_records": len(content.used),
        "superseded_records": 0,
        "quarantined_records": len(content.set_aside),
        "unknown_elements": content.unknown[raw.label].total(),
        "applied_rules": ", ".join(f"{name} {rules[name]}" for name in sorted(rules)) or None,
        "file_name": raw.place.name,
        "bytes": sum(file["bytes"] for file in receipt["files"]),
        "sha256": raw.sha256,
        "sha256_verified": "true",
    }
    return {name: value if value is None else str(value) for name, value in row.items()}
