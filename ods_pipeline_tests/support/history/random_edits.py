"""The edits of one record that ``random_registers.py`` draws from.

Lives here: the register with its source of chance, and edits of one record. Does not live here: when they are
made, and which captures show them.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from ods_pipeline_tests.support.builders import org_id

Record = dict[str, Any]
# Relationship and primary role of the target: every kind of parent, and some targets that are not parents.
TARGETS = [("RE8", "RO272"), ("RE4", "RO98"), ("RE6", "RO98"), ("RE6", "RO197"), ("RE5", "RO261")]
TARGETS += [("RE8", "RO261"), ("RE11", "RO98")]


@dataclass
class RandomRegister:
    """Records by code. ``owed`` are the codes that changed since the last fetch that showed them."""

    rng: Random
    today: date
    records: dict[str, Record] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    owed: set[str] = field(default_factory=set)
    last_id: int = 0

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def day(self, spread: int = 8) -> str:
        return str(self.today + timedelta(self.rng.randint(-spread, spread)))

    def dates(self, end: str | None = None, start: str | None = None) -> list[Record]:
        start = start or self.rng.choice(["2015-04-01", "2020-04-01", self.day()])
        dates = [{"Type": "Operational", "Start": start, **({"End": end} if end else {})}]
        if self.rng.random() < 0.3:
            legal_end = end if self.rng.random() < 0.6 else self.rng.choice([None, self.day()])
            dates.append({"Type": "Legal", "Start": start, **({"End": legal_end} if legal_end else {})})
        return dates

    def target(self, role: str) -> Record:
        code = f"{role}{self.rng.choice('ABC')}"
        return {"OrgId": org_id(code), "PrimaryRoleId": {"id": role, "uniqueRoleId": 1}}

    def link(self, start: str | None = None) -> Record:
        rel, role = self.rng.choice(TARGETS)
        dates = self.dates(start=start)
        own = {"id": rel, "uniqueRelId": self.new_id(), "Date": dates, "Status": "Active"}
        return {**own, "Target": self.target(role)}

    def role(self, role: str, *, primary: bool = False) -> Record:
        own = {"id": role, "uniqueRoleId": self.new_id(), "Date": self.dates(), "Status": "Active"}
        return own | ({"primaryRole": True} if primary else {})

    def organisation(self, code: str) -> Record:
        start = self.rng.choice(["1900-01-01", "2012-04-01", self.day()])
        others = [self.role("RO76")] if self.rng.random() < 0.5 else []
        return {
            "Name": f"BODY {code} {self.new_id()}",
            "Date": self.dates(start=start),
            "OrgId": org_id(code),
            "Status": "Active",
            "LastChangeDate": str(self.today),
            "orgRecordClass": "RC1",
            "GeoLoc": {"Location": self.address()},
            "Contacts": {"Contact": self.contacts()},
            "Roles": {"Role": [self.role(self.rng.choice(["RO177", "RO197"]), primary=True), *others]},
            "Rels": {"Rel": [self.link() for _ in range(self.rng.randint(0, 4))]},
            "Succs": {"Succ": []},
        }

    def address(self) -> Record:
        line = {"AddrLn1": f"{self.new_id()} HIGH STREET", "Town": "LEEDS", "PostCode": "LS1 1AA"}
        return {**line, "Country": self.rng.choice(["ENGLAND", "WALES"]), "UPRN": 10**11 + self.new_id()}

    def contacts(self) -> list[Record]:
        kinds = self.rng.sample(["tel", "tel", "fax", "http"], self.rng.randint(0, 3))
        return [{"type": kind, "value": f"{kind} {self.rng.randint(1, 3)}"} for kind in kinds]


def end_of(dated: Record) -> str | None:
    return dated["Date"][0].get("End")


def set_end(dated: Record, end: str | None, *, legal: bool) -> None:
    for each in dated["Date"]:
        if each["Type"] == "Operational" or legal:
            each.pop("End", None)
            each.update({"End": end} if end else {})


def close(register: RandomRegister, record: Record) -> None:
    """Give the organisation an end, past or future, and mostly also all that belongs to it."""
    end, whole = register.day(), register.rng.random() < 0.7
    set_end(record, end, legal=whole)
    for part in [*record["Roles"]["Role"], *record["Rels"]["Rel"]] if whole else []:
        if not end_of(part):
            set_end(part, end, legal=True)


def reopen(register: RandomRegister, record: Record) -> None:
    end = end_of(record)
    set_end(record, None, legal=register.rng.random() < 0.7)
    record["Status"] = "Active"
    if register.rng.random() < 0.5:
        record["Date"][0]["Start"] = register.day()
    for part in record["Roles"]["Role"]:
        if end and end_of(part) == end:
            set_end(part, None, legal=True)
    links = record["Rels"]["Rel"]
    for link in [x for x in links if end and end_of(x) == end]:
        links.append(
            {**deepcopy(link), "uniqueRelId": register.new_id(), "Date": register.dates(start=register.day())}
        )


def end_legally(register: RandomRegister, record: Record) -> None:
    legal = [d for d in record["Date"] if d["Type"] == "Legal"]
    if not legal:
        record["Date"].append({"Type": "Legal", "Start": record["Date"][0]["Start"], "End": register.day()})
    elif "End" in legal[0] and register.rng.random() < 0.4:
        del legal[0]["End"]
    else:
        legal[0]["End"] = register.day()


def shift_start(register: RandomRegister, record: Record) -> None:
    register.rng.choice(record["Date"])["Start"] = register.day()


def turn_status(register: RandomRegister, record: Record) -> None:
    record["Status"] = "Inactive" if record["Status"] == "Active" else "Active"


def rename(register: RandomRegister, record: Record) -> None:
    record["Name"] = f"RENAMED {register.new_id()}"


def move_house(register: RandomRegister, record: Record) -> None:
    old, new = record["GeoLoc"]["Location"], register.address()
    some = register.rng.choice([["UPRN"], ["Country"], ["UPRN", "Country"], [*new]])
    record["GeoLoc"]["Location"] = {**old, **{key: new[key] for key in some}}


def new_contacts(register: RandomRegister, record: Record) -> None:
    record["Contacts"]["Contact"] = register.contacts()


def other_class(register: RandomRegister, record: Record) -> None:
    record["orgRecordClass"] = register.rng.choice(["RC1", "RC2"])


def new_role(register: RandomRegister, record: Record) -> None:
    record["Roles"]["Role"].append(register.role(register.rng.choice(["RO57", "RO76"])))


def other_primary(register: RandomRegister, record: Record) -> None:
    """Replace the primary role, under the same id or as another row."""
    roles = record["Roles"]["Role"]
    place = next(n for n, role in enumerate(roles) if role.get("primaryRole"))
    role = register.role(register.rng.choice(["RO177", "RO197", "RO272"]), primary=True)
    if register.rng.random() < 0.5:
        role["uniqueRoleId"] = roles[place]["uniqueRoleId"]
    roles[place] = role


def touch_part(register: RandomRegister, record: Record) -> None:
    """Change one role or link: it ends, loses its end, is corrected, stops, or is removed."""
    section, item = register.rng.choice([("Roles", "Role"), ("Rels", "Rel"), ("Rels", "Rel")])
    parts = [p for p in record[section][item] if not p.get("primaryRole") or register.rng.random() < 0.3]
    if not parts:
        return
    part = register.rng.choice(parts)
    kind = register.rng.choice(["end", "end", "open", "start", "stop", "go", "target"])
    if kind == "end":
        set_end(part, register.day(), legal=register.rng.random() < 0.5)
    elif kind == "open":
        set_end(part, None, legal=True)
    elif kind == "start":
        part["Date"][0]["Start"] = register.day()
    elif kind == "stop":
        turn_status(register, part)
    elif kind == "target" and "Target" in part:
        part["Target"] = register.target(part["Target"]["PrimaryRoleId"]["id"])
    elif kind == "go" and not part.get("primaryRole"):
        record[section][item].remove(part)


def new_link(register: RandomRegister, record: Record) -> None:
    record["Rels"]["Rel"].append(register.link(start=register.day()))


def move(register: RandomRegister, record: Record) -> None:
    """End some links and begin others like them, on the next day or another, together or one by one."""
    links = record["Rels"]["Rel"]
    going = register.rng.sample(links, min(len(links), register.rng.randint(1, 3)))
    day = date.fromisoformat(register.day())
    for link in going:
        if register.rng.random() < 0.85:
            set_end(link, str(day - timedelta(1)), legal=True)
        if register.rng.random() < 0.85:
            start = str(day if register.rng.random() < 0.8 else register.day())
            own = {"id": link["id"], "uniqueRelId": register.new_id(), "Status": "Active"}
            dates = [{"Type": "Operational", "Start": start}]
            target = register.target(link["Target"]["PrimaryRoleId"]["id"])
            links.append({**own, "Date": dates, "Target": target})


def succession(register: RandomRegister, record: Record) -> None:
    entries = record["Succs"]["Succ"]
    if entries and register.rng.random() < 0.5:
        chosen = register.rng.choice(entries)
        if register.rng.random() < 0.5:
            entries.remove(chosen)
        else:
            chosen["Date"][0]["Start"] = register.day()
        return
    kind, to = register.rng.choice(["Successor", "Predecessor"]), register.rng.choice("XYZ")
    if not any(e["Type"] == kind and e["Target"]["OrgId"]["extension"] == f"RO197{to}" for e in entries):
        target = {"OrgId": org_id(f"RO197{to}"), "PrimaryRoleId": {"id": "RO197", "uniqueRoleId": 1}}
        entry = {"uniqueSuccId": register.new_id(), "Date": [{"Type": "Legal", "Start": register.day()}]}
        entries.append({**entry, "Type": kind, "Target": target})


EDITS: list[Callable[[RandomRegister, Record], None]] = [
    close, close, reopen, end_legally, shift_start, turn_status, rename, move_house, new_contacts,
    other_class, new_role, other_primary, touch_part, touch_part, touch_part, new_link, move, move, move,
    succession,
]  # fmt: skip
