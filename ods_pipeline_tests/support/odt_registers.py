"""Registers for fetches of ODT on one morning: every kind of row, and many links.

Lives here: their records, the window of the fetch, the codes that it brings, and what of a flat capture both
sources can hold. Does not live here: the server that answers (``odt_server.py``).
"""

from datetime import date
from typing import Any

import polars as pl

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.schema.silence import ODT_SILENT
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.odt_server import OdtServer
from ods_pipeline_tests.support import odt_records
from ods_pipeline_tests.support.both_sources import One
from ods_pipeline_tests.support.builders import make_record, notice, rel, role, succ
from ods_pipeline_tests.support.payloads import organisation_json
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of, world_of
from ods_pipeline_tests.support.worlds import Fetched, Made

MORNING = "2026-09-04T04:30:00+00:00"
WINDOW = (date(2026, 9, 2), date(2026, 9, 4))


def varied() -> Made:
    """A register with relationships, successions, several roles, a stub, stamps in and out of a window."""
    world = world_of(12)
    legal = [{"Type": "Legal", "Start": "2012-04-01"}, {"Type": "Operational", "Start": "2010-04-01"}]
    world.put(
        make_record("RY1", LastChangeDate="2026-09-05"),
        make_record("RZ1", LastChangeDate="2026-09-01"),
        make_record(
            "RR1",
            LastChangeDate="2026-09-03",
            Date=legal,
            Roles={"Role": [role("RR1", Date=legal), role("RR1", "RO76", primary=False, Status="Inactive")]},
            Rels={"Rel": [rel("RR1", "RX0001"), rel("RR1", "RX0002", "RE8", Date=legal)]},
            Succs={"Succ": [succ("RR1", "Predecessor", "RX0003")]},
            Contacts={"Contact": [{"type": k, "value": f"x-{k}"} for k in ("tel", "fax", "http", "mailto")]},
        ),
        make_record(
            "RX0003", LastChangeDate="2026-09-03", Succs={"Succ": [succ("RX0003", "Successor", "RR1")]}
        ),
        {**make_record("RS1", LastChangeDate="2026-09-03", Contacts=None), "refOnly": True},
    )
    world.notices = [notice("RZ9", "2026-09-02")]
    return world


def without_silent(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The facts of a flat capture without what ODT cannot say."""
    left = {}
    for name in ("organisations", "roles", "relationships", "successions", "contacts"):
        frame = frames[name]
        dropped = [f.partition(".")[2] for f in ODT_SILENT if f.startswith(f"{name}.") and name != "contacts"]
        if name == "organisations":
            dropped += ["capture_id", "record_number", "content_hash", "fax_hash", "is_xml", "is_partial"]
        if name == "contacts":
            frame = frame.filter(~pl.col("contact_type").is_in(["fax", "mailto"]))
        left[name] = frame.drop(dropped, strict=False)
    return left


def linked(number: int, stamp: str = "2026-09-03", links: int = 8) -> Made:
    """Organisations with this many relationships each."""
    world = Made()
    for n in range(number):
        code = f"RX{n:05d}"
        rels = [rel(code, f"RX{(n + k) % number:05d}") for k in range(1, links + 1)]
        world.records[code] = make_record(code, LastChangeDate=stamp, Rels={"Rel": rels})
    return world


def numbers_of_links(world: Made) -> list[str]:
    """The numbers of all relationships of a register, and of one more: of ``RZ1`` with ``RX0002``."""
    records = [*world.records.values(), {"Rels": {"Rel": [rel("RZ1", "RX0002")]}}]
    return [str(r["uniqueRelId"]) for record in records for r in odt_records.listed(record, "Rels")]


def made_once(made: Made) -> One:
    """The same register, made once and not at every question of the server; for large ones."""
    rows = [{"OrgId": code} for code in sorted(made.records)]
    records = {code: organisation_json(record) for code, record in made.records.items()}
    return One(Fetched(rows=rows, records=records, lists=made.lists))


def fetched_codes(
    root: DataRoot, server: OdtServer, clock: SimulatedClock, **changes: Any
) -> tuple[str, ...]:
    """Fetch the window from ODT, read what came, and return its codes."""
    (folder,) = fetch_stamps(root, odt_sources_of(server, clock, **changes), WINDOW)
    flatten_fetch(folder)
    return read_fetch_receipt(folder).codes
