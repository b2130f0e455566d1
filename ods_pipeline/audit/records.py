"""A part to a record: the rows it gives, as text, or the reason why it cannot be used.

Every value is text in one canonical form (days ISO, numbers without leading zeros, flags ``true`` and
``false``) or None, so that raw and published values can be compared sign by sign.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from ods_pipeline.audit.reading import Part, as_received, has_control_characters
from ods_pipeline.schema.codes import ODS_CODE_ROOT

Text = str | None
Row = tuple[Text, ...]

DAYS = ("legal_start", "legal_end", "operational_start", "operational_end")
OWN = (
    *("name", "record_class", "status", "status_is_inferred", "ref_only", "primary_role_id"),
    *DAYS,
    *("address_line_1", "address_line_2", "address_line_3", "town", "county", "postcode", "country"),
    *("uprn", "assigning_authority"),
)
ROLE = ("role_id", "unique_role_id", "is_primary", "status", *DAYS)
TARGET = ("target_ods_code", "target_primary_role_id", "target_unique_role_id")
REL = ("rel_id", "unique_rel_id", *TARGET, "status", *DAYS)
SUCC = ("succession_type", "unique_succ_id", *TARGET, "forward_succession", *DAYS)
CONTACT = ("contact_type", "contact_value", "ordinal")
FAX = "fax"
NAME, ROLE_ID, START = (OWN.index(c) for c in ("name", "primary_role_id", "operational_start"))
REF_ONLY = OWN.index("ref_only")
_STATUSES = ("Active", "Inactive")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_DIGITS = 18
_NOTHING = (None, None, None, None)


class Record(NamedTuple):
    """A record that can be used. ``own`` has the columns of ``OWN``, the parts those of ``ROLE``, ``REL``,
    ``SUCC`` and ``CONTACT``. ``content`` stands for all of it but fax numbers."""

    code: str
    own: Row
    roles: tuple[Row, ...]
    rels: tuple[Row, ...]
    succs: tuple[Row, ...]
    contacts: tuple[Row, ...]
    stamp: Text
    content: int

    @property
    def ref_only(self) -> bool:
        return self.own[REF_ONLY] == "true"

    @property
    def fax(self) -> tuple[str, ...] | None:
        """Fax numbers in order, None without one."""
        return tuple(v for kind, v, _ in self.contacts if kind == FAX and v) or None

    @property
    def body(self) -> tuple[Text, Text, Text]:
        return self.own[NAME], self.own[START], self.own[ROLE_ID]


class Unusable(Exception):
    """A record that breaks a rule, with what it says of itself. The rule's name is for people."""

    def __init__(self, rule: str, code: Text, name: Text) -> None:
        super().__init__(rule)
        self.code, self.name = code, name


def is_another_organisation(one: tuple[Text, Text, Text], other: tuple[Text, Text, Text]) -> bool:
    """Whether two records of one code are of two bodies: another name, and another start or role."""
    return one[0] != other[0] and one[1:] != other[1:]


class _Broken(Exception):
    pass


def record_of(part: Part, odd: frozenset[str]) -> Record:
    """The record of a part. Raises Unusable if it breaks a rule of the register."""
    identity = part.get("OrgId", {})
    code, name = _clean(identity.get("extension")), _clean(part.get("Name"))
    try:
        _need(not odd, min(odd, default=""))
        return _record(part, code, name)
    except _Broken as broken:
        raise Unusable(str(broken), as_received(code), as_received(name)) from None


def _record(part: Part, code: Text, name: Text) -> Record:
    own, identity = part[""], part.get("OrgId", {})
    roles = tuple([_role(r) for r in part.get("Role", ())])
    primary = [r for r in roles if r[2] == "true"]
    _need(len(primary) == 1, "primary_role_count")
    _need(identity.get("root") is None or _clean(identity["root"]) == ODS_CODE_ROOT, "foreign_code_root")
    status = _value(part, "Status")
    record_class = _clean(own.get("orgRecordClass"))
    _need(record_class in ("RC1", "RC2"), "unknown_record_class")
    _need((status or primary[0][3]) in _STATUSES, "unknown_status")
    if code is None or name is None:
        raise _Broken("no code or name")
    place = "GeoLoc/Location/"
    lines = [t for t in (_clean(part.get(f"{place}AddrLn{n}")) for n in (1, 2, 3)) if t]
    columns: Row = (
        name,
        record_class,
        status or primary[0][3],
        "false" if status else "true",
        _flag(own.get("refOnly")) or "false",
        primary[0][0],
        *_days(part),
        *lines,
        *[None] * (3 - len(lines)),
        *(_clean(part.get(place + tag)) for tag in ("Town", "County", "PostCode", "Country")),
        _number(part.get(f"{place}UPRN")),
        _clean(identity.get("assigningAuthorityName")),
    )
    rels = tuple([_rel(r) for r in part.get("Rel", ())])
    succs = tuple([_succ(s) for s in part.get("Succ", ())])
    contacts = _contacts(part.get("Contact", ()))
    for rows in (roles, rels):
        _need(len({r[1] for r in rows}) == len(rows), "repeated_unique_id")
    stamp = _day(part.get("LastChangeDate", {}).get("value"))
    for texts in ((code, *columns), *roles, *rels, *succs, *contacts):
        for text in texts:
            if text and not text.isascii():
                _need(not has_control_characters(text), "control_character")
    no_fax = [c[:2] for c in contacts if c[0] != FAX]
    content = hash((columns, *(sum(map(hash, rows)) for rows in (roles, rels, succs, no_fax))))
    return Record(code, columns, roles, rels, succs, contacts, stamp, content)


