"""A fetch of ODT from its first question to its receipt: what it asks, how often, and what comes of it."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.schema.silence import ODT_SILENT
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.fields import FIELDS
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.odt_server import OdtServer
from ods_pipeline_tests.support.builders import (
    assert_conserved,
    make_record,
    notice,
    receipt_of,
    rel,
    role,
    succ,
)
from ods_pipeline_tests.support.simulated import (
    ODT_KEY,
    SimulatedClock,
    odt_sources_of,
    sources_of,
    world_of,
)
from ods_pipeline_tests.support.worlds import Made

MORNING = "2026-09-04T04:30:00+00:00"
WINDOW = (date(2026, 9, 2), date(2026, 9, 4))


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    return DataRoot(tmp_path / "data")


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


def test_odt_gives_the_same_rows_as_ord(root: DataRoot, tmp_path: Path) -> None:
    clock, world = SimulatedClock(MORNING), varied()
    with OdtServer(world, now=clock.now, odt_key=ODT_KEY.reveal()) as server:
        (odt,) = fetch_stamps(root, odt_sources_of(server, clock), WINDOW)
        (ord_,) = fetch_stamps(DataRoot(tmp_path / "other"), sources_of(server, clock), WINDOW)
    receipt = read_fetch_receipt(odt)
    assert receipt.source == "odt" and set(receipt.silent or ()) == ODT_SILENT
    assert receipt.codes == read_fetch_receipt(ord_).codes
    assert FIELDS > ODT_SILENT
    ours, theirs = flatten_fetch(odt), flatten_fetch(ord_)
    assert_conserved(ours)
    assert ours.frames["unknown_elements"].height == 0
    left, right = without_silent(ours.frames), without_silent(theirs.frames)
    for name in left:
        assert left[name].equals(right[name]), (name, left[name], right[name])
    assert ours.frames["code_systems"].equals(theirs.frames["code_systems"])
    assert ours.frames["notices"].select("ods_code", "deleted_on", "source").rows() == [
        ("RZ9", date(2026, 9, 2), "odt_deletion_list")
    ]


@pytest.mark.promise("no_key")
def test_the_key_goes_in_a_header_and_nowhere_else(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now, odt_key=ODT_KEY.reveal()) as server:
        (folder,) = fetch_stamps(root, odt_sources_of(server, clock), WINDOW)
        log = server.log
    assert all(a.headers["apikey"] == ODT_KEY.reveal() for a in log)
    assert not any(ODT_KEY.reveal() in a.path for a in log)
    assert not any(ODT_KEY.reveal().encode() in p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert receipt_of(folder)["base_url"].endswith("/fhir")
