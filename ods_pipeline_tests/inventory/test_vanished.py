"""Mass disappearance is rejected, and a person can say yes; ordinary months pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ods_pipeline.errors import BadFetch, BadRelease, OdsError
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.inventory.flattening import keep_flat
from ods_pipeline.inventory.vanished import accepting
from ods_pipeline_tests.support.builders import Held, flatten, make_record, notice, write_delta, write_release

pytestmark = pytest.mark.promise("no_false_deletion")
BODIES = [make_record(f"R{n:03d}") for n in range(40)]
MONTHS = {month: (f"2026-{month:02d}-18", f"2026-{month:02d}-25") for month in range(1, 11)}


def release(held: Held, month: int, full: Sequence[Any], archive: Sequence[Any] = ()) -> Flat:
    published, released = MONTHS[month]
    return flatten(write_release(held.path / "in", full, archive, published=published, released=released))


def keep(held: Held, flat: Flat) -> None:
    keep_flat(held.root, flat, flat.captures["sha256"][0])


@pytest.fixture
def held(tmp_path: Path) -> Held:
    """August: 30 organisations in the full file, and 10 in the archive file."""
    held = Held(tmp_path)
    keep(held, release(held, 8, BODIES[:30], BODIES[30:]))
    return held


OTHERS = [make_record(f"X{n:03d}") for n in range(40)]
REJECTED = {
    "1 of 40 codes": (BODIES[:1], [], "lacks 39 of the 40 organisations"),
    "11 are missing": (BODIES[:19], BODIES[30:], r"lacks 11 of the 40 .*\(R019, R020"),
    "an archive without records": (BODIES[:30], [], "and its archive file is empty"),
    "an archive without records, one kept in full": (BODIES[:31], [], "and its archive file is empty"),
    "another register": (OTHERS, [], "lacks 40 of the 40 organisations"),
    "nothing at all": ([], [], "lacks 40 of the 40 organisations"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_release_by_which_many_codes_would_vanish_is_rejected_until_a_person_agrees(
    held: Held, name: str
) -> None:
    full, archive, message = REJECTED[name]
    flat = release(held, 9, full, archive)
    with pytest.raises(BadRelease, match=message) as caught:
        keep(held, flat)
    assert "release=2026-08-25" in str(caught.value) and "--accept-deletions" in caught.value.do
    assert not (held.root.flat / flat.folder).exists()
    with accepting(held.root, accept=False), pytest.raises(BadRelease):
        keep(held, flat)
    with accepting(held.root, accept=True):
        keep(held, flat)
    keep(held, flat)  # what was accepted once needs no second yes when it is flattened again
    assert not (held.root.path / "raw" / "accept-deletions").exists()


PASSING = {
    "the same": (BODIES[:30], BODIES[30:]),
    "10 are missing": (BODIES[:20], BODIES[30:]),
    "all moved to the archive file": ([], BODIES),
    "all came back from the archive file": (BODIES, []),
    "one is set aside": ([*BODIES[:29], make_record("R029", Status="Asleep")], BODIES[30:]),
    "and many new": (BODIES[:30] + OTHERS, BODIES[30:]),
}


@pytest.mark.parametrize("name", PASSING)
def test_ordinary_changes_pass(held: Held, name: str) -> None:
    keep(held, release(held, 9, *PASSING[name]))


@pytest.mark.parametrize("month", [7, 3])
def test_an_older_release_that_arrives_late_is_compared_with_the_one_after_it(held: Held, month: int) -> None:
    with pytest.raises(BadRelease, match="release=2026-08-25 lacks 40 of the 80 organisations of release="):
        keep(held, release(held, month, BODIES + OTHERS))
    keep(held, release(held, month, BODIES))


def test_each_month_is_compared_with_the_month_before(held: Held) -> None:
    for month, size in ((9, 32), (10, 24)):
        keep(held, release(held, month, BODIES[: size - 2], BODIES[38:]))


@pytest.mark.parametrize(
    ("deleted", "day", "is_rejected"),
    [
        (BODIES[:11], "2026-08-20", True),
        (BODIES, "2026-08-20", True),
        (BODIES[:10], "2026-08-20", False),
        (OTHERS, "2026-08-20", False),
        (BODIES, "2026-08-01", False),
    ],
    ids=["eleven", "all", "ten", "never held", "contradicted by the release"],
)
def test_a_fetch_whose_notices_delete_many_codes_is_rejected(
    held: Held, deleted: Sequence[Any], day: str, is_rejected: bool
) -> None:
    notices = [notice(record["OrgId"]["extension"], day) for record in deleted]
    flat = flatten_fetch(write_delta(held.path / "in", [], notifications=notices))
    if not is_rejected:
        keep(held, flat)
        return
    with pytest.raises(BadFetch, match=rf"its notices delete {len(deleted)} of the 40") as caught:
        keep(held, flat)
    assert "--accept-deletions" in caught.value.do
    with accepting(held.root, accept=True):
        keep(held, flat)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "3", "null", '{"a": 1}'])
def test_a_damaged_list_of_what_was_accepted_accepts_nothing(held: Held, content: str) -> None:
    path = held.root.path / "raw" / "accepted-deletions.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    with pytest.raises(OdsError, match="lacks 39 of the 40"):
        keep(held, release(held, 9, BODIES[:1]))
