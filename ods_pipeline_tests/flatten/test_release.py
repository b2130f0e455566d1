"""release.py: a release becomes flat frames as a whole, or not at all."""

from datetime import date
from pathlib import Path

import pytest

from ods_pipeline.errors import BadRelease
from ods_pipeline.flatten.flat import Flat
from ods_pipeline.flatten.release import flatten_release
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline_tests.support.builders import (
    CODE_LISTS,
    ORIGIN,
    RELEASED,
    assert_conserved,
    flatten,
    make_record,
    number_of,
    rel,
    role,
    stub_of,
    write_release,
)
from ods_pipeline_tests.support.damage import DAMAGES
from ods_pipeline_tests.support.payloads import organisation_xml, release_xml, release_zip


def test_the_sample_is_flattened_and_counted(sample_flats: list[Flat]) -> None:
    flat = sample_flats[0]
    assert flat.folder == f"release={RELEASED}"
    columns = ["kind", "declared_records", "parsed_records", "stub_records", "quarantined_records"]
    assert flat.captures.select(columns).rows() == [("full", 770, 770, 53, 0), ("archive", 92, 92, 31, 0)]
    assert (
        flat.captures["publication_date"].to_list()
        == flat.captures["as_of"].to_list()
        == [date(2026, 8, 21)] * 2
    )
    assert flat.frames["unknown_elements"].is_empty()
    assert_conserved(flat)


@pytest.mark.parametrize("table", ["organisations", *COMPONENTS])
def test_keys_are_unique_and_rows_are_in_order_of_the_key(sample_flats: list[Flat], table: str) -> None:
    for flat in sample_flats:
        keys = flat.frames[table].select(TABLES[table].key).rows()
        assert keys == sorted(set(keys))


def test_every_component_row_belongs_to_an_organisation_that_won(sample_flats: list[Flat]) -> None:
    frames = sample_flats[0].frames
    codes = set(frames["organisations"]["ods_code"])
    assert all(set(frames[name]["ods_code"]) <= codes for name in COMPONENTS)
    assert set(frames["roles"]["ods_code"]) == codes


@pytest.mark.promise("same_bytes")
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_changes_nothing(
    sample_release: Path, sample_flats: list[Flat], threads: int
) -> None:
    flat = flatten_release(sample_release, ORIGIN, threads=threads)
    assert flat.frames.keys() == sample_flats[0].frames.keys()
    assert [n for n, f in flat.frames.items() if not f.equals(sample_flats[0].frames[n])] == []


def test_progress_only_grows_and_never_beyond_the_whole(sample_release: Path) -> None:
    reports: list[tuple[int, int]] = []
    flatten_release(sample_release, ORIGIN, lambda done, total: reports.append((done, total)))
    done = [d for d, _ in reports]
    assert done == sorted(done)
    assert len({total for _, total in reports}) == 1
    assert 0 < done[-1] <= reports[0][1]


def test_a_stub_in_one_file_gives_way_to_the_record_in_the_other(tmp_path: Path) -> None:
    old, new = make_record("R0Z", Status="Inactive"), make_record("R1A", Rels={"Rel": [rel("R1A", "R0Z")]})
    flat = flatten(write_release(tmp_path, [new, stub_of(old)], [old, stub_of(new)]))
    used = flat.frames["organisations"].select("ods_code", "published_in", "ref_only", "record_number").rows()
    assert used == [("R0Z", "archive", False, 1), ("R1A", "full", False, 1)]
    superseded = (
        flat.frames["superseded_records"].select("capture_id", "record_number", "ods_code", "reason").rows()
    )
    reason = "stub_beaten_by_complete"
    assert superseded == [
        (f"release={RELEASED}/archive", 2, "R1A", reason),
        (f"release={RELEASED}/full", 2, "R0Z", reason),
    ]
    assert flat.captures["stub_records"].to_list() == [1, 1]
    assert_conserved(flat)


