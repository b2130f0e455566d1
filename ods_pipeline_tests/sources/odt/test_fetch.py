"""A fetch of ODT from its first question to its receipt: what it asks, how often, and what comes of it."""

from datetime import date
from pathlib import Path

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
    receipt_of,
)
from ods_pipeline_tests.support.odt_registers import MORNING, WINDOW, varied, without_silent
from ods_pipeline_tests.support.simulated import (
    ODT_KEY,
    SimulatedClock,
    odt_sources_of,
    sources_of,
)


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
