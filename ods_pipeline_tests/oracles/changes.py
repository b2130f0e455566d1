"""A slow oracle of events: two versions of one code next to each other, one rule after another.

Lives here: the events of an organisation and of its own fields, as plain Python on plain rows. Does not live
here: those of roles, links and successions (``parts.py``). Nothing is shared with ``history/changes``.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from ods_pipeline.history.columns import RECORD
from ods_pipeline.history.tables import History
from ods_pipeline_tests.oracles.parts import links, roles, successions
from ods_pipeline_tests.oracles.steps import FOUR_DATES, Event, Row, Step, law_is_over, phase

DAY = timedelta(days=1)
OWN = [c for c in RECORD if c != "ods_code"]
LINE = ("address_line_1", "address_line_2", "address_line_3", "town", "county", "postcode")


def slow_changes(history: History) -> Counter[Event]:
    """Return every event of every code."""
    days = sorted(set(history.captures["as_of"]))
    first = min(history.captures.filter(kind="full")["as_of"])
    parts = {name: _by_version(rows.collect().rows(named=True)) for name, rows in history.parts.items()}
    sightings = _fax_sightings(history)
    versions: dict[str, list[Row]] = {}
    for row in history.organisations.sort("ods_code", "known_from").rows(named=True):
        own = {name: rows.get((row["ods_code"], row["known_from"]), []) for name, rows in parts.items()}
        fax = sightings.get(row["ods_code"], [])
        versions.setdefault(row["ods_code"], []).append({**row, "parts": own, "fax_sightings": fax})
    events = [*_archived(history), *_unconfirmed(history)]
    for code, life in versions.items():
        for before, now in zip([None, *life], life, strict=False):
            events += _arrived(code, now, days)
            if now["gone_by"]:
                events.append(_deleted(code, now, history))
            if before is None:
                if now["known_from"] > first:
                    events.append(_born(code, now, "created"))
            elif _another(before, now):
                names = {"old": before["name"], "new": now["name"]}
                events.append(replace(_born(code, now, "code_reused", "name"), **names))
            elif before["gone_by"]:
                events.append(_born(code, now, "created", "returned"))
            else:
                day_before = max(d for d in days if d < now["known_from"])
                events += _changed(
                    Step(code, before, now, day_before, now["known_from"], now["is_unstamped"])
                )
    return Counter(events)


def _by_version(rows: list[Row]) -> dict[tuple[str, date], list[Row]]:
    versions: dict[tuple[str, date], list[Row]] = {}
    for row in rows:
        key = row.pop("ods_code"), row.pop("known_from")
        del row["known_to"]
        versions.setdefault(key, []).append(row)
    return versions


def _another(before: Row, now: Row) -> bool:
    start_or_role = [before[c] != now[c] for c in ("operational_start", "primary_role_id")]
    return before["name"] != now["name"] and any(start_or_role)


def _born(code: str, row: Row, kind: str, field: str | None = None) -> Event:
    days = [row["operational_start"], row["legal_start"], row["stamped_on"], row["known_from"]]
    since = next(day for day in days if day and day != date(1900, 1, 1))
    if field == "returned":
        since = row["known_from"]
    return Event(code, kind, since, row["known_from"], field, unstamped=row["is_unstamped"])


def _deleted(code: str, row: Row, history: History) -> Event:
    day = row["known_to"]
    details = {"old": row["name"], "new": "confirmed"}
    if row["gone_by"] == "absent":
        return Event(code, "deleted", day, day, "absent_from_release", **details)
    brought = history.notices.filter(ods_code=code, deleted_on=day, source="ord_notifications")
    return Event(
        code, "deleted", day, _day_of(history, brought["capture_id"][0]), "ord_notifications", **details
    )


def _day_of(history: History, capture: str) -> date:
    return history.captures.filter(capture_id=capture)["as_of"][0]


def _unconfirmed(history: History) -> Iterator[Event]:
    """Yield the unconfirmed deletions of codes that the register still holds."""
    for row in history.deletions.filter(state="unconfirmed").rows(named=True):
        held = history.organisations.filter(ods_code=row["ods_code"]).filter(known_to=None)
        day = row["deleted_on"]
        brought = history.notices.filter(ods_code=row["ods_code"], deleted_on=day, source=row["source"])
        detected = _day_of(history, brought["capture_id"][0]) if brought.height else day
        for name in history.organisations.join(held, on=["ods_code", "known_from"])["name"]:
            details = {"old": name, "new": "unconfirmed"}
            yield Event(row["ods_code"], "deleted", day, detected, row["source"], **details)


def _archived(history: History) -> Iterator[Event]:
    seen = [r for r in history.observations.rows(named=True) if not r["is_delta"] and not r["ref_only"]]
    for before, now in pairwise(sorted(seen, key=lambda r: (r["ods_code"], r["as_of"]))):
        moved = (before["published_in"], now["published_in"]) == ("full", "archive")
        if moved and before["ods_code"] == now["ods_code"]:
            day = now["as_of"]
            yield Event(now["ods_code"], "archived", day, day, "published_in", "full", "archive")


def _arrived(code: str, row: Row, days: list[date]) -> Iterator[Event]:
    for before_day, day in pairwise(days):
        if day > row["known_from"] and (row["known_to"] is None or day < row["known_to"]):
            yield from _life(Step(code, row, row, before_day, day))


def _changed(step: Step) -> list[Event]:
    """Return the events of a step; if there is none, one that names what differs."""
    return [*_reported(step)] or [_silent(step)]


def _silent(step: Step) -> Event:
    own = [c for c in OWN if step.differs(c)]
    before, after = step.before["parts"], step.after["parts"]
    apart = [
        n
        for n in before
        if any(r not in after[n] for r in before[n]) or any(r not in before[n] for r in after[n])
    ]
    turned = "status" in own
    values = {s: row["status"] if turned else None for s, row in (("old", step.before), ("new", step.after))}
    return step.event("record_changed", field=", ".join([*own, *apart]), **values)


def _reported(step: Step) -> Iterator[Event]:
    yield from _life(step)
    yield from _fields(step)
    if not step.before["ref_only"]:
        yield from _contacts(step)
        yield from roles(step)
        yield from links(step)
        yield from successions(step)


# --- the organisation itself --------------------------------------------------------------------------------


def _life(step: Step) -> Iterator[Event]:  # noqa: PLR0912  (one rule after another)
    was, now = phase(step.before, step.before_day), phase(step.after, step.day)
    end, legal_end, start = (step.after[c] for c in ("operational_end", "legal_end", "operational_start"))
    old_end, old_legal_end = step.before["operational_end"], step.before["legal_end"]
    law_was, law_is = law_is_over(step.before, step.before_day), law_is_over(step.after, step.day)
    reported = set()
    if was == "ahead" and now == "open":
        yield step.event("opened", start, field="operational_start", new=start)
        reported |= {"operational_start", "legal_start"}
    if was != "closed" and now == "closed":
        reported |= {"operational_end"}
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
            reported |= {"legal_end"}
    if was == "closed" and now == "open":
        reported |= set(FOUR_DATES)
        since = start if start and old_end and start > old_end else None
        field = "operational_end" if end != old_end else "status"
        yield step.event("reopened", since, field=field, old=step.before[field], new=step.after[field])
    if law_was and not law_is and was == now == "open":
        reported |= {"legal_end"}
        since = start if start and old_end and start > old_end else None
        yield step.event("reopened", since, field="legal_end", old=old_legal_end, new=legal_end)
    if was != "closed" and now != "closed" and end and end >= step.day and end != old_end:
        reported |= {"operational_end"} | ({"legal_end"} if legal_end == end else set())
        yield step.event("closing_announced", end + DAY, field="operational_end", old=old_end, new=end)
    one_day = (end is not None and end == legal_end) or (was != "closed" and now == "closed" and not end)
    if legal_end and not one_day:
        old = old_legal_end if step.differs("legal_end") else None
        if law_is and not law_was:
            reported |= {"legal_end"}
            yield step.event("legally_closed", legal_end + DAY, field="legal_end", old=old, new=legal_end)
        elif legal_end >= step.day and legal_end != old_legal_end and "closed" not in (was, now):
            reported |= {"legal_end"}
            yield step.event("closing_announced", legal_end + DAY, field="legal_end", old=old, new=legal_end)
    for column in FOUR_DATES:
        if step.differs(column) and column not in reported:
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
            else:
                old, new = (" | ".join(row[c] or "" for c in LINE) for row in (step.before, step.after))
                if old != new:
                    yield step.event("address_changed", field="address_lines", old=old, new=new)
    phases = {phase(step.before, step.before_day), phase(step.after, step.day)}
    ends = (step.after["operational_end"], step.after["legal_end"])
    explained = len(phases) > 1 or any(e and e < step.day for e in ends)
    if step.differs("status") and not explained and not any(step.differs(c) for c in FOUR_DATES):
        old, new = step.before["status"], step.after["status"]
        yield step.event("record_changed", field="status", old=old, new=new)


def _contacts(step: Step) -> Iterator[Event]:
    sides = []
    for parts in (step.before["parts"], step.after["parts"]):
        values: dict[str, list[str]] = {}
        for row in parts["contacts"]:
            values.setdefault(row["contact_type"], []).append(row["contact_value"])
        sides.append({kind: ", ".join(sorted(texts)) for kind, texts in values.items()})
    for kind in sorted({*sides[0], *sides[1]}):
        old, new = sides[0].get(kind), sides[1].get(kind)
        known = kind != "fax" or (
            (old or _had_none(step.before, step.day - DAY)) and (new or _had_none(step.after, step.day))
        )
        if old != new and known:
            yield step.event("contact_changed", field=kind, old=old, new=new)


def _had_none(row: Row, day: date) -> bool:
    """Whether the newest record up to a day that could show a fax is of this organisation.

    That record had no fax: otherwise the row would have it.
    """
    sightings = [r for r in row["fax_sightings"] if r["day"] <= day]
    return bool(sightings) and not _another(sightings[-1], row)


def _fax_sightings(history: History) -> dict[str, list[Row]]:
    """Return the records that show whether there is a fax, by code and in order.

    A record of the API without a fax does not show it.
    """
    releases = sorted({c["as_of"] for c in history.captures.rows(named=True) if c["kind"] == "full"})
    sightings: dict[str, list[Row]] = {}
    for row in history.observations.filter(ref_only=False).rows(named=True):
        if row["is_xml"] or row["fax_numbers"]:
            days = [row["as_of"]] if row["is_delta"] else releases
            seen = [{**row, "day": d} for d in days if row["as_of"] <= d <= row["as_of_last"]]
            sightings.setdefault(row["ods_code"], []).extend(seen)
    for rows in sightings.values():
        rows.sort(key=lambda r: (r["day"], r["is_delta"], r["capture_id"]))
    return sightings
