"""The audit comes to the same register where ORD and ODT take turns; it shares no code with either."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support.audited import differing, publish
from ods_pipeline_tests.support.builders import make_record, notice, rel, role, succ, write_release
from ods_pipeline_tests.support.odt_registers import varied
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of, sources_of
from ods_pipeline_tests.support.worlds import Made

DAY = date(2026, 9, 3)
EQUAL = [{"Type": kind, "Start": "2010-04-01"} for kind in ("Legal", "Operational")]


def edited(world: Made, day: int) -> None:
    """What changes on a day: a link, a name, a mail address, an ended role, a deletion, a broken record."""
    stamp = {"LastChangeDate": str(DAY + timedelta(days=day))}
    links = [rel("RR1", f"RX{n:04d}") for n in range(day + 2)]
    world.put({**world.records["RR1"], **stamp, "Rels": {"Rel": links}})
    mail = {"Contact": [{"type": "mailto", "value": f"day{day}@x"}, {"type": "tel", "value": "1"}]}
    world.put({**world.records["RX0004"], **stamp, "Contacts": mail})
    roles = [role("RX0005", Date=EQUAL), role("RX0005", "RO76", primary=False, Status="Inactive")]
    world.put({**world.records["RX0005"], **stamp, "Name": f"DAY {day // 2}", "Roles": {"Role": roles}})
    world.put(make_record(f"RN{day}", **stamp, Succs={"Succ": [succ(f"RN{day}", "Predecessor", "RX0006")]}))
    world.put({**world.records["RX0007"], **stamp, "orgRecordClass": "RC1" if day % 2 else "RC9"})
    world.records.pop(f"RX00{10 + day}", None)
    world.notices.append(notice(f"RX00{10 + day}", str(DAY + timedelta(days=day - 1))))


@pytest.mark.parametrize(
    ("turns", "ended_roles"),
    [
        ("ord odt both", False),
        *(
            pytest.param(turns, ended, marks=pytest.mark.slow)
            for turns in ("ord odt ord", "odt odt both")
            for ended in (True, False)
        ),
    ],
)
def test_the_audit_agrees_where_the_sources_take_turns(tmp_path: Path, turns: str, ended_roles: bool) -> None:
    received, world = DataRoot(tmp_path / "received"), varied()
    clock = SimulatedClock(f"{DAY}T04:30:00+00:00")
    with OdtServer(world, now=clock.now, behaviour=Behaviour(ended_roles=ended_roles)) as server:
        release = write_release(tmp_path, list(world.records.values()), published="2026-08-25")
        for number, turn in enumerate(turns.split()):
            edited(world, number)
            today = DAY + timedelta(days=number)
            clock.go_to(f"{today}T06:00:00+00:00")
            sources = (
                sources_of(server, clock)
                if turn == "ord"
                else odt_sources_of(server, clock, deltas_from=turn)
            )
            fetch_stamps(received, sources, (today - timedelta(days=2), today))
    release.rename(received.raw_fetches / release.name)
    root = DataRoot(tmp_path / "data")
    build = publish(received.raw_fetches, root)
    assert differing(root, build) == []
    captures = pl.read_parquet(build / "tables" / "captures.parquet")
    assert {"odt"} < set(captures["source"])
