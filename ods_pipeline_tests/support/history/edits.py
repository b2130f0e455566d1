"""A practice, and the ways in which its record changes: building blocks for tests of events."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from ods_pipeline_tests.support.builders import dates, make_record, number_of, org_id, role

Record = dict[str, Any]
Change = Callable[[Record], None]
STAMP = "2026-08-23"


def link(to: str, rel: str, target: str, start: str = "2020-04-01", end: str | None = None) -> Record:
    """Return a relationship whose target has this primary role. Its id follows from its content."""
    identity = {"id": rel, "uniqueRelId": number_of(rel, to, start), "Date": dates(start, end)}
    primary = {"id": target, "uniqueRoleId": 1}
    return {**identity, "Status": "Active", "Target": {"OrgId": org_id(to), "PrimaryRoleId": primary}}


def practice(**overrides: Any) -> Record:
    """Return a GP practice with a PCN and a commissioner that is also its operator, as is usual."""
    links = [link("U1", "RE8", "RO272"), link("93C", "RE4", "RO98"), link("93C", "RE6", "RO98")]
    roles = [role("R1A", "RO177"), role("R1A", "RO76", primary=False)]
    parts = {"Roles": {"Role": roles}, "Rels": {"Rel": links}}
    return make_record("R1A", **{"LastChangeDate": "2026-08-01", **parts, **overrides})


def of_another(part: Any, code: str) -> Any:
    """Return a record as that of another code, with ids of its own; or a part of it, with the ids alone."""
    if isinstance(part, list):
        return [of_another(each, code) for each in part]
    if not isinstance(part, dict):
        return part
    copy = {key: of_another(value, code) for key, value in part.items()}
    ids = ("uniqueRoleId", "uniqueRelId", "uniqueSuccId")
    copy |= {key: number_of(code, str(copy[key])) for key in ids if key in copy}
    return copy | ({"OrgId": org_id(code)} if "LastChangeDate" in copy else {})


def end_all(record: Record, end: str | None) -> None:
    parts = [record, *record["Roles"]["Role"], *record.get("Rels", {"Rel": []})["Rel"]]
    for part in parts:
        part["Date"][0].pop("End", None)
        part["Date"][0].update({"End": end} if end else {})


def closes(end: str) -> Change:
    return lambda record: end_all(record, end)


def sets(**values: Any) -> Change:
    return lambda record: record.update(deepcopy(values))


def legal(start: str, end: str | None = None) -> Change:
    return lambda record: record["Date"].append(dates(start, end, kind="Legal")[0])


def moves(rel: str, old: str, to: str, target: str, day: str) -> Change:
    """Return a change: the link to one parent ends the day before the link to another begins."""
    last = str(date.fromisoformat(day) - timedelta(days=1))

    def change(record: Record) -> None:
        links = record["Rels"]["Rel"]
        for each in links:
            if each["id"] == rel and each["Target"]["OrgId"]["extension"] == old:
                each["Date"][0]["End"] = last
        links.append(link(to, rel, target, day))

    return change


def both(*steps: Change) -> Change:
    def change(record: Record) -> None:
        for step in steps:
            step(record)

    return change


def drops(section: str, item: str, place: int) -> Change:
    return lambda record: record[section][item].pop(place)


def ends_part(section: str, item: str, place: int, end: str) -> Change:
    return lambda record: record[section][item][place]["Date"][0].update(End=end)


def adds(section: str, item: str, part: Record) -> Change:
    return lambda record: record.setdefault(section, {item: []})[item].append(deepcopy(part))
