"""Events, told slowly: two versions of one code beside each other, one rule after another.

What lives here: what each kind of event means, as plain Python on plain rows. What does not: speed. Nothing
is shared with ``history/changes``.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from ods_pipeline_tests.history.slow_history import Row, Told, Version

DAY = timedelta(days=1)
FOUR_DATES = ("operational_start", "operational_end", "legal_start", "legal_end")
LINE = ("address_line_1", "address_line_2", "address_line_3", "town", "county", "postcode")
KINDS_OF_PARENT = ("pcn", "commissioner", "operator", "icb")


@dataclass(frozen=True)
class Event:
    """One event; ids of roles and relationships are one number here, as no event has both."""

    code: str
    kind: str
    effective: date
    detected: date
    field: str | None = None
    old: str | None = None
    new: str | None = None
    related: str | None = None
    what: str | None = None
    unique_id: int | None = None
    unstamped: bool = False


@dataclass(frozen=True)
class Step:
    """Two versions of a code that adjoin, or one version twice on the day on which a date of it has come."""

    code: str
    before: Row
    after: Row
    parts_before: dict[str, list[Row]]
    parts_after: dict[str, list[Row]]
    before_day: date
    day: date
    unstamped: bool = False

    @property
    def stamp(self) -> date:
        return self.after["last_change_date"] or self.day

    def event(self, kind: str, effective: date | None = None, **details: Any) -> Event:
        details = {k: str(v) if k in ("old", "new") and v is not None else v for k, v in details.items()}
        return Event(self.code, kind, effective or self.stamp, self.day, unstamped=self.unstamped, **details)

    def differs(self, column: str) -> bool:
        return self.before[column] != self.after[column]


def slow_changes(told: Told) -> Counter[Event]:
    """Every event of every code, but for unconfirmed deletions."""
    days = sorted(set(told.captures["as_of"]))
    first = min(told.captures.filter(kind="full")["as_of"])
    found: list[Event] = []
    for code, versions in told.versions.items():
        found += _archived(code, told)
        for before, now in zip([None, *versions], versions, strict=False):
            found += _arrived(code, now, days)
            if now.gone_by:
                found.append(_deleted(code, now, told))
            if before is None:
                if now.known_from > first:
                    found.append(_born(code, now, "created"))
            elif _another(before.first.row, now.first.row):
                names = {"old": before.first.row["name"], "new": now.first.row["name"]}
                found.append(replace(_born(code, now, "code_reused", "name"), **names))
            elif before.gone_by:
                found.append(_born(code, now, "created", "returned"))
            else:
                found += _changed(_step(code, before, now, days))
    return Counter(found)


def _step(code: str, before: Version, now: Version, days: list[date]) -> Step:
    day_before = max(d for d in days if d < now.known_from)
    rows = (before.first.row, now.first.row, _with_fax(before), _with_fax(now))
    return Step(code, *rows, day_before, now.known_from, now.is_unstamped)


def _with_fax(version: Version) -> dict[str, list[Row]]:
    others = [c for c in version.first.parts["contacts"] if c["contact_type"] != "fax"]
    fax = [{"contact_type": "fax", "contact_value": value} for value in version.fax]
    return {**version.first.parts, "contacts": others + fax}


def _another(before: Row, now: Row) -> bool:
    start_or_role = [before[c] != now[c] for c in ("operational_start", "primary_role_id")]
    return before["name"] != now["name"] and any(start_or_role)


def _born(code: str, version: Version, kind: str, field: str | None = None) -> Event:
    row = version.first.row
    starts = [row["operational_start"], row["legal_start"], row["last_change_date"], version.known_from]
    since = next(day for day in starts if day and day != date(1900, 1, 1))
    if field == "returned":
        since = version.known_from
    return Event(code, kind, since, version.known_from, field, unstamped=version.is_unstamped)


def _deleted(code: str, version: Version, told: Told) -> Event:
    day = version.known_to
    assert day is not None
    details = {"old": version.first.row["name"], "new": "confirmed"}
    if version.gone_by == "absent":
        return Event(code, "deleted", day, day, "absent_from_release", **details)
    brought = next(
        flat.captures["as_of"][0]
        for flat in told.flats
        for row in flat.frames["notices"].rows(named=True)
        if row["ods_code"] == code and row["deleted_on"] == day and row["source"] == "ord_notifications"
    )
    return Event(code, "deleted", day, brought, "ord_notifications", **details)


def _archived(code: str, told: Told) -> Iterator[Event]:
    seen = [s for s in told.sightings[code] if not s.is_delta and not s.row["ref_only"]]
    for before, now in pairwise(seen):
        if (before.row["published_in"], now.row["published_in"]) == ("full", "archive"):
            yield Event(code, "archived", now.as_of, now.as_of, "published_in", "full", "archive")


def _arrived(code: str, version: Version, days: list[date]) -> Iterator[Event]:
    row = version.first.row
    for before_day, day in pairwise(days):
        if day > version.known_from and (version.known_to is None or day < version.known_to):
            step = Step(code, row, row, {}, {}, before_day, day)
            yield from _life(step)


def _changed(step: Step) -> Iterator[Event]:
    yield from _life(step)
    yield from _fields(step)
    if not step.before["ref_only"]:
        yield from _contacts(step)
        yield from _roles(step)
        yield from _links(step)
        yield from _successions(step)


# --- the body -----------------------------------------------------------------------------------------------


def _phase(row: Row, day: date) -> str:
    if row["operational_start"] and row["operational_start"] > day:
        return "ahead"
    if row["operational_end"]:
        return "closed" if row["operational_end"] < day else "open"
    return "closed" if row["status"] == "Inactive" else "open"


def _past_law(row: Row, day: date) -> bool:
    return row["legal_end"] is not None and row["legal_end"] < day


def _reopens(step: Step) -> bool:
    return (_phase(step.before, step.before_day), _phase(step.after, step.day)) == ("closed", "open")


def _life(step: Step) -> Iterator[Event]:
    was, now = _phase(step.before, step.before_day), _phase(step.after, step.day)
    end, legal_end, start = (step.after[c] for c in ("operational_end", "legal_end", "operational_start"))
    old_end, old_legal_end = step.before["operational_end"], step.before["legal_end"]
    law_was, law_is = _past_law(step.before, step.before_day), _past_law(step.after, step.day)
    told = set()
    if was == "ahead" and now == "open":
        yield step.event("opened", start, field="operational_start", new=start)
        told |= {"operational_start", "legal_start"}
    if was != "closed" and now == "closed":
        told |= {"operational_end"}
        if end:
            old = old_end if step.differs("operational_end") else None
            yield step.event("closed", end + DAY, field="operational_end", old=old, new=end)
        elif law_is:
            old = old_legal_end if step.differs("legal_end") else None
            yield step.event("closed", legal_end + DAY, field="legal_end", old=old, new=legal_end)
        else:
            old = step.before["status"] if step.differs("status") else None
            yield step.event("closed", field="status", old=old, new=step.after["status"])
        if not end or end == legal_end:
            told |= {"legal_end"}
    if was == "closed" and now == "open":
        told |= set(FOUR_DATES)
        since = start if start and old_end and start > old_end else None
        field = "operational_end" if end != old_end else "status"
        yield step.event("reopened", since, field=field, old=step.before[field], new=step.after[field])
    if law_was and not law_is and was == now == "open":
        told |= {"legal_end"}
        since = start if start and old_end and start > old_end else None
        yield step.event("reopened", since, field="legal_end", old=old_legal_end, new=legal_end)
    if was != "closed" and now != "closed" and end and end >= step.day and end != old_end:
        told |= {"operational_end"} | ({"legal_end"} if legal_end == end else set())
        yield step.event("closing_announced", end + DAY, field="operational_end", old=old_end, new=end)
    one_day = (end is not None and end == legal_end) or (was != "closed" and now == "closed" and not end)
    if legal_end and not one_day:
        old = old_legal_end if step.differs("legal_end") else None
        if law_is and not law_was:
            told |= {"legal_end"}
            yield step.event("legally_closed", legal_end + DAY, field="legal_end", old=old, new=legal_end)
        elif legal_end >= step.day and legal_end != old_legal_end and "closed" not in (was, now):
            told |= {"legal_end"}
            yield step.event("closing_announced", legal_end + DAY, field="legal_end", old=old, new=legal_end)
    for column in FOUR_DATES:
        if step.differs(column) and column not in told:
            yield step.event("dates_corrected", field=column, old=step.before[column], new=step.after[column])


# --- its own fields -----------------------------------------------------------------------------------------


def _fields(step: Step) -> Iterator[Event]:
    plain = {"renamed": ["name"], "primary_role_changed": ["primary_role_id"]}
    plain["record_changed"] = ["record_class", "assigning_authority"]
    for kind, columns in plain.items():
        for column in columns:
            if step.differs(column):
                yield step.event(kind, field=column, old=step.before[column], new=step.after[column])
    old, new = (", ".join(row[c] for c in LINE if row[c]) or None for row in (step.before, step.after))
    silent = step.before["ref_only"] and not old and not step.before["country"] and not step.before["uprn"]
    if not silent:
        if old != new:
            yield step.event("address_changed", field="address", old=old, new=new)
        else:
            for column in ("uprn", "country"):
                if step.differs(column):
                    old, new = step.before[column], step.after[column]
                    yield step.event("address_changed", field=column, old=old, new=new)
                    break
    phases = {_phase(step.before, step.before_day), _phase(step.after, step.day)}
    ends = (step.after["operational_end"], step.after["legal_end"])
    explained = len(phases) > 1 or any(e and e < step.day for e in ends)
    if step.differs("status") and not explained and not any(step.differs(c) for c in FOUR_DATES):
        old, new = step.before["status"], step.after["status"]
        yield step.event("record_changed", field="status", old=old, new=new)


def _contacts(step: Step) -> Iterator[Event]:
    sides = []
    for parts in (step.parts_before, step.parts_after):
        values: dict[str, list[str]] = {}
        for row in parts["contacts"]:
            values.setdefault(row["contact_type"], []).append(row["contact_value"])
        sides.append({kind: ", ".join(sorted(found)) for kind, found in values.items()})
    for kind in sorted({*sides[0], *sides[1]}):
        old, new = sides[0].get(kind), sides[1].get(kind)
        if old != new:
            yield step.event("contact_changed", field=kind, old=old, new=new)


# --- roles, successions -------------------------------------------------------------------------------------


def _end(row: Row) -> date | None:
    return row["operational_end"] or row["legal_end"]


def _start(row: Row) -> date | None:
    return row["operational_start"] or row["legal_start"]


def _follows(step: Step, old: Row, new: Row) -> bool:
    """What the row's dates do, the body's do as well."""
    ends, starts = _end(old) != _end(new), _start(old) != _start(new)
    body_ends = {step.after["operational_end"], step.after["legal_end"]} - {None}
    ended_with = _end(old) in {step.before["operational_end"], step.before["legal_end"]} - {None}
    end_follows = _end(new) in body_ends or (ended_with and _end(new) == step.after["operational_end"])
    start_follows = (
        _start(old) == step.before["operational_start"] and _start(new) == step.after["operational_start"]
    )
    return (ends or starts) and (not ends or end_follows) and (not starts or start_follows)


def _listed(old: Row, new: Row, columns: tuple[str, ...]) -> dict[str, str]:
    differing = [c for c in columns if old[c] != new[c]]
    shown = {"field": ", ".join(differing)}
    for side, row in (("old", old), ("new", new)):
        shown[side] = ", ".join("none" if row[c] is None else str(row[c]) for c in differing)
    return shown


def _stopped(step: Step, old: Row, new: Row) -> bool:
    turned = (old["status"], new["status"]) == ("Active", "Inactive")
    return turned and _end(new) is None and not step.differs("status")


def _roles(step: Step) -> Iterator[Event]:
    before = {r["unique_role_id"]: r for r in step.parts_before["roles"]}
    after = {r["unique_role_id"]: r for r in step.parts_after["roles"]}
    had = {r["role_id"] for r in before.values()}
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        known = new or old
        assert known is not None
        if known["is_primary"] and step.differs("primary_role_id"):
            continue
        this = {"what": known["role_id"], "unique_id": key}
        if old is None:
            assert new is not None
            if not (_reopens(step) and new["role_id"] in had):
                yield step.event("role_added", _start(new), new=new["role_id"], **this)
        elif new is None:
            over = _end(old) is not None and _end(old) < step.day
            kind = "record_changed" if over else "role_ended"
            yield step.event(kind, field="removed", old=old["role_id"], **this)
        elif any(old[c] != new[c] for c in FOUR_DATES):
            if _follows(step, old, new):
                continue
            end = _end(new)
            if end and not _end(old):
                yield step.event("role_ended", end + DAY, old=new["role_id"], **this)
            else:
                yield step.event("dates_corrected", **_listed(old, new, FOUR_DATES), **this)
        elif _stopped(step, old, new):
            yield step.event("role_ended", old=new["role_id"], **this)


def _successions(step: Step) -> Iterator[Event]:
    sides = []
    for parts in (step.parts_before, step.parts_after):
        days: dict[tuple[str, str], list[date]] = {}
        for row in parts["successions"]:
            days.setdefault((row["succession_type"], row["target_ods_code"]), []).append(row["legal_start"])
        sides.append({key: sorted(found) for key, found in days.items()})
    kinds = {"Successor": "successor_recorded", "Predecessor": "predecessor_recorded"}
    for key in sorted({*sides[0], *sides[1]}):
        old, new = sides[0].get(key), sides[1].get(key)
        side, target = key
        if not old and new:
            yield step.event(kinds[side], new[0], related=target)
        elif old and not new:
            yield step.event("succession_removed", field=side, old=target, related=target)
        elif old and new and old != new:
            shown = {"old": ", ".join(map(str, old)), "new": ", ".join(map(str, new))}
            yield step.event("dates_corrected", field=side, related=target, **shown)


# --- relationships ------------------------------------------------------------------------------------------


@dataclass
class Link:
    """One side of a link: where it points, since or until when."""

    row: Row
    kind: str | None
    effective: date
    told: bool = False
    removed: bool = False
    past: bool = False

    @property
    def target(self) -> str:
        return self.row["target_ods_code"]


def _kind_of_parent(row: Row, role: str) -> str | None:
    rel, target = row["rel_id"], row["target_primary_role_id"]
    if rel == "RE8" and target == "RO272" and role == "RO177":
        return "pcn"
    if rel in ("RE4", "RE6"):
        return "commissioner" if rel == "RE4" else "operator"
    return "icb" if target == "RO261" else None


def _links(step: Step) -> Iterator[Event]:
    before = {r["unique_rel_id"]: r for r in step.parts_before["relationships"]}
    after = {r["unique_rel_id"]: r for r in step.parts_after["relationships"]}
    had = {(r["rel_id"], r["target_ods_code"]) for r in before.values()}
    begun: list[Link] = []
    ended: list[Link] = []
    standing: list[Row] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        old_kind = _kind_of_parent(old, step.before["primary_role_id"]) if old else None
        new_kind = _kind_of_parent(new, step.after["primary_role_id"]) if new else None
        this = {"what": (new or old or {})["rel_id"], "unique_id": key}
        if old is None:
            assert new is not None
            if not (_reopens(step) and (new["rel_id"], new["target_ods_code"]) in had):
                end = _end(new)
                past = end is not None and end < step.day
                begun.append(Link(new, new_kind, _start(new) or step.stamp, past=past))
        elif new is None:
            end = _end(old)
            if end and end < step.day:
                target = old["target_ods_code"]
                yield step.event("relationship_changed", field="removed", old=target, related=target, **this)
            else:
                ended.append(Link(old, old_kind, step.stamp, removed=True))
        elif old == new:
            standing.append(new)
        elif old["target_ods_code"] != new["target_ods_code"] and old_kind == new_kind is not None:
            ended.append(Link(old, old_kind, step.stamp))
            begun.append(Link(new, new_kind, step.stamp))
        else:
            dated = any(old[c] != new[c] for c in FOUR_DATES)
            end = _end(new)
            other = old["target_ods_code"] != new["target_ods_code"] or old["rel_id"] != new["rel_id"]
            if end and not _end(old):
                if not _follows(step, old, new):
                    ended.append(Link(old, old_kind, end + DAY))
            elif not dated and _stopped(step, old, new):
                ended.append(Link(old, old_kind, step.stamp))
            elif other or (dated and not _follows(step, old, new)):
                shown = _listed(old, new, ("rel_id", "target_ods_code", *FOUR_DATES))
                yield step.event("relationship_changed", related=new["target_ods_code"], **shown, **this)
    yield from _moves(step, begun, ended, standing)
    for link in (b for b in begun if not b.told):
        row = {"what": link.row["rel_id"], "unique_id": link.row["unique_rel_id"], "related": link.target}
        yield step.event("relationship_added", link.effective, field=link.kind, new=link.target, **row)
    for link in (e for e in ended if not e.told):
        row = {"what": link.row["rel_id"], "unique_id": link.row["unique_rel_id"], "related": link.target}
        field = "removed" if link.removed else link.kind
        yield step.event("relationship_ended", link.effective, field=field, old=link.target, **row)


def _moves(step: Step, begun: list[Link], ended: list[Link], standing: list[Row]) -> Iterator[Event]:
    told: set[tuple[str, str]] = set()
    for kind in KINDS_OF_PARENT:
        new = [b for b in begun if b.kind == kind and not b.past]
        old = [e for e in ended if e.kind == kind]
        both = {b.target for b in new} & {e.target for e in old}
        new = _one_a_target([b for b in new if b.target not in both])
        old = _one_a_target([e for e in old if e.target not in both])
        pairs: list[tuple[str, Link | Row, date, str]] = []
        for same_day in (True, False):
            for leaving in [*old]:
                joining = [b for b in new if b.effective == leaving.effective or not same_day]
                if joining:
                    pairs.append((leaving.target, joining[0], joining[0].effective, joining[0].target))
                    old.remove(leaving)
                    new.remove(joining[0])
        others = [r for r in standing if _kind_of_parent(r, step.after["primary_role_id"]) == kind]
        others.sort(key=lambda r: (r["target_ods_code"], r["unique_rel_id"]))
        for leaving in old:
            next_one = [r for r in others if _start(r) == leaving.effective][:1]
            for row in (r for r in next_one if r["target_ods_code"] != leaving.target):
                pairs.append((leaving.target, row, leaving.effective, row["target_ods_code"]))
        for joining in new:
            last_one = [r for r in others if _end(r) and _end(r) + DAY == joining.effective][:1]
            for row in (r for r in last_one if r["target_ods_code"] != joining.target):
                pairs.append((row["target_ods_code"], joining, joining.effective, joining.target))
        for old_target, link, effective, new_target in pairs:
            for side, target in ((begun, new_target), (ended, old_target)):
                for each in side:
                    each.told = each.told or (each.kind == kind and each.target == target)
            if (old_target, new_target) in told:
                continue
            told.add((old_target, new_target))
            row = link.row if isinstance(link, Link) else link
            details = {"old": old_target, "new": new_target, "related": new_target, "what": row["rel_id"]}
            yield step.event(
                "parent_changed", effective, field=kind, unique_id=row["unique_rel_id"], **details
            )


def _one_a_target(links: list[Link]) -> list[Link]:
    """The first link to each target, in order of their days."""
    ordered = sorted(links, key=lambda x: (x.effective, x.row["rel_id"], x.row["unique_rel_id"]))
    firsts = {link.target: link for link in reversed(ordered)}
    return sorted(firsts.values(), key=lambda x: (x.effective, x.target))
