"""The rows that published tables must contain, from the recomputed register.

Lives here: one function for each table, or part of a record; every value is text. Does not live here: which
tables are audited, with which columns and keys (``tables.py``).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator

from ods_pipeline.audit.captures import RecordSuperseded
from ods_pipeline.audit.lives import Fax, Version
from ods_pipeline.audit.notices import NOTICES
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

PARTS = {"roles": ROLE, "relationships": REL, "successions": SUCC, "contacts": CONTACT}
CAPTURES = (
    "capture_id kind source release_date publication_date as_of version publication_source "
    "publication_seq_num file_creation content_description stamps_from stamps_to payload_format "
    "declared_records parsed_records stub_records used_records superseded_records quarantined_records "
    "unknown_elements applied_rules file_name bytes sha256 sha256_verified"
)
SUPERSEDED_OWN = tuple(c for c in OWN if c != "status_is_inferred")


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


def organisations(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``ord.organisations``."""
    for code, version in register.open_versions.items():
        yield organisation_of(register, code, version)


def parts(name: str) -> Callable[[RecomputedRegister], Iterator[Row]]:
    """Return a function that yields the rows of a part in ``ord``."""

    def rows(register: RecomputedRegister) -> Iterator[Row]:
        for code, version in register.open_versions.items():
            yield from part_of(register, name, code, version)

    return rows


def versions(name: str) -> Callable[[RecomputedRegister], Iterator[Row]]:
    """Return a function that yields the rows of a part in ``history``."""

    def rows(register: RecomputedRegister) -> Iterator[Row]:
        for code, life in register.lives.lives.items():
            for version in life.versions:
                dates = (version.known_from, version.known_to)
                for row in rows_of(name, code, version):
                    yield (*row, *dates)

    return rows


def history(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``history.organisations``."""
    for code, life in register.lives.lives.items():
        for v in life.versions:
            yield (code, *v.record.own, v.known_from, v.known_to, "true" if v.is_unstamped else "false",
                   v.stamped_on, v.stamp, v.kind, v.capture_id, v.last_capture_id, v.gone_by)  # fmt: skip


def captures(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``ord.captures``."""
    for row in register.captures:
        yield tuple(row.get(column) for column in CAPTURES.split())


def deletions(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``ord.deletions``: for each code, the strongest evidence, then the newest day.

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


def superseded(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``ord.superseded_records``."""
    for label, lost in register.superseded:
        record, winner = lost.used.record, lost.won_by
        own = dict(zip(OWN, record.own, strict=True))
        yield (f"{label}/{lost.used.kind}", str(lost.used.number), record.code, lost.reason,
               f"{label}/{winner.kind}", str(winner.number), *(own[c] for c in SUPERSEDED_OWN), record.stamp,
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


def set_aside(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``ord.quarantined_records``."""
    for record in register.set_aside:
        yield (record.capture_id, str(record.number), record.code, record.name, record.file_name)


def unresolved(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``ord.unresolved_targets``."""
    pointing: dict[str, list[str]] = {}
    for name in ("relationships", "successions"):
        target = 1 + PARTS[name].index("target_ods_code")
        for row in parts(name)(register):
            if row[target] not in register.open_versions:
                pointing.setdefault(row[target] or "", []).append(row[0] or "")
    gone = {row[0] for row in deletions(register)} if pointing else set()
    for code, sources in pointing.items():
        yield (code, str(len(sources)), min(sources), "true" if code in gone else "false")


def unknown(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``ord.unknown_elements``."""
    for capture_id, names in register.unknown.items():
        counted: Counter[str] = names
        yield from ((capture_id, name, str(count)) for name, count in counted.items())


def notices(register: RecomputedRegister) -> Iterator[Row]:
    """Yield the rows of ``history.notices``."""
    for n in register.lives.notices:
        yield (n.code, n.day, n.source, n.role, n.reason_code, n.reason, n.capture_id)
