"""Which source changes are fetched from: the ORD API, ODT, or both."""

from dataclasses import replace

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.sources.deltas import fetch_stamps, longest_gap
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline.sources.settings import Key
from ods_pipeline_tests.odt_server import OdtServer
from ods_pipeline_tests.support.odt_registers import MORNING, WINDOW, varied
from ods_pipeline_tests.support.ord_wire import Fault
from ods_pipeline_tests.support.simulated import KEY, ODT_KEY, SimulatedClock, odt_sources_of, sources_of


def test_odt_is_chosen_by_its_key_alone_by_a_long_gap_and_if_ord_is_gone(
    root: DataRoot, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        alone = sources_of(server, clock, key=None, odt_key=ODT_KEY, odt_url=server.odt_url)
        (folder,) = fetch_stamps(root, alone, WINDOW)
        assert read_fetch_receipt(folder).source == "odt"
        assert "changes are fetched from the ODT API: its key is the only one given" in caplog.text
        both_keys = replace(alone, key=Key(KEY))
        assert longest_gap(both_keys) is None
        assert longest_gap(replace(both_keys, odt_key=None)) == 184
        assert longest_gap(replace(both_keys, deltas_from="ord")) == 184
        (folder,) = fetch_stamps(DataRoot(root.path / "b"), both_keys, WINDOW)
        assert read_fetch_receipt(folder).source == "ord"
        server.faults = [Fault("status", "/ORD/", 99, 403)]
        (folder,) = fetch_stamps(DataRoot(root.path / "c"), both_keys, WINDOW)
        assert read_fetch_receipt(folder).source == "odt"
        assert "the ORD API gives no answer" in caplog.text
        with pytest.raises(OdsError, match="the ORD API refuses"):
            fetch_stamps(DataRoot(root.path / "d"), replace(both_keys, deltas_from="ord"), WINDOW)


def test_both_fetch_the_same_codes_and_ord_counts(root: DataRoot) -> None:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now) as server:
        folders = fetch_stamps(root, odt_sources_of(server, clock, deltas_from="both"), WINDOW)
    receipts = [read_fetch_receipt(f) for f in folders]
    assert [r.source for r in receipts] == ["odt", "ord"]
    assert receipts[0].codes == receipts[1].codes
