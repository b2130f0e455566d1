"""What each published table must say: its columns and its rows, told from the register of the audit.

``NOT_COMPARED`` is the whole list of what is not told again, each with its reason.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ods_pipeline.audit.captures import Lost
from ods_pipeline.audit.lives import Fax, Version
from ods_pipeline.audit.records import CONTACT, FAX, OWN, REL, ROLE, ROLE_ID, SUCC, Record, Row, collapsed
from ods_pipeline.audit.register import Register

NOT_COMPARED = {
    "ord.quarantined_records": {
        "rule": "the pipeline's own word for the fault; that this record is unusable, and no other, is told",
        "detail": "the pipeline's own words",
        "payload": "a copy of the record's text, which raw/ has",
    },
    "history.organisations": {"content_hash": "a fingerprint of the pipeline's; the content is compared"},
}
# Tables of history that are not told again row by row: what they must agree with is among the identities.
NOT_TOLD = {"history.observations": "a run-length form of what every capture saw; see the identities"}
PARTS = {"roles": ROLE, "relationships": REL, "successions": SUCC, "contacts": CONTACT}
_CAPTURES = (
    "capture_id kind source release_date publication_date as_of version publication_source "
    "publication_seq_num file_creation content_description stamps_from stamps_to payload_format "
    "declared_records parsed_records stub_records used_records superseded_records quarantined_records "
    "unknown_elements file_name bytes sha256 sha256_verified"
)
_LOST = ("capture_id", "record_number", "ods_code", "reason", "won_by_capture_id", "won_by_record_number")
_LOST_OWN = tuple(c for c in OWN if c != "status_is_inferred")


@dataclass(frozen=True)
class Told:
    """A table as it must be: ``key`` are the columns that tell its rows apart."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: Callable[[Register], Iterator[Row]]


def rows_of(name: str, code: str, version: Version) -> Iterator[Row]:
    """The rows of a part that a version gives, each with its code in front."""
    record = version.record
    if name == "contacts":
        rows = _contacts(record, version.fax)
    elif name == "successions":
        rows = collapsed(record.succs) if len(record.succs) > 1 else record.succs
    else:
        rows = record.roles if name == "roles" else record.rels
    return ((code, *row) for row in rows)


def _contacts(record: Record, fax: Fax) -> Iterator[Row]:
    yield from (c for c in record.contacts if c[0] != FAX)
    yield from ((FAX, value, str(n)) for n, value in enumerate(fax or (), start=1))


def organisation_of(register: Register, code: str, version: Version) -> Row:
    """The row of ``ord.organisations`` that a standing version gives."""
    own, names = version.record.own, register.names["OrganisationRole"]
    return (code, *own, names.get(own[ROLE_ID]), version.stamp, version.kind, version.known_from,
            version.last_capture_id)  # fmt: skip


def part_of(register: Register, name: str, code: str, version: Version) -> Iterator[Row]:
    """The rows of a table of ``ord`` that a standing version gives: ``rows_of`` without rows whose id another
    body keeps, and with the name of the role or relationship at the end."""
    if name not in _SYSTEMS:
        yield from rows_of(name, code, version)
        return
    system, id_at, number_at = _SYSTEMS[name]
    names, dropped = register.names[system], register.dropped
    for row in rows_of(name, code, version):
        if not dropped or (name, row[number_at], code) not in dropped:
            yield (*row, names.get(row[id_at]))


# Where names stand, and the columns of the id that is named and of the id of the row.
_SYSTEMS = {"roles": ("OrganisationRole", 1, 2), "relationships": ("OrganisationRelationship", 1, 2)}


def _organisations(register: Register) -> Iterator[Row]:
    for code, version in register.standing.items():
        yield organisation_of(register, code, version)


def _parts(name: str) -> Callable[[Register], Iterator[Row]]:
    def rows(register: Register) -> Iterator[Row]:
        for code, version in register.standing.items():
            yield from part_of(register, name, code, version)

    return rows


def _versions(name: str) -> Callable[[Register], Iterator[Row]]:
    def rows(register: Register) -> Iterator[Row]:
        for code, life in register.lives.lives.items():
            for version in life.versions:
                dates = (version.known_from, version.known_to)
                for row in rows_of(name, code, version):
                    yield (*row, *dates)

    return rows


def _history(register: Register) -> Iterator[Row]:
    for code, life in register.lives.lives.items():
        for v in life.versions:
            yield (code, *v.record.own, v.known_from, v.known_to, "true" if v.is_unstamped else "false",
                   v.stamped_on, v.stamp, v.kind, v.capture_id, v.last_capture_id, v.gone_by)  # fmt: skip


def _captures(register: Register) -> Iterator[Row]:
    for row in register.captures:
        yield tuple(row.get(column) for column in _CAPTURES.split())


