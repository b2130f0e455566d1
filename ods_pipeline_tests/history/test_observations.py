"""order.py and observations.py: the order in which captures count, what they show, what must not be mixed."""

from datetime import date
from itertools import permutations

import polars as pl
import pytest

from ods_pipeline.dataroot.flat import flat_folders
from ods_pipeline.errors import OdsError
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.history.observations import observe
from ods_pipeline_tests.support.builders import (
    CODE_LISTS,
    PUBLISHED,
    Held,
    make_record,
    notice,
    put,
    write_delta,
)
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.payloads import Record, organisation_xml, release_xml

SAMPLE_SOURCE = "ods_pipeline sample"
R1A = make_record("R1A")


@pytest.mark.promise("newest_counts")
def test_captures_count_by_day_then_delta_after_release_then_time_of_the_fetch(held: Held) -> None:
    held.delta(stamp="20260821T043000Z")
    held.delta(stamp="20260820T220000Z")
    held.release([R1A])
    held.delta(stamp="20260821T120000Z")
    held.delta(stamp="20260901T043000Z")
    held.release([R1A], published="2026-09-18", released="2026-09-25")
    order = [
        "fetch=20260820T220000Z",
        "release=2026-08-28",
        "fetch=20260821T043000Z",
        "fetch=20260821T120000Z",
        "fetch=20260901T043000Z",
        "release=2026-09-25",
    ]
    observed = observe(flat_folders(held.root))
    for folders in permutations(flat_folders(held.root)[:4]):
        observed = observe([*folders, *flat_folders(held.root)[4:]])
        assert [observed.folders[seq].name for seq in sorted(observed.folders)] == order
        assert observed.order.releases.select("seq", "ordinal").rows() == [(1, 0), (5, 1)]
    seqs = observed.captures.select("capture_id", "seq").rows()
    assert seqs[1:3] == [("release=2026-08-28/archive", 1), ("release=2026-08-28/full", 1)]


@pytest.mark.promise("conserved")
def test_every_record_of_every_capture_is_an_observation(held: Held) -> None:
    held.release([R1A, make_record("R1B")], [make_record("R0Z")])
    held.delta([make_record("R1A", LastChangeDate="2026-08-24")], notifications=[notice("R1B", "2026-08-23")])
    observed = observe(flat_folders(held.root))
    columns = ["ods_code", "seq", "published_in", "is_delta", "is_xml"]
    assert sorted(observed.runs.select(columns).rows()) == [
        ("R0Z", 0, "archive", False, True),
        ("R1A", 0, "full", False, True),
        ("R1A", 1, "delta", True, False),
        ("R1B", 0, "full", False, True),
    ]
    assert observed.runs["content_hash"].null_count() == 0
    assert observed.notices.select("ods_code", "seq").rows() == [("R1B", 1)]


def test_a_fetch_of_both_forms_records_the_form_of_each_record(held: Held) -> None:
    """A JSON record without a fax proves nothing about fax, even next to XML records."""
    held.release([with_fax("R1A"), with_fax("R1B")])
    silent = [make_record(code, LastChangeDate="2026-08-24") for code in ("R1A", "R1B")]
    raw = write_delta(held.path / "mixed", silent[:1])
    put(
        raw,
        "organisations/R1B.xml",
        release_xml(silent[1:], publication_date=PUBLISHED, **CODE_LISTS),
        asked="R1B",
    )
    held.add(flatten_fetch(raw))
    runs = observe(flat_folders(held.root)).runs
    assert runs.filter("is_delta").select("ods_code", "is_xml").sort("ods_code").rows() == [
        ("R1A", False),
        ("R1B", True),
    ]
    fax = held.register().frames["contacts"].filter(contact_type="fax")
    assert fax.select("ods_code", "contact_value").rows() == [("R1A", "0113 496 0001")]


def with_fax(code: str) -> Record:
    contacts = [{"type": "tel", "value": "0113 496 0000"}, {"type": "fax", "value": "0113 496 0001"}]
    return make_record(code, Contacts={"Contact": contacts})


