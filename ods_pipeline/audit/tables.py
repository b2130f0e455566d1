"""What each published table must contain: its columns and rows, from the recomputed register.

Lives here: the tables that are audited, and ``NOT_COMPARED`` and ``NOT_RECOMPUTED``: everything that is not,
each with its reason. Does not live here: the comparison (``comparing.py``). The lists of columns are written
out a second time on purpose: taken from the schema, a column that is missing there would be missing here too.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ods_pipeline.audit.captures import RecordSuperseded
from ods_pipeline.audit.lives import NOTICES, Fax, Version
from ods_pipeline.audit.records import (
    CONTACT,
    FAX,
    OWN,
    REL,
    ROLE,
    ROLE_ID,
    SUCC,
    Record,
    Row,
    without_repeats,
)
from ods_pipeline.audit.register import RecomputedRegister

NOT_COMPARED = {
    "ord.quarantined_records": {
        "rule": "the pipeline's own name for the fault; which records are set aside is compared",
        "detail": "the pipeline's own wording",
        "payload": "a copy of the record's text, which raw/ has",
    },
    "history.organisations": {"content_hash": "the pipeline's own hash; the content itself is compared"},
}
# Tables that are not recomputed row by row. The identities hold what they must agree with.
NOT_RECOMPUTED = {
    "history.observations": "a run-length form of what every capture shows; the identities check it"
}
PARTS = {"roles": ROLE, "relationships": REL, "successions": SUCC, "contacts": CONTACT}
_CAPTURES = (
    "capture_id kind source release_date publication_date as_of version publication_source "
    "publication_seq_num file_creation content_description stamps_from stamps_to payload_format "
    "declared_records parsed_records stub_records used_records superseded_records quarantined_records "
    "unknown_elements applied_rules file_name bytes sha256 sha256_verified"
)
_SUPERSEDED = (
    "capture_id",
    "record_number",
    "ods_code",
    "reason",
    "won_by_capture_id",
    "won_by_record_number",
)
_SUPERSEDED_OWN = tuple(c for c in OWN if c != "status_is_inferred")


@dataclass(frozen=True)
class AuditedTable:
    """A published table as it must be.

    Attributes:
        name: ``<schema>.<table>``.
        columns: The columns that are compared.
        key: The columns that identify a row.
        rows: Returns its rows, every value as text.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: Callable[[RecomputedRegister], Iterator[Row]]


def rows_of(name: str, code: str, version: Version) -> Iterator[Row]:
    """Return the rows of a part in a version, each with its code in front."""
    record = version.record
    if name == "contacts":
        rows = _contacts(record, version.fax)
    elif name == "successions":
        rows = without_repeats(record.succs) if len(record.succs) > 1 else record.succs
    else:
        rows = record.roles if name == "roles" else record.rels
    return ((code, *row) for row in rows)


def _contacts(record: Record, fax: Fax) -> Iterator[Row]:
    yield from (c for c in record.contacts if c[0] != FAX)
    yield from ((FAX, value, str(n)) for n, value in enumerate(fax or (), start=1))


def organisation_of(register: RecomputedRegister, code: str, version: Version) -> Row:
    """Return the row of ``ord.organisations`` for an open version."""
    own, names = version.record.own, register.names["OrganisationRole"]
    return (code, *own, names.get(own[ROLE_ID]), version.stamp, version.kind, version.known_from,
            version.last_capture_id)  # fmt: skip


def part_of(register: RecomputedRegister, name: str, code: str, version: Version) -> Iterator[Row]:
    """Yield the rows of a part in ``ord`` for an open version.

    They are the rows of ``rows_of`` with the name of the role or relationship at the end, without the rows
    whose id another organisation keeps.
    """
    if name not in _SYSTEMS:
        yield from rows_of(name, code, version)
        return
    system, id_at, number_at = _SYSTEMS[name]
    names, dropped = register.names[system], register.dropped
    for row in rows_of(name, code, version):
        if not dropped or (name, row[number_at], code) not in dropped:
            yield (*row, names.get(row[id_at]))


# By part: the code system of its names, and the positions of the id with the name and of the id of the row.
_SYSTEMS = {"roles": ("OrganisationRole", 1, 2), "relationships": ("OrganisationRelationship", 1, 2)}