def _role(part: Part) -> Row:
    own, days, status = part[""], _days(part), _status(part)
    role, number = _clean(own.get("id")), _number(own.get("uniqueRoleId"))
    _need(bool(role and number), "incomplete_component")
    _need(bool(status or days[0] or days[2]), "empty_component")
    return (role, number, _flag(own.get("primaryRole")) or "false", status, *days)


def _rel(part: Part) -> Row:
    own, days, status, target = part[""], _days(part), _status(part), _target(part)
    rel, number = _clean(own.get("id")), _number(own.get("uniqueRelId"))
    _need(bool(rel and number and target[0]), "incomplete_component")
    return (rel, number, *target, status, *days)


def _succ(part: Part) -> Row:
    own, days, target, kind = part[""], _days(part), _target(part), _clean(part.get("Type"))
    _need(bool(kind and target[0] and days[0]), "incomplete_component")
    _need(kind in ("Predecessor", "Successor"), "unknown_succession_type")
    return (kind, _number(own.get("uniqueSuccId")), *target, _flag(own.get("forwardSuccession")), *days)


def _contacts(parts: Sequence[Part]) -> tuple[Row, ...]:
    """Contacts in order of type and value, numbered from 1 within a type."""
    given = [(_clean(p[""].get("type")), _clean(p[""].get("value"))) for p in parts]
    _need(all(kind and value for kind, value in given), "incomplete_component")
    rows: list[Row] = []
    for kind, value in sorted((k or "", v or "") for k, v in given):
        number = int(rows[-1][2] or 0) + 1 if rows and rows[-1][0] == kind else 1
        rows.append((kind, value, str(number)))
    return tuple(rows)


def _target(part: Part) -> Row:
    identity, role = part.get("Target/OrgId", {}), part.get("Target/PrimaryRoleId", {})
    root = identity.get("root")
    _need(root is None or _clean(root) == ODS_CODE_ROOT, "foreign_code_root")
    return _clean(identity.get("extension")), _clean(role.get("id")), _number(role.get("uniqueRoleId"))


def _status(part: Part) -> Text:
    status = _value(part, "Status")
    _need(status is None or status in _STATUSES, "unknown_status")
    return status


def _days(part: Part) -> Row:
    """Legal start and end, operational start and end of what has these Dates."""
    found: dict[str, Row] = {}
    for dated in part.get("Date", ()):
        if len(dated) > 1:  # one with nothing in it says nothing
            kind = dated.get("Type", {}).get("value")
            _need(kind in ("Legal", "Operational"), "unknown_date_type")
            _need(kind not in found, "repeated_element")
            found[kind] = _day(dated.get("Start", {}).get("value")), _day(dated.get("End", {}).get("value"))
    return found.get("Legal", _NOTHING[:2]) + found.get("Operational", _NOTHING[:2])


def _remembered(read: Callable[[str], str]) -> Callable[[Text], Text]:
    """A reading of short texts that occur again and again: each is read, and kept, once."""
    known: dict[str, str] = {}

    def remembering(text: Text) -> Text:
        if text is None:
            return None
        value = known.get(text)
        if value is None:
            value = known[text] = read(text)
        return value or None

    return remembering


def _read_day(text: str) -> str:
    day = text.strip()
    try:
        _need(not day or bool(_DAY.fullmatch(day) and date.fromisoformat(day)), "bad_date")
    except ValueError:
        raise _Broken("bad_date") from None
    return day


def _read_flag(text: str) -> str:
    flag = text.strip().lower()
    _need(flag in ("", "true", "false"), "bad_flag")
    return flag


_day, _flag = _remembered(_read_day), _remembered(_read_flag)


def _number(text: Text) -> Text:
    number = (text or "").strip()
    if not number:
        return None
    _need(number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS, "bad_number")
    return number if number[0] != "0" else str(int(number))


_ONCE: dict[str, str] = {}
_SHORT = 9


def _clean(text: Text) -> Text:
    """A text without blanks around it, None if nothing is left. Short ones (codes, ids) are kept once."""
    text = text.strip() if text else None
    if text and len(text) <= _SHORT:
        return _ONCE.setdefault(text, text)
    return text or None


def _value(part: Part, path: str) -> Text:
    return _clean(part.get(path, {}).get("value"))


def _need(holds: bool, rule: str) -> None:
    if not holds:
        raise _Broken(rule)


def collapsed(succs: Iterable[Row]) -> list[Row]:
    """Successions with the same statement twice (ids apart) told once, under the lowest id."""
    kept: dict[Row, Row] = {}
    for row in succs:
        key = (row[0], row[2], row[6])
        if key not in kept or _id_order(row) < _id_order(kept[key]):
            kept[key] = row
    return list(kept.values())


def _id_order(row: Row) -> tuple[bool, int]:
    return row[1] is None, int(row[1] or 0)