def test_records_set_aside_are_observed_too(held: Held) -> None:
    texts = [
        DAMAGES[name].harm(organisation_xml(make_record(name))) for name in ("no code", "unknown status")
    ]
    held.release([R1A, *texts])
    aside = observe(flat_folders(held.root)).quarantined
    assert sorted(aside.rows(), key=str) == [("unknown status", 0, "full"), (None, 0, "full")]


def test_a_folder_that_is_passed_twice_counts_once(held: Held) -> None:
    folder = held.release([R1A])
    once, twice = observe([folder]), observe([folder, folder])
    assert twice.runs.equals(once.runs)
    assert twice.captures.equals(once.captures)


@pytest.mark.parametrize("real_first", [True, False])
def test_the_sample_is_never_mixed_with_the_real_register(held: Held, real_first: bool) -> None:
    held.release([R1A], source=SAMPLE_SOURCE if not real_first else "NHS Digital")
    held.delta([R1A], sample=real_first)
    with pytest.raises(OdsError, match="composed, would be mixed with real data") as caught:
        observe(flat_folders(held.root))
    assert "--data-root" in caught.value.do


def test_the_sample_alone_is_read(held: Held) -> None:
    held.release([R1A], source=SAMPLE_SOURCE)
    held.delta([R1A], sample=True)
    assert observe(flat_folders(held.root)).captures["publication_source"].unique().to_list() == [
        SAMPLE_SOURCE
    ]


def test_deltas_alone_make_no_register(held: Held) -> None:
    held.delta([R1A])
    with pytest.raises(OdsError, match="only deltas are held") as caught:
        observe(flat_folders(held.root))
    assert "--release" in caught.value.do


def test_no_captures_make_no_register() -> None:
    with pytest.raises(OdsError, match="nothing has been flattened yet"):
        observe([])


def test_observations_hold_what_the_flat_files_hold(held: Held) -> None:
    folder = held.release([R1A, make_record("R1B")])
    columns = ["ods_code", "content_hash", "last_change_date", "published_in"]
    flat = pl.read_parquet(folder / "organisations.parquet").select(columns)
    assert observe([folder]).runs.select(columns).sort("ods_code").equals(flat.sort("ods_code"))


def test_a_record_that_releases_show_unchanged_is_one_row(held: Held) -> None:
    held.release([R1A, make_record("R1B")])
    held.release([R1A, make_record("R1B", Name="OTHER")], published="2026-09-18", released="2026-09-25")
    held.release([R1A], published="2026-10-16", released="2026-10-23")
    rows = held.register().frames["history.observations"]
    assert rows.select("ods_code", "name", "as_of", "as_of_last", "last_capture_id").rows() == [
        ("R1A", "BODY R1A", date(2026, 8, 21), date(2026, 10, 16), "release=2026-10-23/full"),
        ("R1B", "BODY R1B", date(2026, 8, 21), date(2026, 8, 21), "release=2026-08-28/full"),
        ("R1B", "OTHER", date(2026, 9, 18), date(2026, 9, 18), "release=2026-09-25/full"),
    ]


def test_a_notice_has_its_first_fetch_and_a_404_the_last_fetch_of_the_day(held: Held) -> None:
    held.release([R1A])
    for stamp in ("20260824T120000Z", "20260824T043000Z", "20260825T043000Z"):
        held.delta(stamp=stamp, notifications=[notice("R1B", "2026-08-20")], gone=[R1A])
    notices = held.register().frames["history.notices"]
    assert notices.select("ods_code", "deleted_on", "capture_id").rows() == [
        ("R1A", date(2026, 8, 24), "fetch=20260824T120000Z"),
        ("R1A", date(2026, 8, 25), "fetch=20260825T043000Z"),
        ("R1B", date(2026, 8, 20), "fetch=20260824T043000Z"),
    ]
