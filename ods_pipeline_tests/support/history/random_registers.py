"""Random registers over some weeks: organisations open, move, close, vanish and return, and captures show it.

Lives here: the days that pass, and the releases and fetches made on them. Does not live here: the edits of
one record (``random_edits.py``), and which events they are, which the package and its oracle decide.
"""

from collections.abc import Sequence
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline_tests.support.builders import RECORD_CLASSES, flatten, notice, stub_of
from ods_pipeline_tests.support.history.random_edits import EDITS, RandomRegister, Record, end_of
from ods_pipeline_tests.support.payloads import release_xml, release_zip, write_fetch

FIRST = date(2026, 1, 2)
ROLE_NAMES = {"RO177": True, "RO197": True, "RO272": True, "RO98": True, "RO261": True, "RO76": False}
ROLES = [
    {"id": role, "code": role[2:], "displayName": role, "primaryRole": primary}
    for role, primary in {**ROLE_NAMES, "RO57": False}.items()
]
RELATIONSHIPS = [{"id": f"RE{n}", "code": f"{n}", "displayName": f"RE{n}"} for n in (2, 4, 5, 6, 8, 11)]
LISTS: dict[str, Any] = {"roles": ROLES, "relationships": RELATIONSHIPS, "record_classes": RECORD_CLASSES}


def live_through(register: RandomRegister, day: date) -> None:
    """Let a day pass: records whose end has passed become Inactive, and some records are edited."""
    register.today = day
    for code, record in sorted(register.records.items()):
        changed = False
        if all(d.get("End", "9999") < str(day) for d in record["Date"]) and record["Status"] == "Active":
            record["Status"], changed = "Inactive", True
        if register.rng.random() < 0.25:
            for edit in register.rng.choices(EDITS, k=register.rng.choice([1, 1, 1, 2, 3])):
                edit(register, record)
            changed = True
        elif register.rng.random() < 0.03:
            register.records[code] = register.organisation(code)  # the code is re-used
            changed = True
        if changed:
            if register.rng.random() < 0.85:
                record["LastChangeDate"] = str(day)
            register.owed.add(code)
    if register.rng.random() < 0.8:
        code = f"N{register.new_id()}"
        register.records[code] = register.organisation(code)
        register.owed.add(code)


def complete(record: Record) -> Record:
    """Return a record without its empty sections, as ODS publishes it."""
    sections = {"Contacts": "Contact", "Rels": "Rel", "Succs": "Succ"}
    kept = {k: v for k, v in record.items() if k not in sections or v[sections[k]]}
    return deepcopy(kept)


def release_of(register: RandomRegister, folder: Path) -> Flat:
    """Return a release: some records are in the archive file, some are missing, some are stubs only."""
    files: dict[str, list[Record]] = {"Full": [], "Archive": []}
    for code, record in sorted(register.records.items()):
        if end_of(record) and register.rng.random() < 0.3:
            register.archived.add(code)
        if register.rng.random() < 0.03:
            continue
        file = "Archive" if code in register.archived else "Full"
        if register.rng.random() < 0.05:
            files["Full"].append(stub_of(complete(record)))
            if register.rng.random() < 0.6:
                continue
            file = "Archive"
        files[file].append(complete(record))
    day = register.today
    xml = {
        kind: release_xml(records, publication_date=day, publication_type=kind, **LISTS)
        for kind, records in files.items()
    }
    return flatten(
        release_zip(folder, release_date=day + timedelta(7), full=xml["Full"], archive=xml["Archive"])
    )


def fetch_of(register: RandomRegister, folder: Path, hour: int) -> Flat:
    """Return a fetch of most records owed and of others: some as stubs, a few gone by notice or 404."""
    rng, day = register.rng, register.today
    owed = sorted(code for code in register.owed if code in register.records)
    shown = [code for code in owed if rng.random() < 0.85]
    again = rng.sample(sorted(register.records), min(len(register.records), 3))
    register.owed -= set(shown)
    gone, notices, records = [], [], []
    for code in sorted({*shown, *again}):
        record = register.records[code]
        chance = rng.random()
        if chance < 0.04:
            gone.append(complete(record))
        elif chance < 0.10:
            notices.append(notice(code, str(day - timedelta(rng.randint(0, 2)))))
        elif chance < 0.16:
            records.append(stub_of(complete(record), LastChangeDate=str(day)))
        else:
            records.append(complete(record))
    window = {"as_of": day, "stamps_from": day - timedelta(3), "stamps_to": day}
    stamp = f"{day:%Y%m%d}T{hour:02}0000Z"
    payloads = {"records": records, "notifications": notices, "gone": gone}
    return flatten_fetch(write_fetch(folder, stamp=stamp, **window, **payloads, **LISTS))


def watched(seed: int, folder: Path, organisations: int, plan: Sequence[str]) -> list[Flat]:
    """Return the captures of a random register that begins with this many organisations.

    ``plan`` has one entry a day: R is a release, D a delta, DD two deltas, RD both; anything else is a day
    without captures.
    """
    register = RandomRegister(Random(seed), FIRST)
    register.records = {
        code: register.organisation(code) for code in (f"A{n:04}" for n in range(organisations))
    }
    flats = []
    for number, entry in enumerate(plan):
        live_through(register, FIRST + timedelta(number))
        for hour, letter in enumerate(entry, 4):
            if letter == "R":
                flats.append(release_of(register, folder))
            elif letter == "D":
                flats.append(fetch_of(register, folder, hour))
    return flats