def _organisations(register: RecomputedRegister) -> Iterator[Row]:
    for code, version in register.open_versions.items():
        yield organisation_of(register, code, version)


def _parts(name: str) -> Callable[[RecomputedRegister], Iterator[Row]]:
    def rows(register: RecomputedRegister) -> Iterator[Row]:
        for code, version in register.open_versions.items():
            yield from part_of(register, name, code, version)

    return rows


def _versions(name: str) -> Callable[[RecomputedRegister], Iterator[Row]]:
    def rows(register: RecomputedRegister) -> Iterator[Row]:
        for code, life in register.lives.lives.items():
            for version in life.versions:
                dates = (version.known_from, version.known_to)
                for row in rows_of(name, code, version):
                    yield (*row, *dates)

    return rows


def _history(register: RecomputedRegister) -> Iterator[Row]:
    for code, life in register.lives.lives.items():
        for v in life.versions:
            yield (code, *v.record.own, v.known_from, v.known_to, "true" if v.is_unstamped else "false",
                   v.stamped_on, v.stamp, v.kind, v.capture_id, v.last_capture_id, v.gone_by)  # fmt: skip


def _captures(register: RecomputedRegister) -> Iterator[Row]:
    for row in register.captures:
        yield tuple(row.get(column) for column in _CAPTURES.split())


def _deletions(register: RecomputedRegister) -> Iterator[Row]:
    """For each code that is gone, the strongest evidence and then the newest day.

    From strong to weak: a notice that nothing later contradicts, absence from a release that proves it,
    absence that is not proven, a 404 or 410.
    """
    evidence: dict[str, list[tuple[int, str, Row]]] = {}
    lives = register.lives
    for notice in lives.notices:
        life = lives.lives.get(notice.code)
        is_notice = notice.source in NOTICES
        if life and (2 * life.seq >= notice.place if is_notice else life.seq >= notice.seq):
            continue
        name, role = (life.name, life.role or notice.role) if life else (None, notice.role)
        row = (name, role, notice.day, notice.reason_code, notice.reason, notice.source)
        evidence.setdefault(notice.code, []).append((0 if is_notice else 3, notice.day, row))
    for code, life in lives.lives.items():
        day, is_proven = lives.absent_since(life.seq)
        if day is not None and life.name is not None:
            row = (life.name, life.role, day, None, None, "absent_from_release")
            evidence.setdefault(code, []).append((1 if is_proven else 2, day, row))
    for code, ranked in evidence.items():
        strongest = min(rank for rank, _, _ in ranked)
        # If two notices have one day, that of ORD counts.
        _, _, row = max((e for e in ranked if e[0] == strongest), key=lambda e: (e[1], e[2][-1] or ""))
        yield (code, *row, "confirmed" if strongest < 2 else "unconfirmed")


def _superseded(register: RecomputedRegister) -> Iterator[Row]:
    for label, lost in register.superseded:
        record, winner = lost.used.record, lost.won_by
        own = dict(zip(OWN, record.own, strict=True))
        yield (f"{label}/{lost.used.kind}", str(lost.used.number), record.code, lost.reason,
               f"{label}/{winner.kind}", str(winner.number), *(own[c] for c in _SUPERSEDED_OWN), record.stamp,
               _components(lost))  # fmt: skip


def _components(lost: RecordSuperseded) -> str:
    record = lost.used.record
    parts = zip(PARTS, (record.roles, record.rels, record.succs, record.contacts), strict=True)
    return json.dumps({name: sorted([x or "" for x in row] for row in rows) for name, rows in parts})


def canonical_components(text: str | None) -> str | None:
    """Return the published JSON of a record's parts in the form that the audit writes."""
    if text is None:
        return None
    components = json.loads(text)
    parts = {
        name: sorted([_plain(row.get(column)) for column in columns] for row in components.get(name) or ())
        for name, columns in PARTS.items()
    }
    return json.dumps(parts)


