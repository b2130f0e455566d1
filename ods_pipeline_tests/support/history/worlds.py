"""Registers that live: bodies that open, move, close, vanish and come back, and captures that watch them.

What lives here: days that pass, and the releases and fetches of them. What does not: what can happen to a
record (``happenings.py``), and what it is called, which is for the code and its oracle to say.
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
from ods_pipeline_tests.support.history.happenings import HAPPENINGS, Record, World, end_of
from ods_pipeline_tests.support.payloads import release_xml, release_zip, write_fetch

FIRST = date(2026, 1, 2)
ROLE_NAMES = {"RO177": True, "RO197": True, "RO272": True, "RO98": True, "RO261": True, "RO76": False}
ROLES = [
    {"id": role, "code": role[2:], "displayName": role, "primaryRole": primary}
    for role, primary in {**ROLE_NAMES, "RO57": False}.items()
]
RELATIONSHIPS = [{"id": f"RE{n}", "code": f"{n}", "displayName": f"RE{n}"} for n in (2, 4, 5, 6, 8, 11)]
LISTS: dict[str, Any] = {"roles": ROLES, "relationships": RELATIONSHIPS, "record_classes": RECORD_CLASSES}


def live(world: World, day: date) -> None:
    """A day comes: midnight turns the status of those whose end has passed, and things happen to some."""
    world.today = day
    for code, record in sorted(world.records.items()):
        changed = False
        if all(d.get("End", "9999") < str(day) for d in record["Date"]) and record["Status"] == "Active":
            record["Status"], changed = "Inactive", True
        if world.rng.random() < 0.25:
            for happen in world.rng.choices(HAPPENINGS, k=world.rng.choice([1, 1, 1, 2, 3])):
                happen(world, record)
            changed = True
        elif world.rng.random() < 0.03:
            world.records[code] = world.body(code)  # the code is used again for another body
            changed = True
        if changed:
            if world.rng.random() < 0.85:
                record["LastChangeDate"] = str(day)
            world.owed.add(code)
    if world.rng.random() < 0.8:
        code = f"N{world.new_id()}"
        world.records[code] = world.body(code)
        world.owed.add(code)


def complete(record: Record) -> Record:
    """Without empty sections, as ODS leaves them out."""
    sections = {"Contacts": "Contact", "Rels": "Rel", "Succs": "Succ"}
    kept = {k: v for k, v in record.items() if k not in sections or v[sections[k]]}
    return deepcopy(kept)


def release_of(world: World, folder: Path) -> Flat:
    """All records, some of them in the archive file; some are missing, some are there as stubs only."""
    files: dict[str, list[Record]] = {"Full": [], "Archive": []}
    for code, record in sorted(world.records.items()):
        if end_of(record) and world.rng.random() < 0.3:
            world.archived.add(code)
        if world.rng.random() < 0.03:
            continue
        file = "Archive" if code in world.archived else "Full"
        if world.rng.random() < 0.05:
            files["Full"].append(stub_of(complete(record)))
            if world.rng.random() < 0.6:
                continue
            file = "Archive"
        files[file].append(complete(record))
    day = world.today
    xml = {
        kind: release_xml(records, publication_date=day, publication_type=kind, **LISTS)
        for kind, records in files.items()
    }
    return flatten(
        release_zip(folder, release_date=day + timedelta(7), full=xml["Full"], archive=xml["Archive"])
    )


def fetch_of(world: World, folder: Path, hour: int) -> Flat:
    """Most records that are owed, some others again, some as stubs; a few are gone, by notice or by a 404."""
    rng, day = world.rng, world.today
    owed = sorted(code for code in world.owed if code in world.records)
    shown = [code for code in owed if rng.random() < 0.85]
    again = rng.sample(sorted(world.records), min(len(world.records), 3))
    world.owed -= set(shown)
    gone, notices, records = [], [], []
    for code in sorted({*shown, *again}):
        record = world.records[code]
        happens = rng.random()
        if happens < 0.04:
            gone.append(complete(record))
        elif happens < 0.10:
            notices.append(notice(code, str(day - timedelta(rng.randint(0, 2)))))
        elif happens < 0.16:
            records.append(stub_of(complete(record), LastChangeDate=str(day)))
        else:
            records.append(complete(record))
    window = {"as_of": day, "stamps_from": day - timedelta(3), "stamps_to": day}
    stamp = f"{day:%Y%m%d}T{hour:02}0000Z"
    told = {"records": records, "notifications": notices, "gone": gone}
    return flatten_fetch(write_fetch(folder, stamp=stamp, **window, **told, **LISTS))


def watched(seed: int, folder: Path, bodies: int, plan: Sequence[str]) -> list[Flat]:
    """The captures of a register of ``bodies`` to begin with. ``plan`` has a word a day: R a release, D a
    delta (DD two on one day, RD both), anything else a day on which nobody looks."""
    world = World(Random(seed), FIRST)
    world.records = {code: world.body(code) for code in (f"A{n:04}" for n in range(bodies))}
    flats = []
    for number, word in enumerate(plan):
        live(world, FIRST + timedelta(number))
        for hour, letter in enumerate(word, 4):
            if letter == "R":
                flats.append(release_of(world, folder))
            elif letter == "D":
                flats.append(fetch_of(world, folder, hour))
    return flats
