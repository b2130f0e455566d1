"""What can happen to a record: the happenings that ``worlds.py`` draws from.

What lives here: a world with its chance, and edits of one record. What does not: when they happen, and who
watches.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from ods_pipeline_tests.support.builders import org_id

Record = dict[str, Any]
# Relationship and primary role of the target: two of every kind of parent, and some that are none.
TARGETS = [("RE8", "RO272"), ("RE4", "RO98"), ("RE6", "RO98"), ("RE6", "RO197"), ("RE5", "RO261")]
TARGETS += [("RE8", "RO261"), ("RE11", "RO98")]


@dataclass
class World:
    """Records by code, and what their deltas still owe: codes stamped since the last fetch that has them."""

    rng: Random
    today: date
    records: dict[str, Record] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    stubs: set[str] = field(default_factory=set)
    owed: set[str] = field(default_factory=set)
    last_id: int = 0

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def day(self, spread: int = 8) -> str:
        return str(self.today + timedelta(self.rng.randint(-spread, spread)))

    def dates(self, end: str | None = None, start: str | None = None) -> list[Record]:
        start = start or self.rng.choice(["2015-04-01", "2020-04-01", self.day()])
        given = [{"Type": "Operational", "Start": start, **({"End": end} if end else {})}]
        if self.rng.random() < 0.3:
            legal_end = end if self.rng.random() < 0.6 else self.rng.choice([None, self.day()])
            given.append({"Type": "Legal", "Start": start, **({"End": legal_end} if legal_end else {})})
        return given

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

    def body(self, code: str) -> Record:
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


def close(world: World, record: Record) -> None:
    """The body gets an end, past or ahead; mostly with all that belongs to it."""
    end, whole = world.day(), world.rng.random() < 0.7
    set_end(record, end, legal=whole)
    for part in [*record["Roles"]["Role"], *record["Rels"]["Rel"]] if whole else []:
        if not end_of(part):
            set_end(part, end, legal=True)


def reopen(world: World, record: Record) -> None:
    end = end_of(record)
    set_end(record, None, legal=world.rng.random() < 0.7)
    record["Status"] = "Active"
    if world.rng.random() < 0.5:
        record["Date"][0]["Start"] = world.day()
    for part in record["Roles"]["Role"]:
        if end and end_of(part) == end:
            set_end(part, None, legal=True)
    links = record["Rels"]["Rel"]
    for link in [x for x in links if end and end_of(x) == end]:
        links.append(
            {**deepcopy(link), "uniqueRelId": world.new_id(), "Date": world.dates(start=world.day())}
        )


def end_in_law(world: World, record: Record) -> None:
    legal = [d for d in record["Date"] if d["Type"] == "Legal"]
    if not legal:
        record["Date"].append({"Type": "Legal", "Start": record["Date"][0]["Start"], "End": world.day()})
    elif "End" in legal[0] and world.rng.random() < 0.4:
        del legal[0]["End"]
    else:
        legal[0]["End"] = world.day()


def shift_start(world: World, record: Record) -> None:
    world.rng.choice(record["Date"])["Start"] = world.day()


def turn_status(world: World, record: Record) -> None:
    record["Status"] = "Inactive" if record["Status"] == "Active" else "Active"


def rename(world: World, record: Record) -> None:
    record["Name"] = f"RENAMED {world.new_id()}"


def move_house(world: World, record: Record) -> None:
    old, new = record["GeoLoc"]["Location"], world.address()
    some = world.rng.choice([["UPRN"], ["Country"], ["UPRN", "Country"], [*new]])
    record["GeoLoc"]["Location"] = {**old, **{key: new[key] for key in some}}


def new_contacts(world: World, record: Record) -> None:
    record["Contacts"]["Contact"] = world.contacts()


def other_class(world: World, record: Record) -> None:
    record["orgRecordClass"] = world.rng.choice(["RC1", "RC2"])


def new_role(world: World, record: Record) -> None:
    record["Roles"]["Role"].append(world.role(world.rng.choice(["RO57", "RO76"])))


def other_primary(world: World, record: Record) -> None:
    """Another primary role: under the same id, or another row."""
    roles = record["Roles"]["Role"]
    place = next(n for n, role in enumerate(roles) if role.get("primaryRole"))
    role = world.role(world.rng.choice(["RO177", "RO197", "RO272"]), primary=True)
    if world.rng.random() < 0.5:
        role["uniqueRoleId"] = roles[place]["uniqueRoleId"]
    roles[place] = role


def touch_part(world: World, record: Record) -> None:
    """One role or link ends, loses its end, is corrected, stops, or is taken out."""
    section, item = world.rng.choice([("Roles", "Role"), ("Rels", "Rel"), ("Rels", "Rel")])
    parts = [p for p in record[section][item] if not p.get("primaryRole") or world.rng.random() < 0.3]
    if not parts:
        return
    part = world.rng.choice(parts)
    happens = world.rng.choice(["end", "end", "open", "start", "stop", "go", "target"])
    if happens == "end":
        set_end(part, world.day(), legal=world.rng.random() < 0.5)
    elif happens == "open":
        set_end(part, None, legal=True)
    elif happens == "start":
        part["Date"][0]["Start"] = world.day()
    elif happens == "stop":
        turn_status(world, part)
    elif happens == "target" and "Target" in part:
        part["Target"] = world.target(part["Target"]["PrimaryRoleId"]["id"])
    elif happens == "go" and not part.get("primaryRole"):
        record[section][item].remove(part)


def new_link(world: World, record: Record) -> None:
    record["Rels"]["Rel"].append(world.link(start=world.day()))


def move(world: World, record: Record) -> None:
    """Links end and others like them begin, the next day or another one, all at once or by and by."""
    links = record["Rels"]["Rel"]
    going = world.rng.sample(links, min(len(links), world.rng.randint(1, 3)))
    day = date.fromisoformat(world.day())
    for link in going:
        if world.rng.random() < 0.85:
            set_end(link, str(day - timedelta(1)), legal=True)
        if world.rng.random() < 0.85:
            start = str(day if world.rng.random() < 0.8 else world.day())
            own = {"id": link["id"], "uniqueRelId": world.new_id(), "Status": "Active"}
            dates = [{"Type": "Operational", "Start": start}]
            target = world.target(link["Target"]["PrimaryRoleId"]["id"])
            links.append({**own, "Date": dates, "Target": target})


def succession(world: World, record: Record) -> None:
    entries = record["Succs"]["Succ"]
    if entries and world.rng.random() < 0.5:
        chosen = world.rng.choice(entries)
        if world.rng.random() < 0.5:
            entries.remove(chosen)
        else:
            chosen["Date"][0]["Start"] = world.day()
        return
    kind, to = world.rng.choice(["Successor", "Predecessor"]), world.rng.choice("XYZ")
    if not any(e["Type"] == kind and e["Target"]["OrgId"]["extension"] == f"RO197{to}" for e in entries):
        target = {"OrgId": org_id(f"RO197{to}"), "PrimaryRoleId": {"id": "RO197", "uniqueRoleId": 1}}
        entry = {"uniqueSuccId": world.new_id(), "Date": [{"Type": "Legal", "Start": world.day()}]}
        entries.append({**entry, "Type": kind, "Target": target})


HAPPENINGS: list[Callable[[World, Record], None]] = [
    close, close, reopen, end_in_law, shift_start, turn_status, rename, move_house, new_contacts, other_class,
    new_role, other_primary, touch_part, touch_part, touch_part, new_link, move, move, move, succession,
]  # fmt: skip
