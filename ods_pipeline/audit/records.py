"""A part to a record: its rows, as text, or the rule that it breaks.

Lives here: the rules for one record. Every value is None or text in one canonical form (ISO dates, numbers
without leading zeros, flags ``true`` and ``false``), so that raw and published values can be compared
character by character. Does not live here: how a record compares with others (``releases.py``, ``lives.py``).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ods_pipeline.audit.reading import Part, as_received, has_control_characters
from ods_pipeline.audit.shapes import TEXTS
from ods_pipeline.audit.values import (
    BrokenRuleError,
    Text,
    clean,
    day_of,
    flag_of,
    number_of,
    require,
    value_of,
)
from ods_pipeline.schema.codes import ODS_CODE_ROOT

Row = tuple[Text, ...]

DAYS = ("legal_start", "legal_end", "operational_start", "operational_end")
OWN = (
    *("name", "record_class", "status", "status_is_inferred", "ref_only", "primary_role_id"),
    *DAYS,
    *("address_line_1", "address_line_2", "address_line_3"),
    *TEXTS,
    *("uprn", "assigning_authority"),
)
ROLE = ("role_id", "unique_role_id", "is_primary", "status", *DAYS)
TARGET = ("target_ods_code", "target_primary_role_id", "target_unique_role_id")
REL = ("rel_id", "unique_rel_id", *TARGET, "status", *DAYS)
SUCC = ("succession_type", "unique_succ_id", *TARGET, "forward_succession", *DAYS)
CONTACT = ("contact_type", "contact_value", "ordinal")
FAX, MAILTO = "fax", "mailto"
_IS_PRIMARY, _ROLE_STATUS = ROLE.index("is_primary"), ROLE.index("status")
_OWN_DAYS = OWN.index("legal_start")
_REL_NUMBER, _SUCC_TARGET = REL.index("target_unique_role_id"), SUCC.index("target_ods_code")
NAME, ROLE_ID, START = (OWN.index(c) for c in ("name", "primary_role_id", "operational_start"))
REF_ONLY = OWN.index("ref_only")
_STATUSES = ("Active", "Inactive")
_NOTHING = (None, None, None, None)


class Record(NamedTuple):
    """A record that can be used.

    Attributes:
        code: The ODS code.
        own: The values of the columns ``OWN``.
        roles: Rows with the columns ``ROLE``.
        rels: Rows with the columns ``REL``.
        succs: Rows with the columns ``SUCC``.
        contacts: Rows with the columns ``CONTACT``, sorted by type and value.
        stamp: LastChangeDate.
        content: A hash of everything except fax numbers and LastChangeDate.
        core: A hash of what every source can give. ODT has no e-mail addresses, no ids of targets' roles, no
            ids and days of a record's own for successions, and perhaps no ended roles.
    """

    code: str
    own: Row
    roles: tuple[Row, ...]
    rels: tuple[Row, ...]
    succs: tuple[Row, ...]
    contacts: tuple[Row, ...]
    stamp: Text
    content: int
    core: int

    @property
    def ref_only(self) -> bool:
        """Whether the record is a stub."""
        return self.own[REF_ONLY] == "true"

    @property
    def fax(self) -> tuple[str, ...] | None:
        """The fax numbers, sorted; None if there are none."""
        return tuple(v for kind, v, _ in self.contacts if kind == FAX and v) or None

    @property
    def identity(self) -> tuple[Text, Text, Text]:
        """Name, operational start and primary role: what shows which organisation has the code."""
        return self.own[NAME], self.own[START], self.own[ROLE_ID]


class UnusableRecordError(Exception):
    """A record that breaks a rule, with its code and name. The name of the rule is for people only."""

    def __init__(self, rule: str, code: Text, name: Text) -> None:
        super().__init__(rule)
        self.code, self.name = code, name


def is_another_organisation(first: tuple[Text, Text, Text], second: tuple[Text, Text, Text]) -> bool:
    """Return whether two identities of one code belong to two organisations.

    They do if the name differs, and the operational start or the primary role as well.
    """
    return first[0] != second[0] and first[1:] != second[1:]


def record_of(part: Part, faults: frozenset[str]) -> Record:
    """Return the record of a part. Raises UnusableRecordError if it breaks a rule of the register."""
    org_id = part.get("OrgId", {})
    code, name = clean(org_id.get("extension")), clean(part.get("Name"))
    try:
        require(not faults, min(faults, default=""))
        return _record(part, code, name)
    except BrokenRuleError as broken:
        raise UnusableRecordError(str(broken), as_received(code), as_received(name)) from None


def _record(part: Part, code: Text, name: Text) -> Record:
    own, org_id = part[""], part.get("OrgId", {})
    roles = tuple([_role(r) for r in part.get("Role", ())])
    primary = [r for r in roles if r[2] == "true"]
    require(len(primary) == 1, "primary_role_count")
    require(org_id.get("root") is None or clean(org_id["root"]) == ODS_CODE_ROOT, "foreign_code_root")
    status = value_of(part, "Status")
    record_class = clean(own.get("orgRecordClass"))
    require(record_class in ("RC1", "RC2"), "unknown_record_class")
    require((status or primary[0][3]) in _STATUSES, "unknown_status")
    if code is None or name is None:
        raise BrokenRuleError("no code or name")
    place = "GeoLoc/Location/"
    lines = [t for t in (clean(part.get(f"{place}AddrLn{n}")) for n in (1, 2, 3)) if t]
    columns: Row = (
        name,
        record_class,
        status or primary[0][3],
        "false" if status else "true",
        flag_of(own.get("refOnly")) or "false",
        primary[0][0],
        *_days(part),
        *lines,
        *[None] * (3 - len(lines)),
        *(clean(part.get(path)) for path in TEXTS.values()),
        number_of(part.get(f"{place}UPRN")),
        clean(org_id.get("assigningAuthorityName")),
    )
    rels = tuple([_rel(r) for r in part.get("Rel", ())])
    succs = tuple([_succ(s) for s in part.get("Succ", ())])
    contacts = _contacts(part.get("Contact", ()))
    for rows in (roles, rels):
        require(len({r[1] for r in rows}) == len(rows), "repeated_unique_id")
    stamp = day_of(part.get("LastChangeDate", {}).get("value"))
    for texts in ((code, *columns), *roles, *rels, *succs, *contacts):
        for text in texts:
            if text and not text.isascii():
                require(not has_control_characters(text), "control_character")
    no_fax = [c[:2] for c in contacts if c[0] != FAX]
    content = hash((columns, *(sum(map(hash, rows)) for rows in (roles, rels, succs, no_fax))))
    parts = (
        [_less_pair(r) for r in roles if r[_IS_PRIMARY] == "true" or r[_ROLE_STATUS] != "Inactive"],
        [(*r[:_REL_NUMBER], *_less_pair(r)[_REL_NUMBER + 1 :]) for r in rels],
        {(s[0], s[_SUCC_TARGET]) for s in succs},
        [c[:2] for c in contacts if c[0] not in (FAX, MAILTO)],
    )
    core = hash((_less_pair(columns, _OWN_DAYS), *(sum(map(hash, rows)) for rows in parts)))
    return Record(code, columns, roles, rels, succs, contacts, stamp, content, core)


def _less_pair(row: Row, at: int = -4) -> Row:
    """Return a row without Legal days that equal the Operational ones. ``at``: where its four days begin."""
    at %= len(row)
    pair = row[at] is not None and row[at : at + 2] == row[at + 2 : at + 4]
    return (*row[:at], None, None, *row[at + 2 :]) if pair else row


def _with_pair(row: Row, complete: Row | None, at: int = -4) -> Row:
    """Return a row with its Operational days repeated as Legal ones, if ``complete`` has such a pair."""
    at %= len(row)
    lacks = row[at] is None and row[at + 1] is None
    repeats = complete is not None and _less_pair(complete, at) != complete
    return (*row[:at], *row[at + 2 : at + 4], *row[at + 2 :]) if lacks and repeats else row


def completed_by(record: Record, complete: Record) -> Record:
    """Return a record of a source that leaves things out, completed by the last one that left nothing out.

    Args:
        record: The record to complete, which is not a stub.
        complete: The last complete record that left nothing out. One of another organisation completes
            nothing.
    """
    if is_another_organisation(record.identity, complete.identity):
        return record
    numbers = {(r[1], r[2]): r[_REL_NUMBER] for r in complete.rels}
    rels_before, roles_before = {r[1]: r for r in complete.rels}, {r[1]: r for r in complete.roles}
    completed = (
        (*r[:_REL_NUMBER], r[_REL_NUMBER] or numbers.get((r[1], r[2])), *r[_REL_NUMBER + 1 :])
        for r in record.rels
    )
    rels = tuple(_with_pair(r, rels_before.get(r[1])) for r in completed)
    pairs = {(s[0], s[_SUCC_TARGET]) for s in record.succs}
    kept = [s for s in complete.succs if (s[0], s[_SUCC_TARGET]) in pairs]
    known = {(s[0], s[_SUCC_TARGET]) for s in kept}
    succs = (*(s for s in record.succs if (s[0], s[_SUCC_TARGET]) not in known), *kept)
    own = {r[1] for r in record.roles}
    ended = (r for r in complete.roles if r[_IS_PRIMARY] != "true" and r[_ROLE_STATUS] == "Inactive")
    held = (_with_pair(r, roles_before.get(r[1])) for r in record.roles)
    roles = (*held, *(r for r in ended if r[1] not in own))
    contacts = (*record.contacts, *(c for c in complete.contacts if c[0] == MAILTO))
    columns = _with_pair(record.own, complete.own, _OWN_DAYS)
    return record._replace(own=columns, roles=roles, rels=rels, succs=succs, contacts=contacts)


def _role(part: Part) -> Row:
    own, days, status = part[""], _days(part), _status(part)
    role, number = clean(own.get("id")), number_of(own.get("uniqueRoleId"))
    require(bool(role and number), "incomplete_component")
    require(bool(status or days[0] or days[2]), "empty_component")
    return (role, number, flag_of(own.get("primaryRole")) or "false", status, *days)


def _rel(part: Part) -> Row:
    own, days, status, target = part[""], _days(part), _status(part), _target(part)
    rel, number = clean(own.get("id")), number_of(own.get("uniqueRelId"))
    require(bool(rel and number and target[0]), "incomplete_component")
    return (rel, number, *target, status, *days)


def _succ(part: Part) -> Row:
    own, days, target, kind = part[""], _days(part), _target(part), clean(part.get("Type"))
    require(bool(kind and target[0] and days[0]), "incomplete_component")
    require(kind in ("Predecessor", "Successor"), "unknown_succession_type")
    return (kind, number_of(own.get("uniqueSuccId")), *target, flag_of(own.get("forwardSuccession")), *days)


def _contacts(parts: Sequence[Part]) -> tuple[Row, ...]:
    """Return the contacts in order of type and value, numbered from 1 within a type.

    Those without a type or a value are left out.
    """
    pairs = [(clean(p[""].get("type")), clean(p[""].get("value"))) for p in parts]
    pairs = [(kind, value) for kind, value in pairs if kind and value]
    rows: list[Row] = []
    for kind, value in sorted((k or "", v or "") for k, v in pairs):
        number = int(rows[-1][2] or 0) + 1 if rows and rows[-1][0] == kind else 1
        rows.append((kind, value, str(number)))
    return tuple(rows)


def _target(part: Part) -> Row:
    org_id, role = part.get("Target/OrgId", {}), part.get("Target/PrimaryRoleId", {})
    root = org_id.get("root")
    require(root is None or clean(root) == ODS_CODE_ROOT, "foreign_code_root")
    return clean(org_id.get("extension")), clean(role.get("id")), number_of(role.get("uniqueRoleId"))


def _status(part: Part) -> Text:
    status = value_of(part, "Status")
    require(status is None or status in _STATUSES, "unknown_status")
    return status


def _days(part: Part) -> Row:
    """Legal start and end, operational start and end, from the Dates of a part."""
    by_kind: dict[str, Row] = {}
    for dated in part.get("Date", ()):
        kind, start, end = (dated.get(name, {}).get("value") for name in ("Type", "Start", "End"))
        if kind not in ("Legal", "Operational"):
            if not f"{kind or ''}{start or ''}{end or ''}".strip():
                continue  # an empty one is ignored
            raise BrokenRuleError("unknown_date_type")
        require(kind not in by_kind, "repeated_element")
        by_kind[kind] = day_of(start), day_of(end)
    return by_kind.get("Legal", _NOTHING[:2]) + by_kind.get("Operational", _NOTHING[:2])


def without_repeats(succs: Iterable[Row]) -> list[Row]:
    """Return each succession once: of entries that differ in their ids only, the one with the lowest id."""
    kept: dict[Row, Row] = {}
    for row in succs:
        key = (row[0], row[2], row[6])
        if key not in kept or _id_order(row) < _id_order(kept[key]):
            kept[key] = row
    return list(kept.values())


def _id_order(row: Row) -> tuple[bool, int]:
    return row[1] is None, int(row[1] or 0)
