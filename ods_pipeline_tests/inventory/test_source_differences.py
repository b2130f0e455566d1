"""The comparison of ORD and ODT on one day: what differs, and which rule explains it."""

from datetime import date
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.flat import flat_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.inventory.due import due_fetches, mark_of
from ods_pipeline.inventory.source_differences import source_differences
from ods_pipeline.schema import TABLES
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support.odt_registers import MORNING, WINDOW, varied
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of


def differences(root: DataRoot, behaviour: Behaviour | None = None) -> pl.DataFrame:
    clock = SimulatedClock(MORNING)
    with OdtServer(varied(), now=clock.now, behaviour=behaviour) as server:
        fetch_stamps(root, odt_sources_of(server, clock, deltas_from="both"), WINDOW)
    for fetch in due_fetches(root):
        flat = flatten_fetch(fetch.folder)
        write_flat(root, flat.folder, flat.frames, mark_of(fetch.receipt.sha256))
    captures = pl.concat([pl.read_parquet(f / "captures.parquet") for f in flat_folders(root)])
    return source_differences(root, captures)


def test_what_odt_cannot_say_is_explained(tmp_path: Path) -> None:
    rows = differences(DataRoot(tmp_path))
    assert rows.columns == TABLES["source_differences"].columns
    assert set(rows["as_of"]) == {date(2026, 9, 4)}
    assert set(rows["explanation"]) == {"not_said_by_odt"}
    fields = set(rows.select("table_name", "field").rows())
    assert ("relationships", "target_unique_role_id") in fields
    assert ("contacts", "contact_value") in fields


def test_an_ended_role_that_is_left_out_is_explained(tmp_path: Path) -> None:
    rows = differences(DataRoot(tmp_path), Behaviour(ended_roles=False)).filter(table_name="roles")
    assert rows.height > 3
    assert set(rows["explanation"]) == {"ended_role_left_out"}


def test_what_no_rule_explains_stands_there_with_both_values(tmp_path: Path) -> None:
    """Names of one side in lower case, as another reading of them would be."""
    clock, root = SimulatedClock(MORNING), DataRoot(tmp_path)
    world = varied()
    with OdtServer(world, now=clock.now) as server:
        fetch_stamps(root, odt_sources_of(server, clock), WINDOW)
        world.records["RR1"] = {**world.records["RR1"], "Name": "ANOTHER"}
        fetch_stamps(root, odt_sources_of(server, clock, deltas_from="ord"), WINDOW)
    for fetch in due_fetches(root):
        flat = flatten_fetch(fetch.folder)
        write_flat(root, flat.folder, flat.frames, mark_of(fetch.receipt.sha256))
    captures = pl.concat([pl.read_parquet(f / "captures.parquet") for f in flat_folders(root)])
    rows = source_differences(root, captures).filter(pl.col("explanation").is_null())
    assert rows.select("ods_code", "field", "ord_value", "odt_value").rows() == [
        ("RR1", "name", "ANOTHER", "BODY RR1")
    ]
