"""Days that have not come, and publication dates that cannot be: rejected, or named with the way out."""

from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ods_pipeline.commands.status import show_status
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.xml.archive import open_release
from ods_pipeline.inventory import health
from ods_pipeline.inventory.due import due_stamps
from ods_pipeline.inventory.future import problems_of_the_future
from ods_pipeline.inventory.held import held_captures
from ods_pipeline.inventory.intake import take_release_of
from ods_pipeline.schema.sample import SAMPLE_MARK
from ods_pipeline.sources.settings import Sources
from ods_pipeline_tests.support.builders import Held, make_record, write_delta, write_release
from ods_pipeline_tests.support.simulated import SimulatedClock

pytestmark = pytest.mark.promise("as_of_then")
RELEASED = "2026-08-28"


@pytest.mark.parametrize(
    ("published", "outcome"),
    [
        ("2026-08-28", "taken"),
        ("2026-08-21", "taken"),
        ("2026-06-29", "taken"),
        ("2026-06-28", "reported"),
        ("2025-08-27", "reported"),
        ("2025-08-26", "rejected"),
        ("2016-08-21", "rejected"),
        ("2000-01-01", "rejected"),
        ("2026-08-29", "rejected"),
        ("2027-08-21", "rejected"),
        ("2062-08-21", "rejected"),
    ],
)
def test_a_publication_date_must_fit_the_release(tmp_path: Path, published: str, outcome: str) -> None:
    path = write_release(tmp_path, [make_record("R1A")], published=published, released=RELEASED)
    if outcome == "rejected":
        with pytest.raises(BadRelease, match=rf"PublicationDate, {published}, is .* the day of the release"):
            open_release(path)
        return
    notes = open_release(path).notes
    assert len(notes) == (outcome == "reported")
    assert all(published in note for note in notes)


@pytest.mark.parametrize("today", ["2020-08-28", "2026-08-27"])
def test_a_release_of_a_day_that_has_not_come_is_rejected(tmp_path: Path, today: str) -> None:
    root = DataRoot(tmp_path / "data")
    sources = Sources(clock=SimulatedClock(f"{today}T04:30:00+00:00"))
    path = write_release(tmp_path, [make_record("R1A")], released=RELEASED)
    for file, name in ((str(path), path.name), ("", "TRUD")):
        with pytest.raises(
            BadRelease, match=rf"{name}: it is the release of {RELEASED}, and today is {today}"
        ):
            take_release_of(root, sources, RELEASED, file)
    assert not root.raw_releases.exists()


def test_a_release_without_a_date_in_its_name_is_rejected_by_its_publication_date(tmp_path: Path) -> None:
    path = write_release(tmp_path, [make_record("R1A")], published="2062-01-01", released="2062-01-01")
    named = path.rename(path.with_name("release.zip"))
    sources = Sources(clock=SimulatedClock("2026-09-04T04:30:00+00:00"))
    with pytest.raises(BadRelease, match="release of 2062-01-01, and today is 2026-09-04"):
        take_release_of(DataRoot(tmp_path / "data"), sources, "2062-01-01", str(named))


def test_the_sample_works_on_a_machine_of_any_day(tmp_path: Path) -> None:
    sources = Sources(clock=SimulatedClock("2020-09-04T04:30:00+00:00"))
    path = write_release(tmp_path, [make_record("R1A")], released=RELEASED, source=SAMPLE_MARK)
    root = DataRoot(tmp_path / "data")
    assert take_release_of(root, sources, RELEASED, str(path)).release_date == RELEASED
    held = Held(tmp_path)
    held.release([make_record("R1A")], source=SAMPLE_MARK)
    assert problems_of_the_future(held.root, held_captures(held.root), date(2020, 9, 4)) == []


@pytest.fixture
def ahead(tmp_path: Path) -> Held:
    """A release of 28 August, and a fetch made 60 days later by a wrong clock."""
    held = Held(tmp_path)
    held.release([make_record("R1A")])
    write_delta(held.root.raw_fetches, [make_record("R1A")], "20261103T043000Z")
    held.delta([make_record("R1A")], "20261103T043000Z")
    return held


@pytest.mark.promise("no_lost_day")
@pytest.mark.parametrize(
    ("today", "named"),
    [
        ("2026-08-10", ["release=2026-08-28", "fetch=20261103T043000Z"]),
        ("2026-09-04", ["fetch=20261103T043000Z"]),
        ("2026-11-02", ["fetch=20261103T043000Z"]),
        ("2026-11-03", []),
    ],
)
def test_captures_of_the_future_are_named_with_the_way_to_remove_them(
    ahead: Held, monkeypatch: pytest.MonkeyPatch, today: str, named: list[str]
) -> None:
    problems = problems_of_the_future(ahead.root, held_captures(ahead.root), date.fromisoformat(today))
    assert [problem.partition(":")[0] for problem in problems] == named
    assert all(f"today is {today}" in p and f"{ahead.root.flat}/" in p for p in problems)
    monkeypatch.setattr(health, "SystemClock", lambda: SimulatedClock(f"{today}T12:00:00+00:00"))
    console = Console(file=StringIO(), width=500)
    code = show_status(console, ahead.root)
    assert isinstance(console.file, StringIO)
    printed = console.file.getvalue()
    assert [name for name in named if f"of the future: {name}: it is of" not in printed] == []
    assert code == 4


@pytest.mark.promise("no_lost_day")
def test_its_stamps_are_asked_for_again(ahead: Held) -> None:
    days: list[Callable[[int], date]] = [lambda n: date(2026, 9, 4) + timedelta(days=n)]
    for today in (days[0](0), days[0](30)):
        assert due_stamps(ahead.root, today) == (date(2026, 8, 21), today)
