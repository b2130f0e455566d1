"""Relationships that nobody stamped: once a week ODT is asked for them by itself.

Lives here: the fifth unknown, where a question of its own answers it. Does not live here: the other unknowns
(`test_unknowns.py`).
"""

from datetime import date, timedelta
from pathlib import Path

import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline.sources.odt import unstamped
from ods_pipeline.sources.receipt import read_fetch_receipt
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support.builders import rel
from ods_pipeline_tests.support.odt_registers import numbers_of_links, varied
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of

SUNDAY = "2026-09-06T04:30:00+00:00"


def on_sunday(folder: Path, behaviour: Behaviour, stamp: str = "2026-09-01") -> tuple[Path, OdtServer]:
    """A fetch of the fourth to the sixth, a Sunday. ``RZ1`` has an older stamp and a new link."""
    clock, world = SimulatedClock(SUNDAY), varied()
    world.records["RZ1"] |= {"LastChangeDate": stamp, "Rels": {"Rel": [rel("RZ1", "RX0002")]}}
    with OdtServer(world, now=clock.now, behaviour=behaviour) as server:
        window = (date(2026, 9, 4), date(2026, 9, 6))
        (fetch,) = fetch_stamps(DataRoot(folder), odt_sources_of(server, clock), window)
    return fetch, server


def number_of_new_link() -> str:
    return str(rel("RZ1", "RX0002")["uniqueRelId"])


@pytest.mark.parametrize(("day", "is_found"), [("2026-09-05", True), ("2026-08-20", False)])
def test_u5_once_a_week_a_relationship_that_nobody_stamped_is_found(
    tmp_path: Path, day: str, is_found: bool
) -> None:
    stamped = {n: "2026-08-01" for n in numbers_of_links(varied()) if n != number_of_new_link()}
    behaviour = Behaviour(touched={**stamped, number_of_new_link(): day})
    fetch, server = on_sunday(tmp_path, behaviour, "2026-08-20")
    assert ("RZ1" in read_fetch_receipt(fetch).codes) == is_found
    links = flatten_fetch(fetch).frames["relationships"].filter(ods_code="RZ1")
    assert links["target_ods_code"].to_list() == (["RX0002"] if is_found else [])
    assert len(server.log) <= 25


def test_u5_a_relationship_of_an_organisation_with_a_stamp_of_the_week_is_no_surprise(tmp_path: Path) -> None:
    fetch, _ = on_sunday(tmp_path, Behaviour())
    assert read_fetch_receipt(fetch).codes == ("RY1",)


def test_u5_a_server_that_does_not_know_the_question_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fetch, _ = on_sunday(tmp_path, Behaviour(no_last_updated=True))
    assert read_fetch_receipt(fetch).codes == ("RY1",)
    assert "ODT cannot be asked for relationships that nobody stamped" in caplog.text


def test_u5_a_load_that_rewrites_everything_is_reported_and_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unstamped, "MOST", 1)
    behaviour = Behaviour(touched=dict.fromkeys(numbers_of_links(varied()), "2026-09-05"))
    fetch, _ = on_sunday(tmp_path, behaviour)
    assert read_fetch_receipt(fetch).codes == ("RY1",)
    assert "a load that rewrote them all" in caplog.text


def test_u5_the_question_is_due_on_sundays_and_after_missed_days() -> None:
    days = [date(2026, 9, n) for n in range(1, 9)]
    due = [day for day in days if unstamped.first_day_due((day - timedelta(days=2), day))]
    assert due == [date(2026, 9, 6)]
    assert unstamped.first_day_due((date(2026, 9, 6), date(2026, 9, 6))) == date(2026, 8, 30)
    assert unstamped.first_day_due((date(2026, 8, 10), date(2026, 9, 1))) == date(2026, 8, 10)
    assert unstamped.first_day_due((date(2026, 9, 1), date(2026, 9, 4))) == date(2026, 8, 28)
