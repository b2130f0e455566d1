"""A release told from its two files: the record of each code, what lost to it, what could not be used."""

import re
from collections import Counter
from collections.abc import Callable

from ods_pipeline.audit.captures import Aside, Lost, Told, Used, Values, in_scope_once
from ods_pipeline.audit.raw import PUT_BACK, RawCapture, XmlFile, opened
from ods_pipeline.audit.reading import Part, Unreadable, read_xml
from ods_pipeline.audit.records import Text, Unusable, is_another_organisation, record_of
from ods_pipeline.errors import OdsError

_TRUD_NAME = re.compile(r"_(\d{4})(\d{2})(\d{2})\d{6}\.zip$", re.IGNORECASE)


def tell_release(raw: RawCapture, read_one: Callable[[], None]) -> Told:
    """Reads full and archive file, and calls ``read_one`` for each record. Raises OdsError if one is
    damaged."""
    told = Told(raw.label, concepts_from=f"{raw.label}/full")
    told.concepts = _concepts(raw.files[0].head)
    every: dict[str, list[Used]] = {}
    stubs: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for file in raw.files:
        kind = "archive" if file.is_archive else "full"

        def take(part: Part, odd: frozenset[str], kind: str = kind, file: XmlFile = file) -> None:
            read[kind] += 1
            read_one()
            try:
                record = record_of(part, odd)
            except Unusable as error:
                where = f"{raw.label}/{kind}"
                told.aside.append(Aside(where, read[kind], error.code, error.name, file.name, str(error)))
                return
            stubs[kind] += record.ref_only
            used = Used(record, kind, read[kind], is_xml=True)
            first = told.used.setdefault(record.code, used)
            if first is not used:
                every.setdefault(record.code, [first]).append(used)

        try:
            with opened(file) as stream:
                told.unknown[f"{raw.label}/{kind}"] = read_xml(stream, take, file.name).unknown
        except Unreadable as error:
            raise OdsError(f"it cannot be read ({error})", where=raw.place, do=PUT_BACK) from error
    for code, records in every.items():
        winner, *losers = sorted(records, key=_rank)
        told.used[code] = winner
        told.lost.extend(Lost(loser, _reason(loser, winner), winner) for loser in losers)
    told.rows = [_capture(raw, file, told, read, stubs) for file in raw.files]
    return told


def _rank(used: Used) -> tuple:
    """First comes who wins: a complete record before a stub, full before archive, then the later operational
    start, the later LastChangeDate, the earlier place."""
    record = used.record
    return (record.ref_only, used.kind == "archive", _newest_first(record.body[1]),
            _newest_first(record.stamp), used.number)  # fmt: skip


def _newest_first(day: Text) -> tuple[bool, int]:
    return day is None, -int((day or "0").replace("-", ""))


def _reason(loser: Used, winner: Used) -> str:
    one, other = loser.record, winner.record
    if one.ref_only and not other.ref_only:
        return "stub_beaten_by_complete"
    if is_another_organisation(one.body, other.body):
        return "reused_code"
    return "duplicate_code" if loser.kind == winner.kind else "archive_beaten_by_full"


def _concepts(head: Part) -> list[tuple[Text, ...]]:
    scope = {role[""].get("id") for role in head.get("PrimaryRole", ())}
    found = []
    for system in head.get("CodeSystem", ()):
        name, oid = system[""].get("name"), system[""].get("oid")
        for concept in system.get("concept", ()):
            id_, code, display = (concept[""].get(key) for key in ("id", "code", "displayName"))
            if id_ is not None and name is not None:
                found.append((name, oid, id_, code, display, "true" if id_ in scope else "false"))
    return in_scope_once(found)


def _capture(raw: RawCapture, file: XmlFile, told: Told, read: Counter[str], stubs: Counter[str]) -> Values:
    kind = "archive" if file.is_archive else "full"
    capture_id = f"{raw.label}/{kind}"
    named = _TRUD_NAME.search(raw.place.name)
    number = file.manifest("PublicationSeqNum")
    row = {
        "capture_id": capture_id,
        "kind": kind,
        "source": raw.receipt["source"],
        "release_date": "-".join(named.groups()) if named else raw.receipt["release_date"],
        "publication_date": file.manifest("PublicationDate"),
        "as_of": file.manifest("PublicationDate"),
        "version": file.manifest("Version"),
        "publication_source": file.manifest("PublicationSource"),
        "publication_seq_num": str(int(number)) if number and number.isdecimal() else None,
        "file_creation": file.manifest("FileCreationDateTime"),
        "content_description": file.manifest("ContentDescription"),
        "payload_format": "xml",
        "declared_records": file.manifest("RecordCount"),
        "parsed_records": read[kind],
        "stub_records": stubs[kind],
        "used_records": sum(used.kind == kind for used in told.used.values()),
        "superseded_records": sum(lost.used.kind == kind for lost in told.lost),
        "quarantined_records": sum(aside.capture_id == capture_id for aside in told.aside),
        "unknown_elements": told.unknown[capture_id].total(),
        "file_name": raw.place.name,
        "bytes": raw.place.stat().st_size,
        "sha256": raw.sha256,
        "sha256_verified": "true" if raw.receipt["sha256_verified"] else "false",
    }
    return {name: value if value is None else str(value) for name, value in row.items()}