def _plain(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _set_aside(register: RecomputedRegister) -> Iterator[Row]:
    for record in register.set_aside:
        yield (record.capture_id, str(record.number), record.code, record.name, record.file_name)


def _unresolved(register: RecomputedRegister) -> Iterator[Row]:
    pointing: dict[str, list[str]] = {}
    for name in ("relationships", "successions"):
        target = 1 + PARTS[name].index("target_ods_code")
        for row in _parts(name)(register):
            if row[target] not in register.open_versions:
                pointing.setdefault(row[target] or "", []).append(row[0] or "")
    gone = {row[0] for row in _deletions(register)} if pointing else set()
    for code, sources in pointing.items():
        yield (code, str(len(sources)), min(sources), "true" if code in gone else "false")


def _unknown(register: RecomputedRegister) -> Iterator[Row]:
    for capture_id, names in register.unknown.items():
        counted: Counter[str] = names
        yield from ((capture_id, name, str(count)) for name, count in counted.items())


def _notices(register: RecomputedRegister) -> Iterator[Row]:
    for n in register.lives.notices:
        yield (n.code, n.day, n.source, n.role, n.reason_code, n.reason, n.capture_id)


_KEYS = {
    "roles": ("unique_role_id",),
    "relationships": ("unique_rel_id",),
    "successions": ("ods_code", "succession_type", "target_ods_code", "legal_start"),
    "contacts": ("ods_code", "contact_type", "ordinal"),
}
_NAMES = {"roles": ("role_name",), "relationships": ("rel_name",)}
_CODE = ("ods_code",)
_DATED = ("known_from", "known_to")
AUDITED_TABLES = [
    AuditedTable(
        "ord.organisations",
        (*_CODE, *OWN, "primary_role_name", "last_change_date", "published_in", "known_from", "capture_id"),
        _CODE,
        _organisations,
    ),
    *(
        AuditedTable(f"ord.{n}", (*_CODE, *c, *_NAMES.get(n, ())), _KEYS[n], _parts(n))
        for n, c in PARTS.items()
    ),
    AuditedTable(
        "ord.code_systems",
        ("code_system", "oid", "id", "code", "display_name", "in_primary_role_scope", "capture_id"),
        ("code_system", "id"),
        lambda r: iter(r.concepts.values()),
    ),
    AuditedTable("ord.captures", tuple(_CAPTURES.split()), ("capture_id",), _captures),
    AuditedTable(
        "ord.deletions",
        (*_CODE, "name", "primary_role_id", "deleted_on", "reason_code", "reason", "source", "state"),
        _CODE,
        _deletions,
    ),
    AuditedTable(
        "ord.superseded_records",
        (*_SUPERSEDED, *_SUPERSEDED_OWN, "last_change_date", "components"),
        ("capture_id", "record_number"),
        _superseded,
    ),
    AuditedTable(
        "ord.quarantined_records",
        ("capture_id", "record_number", "ods_code", "name", "file_name"),
        ("capture_id", "record_number"),
        _set_aside,
    ),
    AuditedTable(
        "ord.repeated_ids",
        ("component", "unique_id", "ods_code", "kept_by_ods_code"),
        ("component", "unique_id", "ods_code"),
        lambda r: iter(r.repeated_ids),
    ),
    AuditedTable(
        "ord.unresolved_targets",
        ("target_ods_code", "pointed_at_by", "example_ods_code", "was_deleted"),
        ("target_ods_code",),
        _unresolved,
    ),
    AuditedTable(
        "ord.unknown_elements", ("capture_id", "name", "occurrences"), ("capture_id", "name"), _unknown
    ),
    AuditedTable(
        "history.organisations",
        (
            *_CODE,
            *OWN,
            *_DATED,
            "is_unstamped",
            "stamped_on",
            "last_change_date",
            "published_in",
            "capture_id",
            "last_capture_id",
            "gone_by",
        ),
        (*_CODE, "known_from"),
        _history,
    ),
    *(
        AuditedTable(
            f"history.{n}",
            (*_CODE, *c, *_DATED),
            ("known_from", *dict.fromkeys(_CODE + _KEYS[n])),
            _versions(n),
        )
        for n, c in PARTS.items()
    ),
    AuditedTable(
        "history.notices",
        (*_CODE, "deleted_on", "source", "primary_role_id", "reason_code", "reason", "capture_id"),
        (*_CODE, "deleted_on", "source"),
        _notices,
    ),
]