def _deletions(register: Register) -> Iterator[Row]:
    """Of each code that is gone the strongest evidence: a notice that nothing later contradicts, absence
    from a release that proves it, absence that is not proven, a 404; then the newest day."""
    found: dict[str, list[tuple[int, str, Row]]] = {}
    lives = register.lives
    for notice in lives.notices:
        life = lives.lives.get(notice.code)
        is_notice = notice.source == "ord_notifications"
        if life and (2 * life.seq >= notice.place if is_notice else life.seq >= notice.seq):
            continue
        name, role = (life.name, life.role or notice.role) if life else (None, notice.role)
        row = (name, role, notice.day, notice.reason_code, notice.reason, notice.source)
        found.setdefault(notice.code, []).append((0 if is_notice else 3, notice.day, row))
    for code, life in lives.lives.items():
        day, is_proven = lives.absent_since(life.seq)
        if day is not None and life.name is not None:
            row = (life.name, life.role, day, None, None, "absent_from_release")
            found.setdefault(code, []).append((1 if is_proven else 2, day, row))
    for code, evidence in found.items():
        strongest = min(rank for rank, _, _ in evidence)
        _, _, row = max((e for e in evidence if e[0] == strongest), key=lambda e: e[1])
        yield (code, *row, "confirmed" if strongest < 2 else "unconfirmed")


def _superseded(register: Register) -> Iterator[Row]:
    for label, lost in register.lost:
        record, winner = lost.used.record, lost.won_by
        own = dict(zip(OWN, record.own, strict=True))
        yield (f"{label}/{lost.used.kind}", str(lost.used.number), record.code, lost.reason,
               f"{label}/{winner.kind}", str(winner.number), *(own[c] for c in _LOST_OWN), record.stamp,
               _components(lost))  # fmt: skip


def _components(lost: Lost) -> str:
    record = lost.used.record
    given = zip(PARTS, (record.roles, record.rels, record.succs, record.contacts), strict=True)
    return json.dumps({name: sorted([x or "" for x in row] for row in rows) for name, rows in given})


def components_as_told(text: str | None) -> str | None:
    """The published JSON of the parts of a record in the form of the audit."""
    if text is None:
        return None
    body = json.loads(text)
    parts = {
        name: sorted([_plain(row.get(column)) for column in columns] for row in body.get(name) or ())
        for name, columns in PARTS.items()
    }
    return json.dumps(parts)


def _plain(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _aside(register: Register) -> Iterator[Row]:
    for aside in register.aside:
        yield (aside.capture_id, str(aside.number), aside.code, aside.name, aside.file_name)


def _unresolved(register: Register) -> Iterator[Row]:
    pointing: dict[str, list[str]] = {}
    for name in ("relationships", "successions"):
        target = 1 + PARTS[name].index("target_ods_code")
        for row in _parts(name)(register):
            if row[target] not in register.standing:
                pointing.setdefault(row[target] or "", []).append(row[0] or "")
    gone = {row[0] for row in _deletions(register)} if pointing else set()
    for code, sources in pointing.items():
        yield (code, str(len(sources)), min(sources), "true" if code in gone else "false")


def _unknown(register: Register) -> Iterator[Row]:
    for capture_id, names in register.unknown.items():
        counted: Counter[str] = names
        yield from ((capture_id, name, str(count)) for name, count in counted.items())


def _notices(register: Register) -> Iterator[Row]:
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
TABLES = [
    Told("ord.organisations", (*_CODE, *OWN, "primary_role_name", "last_change_date", "published_in",
         "known_from", "capture_id"), _CODE, _organisations),
    *(Told(f"ord.{n}", (*_CODE, *c, *_NAMES.get(n, ())), _KEYS[n], _parts(n)) for n, c in PARTS.items()),
    Told("ord.code_systems", ("code_system", "oid", "id", "code", "display_name", "in_primary_role_scope",
         "capture_id"), ("code_system", "id"), lambda r: iter(r.concepts.values())),
    Told("ord.captures", tuple(_CAPTURES.split()), ("capture_id",), _captures),
    Told("ord.deletions", (*_CODE, "name", "primary_role_id", "deleted_on", "reason_code", "reason",
         "source", "state"), _CODE, _deletions),
    Told("ord.superseded_records", (*_LOST, *_LOST_OWN, "last_change_date", "components"),
         ("capture_id", "record_number"), _superseded),
    Told("ord.quarantined_records", ("capture_id", "record_number", "ods_code", "name", "file_name"),
         ("capture_id", "record_number"), _aside),
    Told("ord.repeated_ids", ("component", "unique_id", "ods_code", "kept_by_ods_code"),
         ("component", "unique_id", "ods_code"), lambda r: iter(r.left_out)),
    Told("ord.unresolved_targets", ("target_ods_code", "pointed_at_by", "example_ods_code", "was_deleted"),
         ("target_ods_code",), _unresolved),
    Told("ord.unknown_elements", ("capture_id", "name", "occurrences"), ("capture_id", "name"), _unknown),
    Told("history.organisations", (*_CODE, *OWN, *_DATED, "is_unstamped", "stamped_on", "last_change_date",
         "published_in", "capture_id", "last_capture_id", "gone_by"), (*_CODE, "known_from"), _history),
    *(Told(f"history.{n}", (*_CODE, *c, *_DATED), ("known_from", *dict.fromkeys(_CODE + _KEYS[n])),
           _versions(n)) for n, c in PARTS.items()),
    Told("history.notices", (*_CODE, "deleted_on", "source", "primary_role_id", "reason_code", "reason",
         "capture_id"), (*_CODE, "deleted_on", "source"), _notices),
]  # fmt: skip
