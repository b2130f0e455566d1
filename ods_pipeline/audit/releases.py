"""A release, read from its two files: the record of each code, what lost to it, what was set aside.

Does not live here: what follows for the register (``lives.py``).
"""

import re
from collections import Counter
from collections.abc import Callable

from ods_pipeline.audit.captures import (
    CaptureContent,
    RecordSetAside,
    RecordSuperseded,
    UsedRecord,
    Values,
    first_of_each,
)
from ods_pipeline.audit.raw import PUT_BACK, RawCapture, XmlFile, open_xml
from ods_pipeline.audit.reading import Part, UnreadableError, read_xml
from ods_pipeline.audit.records import Text, UnusableRecordError, is_another_organisation, record_of
from ods_pipeline.errors import OdsError

_TRUD_NAME = re.compile(r"_(\d{4})(\d{2})(\d{2})\d{6}\.zip$", re.IGNORECASE)


def read_release(raw: RawCapture, count_record: Callable[[], None]) -> CaptureContent:
    """Read the full and the archive file of a release.

    Args:
        raw: The release.
        count_record: Called for every record read.

    Raises:
        OdsError: If a file is damaged.
    """
    content = CaptureContent(raw.label, concepts_from=f"{raw.label}/full")
    content.concepts = _concepts(raw.files[0].head)
    repeated: dict[str, list[UsedRecord]] = {}
    stubs: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for file in raw.files:
        kind = "archive" if file.is_archive else "full"

        def take(part: Part, faults: frozenset[str], kind: str = kind, file: XmlFile = file) -> None:
            read[kind] += 1
            count_record()
            try:
                record = record_of(part, faults)
            except UnusableRecordError as error:
                capture_id = f"{raw.label}/{kind}"
                content.set_aside.append(
                    RecordSetAside(capture_id, read[kind], error.code, error.name, file.name, str(error))
                )
                return
            stubs[kind] += record.ref_only
            used = UsedRecord(record, kind, read[kind], is_xml=True)
            first = content.used.setdefault(record.code, used)
            if first is not used:
                repeated.setdefault(record.code, [first]).append(used)

        try:
            with open_xml(file) as stream:
                content.unknown[f"{raw.label}/{kind}"] = read_xml(stream, take, file.name).unknown
        except UnreadableError as error:
            raise OdsError(f"the zip cannot be read ({error})", where=raw.place, do=PUT_BACK) from error
    for code, records in repeated.items():
        winner, *losers = sorted(records, key=_rank)
        content.used[code] = winner
        content.superseded.extend(RecordSuperseded(loser, _reason(loser, winner), winner) for loser in losers)
    content.rows = [_capture(raw, file, content, read, stubs) for file in raw.files]
    return content


def _rank(used: UsedRecord) -> tuple:
    """Return the sort key of records of one code; the first record wins.

    A complete record comes before a stub, full before archive, then the later operational start, the later
    LastChangeDate, and the earlier position.
    """
    record = used.record
    return (record.ref_only, used.kind == "archive", _newest_first(record.identity[1]),
            _newest_first(record.stamp), used.number)  # fmt: skip


def _newest_first(day: Text) -> tuple[bool, int]:
    return day is None, -int((day or "0").replace("-", ""))


def _reason(loser: UsedRecord, winner: UsedRecord) -> str:
    lost, won = loser.record, winner.record
    if lost.ref_only and not won.ref_only:
        return "stub_beaten_by_complete"
    if is_another_organisation(lost.identity, won.identity):
        return "reused_code"
    return "duplicate_code" if loser.kind == winner.kind else "archive_beaten_by_full"


def _concepts(head: Part) -> list[tuple[Text, ...]]:
    scope = {role[""].get("id") for role in head.get("PrimaryRole", ())}
    concepts = []
    for system in head.get("CodeSystem", ()):
        name, oid = system[""].get("name"), system[""].get("oid")
        for concept in system.get("concept", ()):
            id_, code, display = (concept[""].get(key) for key in ("id", "code", "displayName"))
            if id_ is not None and name is not None:
                concepts.append((name, oid, id_, code, display, "true" if id_ in scope else "false"))
    return first_of_each(concepts)


def _capture(
    raw: RawCapture, file: XmlFile, content: CaptureContent, read: Counter[str], stubs: Counter[str]
) -> Values:
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
        "used_records": sum(used.kind == kind for used in content.used.values()),
        "superseded_records": sum(lost.used.kind == kind for lost in content.superseded),
        "quarantined_records": sum(record.capture_id == capture_id for record in content.set_aside),
        "unknown_elements": content.unknown[capture_id].total(),
        "file_name": raw.place.name,
        "bytes": raw.place.stat().st_size,
        "sha256": raw.sha256,
        "sha256_verified": "true" if raw.receipt["sha256_verified"] else "false",
    }
    return {name: value if value is None else str(value) for name, value in row.items()}