def test_a_component_of_a_record_that_lost_is_not_in_the_tables_but_is_kept(tmp_path: Path) -> None:
    first = make_record("FEF03", Name="OLD PHARMACY", Roles={"Role": [role("FEF03", "RO198")]})
    second = make_record("FEF03", Name="NEW PHARMACY", Roles={"Role": [role("FEF03", "RO197")]})
    flat = flatten(write_release(tmp_path, [second], [first]))
    assert flat.frames["roles"]["role_id"].to_list() == ["RO197"]
    (kept,) = flat.frames["superseded_records"].select("name", "reason", "components").rows(named=True)
    assert (kept["name"], kept["reason"]) == ("OLD PHARMACY", "reused_code")
    assert str(number_of("FEF03", "RO198")) in kept["components"]


def test_unknown_names_are_counted_in_head_and_records(tmp_path: Path) -> None:
    text = organisation_xml(make_record("R1A")).replace("</Name>", "</Name><Vat>1</Vat>")
    full = release_xml([text, text.replace("R1A", "R1B")], publication_date="2026-08-21", **CODE_LISTS)
    full = full.replace(b"<Manifest>", b"<Manifest><Approver/>")
    archive = release_xml([], publication_date="2026-08-21", publication_type="Archive", **CODE_LISTS)
    flat = flatten(release_zip(tmp_path, release_date=RELEASED, full=full, archive=archive))
    names = flat.frames["unknown_elements"].select("capture_id", "name", "occurrences").rows()
    assert names == [(f"release={RELEASED}/full", "Approver", 1), (f"release={RELEASED}/full", "Vat", 2)]
    assert flat.captures["unknown_elements"].to_list() == [3, 0]


@pytest.mark.parametrize("records", [0, 1])
def test_files_without_records_are_read(tmp_path: Path, records: int) -> None:
    flat = flatten(write_release(tmp_path, [make_record("R1A")][:records]))
    assert flat.captures["used_records"].to_list() == [records, 0]
    assert flat.frames["organisations"].height == records
    assert_conserved(flat)


@pytest.mark.promise("conserved")
@pytest.mark.parametrize("declared", [1, 3])
def test_a_wrong_record_count_is_rejected(tmp_path: Path, declared: int) -> None:
    records = [make_record("R1A"), make_record("R1B")]
    full = release_xml(records, publication_date="2026-08-21", record_count=declared, **CODE_LISTS)
    archive = release_xml([], publication_date="2026-08-21", publication_type="Archive", **CODE_LISTS)
    with pytest.raises(
        BadRelease, match=f"Full_20260828.xml: its RecordCount is {declared} and 2 records are in it"
    ):
        flatten(release_zip(tmp_path, release_date=RELEASED, full=full, archive=archive))


@pytest.mark.promise("no_false_deletion")
def test_a_release_without_archive_is_rejected_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "HSCOrgRefData_Full_20260828.xml"
    path.write_bytes(release_xml([make_record("R1A")], publication_date="2026-08-21", **CODE_LISTS))
    with pytest.raises(BadRelease, match="no archive file in it; without one, every code closed long ago"):
        flatten(path)


@pytest.mark.parametrize(
    ("good", "broken", "accepted"),
    [(0, 10, True), (0, 11, False), (30, 11, False), (1188, 12, True), (1187, 13, False)],
)
def test_more_than_one_percent_of_broken_records_is_a_broken_release(
    tmp_path: Path, good: int, broken: int, accepted: bool
) -> None:
    harm = DAMAGES["unknown status"].harm
    texts: list[str] = [harm(organisation_xml(make_record(f"X{n}"))) for n in range(broken)]
    path = write_release(tmp_path, [*texts, *(make_record(f"R{n}") for n in range(good))])
    if accepted:
        flat = flatten(path)
        assert flat.captures["quarantined_records"].to_list() == [broken, 0]
        assert_conserved(flat)
    else:
        with pytest.raises(
            BadRelease, match=rf"{broken} of [\d,]+ records break a rule \(unknown_status {broken}\)"
        ) as caught:
            flatten(path)
        assert caught.value.do
